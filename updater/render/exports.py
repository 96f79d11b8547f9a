"""Exports: every kind of resource as JSON or JSON lines; papers as BibTeX, RIS, CSL-JSON and CSV too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from updater.index.model import Paper
from updater.render import citations
from updater.render.catalogue import Catalogue, Entry, Item, venue_series


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries to export; what is empty does not restrict. Several values of one field: any of them."""

    kinds: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    facets: frozenset[tuple[str, str]] = frozenset()
    models: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    since: str = ""
    until: str = ""
    featured: bool = False
    has_code: bool = False
    ids: frozenset[str] = field(default=frozenset())

    def paper(self, paper: Paper) -> bool:
        """Whether the paper is asked for."""
        facets: dict[str, set[str]] = {}
        for facet, value in self.facets:
            facets.setdefault(facet, set()).add(value)
        return (
            (not self.kinds or "paper" in self.kinds)
            and (not self.ids or paper.id in self.ids)
            and (not self.categories or not self.categories.isdisjoint(paper.categories))
            and all(not values.isdisjoint(getattr(paper, facet)) for facet, values in facets.items())
            and _any_fold(self.models, paper.models)
            and _any_fold(self.venues, [paper.venue, venue_series(paper.venue)] if paper.venue else [])
            and _any_fold(self.authors, paper.authors)
            and (not self.statuses or paper.status in self.statuses)
            and (not self.since or paper.date >= self.since[: len(paper.date)])
            and (not self.until or paper.date[: len(self.until)] <= self.until[: len(paper.date)])
            and (not self.featured or bool(paper.featured))
            and (not self.has_code or bool(paper.links.code))
        )

    def item(self, item: Item) -> bool:
        """Whether the resource, which is not a paper, is asked for."""
        resource = item.resource
        date = resource.date or ""
        return (
            (not self.kinds or item.kind.slug in self.kinds)
            and (not self.ids or resource.id in self.ids)
            and (not self.categories or not self.categories.isdisjoint(resource.categories))
            and not (self.facets or self.venues or self.statuses)
            and _any_fold(self.models, resource.models)
            and _any_fold(self.authors, resource.authors)
            and (not self.since or (bool(date) and date >= self.since[: len(date)]))
            and (not self.until or (bool(date) and date[: len(self.until)] <= self.until[: len(date)]))
            and (not self.featured or bool(resource.featured))
            and (not self.has_code or bool(resource.links.code))
        )


def _any_fold(wanted: Iterable[str], have: Iterable[str]) -> bool:
    folded = {value.casefold() for value in wanted}
    return not folded or not folded.isdisjoint(value.casefold() for value in have)


def paper_data(paper: Paper) -> dict[str, Any]:
    """A paper as programs get it: the keys of the YAML, and `kind`."""
    return {"kind": "paper", **paper.to_data()}


def item_data(item: Item) -> dict[str, Any]:
    """Another resource as programs get it: the keys of the YAML, and `kind`."""
    return {"kind": item.kind.slug, **item.resource.to_data()}


def select(catalogue: Catalogue, wanted: Filter) -> tuple[list[Entry], list[Item]]:
    """The papers, newest first, and the other resources that a filter lets through."""
    papers = [entry for entry in catalogue.entries if wanted.paper(entry.paper)]
    return papers, [item for item in catalogue.items if wanted.item(item)]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what stands before, between and after the entries, and how one entry is written."""

    ending: str
    """Of file names, without the dot."""
    media_type: str
    paper: Callable[[Paper, str], bytes]
    """A paper and its citation key."""
    item: Callable[[Item], bytes] | None = None
    """None for formats that hold papers only."""
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""
    empty: bytes = b""
    """The whole document where there is no entry."""

    def join(self, pieces: Sequence[bytes | memoryview]) -> bytes:
        """The document of these entries."""
        return self.head + self.between.join(pieces) + self.tail if pieces else self.empty


def _json_array(
    ending: str, media_type: str, paper: Callable[[Paper], Any], item: Callable[[Item], Any] | None = None
) -> Format:
    """A JSON array with one element a line, so that a difference of two exports can be read."""
    return Format(
        ending,
        media_type,
        lambda one, _: orjson.dumps(paper(one)),
        (lambda one: orjson.dumps(item(one))) if item else None,
        head=b"[\n",
        between=b",\n",
        tail=b"\n]\n",
        empty=b"[]\n",
    )


FORMATS: Final = {
    "bibtex": Format(
        "bib", "application/x-bibtex", lambda paper, key: citations.bibtex(paper, key).encode(), between=b"\n"
    ),
    "ris": Format("ris", "application/x-research-info-systems", lambda paper, _: citations.ris(paper).encode()),
    "csl-json": _json_array("csl.json", "application/vnd.citationstyles.csl+json", citations.csl),
    "csv": Format(
        "csv",
        "text/csv",
        lambda paper, _: citations.csv_row(paper).encode(),
        head=citations.csv_head().encode(),
        empty=citations.csv_head().encode(),
    ),
    "json": _json_array("json", "application/json", paper_data, item_data),
    "jsonl": Format(
        "jsonl",
        "application/jsonl",
        lambda paper, _: orjson.dumps(paper_data(paper)) + b"\n",
        lambda item: orjson.dumps(item_data(item)) + b"\n",
    ),
}


class Pieces:
    """Each paper as it stands in one export, kept in one block: thousands of small pieces would leave memory in holes."""

    def __init__(self, form: str, entries: Sequence[Entry], keys: Mapping[str, str]) -> None:
        write = FORMATS[form].paper
        self._block = bytearray()
        self._ends = [0]
        for entry in entries:
            self._block += write(entry.paper, keys[entry.id])
            self._ends.append(len(self._block))
        self._places = {entry.id: place for place, entry in enumerate(entries)}

    def __call__(self, entries: Iterable[Entry]) -> list[bytes | memoryview]:
        """The pieces of these entries, which must be among those that it was made of."""
        view = memoryview(self._block)
        places = (self._places[entry.id] for entry in entries)
        return [view[self._ends[place] : self._ends[place + 1]] for place in places]


def render(
    form: str, entries: Sequence[Entry], items: Sequence[Item] = (), keys: Mapping[str, str] | None = None
) -> bytes:
    """The export in one of the `FORMATS`; `keys` are citation keys by id, made for these entries if not given."""
    pieces = Pieces(form, entries, keys or citations.keys(entry.paper for entry in entries))
    return FORMATS[form].join([*pieces(entries), *others(form, items)])


def others(form: str, items: Sequence[Item]) -> list[bytes]:
    """Other resources as they stand in the export; none in a format that holds papers only."""
    write = FORMATS[form].item
    return [write(item) for item in items] if write else []


def digest(data: bytes) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def checksums(digests: Mapping[str, str]) -> bytes:
    """Checksums by file name as `sha256sum --check` reads them, sorted by name."""
    return "".join(f"{value}  {name}\n" for name, value in sorted(digests.items())).encode()
