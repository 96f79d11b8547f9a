"""Whether a candidate is a work that the index knows already, under this id or another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from updater.index.check import same_work
from updater.index.model import Paper
from updater.index.repository import Index
from updater.index.text import ascii_fold, author_overlap, normal_title, surname

SIMILAR_TITLES = 0.75
"""Share of common title words from which two works with common authors are shown to a person."""


class Known:
    """The works of an index, findable by DOI and by normalized title and authors; kept up to date while merging."""

    def __init__(self, index: Index) -> None:
        self._titles: dict[str, set[str]] = defaultdict(set)
        self._dois: dict[str, set[str]] = defaultdict(set)
        self._papers: dict[str, Paper] = {}
        for paper in index.papers.values():
            self.add(paper)
        titles = [e.title for e in index.rejected.values()] + [e.title for e in index.borderline.values()]
        self._left_out = {normal_title(title) for title in titles if title}

    def add(self, paper: Paper) -> None:
        """Know one more paper, or its new title."""
        self.remove(paper.id)
        self._papers[paper.id] = paper
        self._titles[normal_title(paper.title)].add(paper.id)
        if paper.links.doi:
            self._dois[paper.links.doi.casefold()].add(paper.id)

    def remove(self, id_: str) -> None:
        """Forget a paper."""
        if (paper := self._papers.pop(id_, None)) is not None:
            self._titles[normal_title(paper.title)].discard(id_)
            if paper.links.doi:
                self._dois[paper.links.doi.casefold()].discard(id_)

    def twin(self, paper: Paper) -> Paper | None:
        """The paper that is the same work under another id: same DOI, or same normalized title and common authors."""
        same = set(self._dois.get(paper.links.doi.casefold(), ())) if paper.links.doi else set()
        same |= {id_ for id_ in self._titles.get(normal_title(paper.title), ()) if same_work(self._papers[id_], paper)}
        same.discard(paper.id)
        return self._papers[min(same)] if same else None

    def left_out(self, title: str) -> bool:
        """Whether a work of this title was judged out of scope or borderline under another id."""
        return normal_title(title) in self._left_out


def similar(papers: Iterable[Paper], among: Iterable[Paper]) -> Iterator[tuple[Paper, Paper, float]]:
    """Pairs that may be one work under two titles: common authors and most title words in common; for a person to judge.

    Yields (paper, other, share of common title words), each pair once, ordered by ids.
    """
    by_author: dict[str, list[Paper]] = defaultdict(list)
    for paper in among:
        for name in {surname(a) for a in paper.authors}:
            by_author[name].append(paper)
    seen: set[tuple[str, str]] = set()
    for paper in sorted(papers, key=lambda p: p.id):
        words = _words(paper.title)
        others = {p.id: p for a in paper.authors for p in by_author.get(surname(a), ())}
        for other_id, other in sorted(others.items()):
            pair = (min(paper.id, other_id), max(paper.id, other_id))
            if other_id == paper.id or pair in seen:
                continue
            seen.add(pair)
            common = _words(other.title)
            share = len(words & common) / max(1, len(words | common))
            if share >= SIMILAR_TITLES and author_overlap(paper.authors, other.authors) >= 0.5:
                yield paper, other, share


def _words(title: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", ascii_fold(title)))
