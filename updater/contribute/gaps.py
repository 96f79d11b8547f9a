"""What the index lacks: entries that somebody could complete in five minutes, and works that may stand there twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from updater.index.model import Paper
from updater.index.repository import Index
from updater.merge.identity import similar

KINDS = ("similar", "summary", "authors", "code", "venue", "licence")
"""Kinds of gap, the most useful contribution first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Gap:
    """One thing to do."""

    what: str
    id: str
    title: str
    path: str
    line: int
    hint: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.hint}: {self.title}"


def gaps(index: Index) -> Iterator[Gap]:
    """All gaps, kind by kind in the order of `KINDS`, the newest entries first."""
    papers = sorted(index.papers.values(), key=lambda p: (p.date, p.id), reverse=True)
    for paper, other, share in similar(papers, papers):
        yield _gap(
            index, "similar", paper, f"may be the same work as {other.id} ({share:.0%} of the title's words in common)"
        )
    for what in ("summary", "authors", "code", "venue"):
        for paper in papers:
            if not (getattr(paper, what) if what != "code" else paper.links.code):
                yield _gap(index, what, paper, f"{paper.id} has no {what}" + (" link" if what == "code" else ""))
    for entries in index.resources.values():
        for entry in entries:
            if entry.stars is not None and not entry.licence:
                place = index.places[entry.id]
                yield Gap("licence", entry.id, entry.name, place.path, place.line, f"{entry.id} names no licence")


def _gap(index: Index, what: str, paper: Paper, hint: str) -> Gap:
    place = index.places[paper.id]
    return Gap(what, paper.id, paper.title, place.path, place.line, hint)
