"""Whether a candidate is a work that the index knows already, under this id or another."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from updater.index.check import same_work
from updater.index.model import Paper
from updater.index.repository import Index
from updater.index.text import arxiv_id, ascii_fold, author_overlap, normal_title

Key = tuple[str, str]
"""Kind of identity (title, arxiv, doi, openreview) and its normalized value."""

SIMILAR_TITLES = 0.75
"""Share of common title words from which two works with common authors are shown to a person."""


class Known:
    """Works, findable by what makes two ids one work: addresses (DOI, arXiv, OpenReview), and title together with authors.

    Kept up to date while merging. Begins with the papers of an index.
    """

    def __init__(self, index: Index) -> None:
        self._by_key: dict[Key, set[str]] = defaultdict(set)
        self._papers: dict[str, Paper] = {}
        for paper in index.papers.values():
            self.add(paper)
        titles = [e.title for e in index.rejected.values()] + [e.title for e in index.borderline.values()]
        self._left_out = {key for title in titles if title and (key := normal_title(title))}

    def __contains__(self, id_: str) -> bool:
        return id_ in self._papers

    def add(self, paper: Paper) -> None:
        """Know one more paper, or its new title."""
        self.remove(paper.id)
        self._papers[paper.id] = paper
        for key in keys(paper):
            self._by_key[key].add(paper.id)

    def remove(self, id_: str) -> None:
        """Forget a paper."""
        if (paper := self._papers.pop(id_, None)) is not None:
            for key in keys(paper):
                self._by_key[key].discard(id_)

    def twin(self, paper: Paper) -> Paper | None:
        """The paper that is the same work under another id; the smallest id if there are several."""
        near = {id_ for key in keys(paper) for id_ in self._by_key.get(key, ())} - {paper.id}
        twins = [id_ for id_ in near if same(self._papers[id_], paper)]
        return self._papers[min(twins)] if twins else None

    def group(self, id_: str) -> set[str]:
        """All ids that can be reached from one by a common address or title; the id itself is among them."""
        found, todo = {id_}, [id_]
        while todo:
            for key in keys(self._papers[todo.pop()]):
                new = self._by_key[key] - found
                found |= new
                todo += new
        return found

    def doubled(self) -> set[str]:
        """All ids that have an address or a title in common with another."""
        return {id_ for ids in self._by_key.values() if len(ids) > 1 for id_ in ids}

    def left_out(self, title: str) -> bool:
        """Whether a work of this title was judged out of scope or borderline under another id."""
        return normal_title(title) in self._left_out


def keys(paper: Paper) -> set[Key]:
    """What a paper can be found by; a title of signs only is none."""
    out = {("arxiv", paper.id)} if paper.is_arxiv else set()
    if title := normal_title(paper.title):
        out.add(("title", title))
    links = paper.links
    if links.arxiv and (id_ := arxiv_id(links.arxiv)):
        out.add(("arxiv", id_))
    out |= {(name, url.casefold()) for name, url in (("doi", links.doi), ("openreview", links.openreview)) if url}
    return out


def same(a: Paper, b: Paper) -> bool:
    """Whether two entries are one work: a common address, or the same normalized title and common authors."""
    common = keys(a) & keys(b)
    return any(kind != "title" for kind, _ in common) or (bool(common) and same_work(a, b))


def similar(papers: Iterable[Paper], among: Iterable[Paper]) -> Iterator[tuple[Paper, Paper, float]]:
    """Pairs that may be one work under two titles: common authors and most title words in common; for a person to judge.

    Yields (paper, other, share of common title words), each pair once, ordered by ids.
    """
    by_id = {paper.id: paper for paper in among}
    words = {id_: _words(paper.title) for id_, paper in by_id.items()}
    by_word: dict[str, list[str]] = defaultdict(list)
    for id_, own in words.items():
        for word in own:
            by_word[word].append(id_)
    seen: set[tuple[str, str]] = set()
    for paper in sorted(papers, key=lambda p: p.id):
        mine = _words(paper.title)
        # Of so many words in common, one at least is among the rarest few of the shorter title.
        rare = sorted(mine, key=lambda w: (len(by_word[w]), w))[: len(mine) - math.ceil(SIMILAR_TITLES * len(mine)) + 1]
        for other_id in sorted({id_ for word in rare for id_ in by_word[word]}):
            pair = (min(paper.id, other_id), max(paper.id, other_id))
            if other_id == paper.id or pair in seen:
                continue
            seen.add(pair)
            share = len(mine & words[other_id]) / max(1, len(mine | words[other_id]))
            if share >= SIMILAR_TITLES and author_overlap(paper.authors, by_id[other_id].authors) >= 0.5:
                yield paper, by_id[other_id], share


def _words(title: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", ascii_fold(title)))
