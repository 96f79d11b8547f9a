"""From a reference to an entry: known works recognized, categories predicted, what a person said put above it all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import ValidationError

from updater.contribute.metadata import Found
from updater.contribute.reference import Reference
from updater.errors import UsageError
from updater.index.model import Links, Model, Paper, Queued, Resource
from updater.index.repository import Editor, Index, Repository, paper_file
from updater.index.text import common_run, normal_title, normal_url, slugify, work_slugs
from updater.merge.build import links_of, paper_of, trace_of
from updater.merge.decide import Decision, Desk
from updater.merge.identity import Known
from updater.merge.venues import load as load_venues
from updater.records import Record
from updater.verdict import Verdict

Classifier = Callable[[Sequence[Record]], Sequence[Verdict]]
PAPER: Final = "paper"


class MissingError(UsageError):
    """Something that only a person can say was not said; `keys` are the entry's keys that lack it."""

    def __init__(self, message: str, keys: Sequence[str]) -> None:
        super().__init__(message)
        self.keys = tuple(keys)


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for: a reference, perhaps the kind, and any of the entry's keys with their values."""

    reference: str
    kind: str = ""
    """`paper`, or the slug of another kind; empty to go by what the reference is."""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A work that the index has an opinion of already."""

    where: Literal["listed", "rejected", "borderline", "gone"]
    id: str
    title: str
    address: str
    """Its page on the site; empty if it has none."""
    path: str
    line: int = 1
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that could be written."""

    kind: str
    entry: Paper | Resource
    path: str
    found: Found
    record: Record
    verdict: Verdict | None
    notes: tuple[str, ...] = ()
    """What was left out of the entry, and why."""


def page_of(repository: Repository, kind: str, id_: str) -> str:
    """Address of an entry's page; `kind` is `paper` or the slug of another kind."""
    folder = "papers" if kind == PAPER else repository.taxonomy.kind_by_slug[kind].file
    return f"{repository.settings.project.site.rstrip('/')}/{folder}/{quote(id_, safe='/')}/"


