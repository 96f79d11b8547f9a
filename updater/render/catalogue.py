"""The index as a reader meets it: papers newest first, cross-linked, counted, with the address of every page.

A catalogue is made once from the loaded index and never changed; every renderer reads it. Addresses are relative to the
site's root, without a leading slash (`papers/2211.00593/`), so that a page at any depth can put its own `../` before them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from updater.index import guides
from updater.index.guides import Guides
from updater.index.model import Gone, Paper, Resource, Snapshot
from updater.index.repository import Index, Repository
from updater.index.taxonomy import Category, Facet, FacetValue, Kind, Taxonomy
from updater.index.text import slugify
from updater.index.traces import Trace
from updater.settings import Settings

AUTHOR_PAGE: Final = 3
"""Authors with at least this many papers have a page; the others' names lead to a search."""
WEEK: Final = dt.timedelta(days=7)
HUES: Final = 8
"""Colours that site/docs/assets/styles/index.css has for groups of categories."""


@dataclass(slots=True)
class Entry:
    """One paper with what surrounds it."""

    paper: Paper
    path: str
    number: int
    """Position among all papers, newest first, from 0."""
    trace: Trace | None = None
    newer: Entry | None = None
    """The next newer paper with the same primary category."""
    older: Entry | None = None
    related: Sequence[Entry] = ()
    citations: int | None = None
    """How often it is cited; None where that is not known."""

    @property
    def id(self) -> str:
        """The paper's id."""
        return self.paper.id

    @property
    def day(self) -> dt.date | None:
        """The submission day if it is known to the day."""
        return dt.date.fromisoformat(self.paper.date) if len(self.paper.date) == len("2022-11-01") else None

    @property
    def has_code(self) -> bool:
        """Whether an address of its code is known."""
        return bool(self.paper.links.code)


@dataclass(slots=True)
class Item:
    """One resource that is not a paper, with its kind and address."""

    resource: Resource
    kind: Kind
    path: str


@dataclass(slots=True)
class Shelf:
    """A page that lists papers: those of a category, facet value, venue, author, model or year."""

    slug: str
    title: str
    path: str
    entries: list[Entry] = field(default_factory=list)
    """Newest first."""
    primary: int = 0
    """Categories only: how many have it as their primary category."""

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def landmarks(self) -> list[Entry]:
        """Its featured papers, oldest first: the order in which to read them."""
        return [e for e in reversed(self.entries) if e.paper.featured]


@dataclass(frozen=True, slots=True)
class AsOf:
    """Up to which day the index has read, and which days it knows that it lacks."""

    day: dt.date | None
    gaps: tuple[tuple[dt.date, dt.date], ...] = ()
    newest: str = ""
    """Date of the newest paper, as precise as it is known."""


def sort_key(paper: Paper) -> tuple[str, str]:
    """Order by date, then id; a date known to the month or year only counts as before its first day."""
    return paper.date.ljust(len("2022-11-01"), "-"), paper.id


def venue_series(venue: str) -> str:
    """A venue without its year: `ICLR 2023` belongs to `ICLR`."""
    return re.sub(r"\s*\(?\b(?:19|20)\d\d\b\)?\s*$", "", venue).strip() or venue


