"""The report of a run: a newsletter for the pull request and the job summary, JSON for programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import Environment

from updater.index.model import Paper, Queued
from updater.index.repository import Index
from updater.index.taxonomy import Taxonomy
from updater.index.text import visible
from updater.merge.identity import similar
from updater.merge.merge import Changes

TEMPLATE: Final = "report.md.j2"
MAX_BYTES: Final = 60_000
"""GitHub refuses the text of a pull request from 65,536 characters on."""


@dataclass(slots=True)
class Run:
    """Figures and words of a run that the changes do not tell."""

    window: str
    source: str
    candidates: int
    decisions: dict[str, int] = field(default_factory=dict)
    """Decision of the model to number of candidates."""
    gaps: Sequence[str] = ()
    """Days that could not be read."""
    notices: Sequence[str] = ()
    """What the sources said: who refused, what was fallen over to."""


def report(index: Index, changes: Changes, run: Run, taxonomy: Taxonomy) -> dict[str, Any]:
    """The run as plain data: what came in by category, what waits and why, what changed, what was passed over."""
    added: dict[str, list[Paper]] = defaultdict(list)
    for paper in sorted(changes.added.values(), key=lambda p: (p.date, p.id), reverse=True):
        added[paper.primary].append(paper)
    pairs = similar([*changes.added.values()], index.papers.values())
    return {
        "window": run.window,
        "source": run.source,
        "figures": {
            "candidates": run.candidates,
            **{f"model_{name}": number for name, number in sorted(run.decisions.items())},
            "added": len(changes.added),
            "queued": len(changes.queued),
            "updated": len(changes.updated),
            "withdrawn": len(changes.withdrawn),
            "removed": len(changes.removed),
        },
        "added": [
            {
                "category": category.slug,
                "title": category.title,
                "papers": [_paper(paper, index) for paper in added[category.slug]],
            }
            for category in taxonomy.categories
            if added[category.slug]
        ],
        "queued": [_queued(q) for q in sorted(changes.queued.values(), key=lambda q: -q.probability)],
        "updated": [_update(before, after) for _, (before, after) in sorted(changes.updated.items())],
        "withdrawn": [_paper(index.papers[id_], index) for id_ in sorted(changes.withdrawn)],
        "gone": [gone.to_data() for _, gone in sorted(changes.gone.items())],
        "similar": [{"paper": _paper(a, index), "other": _paper(b, index), "share": round(s, 2)} for a, b, s in pairs],
        "skipped": dict(sorted(changes.skipped.items())),
        "unusable": {visible(id_, 80): visible(reason) for id_, reason in sorted(changes.unusable.items())},
        "gaps": list(run.gaps),
        "notices": [visible(notice) for notice in run.notices],
    }


def _paper(paper: Paper, index: Index) -> dict[str, Any]:
    trace = index.traces.get(paper.id)
    return {
        "id": paper.id,
        "title": paper.title,
        "url": paper.url,
        "authors": _names(paper.authors),
        "date": paper.date,
        "venue": paper.venue or "",
        "keywords": paper.keywords,
        "models": paper.models,
        "summary": paper.summary or "",
        "probability": trace.probability if trace else None,
    }


def _queued(queued: Queued) -> dict[str, Any]:
    return {
        "id": queued.id,
        "title": queued.title,
        "url": queued.links.arxiv or queued.links.page or queued.links.openreview or "",
        "authors": _names(queued.authors),
        "probability": queued.probability,
        "categories": queued.categories,
        "because": queued.because,
    }


def _update(before: Paper, after: Paper) -> dict[str, Any]:
    old, new = before.to_data(), after.to_data()
    keys = [key for key in new if old.get(key) != new[key]] + [key for key in old if key not in new]
    fields = [{"key": key, "before": _short(old.get(key)), "after": _short(new.get(key))} for key in keys]
    return {"id": after.id, "title": after.title, "url": after.url, "fields": fields}


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{key}: {item}" for key, item in value.items()]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return text if len(text) <= 200 else f"{text[:199]}…"


def _names(authors: Sequence[str]) -> str:
    return ", ".join(authors) if len(authors) <= 3 else f"{authors[0]} and {len(authors) - 1} others"


def markdown(data: dict[str, Any], environment: Environment) -> str:
    """The report as Markdown, at most `MAX_BYTES` long: long lists are cut, and what was cut is said.

    Parameters
    ----------
    data
        What `report` returns.
    environment
        `updater.render.markup.environment`, whose filters escape what comes from outside.
    """
    template = environment.get_template(TEMPLATE)
    for most in (10_000, 100, 30, 10, 3, 0):
        text = template.render(**data, most=most)
        if len(text.encode()) <= MAX_BYTES:
            break
    return text