class Counter:
    """Where contributions are received: knows every address of the index, so that nothing is added twice."""

    def __init__(self, repository: Repository, index: Index) -> None:
        self.repository, self.index = repository, index
        self._known = Known(index)
        self._venues = load_venues(repository.root)
        self._urls: dict[str, tuple[str, str]] = {}
        for paper in index.papers.values():
            links = paper.links.model_dump(exclude_none=True)
            for key in ("arxiv", "doi", "openreview", "page", "pdf"):
                if key in links:
                    self._urls.setdefault(normal_url(links[key]), (PAPER, paper.id))
        for kind, entries in index.resources.items():
            for entry in entries:
                self._urls[normal_url(entry.url)] = (kind, entry.id)
        self._names = {e.id: (kind, e) for kind, entries in index.resources.items() for e in entries}

    def locate(self, text: str) -> tuple[str, Paper | Resource] | None:
        """The entry that somebody means by an id, the address of its page, or the address of the work itself."""
        text = text.strip()
        site = self.repository.settings.project.site.rstrip("/") + "/"
        if text.startswith(site):
            text = text.removeprefix(site).partition("/")[2].partition("#")[0].strip("/")
        if text in self.index.papers:
            return PAPER, self.index.papers[text]
        if text in self._names:
            return self._names[text]
        if at := self._urls.get(normal_url(text)):
            return self._entry(*at)
        return None

    def _entry(self, kind: str, id_: str) -> tuple[str, Paper | Resource]:
        return (kind, self.index.papers[id_]) if kind == PAPER else self._names[id_]

    def known(self, reference: Reference) -> Standing | None:
        """What the index says of a reference, before anything is fetched."""
        if reference.kind == "arxiv" and (standing := self._by_id(reference.id)):
            return standing
        if found := self._urls.get(normal_url(reference.url)):
            return self._listed(*found)
        return None

    def twin(self, found: Found) -> Standing | None:
        """What the index says of a work under another id or address: same DOI, or same title and authors."""
        record = found.record
        if record.id and (standing := self._by_id(record.id)):
            return standing
        if at := self._urls.get(normal_url(record.url)):
            return self._listed(*at)
        if not found.is_paper:
            return None
        probe = Paper.model_construct(
            id="", title=record.title, authors=list(record.authors), date=found.date, links=links_of(record), categories=[],
            status="curated",
        )  # fmt: skip
        if (twin := self._known.twin(probe)) is not None:
            return self._listed(PAPER, twin.id)
        if self._known.left_out(record.title):
            return self._left_out(normal_title(record.title))
        return None

    def _by_id(self, id_: str) -> Standing | None:
        index = self.index
        if id_ in index.papers:
            return self._listed(PAPER, id_)
        if id_ in index.gone and (see := index.gone[id_].see) and self.locate(see):
            kind, entry = self.locate(see) or ("", None)
            return self._listed(kind, entry.id) if entry else None
        if id_ in index.rejected:
            item = index.rejected[id_]
            return Standing("rejected", id_, item.title or "", "", "resources/rejected.yml", reason=item.reason or "")
        if id_ in index.borderline:
            return Standing("borderline", id_, index.borderline[id_].title or "", "", "resources/borderline.yml")
        if id_ in index.gone:
            item_ = index.gone[id_]
            return Standing(
                "gone",
                id_,
                item_.title,
                page_of(self.repository, PAPER, id_),
                "resources/gone.yml",
                reason=item_.reason,
            )
        return None

    def _left_out(self, title: str) -> Standing | None:
        for entries in (self.index.rejected, self.index.borderline):
            for entry in entries.values():
                if entry.title and normal_title(entry.title) == title:
                    return self._by_id(entry.id)
        return None

    def _listed(self, kind: str, id_: str) -> Standing:
        _, entry = self._entry(kind, id_)
        place = self.index.places[id_]
        title = entry.title if isinstance(entry, Paper) else entry.name
        return Standing("listed", id_, title, page_of(self.repository, kind, id_), place.path, place.line)

    # -- a new entry ----------------------------------------------------------------------------------------------------

    def propose(self, found: Found, wish: Wish, classify: Classifier | None) -> Proposal:
        """Make the entry.

        Raises
        ------
        MissingError
            A description, a kind, a date or categories are needed from a person.
        UsageError
            What the person said is not valid; the message says why.
        """
        kind = wish.kind or (PAPER if found.is_paper else self._kind_of(found.record.url))
        if kind != PAPER and kind not in self.repository.taxonomy.kind_by_slug:
            kinds = ", ".join([PAPER, *self.repository.taxonomy.kind_by_slug])
            raise MissingError(f"what kind of thing is it? (say --kind, one of {kinds})", ["kind"])
        try:
            return self._paper(found, wish, classify) if kind == PAPER else self._resource(kind, found, wish, classify)
        except ValidationError as error:
            raise UsageError(said(error)) from error

    def _kind_of(self, url: str) -> str:
        hosts = self.repository.settings.contribute.kinds
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        return hosts.get(host, "")

    def _paper(self, found: Found, wish: Wish, classify: Classifier | None) -> Proposal:
        if found.record.withdrawn:
            raise UsageError(f"{found.record.id}: its authors withdrew it, so it is not listed")
        date = str(wish.values.get("date") or found.date)
        title = str(wish.values.get("title") or found.record.title)
        authors = list(wish.values.get("authors") or found.record.authors)
        if not date:
            raise MissingError("the page names no date (say when it was published)", ["date"])
        id_ = found.record.id or self._mint(authors, date, title)
        record = dataclasses.replace(found.record, id=id_)
        verdict = self._verdict(record, classify)
        if verdict is None and not wish.values.get("categories"):
            raise MissingError("no model to predict categories by (say which, the primary one first)", ["categories"])
        base = verdict or Verdict(id_, 1.0, "accept", "", tuple((c, 1.0) for c in wish.values["categories"]))
        waiting: Queued | None = self.index.queue.get(id_)
        drafted = paper_of(record, base, self._venues, withdrawn=False).to_data()
        notes: list[str] = []
        data: dict[str, Any] = {**drafted, "date": found.date or date, "status": "curated"}
        if waiting is not None:
            data |= {"venue": waiting.venue or data.get("venue"), "links": waiting.links.model_dump(exclude_none=True)}
        links = {**data.get("links", {}), **found.links}
        data["venue"] = data.get("venue") or self._venue(found.venue, date, notes)
        said_ = {key: value for key, value in wish.values.items() if value not in ("", [], {}, None)}
        links |= said_.pop("links", {})
        if venue := said_.pop("venue", ""):
            data["venue"] = self._venue(venue, date, notes) or data["venue"]
        data |= {key: value for key, value in said_.items() if key in Paper.model_fields}
        entry = self._valid(Paper, {**{k: v for k, v in data.items() if v is not None}, "links": links})
        refuse_copy(entry.summary or "", record.abstract, "summary")
        return Proposal(PAPER, entry, paper_file(entry), found, record, verdict, tuple(notes))

    def _verdict(self, record: Record, classify: Classifier | None) -> Verdict | None:
        """What the model says, as far as the taxonomy has it; None if it knows none of its categories (another field's model)."""
        if classify is None:
            return None
        verdict, taxonomy = classify([record])[0], self.repository.taxonomy
        categories = tuple(pair for pair in verdict.categories if pair[0] in taxonomy.category_slugs)
        facets = {
            name: tuple(value for value in values if value in taxonomy.facet_values.get(name, ()))
            for name, values in verdict.facets.items()
        }
        return dataclasses.replace(verdict, categories=categories, facets=facets) if categories else None

    def _venue(self, venue: str, date: str, notes: list[str]) -> str | None:
        if not venue:
            return None
        spelled = self._venues.from_bibliography(venue, date[:4])
        if spelled and not self._venues.is_spelled(spelled):
            spelled = self._venues.from_comment(venue, venue)
        if not spelled:
            notes.append(f"venue {venue!r} is not in resources/venues.yml, so it was left out")
        return spelled or None

    def _resource(self, kind: str, found: Found, wish: Wish, classify: Classifier | None) -> Proposal:
        given = {key: value for key, value in wish.values.items() if value not in ("", [], {}, None)}
        given.pop("summary", None)
        name = str(given.get("name") or given.pop("title", "") or found.record.title)
        if not given.get("description"):
            raise MissingError("what is it for? (say --description, one sentence of your own)", ["description"])
        id_ = self._free_slug(slugify(name), slugify(" ".join(found.record.authors[:1])))
        record = dataclasses.replace(found.record, id=id_, title=name)
        verdict = self._verdict(record, classify)
        if verdict is None and not given.get("categories"):
            raise MissingError("no model to predict categories by (say which, the primary one first)", ["categories"])
        links = {key: url for key, url in {**found.links, **given.get("links", {})}.items() if url != record.url}
        data: dict[str, Any] = {
            "id": id_,
            "name": name,
            "url": record.url,
            "authors": list(record.authors),
            "date": found.date or None,
            "categories": [slug for slug, _ in verdict.categories] if verdict else [],
            "models": list(verdict.models) if verdict else [],
            "licence": found.licence or None,
            "archived": found.archived,
            **{key: value for key, value in given.items() if key in Resource.model_fields},
            "links": links,
        }
        entry = self._valid(Resource, data)
        refuse_copy(entry.description, record.abstract, "description")
        return Proposal(
            kind, entry, f"resources/{self.repository.taxonomy.kind_by_slug[kind].file}.yml", found, record, verdict
        )

    def _valid(self, model: type[Any], data: dict[str, Any]) -> Any:
        return model.model_validate(data, context={"taxonomy": self.repository.taxonomy})

    def _taken(self, id_: str) -> bool:
        index = self.index
        return any(
            id_ in group
            for group in (index.places, index.queue, index.gone, index.rejected, index.borderline, index.background)
        )

    def _mint(self, authors: Sequence[str], date: str, title: str) -> str:
        """A stable id for a work without an arXiv id: author-year-word."""
        slugs = work_slugs(authors[0] if authors else "", date[:4], title)
        return next(slug for slug in slugs if not self._taken(slug))

    def _free_slug(self, name: str, owner: str) -> str:
        name = name or owner or "untitled"
        if not self._taken(name):
            return name
        return f"{name}-{owner}" if owner and not self._taken(f"{name}-{owner}") else self._numbered(name)

    def _numbered(self, id_: str) -> str:
        return next(slug for n in range(2, 10_000) if not self._taken(slug := f"{id_}-{n}"))

    # -- writing --------------------------------------------------------------------------------------------------------

    def write(self, proposal: Proposal) -> list[str]:
        """Write the entry; returns the paths that changed. The caller holds the lock."""
        entry = proposal.entry
        if isinstance(entry, Resource):
            editor: Editor = self.repository.edit()
            editor.put(proposal.path, entry)
            return editor.commit()
        desk = Desk(self.repository, self.index, lambda _: [proposal.record])
        data = entry.model_dump(exclude_none=True, exclude={"status", "withdrawn"})
        desk.decide([Decision.model_validate({**data, "decision": "accept"})])
        if proposal.verdict is not None:
            trace = trace_of(proposal.record, proposal.verdict, self.index.papers[entry.id])
            self.index.traces[entry.id] = trace
            desk.editor.put_traces(self.index.traces, {entry.id: trace})
        return desk.editor.commit()


def said(error: ValidationError) -> str:
    """The first finding of pydantic, in words."""
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg'].removeprefix('Value error, ')}" if where else str(first["msg"])


def refuse_copy(text: str, source: str, what: str) -> None:
    """Raise UsageError if a text is taken from its source: the index has nobody's sentences but its own."""
    if run := common_run(text, source):
        raise UsageError(f"the {what} repeats the source ({run!r}): say it in your own words")


def changed(before: Model, after: Model) -> list[tuple[str, Any, Any]]:
    """Keys that differ between two states of an entry, with both values."""
    old, new = before.to_data(), after.to_data()
    keys = [key for key in new if old.get(key) != new[key]] + [key for key in old if key not in new]
    return [(key, old.get(key), new.get(key)) for key in keys]


def links_with(links: Links, key: str, url: str | None) -> Links:
    """Links with one of them replaced, or taken out."""
    return Links(**{**links.model_dump(exclude_none=True), **({key: url} if url else {key: None})})
