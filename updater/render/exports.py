"""Exports: every kind of resource as JSON or JSON lines; papers as BibTeX, RIS, CSL-JSON and CSV too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from updater.index.model import Paper
from updater.render import citations
from updater.render.catalogue import Catalogue, Entry, Item, venue_series

FORMATS: Final = {
    "bibtex": ("bib", "application/x-bibtex"),
    "ris": ("ris", "application/x-research-info-systems"),
    "csl-json": ("csl.json", "application/vnd.citationstyles.csl+json"),
    "csv": ("csv", "text/csv"),
    "json": ("json", "application/json"),
    "jsonl": ("jsonl", "application/jsonl"),
}
"""Format to file ending and media type."""
PAPERS_ONLY: Final = frozenset({"bibtex", "ris", "csl-json", "csv"})


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


def render(form: str, entries: Sequence[Entry], items: Sequence[Item] = ()) -> Iterator[bytes]:
    """The export in a format of `FORMATS`, in pieces. Formats in `PAPERS_ONLY` leave the items out."""
    return _RENDERERS[form]([entry.paper for entry in entries], items)


def _bibtex(papers: Sequence[Paper], _items: Sequence[Item]) -> Iterator[bytes]:
    keys = citations.keys(papers)
    for number, paper in enumerate(papers):
        yield (("\n" if number else "") + citations.bibtex(paper, keys[paper.id])).encode()


def _ris(papers: Sequence[Paper], _items: Sequence[Item]) -> Iterator[bytes]:
    for paper in papers:
        yield citations.ris(paper).encode()


def _csl(papers: Sequence[Paper], _items: Sequence[Item]) -> Iterator[bytes]:
    yield from _array(citations.csl(paper) for paper in papers)


def _csv(papers: Sequence[Paper], _items: Sequence[Item]) -> Iterator[bytes]:
    yield citations.csv_text(papers).encode()


def _json(papers: Sequence[Paper], items: Sequence[Item]) -> Iterator[bytes]:
    yield from _array(_all(papers, items))


def _jsonl(papers: Sequence[Paper], items: Sequence[Item]) -> Iterator[bytes]:
    for value in _all(papers, items):
        yield orjson.dumps(value) + b"\n"


def _all(papers: Sequence[Paper], items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    yield from map(paper_data, papers)
    yield from map(item_data, items)


def _array(values: Iterable[Any]) -> Iterator[bytes]:
    """A JSON array with one element a line, so that a difference of two exports can be read."""
    before = b"[\n"
    for value in values:
        yield before + orjson.dumps(value)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


_RENDERERS: Final[dict[str, Callable[[Sequence[Paper], Sequence[Item]], Iterator[bytes]]]] = {
    "bibtex": _bibtex,
    "ris": _ris,
    "csl-json": _csl,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
}
