"""One run of `mi-index enrich`: ask what is due, fill in what is empty, tell what was found.

Every part degrades to no data: a service that does not answer ends its own part and nothing else, and the next run goes on
from the cache. Citation counts stand in a generated file, since they change too often for the files that people edit.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import orjson
from jinja2 import Environment

from updater.contribute.add import changed
from updater.contribute.difference import addresses
from updater.contribute.issue import code_cell, code_span
from updater.contribute.links import attempt
from updater.contribute.metadata import Lookup, token
from updater.enrich import github, openalex
from updater.enrich.cache import ServiceCache
from updater.errors import SourceError
from updater.index import counts
from updater.index.model import Paper, Resource
from updater.index.repository import Editor, Index, Repository
from updater.index.traces import Trace, fingerprint
from updater.merge.build import complete
from updater.merge.venues import Venues
from updater.merge.venues import load as load_venues
from updater.verdict import Verdict
from updater.web import Web

PARTS: Final = ("repositories", "papers", "citations", "links")
TEMPLATE: Final = "contribute/enrich.md.j2"
_BATCH: Final = 100
_FOREVER: Final = 10**6
Each = Callable[[str, Sequence[Any]], Iterable[Any]]
"""Wraps a list that is gone through, to show how far it is: name and list in, the items out."""


@dataclasses.dataclass(slots=True)
class Found:
    """What a run found."""

    asked: dict[str, int] = dataclasses.field(default_factory=dict)
    """Part to the number of answers used, from the cache or new."""
    papers: dict[str, tuple[Paper, Paper]] = dataclasses.field(default_factory=dict)
    """Before and after."""
    resources: dict[str, tuple[str, Resource, Resource]] = dataclasses.field(default_factory=dict)
    """Path, before and after."""
    citations: dict[str, int] = dataclasses.field(default_factory=dict)
    gone: list[dict[str, str]] = dataclasses.field(default_factory=list)
    """Links that lead nowhere: id, key, url, reason and the day on which that was first seen."""
    notices: list[str] = dataclasses.field(default_factory=list)
    """Services that did not answer."""
    unfinished: bool = False
    """The time was up."""


class Enricher:
    """Asks services about the entries of an index.

    `seconds` bounds the run: what is due then waits for the next one. `max_age` is the age in days from which an answer is
    asked for again.
    """

    def __init__(
        self,
        repository: Repository,
        web: Web,
        lookup: Lookup,
        cache: ServiceCache,
        *,
        max_age: int,
        seconds: float,
        each: Each | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.repository, self.web, self.lookup, self.cache = repository, web, lookup, cache
        self.index: Index = repository.load()
        self.found = Found(citations=counts.citations(repository.root))
        self._counted: dict[str, int] = {}
        self._max_age = max_age
        self._clock, self._end = clock, clock() + seconds
        self._each: Each = each or (lambda _, items: items)

    def run(self, parts: Iterable[str]) -> Found:
        """Ask for the given parts, in the order of `PARTS`."""
        wanted = set(parts)
        steps = {
            "repositories": self._repositories,
            "papers": self._papers,
            "citations": self._citations,
            "links": self._links,
        }
        for part in PARTS:
            if part in wanted:
                self.found.asked[part] = 0
                try:
                    steps[part]()
                except SourceError as error:
                    self.found.notices.append(f"{part}: {error}")
        return self.found

    def _in_time(self, part: str, items: Sequence[Any]) -> Iterator[Any]:
        """The items for as long as there is time."""
        for item in self._each(part, items):
            if self._clock() > self._end:
                self.found.unfinished = True
                return
            yield item

    def _cached(self, service: str, key: str, ask: Callable[[], Any]) -> Any:
        known = self.cache.get(service, key, self._max_age)
        if known is not None:
            return known[0]
        answer = ask()
        self.cache.put(service, key, answer)
        return answer

    def _repositories(self) -> None:
        todo = [
            (entry, name)
            for entries in self.index.resources.values()
            for entry in entries
            if (name := github.repository_of(entry))
        ]
        for entry, name in self._in_time("repositories", todo):
            facts = self._cached("github", name.lower(), functools.partial(github.ask, self.web, name, token()))
            self.found.asked["repositories"] += 1
            self._put_resource(entry, github.filled(entry, facts))

    def _papers(self) -> None:
        """Code, venue and the like from arXiv's newest record of papers that lack a venue or code."""
        venues = load_venues(self.repository.root)
        todo = [p for p in self.index.papers.values() if p.is_arxiv and not (p.venue and p.links.code)]
        # arXiv's records are cached by the lookup; here only when a paper was looked at is kept.
        due = [p for p in todo if self.cache.get("arxiv", p.id, self._max_age) is None]
        for start in self._in_time("papers", range(0, len(due), _BATCH)):
            batch = {p.id: p for p in due[start : start + _BATCH]}
            records = {record.id: record for record in self.lookup(list(batch))}
            for id_, paper in batch.items():
                if id_ in records and not records[id_].withdrawn:
                    nothing = Verdict(id_, 0.0, "review", "", ())
                    self._put_paper(paper, complete(paper, records[id_], nothing, venues))
                self.cache.put("arxiv", id_, id_ in records)
                self.found.asked["papers"] += 1

    def _citations(self) -> None:
        venues = load_venues(self.repository.root)
        by_doi = {doi: paper.id for paper in self.index.papers.values() for doi in openalex.dois_of(paper)}
        cached = {doi: self.cache.get("openalex", doi, self._max_age) for doi in by_doi}
        for doi, known in cached.items():
            if known is not None:
                self._one_cited(by_doi[doi], known[0], venues)
        due = [doi for doi, known in cached.items() if known is None]
        for start in self._in_time("citations", range(0, len(due), openalex.BATCH)):
            batch = due[start : start + openalex.BATCH]
            facts = openalex.ask(self.web, batch)
            for doi in batch:
                self.cache.put("openalex", doi, facts.get(doi, {}))
                self._one_cited(by_doi[doi], facts.get(doi, {}), venues)

    def _one_cited(self, id_: str, facts: dict[str, Any], venues: Venues) -> None:
        self.found.asked["citations"] += 1
        paper = self.found.papers.get(id_, (None, self.index.papers[id_]))[1]
        if not paper.venue and (venue := openalex.venue_of(facts, venues)):
            self._put_paper(self.index.papers[id_], paper.model_copy(update={"venue": venue}))
        if isinstance(number := facts.get("citations"), int):
            # A work may be there under two DOIs; the larger count is the one that has more of its citations together.
            self._counted[id_] = self.found.citations[id_] = max(number, self._counted.get(id_, 0))

    def _links(self) -> None:
        entries: list[Paper | Resource] = [*self.index.papers.values()]
        entries += [entry for group in self.index.resources.values() for entry in group]
        links = [(e.id, key, url) for e in entries for key, url in addresses(e) if key != "links.arxiv"]
        for id_, key, url in self._in_time("links", links):
            tried = self._cached("link", url, functools.partial(self._try, url))
            self.found.asked["links"] += 1
            if tried.get("state") != "gone":
                self.cache.put("gone", url, "")
                continue
            first = (self.cache.get("gone", url, _FOREVER) or ("", None))[0] or self.cache.today.isoformat()
            self.cache.put("gone", url, first)
            self.found.gone.append({"id": id_, "key": key, "url": url, "reason": str(tried["reason"]), "since": first})

    def _try(self, url: str) -> dict[str, str]:
        return dataclasses.asdict(attempt(self.web, url))

    # -- changes --------------------------------------------------------------------------------------------------------

    def _put_paper(self, before: Paper, after: Paper) -> None:
        first = self.found.papers.get(before.id, (before, before))[0]
        if first.to_data() != after.to_data():
            self.found.papers[before.id] = (first, after)

    def _put_resource(self, before: Resource, after: Resource) -> None:
        if before.to_data() != after.to_data():
            self.found.resources[before.id] = (self.index.places[before.id].path, before, after)

    def write(self) -> list[str]:
        """Write what was found; returns the paths that changed. The caller holds the lock.

        An entry that no person touched stays the machine's: its fingerprint is renewed with it.
        """
        editor: Editor = self.repository.edit()
        traces: dict[str, Trace] = {}
        for before, after in self.found.papers.values():
            if not self.index.touched(before) and (old := self.index.traces.get(before.id)):
                traces[after.id] = dataclasses.replace(old, fingerprint=fingerprint(after.to_data()))
            editor.put_paper(after)
        if traces:
            self.index.traces.update(traces)
            editor.put_traces(self.index.traces, traces)
        for path, _, after_ in self.found.resources.values():
            editor.put(path, after_)
        known = {id_: n for id_, n in sorted(self.found.citations.items()) if id_ in self.index.papers}
        if known:
            editor.transaction.put(counts.FILE, orjson.dumps(known, option=orjson.OPT_INDENT_2) + b"\n")
        return editor.commit()


def as_data(found: Found) -> dict[str, Any]:
    """The run as plain data."""
    changes = [(after.id, after.title, changed(before, after)) for before, after in found.papers.values()]
    changes += [(after.id, after.name, changed(before, after)) for _, before, after in found.resources.values()]
    return {
        "asked": found.asked,
        "changed": [
            {
                "id": id_,
                "title": title,
                "fields": [{"key": k, "before": _short(b), "after": _short(a)} for k, b, a in fields],
            }
            for id_, title, fields in sorted(changes)
        ],
        "citations": len(found.citations),
        "gone": sorted(found.gone, key=lambda g: (g["since"], g["id"], g["key"])),
        "notices": found.notices,
        "unfinished": found.unfinished,
    }


def markdown(data: dict[str, Any], environment: Environment, *, most: int = 200) -> str:
    """The report as Markdown; of each kind of finding at most `most`."""
    environment.filters |= {"code": code_span, "cell": code_cell}
    return environment.get_template(TEMPLATE).render(**data, most=most)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{key}: {item}" for key, item in value.items()]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    return text if len(text) <= 200 else f"{text[:199]}…"
