"""What a person decides about a work: accept, reject, call borderline, or correct. Every decision is training data.

A decision is one JSON object: `id`, `decision` (accept, reject, borderline, correct), and whatever the person knows better:
`categories`, `object`, `localize`, `steer`, `goal`, `models`, `keywords`, `summary`, `title`, `authors`, `date`, `venue`,
`links`, `featured`, `reason`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from updater.errors import DataError, UsageError
from updater.index.model import Borderline, Gone, Paper, Queued, Rejected
from updater.index.repository import BACKGROUND, BORDERLINE, GONE, QUEUE, REJECTED, Editor, Index, Repository
from updater.index.text import plain_tex
from updater.merge.build import complete, links_of, paper_from_queue
from updater.merge.identity import Known, same
from updater.merge.venues import load as load_venues
from updater.records import Record
from updater.verdict import Verdict

FACETS: Final = ("object", "localize", "steer", "goal")
Lookup = Callable[[Sequence[str]], Iterable[Record]]
"""Fetches the records of ids that the index does not know; see `updater.fetch`."""


class Decision(BaseModel):
    """One decision; keys that are left out keep what the entry has."""

    model_config = ConfigDict(extra="forbid")

    id: str
    decision: Literal["accept", "reject", "borderline", "correct"]
    title: str | None = None
    authors: list[str] | None = None
    date: str | None = None
    venue: str | None = None
    links: dict[str, str] | None = None
    categories: Annotated[list[str], Field(min_length=1, max_length=4)] | None = None
    object: list[str] | None = None
    localize: list[str] | None = None
    steer: list[str] | None = None
    goal: list[str] | None = None
    models: list[str] | None = None
    keywords: list[str] | None = None
    summary: str | None = None
    featured: str | None = None
    reason: str | None = None

    def known(self) -> dict[str, Any]:
        """What the person said about the entry's keys."""
        return self.model_dump(exclude_none=True, exclude={"id", "decision", "reason"})


