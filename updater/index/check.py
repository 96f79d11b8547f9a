"""Everything that must hold of the data, beyond what one entry shows by itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from updater.index import guides as guides_file
from updater.index import schema
from updater.index import taxonomy as taxonomy_file
from updater.index.model import Paper, check_slugs
from updater.index.repository import BACKGROUND, BORDERLINE, GONE, QUEUE, REJECTED, Index, Repository, paper_file
from updater.index.text import author_overlap, common_run, normal_title, normal_url
from updater.index.yamlfile import Problem
from updater.merge import venues as venues_file

SAME_AUTHORS = 0.5
"""Share of common surnames from which two works of one title are one work."""


def check(repository: Repository) -> tuple[Index, list[Problem]]:
    """Read the whole index and find everything that is wrong with it, sorted by file and line.

    Raises
    ------
    SettingsError
        The settings, the taxonomy or the venues are wrong, so that nothing else can be judged.
    """
    _ = repository.settings  # a typo there is found first, since it may change what everything else means
    index, problems = repository.read()
    for part in (_places, _titles, _addresses, _lists, _sees):
        problems += part(index)
    problems += _venues(repository, index)
    problems += _landmarks(repository, index)
    problems += _methods(repository, index)
    problems += _schemas(repository)
    return index, sorted(problems, key=lambda p: (p.path, p.line, p.message))


def _at(index: Index, id_: str, message: str, hint: str = "", severity: str = "error") -> Problem:
    place = index.places[id_]
    return Problem(place.path, place.line, message, hint, severity)


def _places(index: Index) -> Iterator[Problem]:
    for paper in index.papers.values():
        if index.places[paper.id].path != (should := paper_file(paper)):
            yield _at(
                index, paper.id, f"{paper.id} stands in the wrong file", f"move it to {should}, or run `mi-index fmt`"
            )
        if paper.is_arxiv and paper.links.arxiv != f"https://arxiv.org/abs/{paper.id}":
            yield _at(
                index, paper.id, "links.arxiv is not the address of the id", f"write https://arxiv.org/abs/{paper.id}"
            )


def same_work(a: Paper, b: Paper) -> bool:
    """Whether two entries of one normalized title are one work: they share authors, or authors are unknown."""
    return not a.authors or not b.authors or author_overlap(a.authors, b.authors) >= SAME_AUTHORS


def _titles(index: Index) -> Iterator[Problem]:
    seen: dict[str, list[Paper]] = defaultdict(list)
    for paper in index.papers.values():
        if not (title := normal_title(paper.title)):  # signs only
            continue
        for other in seen[title]:
            if same_work(paper, other):
                hint = f"merge it with {other.id} in {index.places[other.id].path}"
                yield _at(index, paper.id, f"{paper.id} has the title and authors of {other.id}", hint)
        seen[title].append(paper)


def _addresses(index: Index) -> Iterator[Problem]:
    works: dict[str, str] = {}
    for paper in index.papers.values():
        links = paper.links
        for name, link in (
            ("DOI", links.doi),
            ("arXiv address", links.arxiv),
            ("OpenReview address", links.openreview),
        ):
            if link and (first := works.setdefault(link.casefold(), paper.id)) != paper.id:
                yield _at(index, paper.id, f"{paper.id} has the {name} of {first}", "merge the two")
    urls: dict[str, str] = {}
    for entries in index.resources.values():
        for entry in entries:
            url = normal_url(entry.url)
            if url in urls:
                yield _at(index, entry.id, f"{entry.id} has the address of {urls[url]}", "keep one of them")
            urls.setdefault(url, entry.id)


def _lists(index: Index) -> Iterator[Problem]:
    """A work is in one place: listed, waiting, borderline, rejected or background; what was taken off the list is gone too."""
    lists = {
        QUEUE: set(index.queue),
        BORDERLINE: set(index.borderline),
        REJECTED: set(index.rejected),
        GONE: set(index.gone),
        BACKGROUND: set(index.background),
    }
    listed = set(index.papers)
    names = list(lists)
    for n, name in enumerate(names):
        for id_ in sorted(lists[name] & listed):
            yield _at(index, id_, f"{id_} is listed here and stands in {name} too", f"remove it from {name}")
        for other in names[n + 1 :]:
            if other == GONE and name in (BORDERLINE, REJECTED, QUEUE):  # taken off the list, and judged anew
                continue
            for id_ in sorted(lists[name] & lists[other]):
                yield Problem(name, 1, f"{id_} stands in {other} too", "remove it from one of them")


def _sees(index: Index) -> Iterator[Problem]:
    for gone in index.gone.values():
        if gone.see is not None and gone.see not in index.places:
            yield Problem(GONE, 1, f"{gone.id} leads to {gone.see!r}, which is no entry", "name the id of an entry")


def _venues(repository: Repository, index: Index) -> Iterator[Problem]:
    venues = venues_file.load(repository.root)
    for paper in index.papers.values():
        if paper.venue and not venues.is_spelled(paper.venue):
            known = venues.from_bibliography(paper.venue)
            hint = (
                f"write {known!r}" if venues.is_spelled(known) else f"use a name of {venues_file.FILE}, or add it there"
            )
            yield _at(index, paper.id, f"venue {paper.venue!r} is not spelled as in {venues_file.FILE}", hint)


def _landmarks(repository: Repository, index: Index) -> Iterator[Problem]:
    least = repository.settings.content.min_landmarks
    featured = Counter(slug for p in index.papers.values() if p.featured for slug in p.categories)
    for category in repository.taxonomy.categories:
        if (number := featured[category.slug]) < least:
            yield Problem(
                taxonomy_file.FILE,
                1,
                f"category {category.slug} has {number} landmark papers, {least} are asked for",
                "give papers of it `featured: the ground`, or lower content.min_landmarks in the settings",
            )


def _methods(repository: Repository, index: Index) -> Iterator[Problem]:
    guides, problems = guides_file.read(repository.root)
    yield from problems
    content = repository.settings.content
    entries = {entry.id for found in index.resources.values() for entry in found}
    for method, line in zip(guides.methods, guides.lines, strict=True):

        def wrong(message: str, hint: str, line: int = line) -> Problem:
            return Problem(guides_file.METHODS, line, message, hint)

        try:
            check_slugs(list(method.categories), repository.taxonomy.category_slugs, "category")
        except ValueError as error:
            yield wrong(f"{method.slug}: {error}", "")
        for name, ids, known in (
            ("landmark", method.landmarks, index.papers.keys()),
            ("library", method.libraries, entries),
        ):
            for id_ in ids:
                if id_ not in known:
                    yield wrong(f"{method.slug}: {name} {id_!r} is no entry", "name the id of an entry")
        if len(method.landmarks) < content.method_papers:
            yield wrong(f"{method.slug} has {len(method.landmarks)} landmark papers", f"name {content.method_papers}")
        if len(method.libraries) < content.method_libraries:
            yield wrong(f"{method.slug} names no library", "name one that does it")


def copied(index: Index, abstracts: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    """Find summaries that are taken from their abstract (`common_run`); abstracts are (id, text) pairs."""
    for id_, abstract in abstracts:
        paper = index.papers.get(id_)
        if paper is not None and paper.summary and (run := common_run(paper.summary, abstract)):
            yield _at(index, id_, f"{id_}: the summary copies its abstract: {run!r}", "say it in own words")


def _schemas(repository: Repository) -> Iterator[Problem]:
    for path, content in schema.all_schemas(repository).items():
        file = repository.root / path
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            yield Problem(path, 1, "the schema is not the one that follows from the models", "run `mi-index fmt`")