class Catalogue:
    """Everything the renderers need to know, computed once."""

    def __init__(self, index: Index, taxonomy: Taxonomy, settings: Settings, guides_: Guides | None = None) -> None:
        self.index = index
        self.taxonomy = taxonomy
        self.settings = settings
        self.guides = guides_ or Guides()
        papers = sorted(index.papers.values(), key=sort_key, reverse=True)
        self.entries = [
            Entry(
                paper,
                f"papers/{paper.id}/",
                number,
                index.traces.get(paper.id),
                citations=index.citations.get(paper.id),
            )
            for number, paper in enumerate(papers)
        ]
        self.by_id = {entry.id: entry for entry in self.entries}
        self._link_neighbours()

    @classmethod
    def of(cls, repository: Repository, index: Index | None = None) -> Catalogue:
        """The catalogue of an index, read from its folder if it is not given; raises what `Repository.load` raises."""
        return cls(index or repository.load(), repository.taxonomy, repository.settings, guides.load(repository.root))

    def _link_neighbours(self) -> None:
        last: dict[str, Entry] = {}
        for entry in self.entries:
            if (newer := last.get(entry.paper.primary)) is not None:
                entry.newer, newer.older = newer, entry
            last[entry.paper.primary] = entry

    @cached_property
    def categories(self) -> dict[str, Shelf]:
        """By slug, in the taxonomy's order; a paper stands in each of its categories."""
        shelves = {c.slug: Shelf(c.slug, c.title, f"categories/{c.slug}/") for c in self.taxonomy.categories}
        for entry in self.entries:
            shelves[entry.paper.primary].primary += 1
            for slug in entry.paper.categories:
                shelves[slug].entries.append(entry)
        return shelves

    @cached_property
    def facets(self) -> dict[str, dict[str, Shelf]]:
        """By facet and value, in the taxonomy's order."""
        shelves = {
            facet.slug: {v.slug: Shelf(v.slug, v.title, f"facets/{facet.slug}/{v.slug}/") for v in facet.values}
            for facet in self.taxonomy.facets
        }
        for entry in self.entries:
            for facet, values in shelves.items():
                for slug in getattr(entry.paper, facet):
                    values[slug].entries.append(entry)
        return shelves

    @cached_property
    def years(self) -> dict[str, Shelf]:
        """By year, newest first."""
        return self._shelves("years", lambda e: [e.paper.date[:4]])

    @cached_property
    def venues(self) -> dict[str, Shelf]:
        """By slug of the venue without its year, most papers first."""
        return self._ranked(self._shelves("venues", lambda e: [venue_series(e.paper.venue)] if e.paper.venue else []))

    @cached_property
    def models(self) -> dict[str, Shelf]:
        """By slug of the studied model, most papers first."""
        return self._ranked(self._shelves("models", lambda e: e.paper.models))

    @cached_property
    def authors(self) -> dict[str, Shelf]:
        """By slug of the name, those with at least `AUTHOR_PAGE` papers, most papers first."""
        everybody = self._shelves("authors", lambda e: e.paper.authors)
        return self._ranked({slug: shelf for slug, shelf in everybody.items() if len(shelf) >= AUTHOR_PAGE})

    def _shelves(self, folder: str, of: Callable[[Entry], Iterable[str]]) -> dict[str, Shelf]:
        shelves: dict[str, Shelf] = {}
        for entry in self.entries:
            for name in of(entry):
                if not (slug := self.slug(name)):
                    continue
                shelf = shelves.get(slug)
                if shelf is None:
                    shelf = shelves[slug] = Shelf(slug, name, f"{folder}/{slug}/")
                if not shelf.entries or shelf.entries[-1] is not entry:
                    shelf.entries.append(entry)
        return shelves

    @staticmethod
    def _ranked(shelves: Mapping[str, Shelf]) -> dict[str, Shelf]:
        return dict(sorted(shelves.items(), key=lambda item: (-len(item[1]), item[0])))

    def slug(self, name: str) -> str:
        """Slug of a name, remembered, since the same names come thousands of times; empty for one without Latin letters."""
        slug = self._slugs.get(name)
        if slug is None:
            slug = self._slugs[name] = slugify(name)
        return slug

    @cached_property
    def _slugs(self) -> dict[str, str]:
        return {}

    @cached_property
    def kinds(self) -> dict[str, list[Item]]:
        """Resources other than papers by the kind's slug, landmarks first, then by name."""
        return {
            kind.slug: [
                Item(resource, kind, f"{kind.file}/{resource.id}/")
                for resource in sorted(
                    self.index.resources.get(kind.slug, ()), key=lambda r: (not r.featured, r.name.casefold(), r.id)
                )
            ]
            for kind in self.taxonomy.kinds
        }

    @cached_property
    def items(self) -> list[Item]:
        """All resources other than papers, kind by kind."""
        return [item for items in self.kinds.values() for item in items]

    @cached_property
    def items_by_category(self) -> dict[str, list[Item]]:
        """Resources other than papers by category slug."""
        out: dict[str, list[Item]] = defaultdict(list)
        for item in self.items:
            for slug in item.resource.categories:
                out[slug].append(item)
        return out

    @cached_property
    def gone(self) -> list[Gone]:
        """Addresses that lead nowhere any more, by id; an id that came back is not gone."""
        return [gone for id_, gone in sorted(self.index.gone.items()) if id_ not in self.by_id]

    @cached_property
    def snapshots(self) -> list[Snapshot]:
        """Released snapshots, newest first."""
        return sorted(self.index.snapshots.values(), key=lambda snapshot: snapshot.id, reverse=True)

    @cached_property
    def by_method(self) -> dict[str, list[Entry]]:
        """Papers by slug of the method guide whose landmarks, keywords or own terms name them, newest first."""
        phrases = {
            method.slug: (frozenset(t.casefold() for t in (method.title, *method.terms)), frozenset(method.landmarks))
            for method in self.guides.methods
        }
        out: dict[str, list[Entry]] = {slug: [] for slug in phrases}
        for entry in self.entries:
            words = {k.casefold() for k in entry.paper.keywords}
            words.update(term for term, _ in (entry.trace.terms if entry.trace else ()))
            text = f"{entry.paper.title}\n{entry.paper.summary or ''}".casefold()
            for slug, (terms, landmarks) in phrases.items():
                if entry.id in landmarks or not terms.isdisjoint(words) or any(term in text for term in terms):
                    out[slug].append(entry)
        return out

    @cached_property
    def landmarks(self) -> list[Entry]:
        """All featured papers, oldest first."""
        return [entry for entry in reversed(self.entries) if entry.paper.featured]

    @cached_property
    def as_of(self) -> AsOf:
        """Up to which day every arXiv category of the settings has been read, and the days that are missing before it."""
        arxiv = self.settings.arxiv
        days = self.index.state.common(arxiv.categories)
        newest = self.entries[0].paper.date if self.entries else ""
        if days.last is None:
            return AsOf(None, (), newest)
        return AsOf(days.last, days.missing(arxiv.first_day, days.last).spans, newest)

    @cached_property
    def last_day(self) -> dt.date | None:
        """The newest submission day in the data: "this week" and "this month" are counted back from it, not from a clock."""
        return max((day for entry in self.entries if (day := entry.day)), default=None)

    @cached_property
    def this_week(self) -> list[Entry]:
        """Papers of the seven days that end with the newest day in the data, newest first."""
        if self.last_day is None:
            return []
        first = self.last_day - WEEK
        return [entry for entry in self.entries if (day := entry.day) and day > first]

    @cached_property
    def this_month(self) -> list[Entry]:
        """Papers of the newest month in the data, newest first."""
        return [entry for entry in self.entries if self.months and entry.paper.date.startswith(self.months[-1])]

    @cached_property
    def months(self) -> list[str]:
        """Every month from the first to the newest paper known to the month, `YYYY-MM`, without holes."""
        known = sorted({entry.paper.date[:7] for entry in self.entries if len(entry.paper.date) >= len("2022-11")})
        if not known:
            return []
        year, month = int(known[0][:4]), int(known[0][5:])
        out = []
        while (name := f"{year:04}-{month:02}") <= known[-1]:
            out.append(name)
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return out

    @cached_property
    def monthly(self) -> dict[str, Counter[str]]:
        """Papers per month by primary category."""
        out: dict[str, Counter[str]] = {month: Counter() for month in self.months}
        for entry in self.entries:
            if (month := out.get(entry.paper.date[:7])) is not None:
                month[entry.paper.primary] += 1
        return out

    def author_path(self, name: str) -> str:
        """Address of the author's page, or of a search for the name."""
        shelf = self.authors.get(self.slug(name))
        return shelf.path if shelf else ""

    @cached_property
    def hue(self) -> dict[str, int]:
        """The colour of each group of categories, by its place in the taxonomy: 1 to `HUES`, then from the beginning again."""
        return {group.slug: place % HUES + 1 for place, group in enumerate(self.taxonomy.groups)}

    def category(self, slug: str) -> Category:
        """The category of this slug."""
        return self.taxonomy.by_slug[slug]

    @cached_property
    def facet_of(self) -> dict[str, Facet]:
        """Facets by slug."""
        return {facet.slug: facet for facet in self.taxonomy.facets}

    @cached_property
    def value_of(self) -> dict[tuple[str, str], FacetValue]:
        """Facet values by facet and value slug."""
        return {(f.slug, v.slug): v for f in self.taxonomy.facets for v in f.values}

    def source(self, id_: str) -> str:
        """Address of the entry's line in the repository; empty if it is not known."""
        place = self.index.places.get(id_)
        project = self.settings.project
        return f"{project.repository}/blob/{project.branch}/{place.path}#L{place.line}" if place else ""