def read(lines: Iterable[bytes], name: str) -> list[Decision]:
    """Decisions from JSON lines.

    Raises
    ------
    DataError
        Lines that are no decision, each as `name:line: problem`; then none is carried out.
    """
    out, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            out.append(Decision.model_validate(orjson.loads(line)))
        except orjson.JSONDecodeError as error:
            problems.append(f"{name}:{number}: not JSON: {error}")
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problems.append(f"{name}:{number}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
    if problems:
        raise DataError("\n".join(problems))
    return out


class Desk:
    """Carries out decisions on an index in memory and stages what they change in an editor."""

    def __init__(self, repository: Repository, index: Index, lookup: Lookup) -> None:
        self.repository = repository
        self.index = index
        self.editor: Editor = repository.edit()
        self._lookup = lookup
        self._venues = load_venues(repository.root)
        self._records: dict[str, Record] = {}
        self._known = Known(index)

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Carry out all decisions.

        Raises
        ------
        UsageError
            A decision is about an id that nobody knows, or it makes an entry that is not valid; nothing is staged then that
            could be committed.
        """
        unknown = [d.id for d in decisions if d.decision == "accept" and not self._entry(d.id)]
        self._records = {record.id: record for record in self._lookup(unknown)} if unknown else {}
        for decision in decisions:
            try:
                getattr(self, f"_{decision.decision}")(decision)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                where = ".".join(map(str, first["loc"]))
                raise UsageError(f"{decision.id}: {where}: {first['msg']} (correct the decision)") from error

    def _entry(self, id_: str) -> Paper | Queued | None:
        return self.index.papers.get(id_) or self.index.queue.get(id_)

    def _validated(self, data: dict[str, Any]) -> Paper:
        return Paper.model_validate(data, context={"taxonomy": self.repository.taxonomy})

    def _base(self, decision: Decision) -> Paper:
        """The entry as it is, or made of the queue's or the publisher's facts."""
        if paper := self.index.papers.get(decision.id):
            return paper
        if queued := self.index.queue.get(decision.id):
            return paper_from_queue(queued, withdrawn=decision.id in self.index.state.withdrawn)
        record = self._records.get(decision.id)
        if record is None:
            raise UsageError(
                f"{decision.id}: not in the index, not in the queue, and its publisher does not know it either"
            )
        if not decision.categories:
            raise UsageError(f"{decision.id}: is new here, so the decision must name its categories")
        blank = Paper(
            id=record.id,
            title=decision.title or plain_tex(record.title),
            date=record.published.isoformat() if record.published else decision.date or "",
            links=links_of(record),
            categories=decision.categories,
            status="curated",
        )
        return complete(blank, record, Verdict(record.id, 1.0, "accept", "", ()), self._venues)

    def _accept(self, decision: Decision) -> None:
        base = self._base(decision)
        data = base.model_dump(exclude_none=True) | {"status": "curated"}
        links = data.get("links", {}) | (decision.links or {})
        paper = self._validated({**data, **decision.known(), "links": links})
        if (twin := self._known.twin(paper)) is not None:
            raise UsageError(f"{paper.id}: is the same work as {twin.id}, which is listed (correct that entry instead)")
        if (before := self.index.papers.get(paper.id)) and before.month != paper.month:
            self.editor.drop_paper(before)
        self._forget(paper.id)
        if self.index.gone.pop(paper.id, None):
            self.editor.drop(GONE, paper.id)
        self.index.papers[paper.id] = paper
        self._known.add(paper)
        self.editor.put_paper(paper)

    def _correct(self, decision: Decision) -> None:
        if decision.id in self.index.borderline:
            entry = self.index.borderline[decision.id]
            data = entry.model_dump(exclude_none=True) | {k: v for k, v in decision.known().items() if k != "summary"}
            self.editor.put(BORDERLINE, Borderline.model_validate(data, context={"taxonomy": self.repository.taxonomy}))
        elif decision.id in self.index.papers:
            self._accept(decision)
        else:
            raise UsageError(f"{decision.id}: is not listed, so there is nothing to correct (use accept)")

    def _reject(self, decision: Decision) -> None:
        entry = self._entry(decision.id)
        self._take_out(decision.id)
        rejected = Rejected(id=decision.id, reason=decision.reason)
        if entry is not None and entry.links.arxiv is None:
            rejected.title, rejected.url = entry.title, entry.links.page or entry.links.openreview
        self.index.rejected[decision.id] = rejected
        self.editor.put(REJECTED, rejected)

    def _borderline(self, decision: Decision) -> None:
        entry = self._entry(decision.id)
        known = decision.known()
        categories = known.get("categories") or (entry.categories if entry else None)
        if not categories:
            raise UsageError(f"{decision.id}: is new here, so the decision must name its categories")
        facets = {name: known.get(name, getattr(entry, name) if entry else []) for name in FACETS}
        borderline = Borderline.model_validate(
            {"id": decision.id, "categories": categories, **facets}, context={"taxonomy": self.repository.taxonomy}
        )
        if entry is not None and entry.links.arxiv is None:
            borderline.title, borderline.url = entry.title, entry.links.page or entry.links.openreview
        self._take_out(decision.id)
        self.index.borderline[decision.id] = borderline
        self.editor.put(BORDERLINE, borderline)

    def _take_out(self, id_: str) -> None:
        """Off the list, with a page that says so if it was published, and out of every other list; so are its twins."""
        if (entry := self._entry(id_)) is not None:
            self._dismiss_twins(entry if isinstance(entry, Paper) else paper_from_queue(entry))
        if (paper := self.index.papers.pop(id_, None)) is not None:
            self.editor.drop_paper(paper)
            self._known.remove(id_)
            self._bury(Gone(id=id_, title=paper.title, reason="out-of-scope", url=paper.url or None))
        self._forget(id_)

    def _dismiss_twins(self, paper: Paper) -> None:
        """What a person takes off the list does not come back under another id of the same work."""
        for gone in [g for g in self.index.gone.values() if g.see == paper.id]:
            reason = "out-of-scope" if gone.reason == "duplicate" else gone.reason
            self._bury(gone.model_copy(update={"reason": reason, "see": None}))
        for trace in [t for t in self.index.traces.values() if t.aside is not None]:
            other = Paper.model_validate(trace.aside["entry"]) if trace.aside else paper
            if same(other, paper) and other.id not in self.index.papers:
                self._bury(Gone(id=other.id, title=other.title, reason="out-of-scope", url=other.url or None))
                self.index.traces[other.id] = replace(trace, aside=None)
                self.editor.put_traces(self.index.traces, {other.id: trace})

    def _bury(self, gone: Gone) -> None:
        self.index.gone[gone.id] = gone
        self.editor.put(GONE, gone)

    def _forget(self, id_: str) -> None:
        """Out of the queue and of the lists of what was left out."""
        if self.index.queue.pop(id_, None):
            self.editor.drop(QUEUE, id_)
        if self.index.rejected.pop(id_, None):
            self.editor.drop(REJECTED, id_)
        if self.index.borderline.pop(id_, None):
            self.editor.drop(BORDERLINE, id_)
        if id_ in self.index.background:
            self.index.background -= {id_}
            self.editor.drop(BACKGROUND, id_)
