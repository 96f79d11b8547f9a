"""Merging classified records into the index.

A pure function of index and candidates: the files are written by whoever calls it. The result does not depend on the order of
the candidates, on how a run was cut up, or on how often a record comes, because it is made in two steps that do not:

1. Every id for itself: the newest version that the model does not reject gives the entry, and being accepted once is enough
   to be on the list; else the work waits in the queue.
2. Every group of ids that may be one work (common address, or common title) together: its entries are taken in one order
   (a person's, accepted, doubtful; arXiv ids before others; smaller ids first), and one that is the same work as an earlier
   one is kept aside (in the generated files), so that it can come back should a new version show that it is another work.

What a person wrote is never changed. An entry is a person's when its status is `curated` or when it is not what the machine
last wrote (its fingerprint, kept in the generated files, tells). Only what it leaves empty is filled in.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from updater.index.model import Gone, Paper, Queued
from updater.index.repository import BACKGROUND, GONE, QUEUE, Editor, Index
from updater.index.traces import Trace, fingerprint
from updater.merge.build import fill, fill_link, paper_from_queue, paper_of, queued_of, trace_of
from updater.merge.identity import Known, same
from updater.merge.venues import Venues
from updater.records import Record
from updater.verdict import Verdict


@dataclass(slots=True)
class Changes:
    """What a merge did, by id, and what it passed over."""

    added: dict[str, Paper] = field(default_factory=dict)
    updated: dict[str, tuple[Paper, Paper]] = field(default_factory=dict)
    """Before and after."""
    queued: dict[str, Queued] = field(default_factory=dict)
    """New or changed entries of the queue."""
    left_queue: set[str] = field(default_factory=set)
    gone: dict[str, Gone] = field(default_factory=dict)
    """New or changed addresses that lead elsewhere, or nowhere any more."""
    back: set[str] = field(default_factory=set)
    """Addresses that led elsewhere and have an entry of their own again."""
    removed: dict[str, Paper] = field(default_factory=dict)
    """Papers that left the list: the same work under another id, or judged anew as out of scope."""
    withdrawn: set[str] = field(default_factory=set)
    traces: dict[str, Trace] = field(default_factory=dict)
    """New or changed ones, and those that went."""
    no_background: set[str] = field(default_factory=set)
    """Ids of ordinary papers that turned out to be of the field."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Reason to number of candidates."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Records that cannot become an entry, with the reason."""

    @property
    def empty(self) -> bool:
        """Whether no entry changes."""
        return not (
            self.added
            or self.updated
            or self.queued
            or self.left_queue
            or self.gone
            or self.back
            or self.removed
            or self.no_background
        )

    @property
    def lost(self) -> list[str]:
        """Ids of papers that left the list without leading to another entry, sorted."""
        return sorted(id_ for id_ in self.removed if id_ not in self.gone or self.gone[id_].see is None)


@dataclass(slots=True)
class Work:
    """One id as the merge sees it, wherever its entry stands."""

    paper: Paper
    """The entry on the list, or what it would be."""
    accepted: bool
    person: bool
    """A person wrote or changed it."""


class Merger:
    """One merge. Changes the `Index` that it is given (in memory) and notes what it did in `changes`."""

    def __init__(self, index: Index, venues: Venues, *, rejudge: bool = False) -> None:
        """`rejudge`: entries that no person touched and the model now rejects or doubts leave the list."""
        self.index = index
        self.venues = venues
        self.rejudge = rejudge
        self.changes = Changes()
        self._withdrawn = set(index.state.withdrawn)
        self._before = dataclasses.replace(
            index, papers=dict(index.papers), queue=dict(index.queue), gone=dict(index.gone), traces=dict(index.traces)
        )
        self._known = Known(index)
        self._aside: dict[str, Work] = {}
        self._works: dict[str, Work] = {}
        """Works looked at so far; a cache of `_work`."""
        self._touched: set[str] = set()
        for id_, trace in index.traces.items():
            if "links.arxiv" in trace.filled and id_ in index.papers:
                self._known.add(self._own(index.papers[id_]))
        for id_, queued in index.queue.items():
            self._known.add(paper_from_queue(queued, withdrawn=id_ in self._withdrawn))
        for id_, trace in index.traces.items():
            if trace.aside is not None and self._may_return(id_):
                work = Work(Paper.model_validate(trace.aside["entry"]), bool(trace.aside["accepted"]), person=False)
                self._aside[id_] = work
                self._known.add(work.paper)

    def run(self, candidates: Iterable[tuple[Record, Verdict]]) -> Changes:
        """Merge all candidates; order and repetition do not matter."""
        for record, verdict in sorted(candidates, key=lambda c: (c[0].id, c[0].version)):
            try:
                self._one(record, verdict)
            except ValidationError as error:
                self.changes.unusable[record.id] = error.errors(include_url=False)[0]["msg"]
        self._settle()
        self.index.state.withdrawn = sorted(self._withdrawn)
        self._note()
        return self.changes

    # -- what is known of an id ------------------------------------------------------------------------------------

    def _may_return(self, id_: str) -> bool:
        """Whether a work kept aside is still the machine's business."""
        index = self.index
        gone = index.gone.get(id_)
        settled = id_ in index.papers or id_ in index.queue or id_ in index.rejected or id_ in index.borderline
        return not settled and (gone is None or gone.reason == "duplicate")

    def _work(self, id_: str) -> Work | None:
        """The work of this id, on the list, in the queue or kept aside."""
        if id_ not in self._works:
            if (paper := self.index.papers.get(id_)) is not None:
                self._works[id_] = Work(paper, accepted=True, person=self.index.touched(paper))
            elif (queued := self.index.queue.get(id_)) is not None:
                trace = self.index.traces.get(id_)
                person = trace is None or trace.fingerprint != fingerprint(queued.to_data())
                paper = paper_from_queue(queued, withdrawn=id_ in self._withdrawn)
                self._works[id_] = Work(paper, accepted=False, person=person)
            elif id_ in self._aside:
                self._works[id_] = self._aside[id_]
            else:
                return None
        return self._works[id_]

    def _own(self, paper: Paper) -> Paper:
        """A paper as its own record and a person have it: without the arXiv address that another id of the work gave it."""
        trace = self.index.traces.get(paper.id)
        return fill_link(paper, "arxiv", "", trace.filled)[0] if trace and not paper.is_arxiv else paper

    def _version(self, id_: str) -> int:
        trace = self.index.traces.get(id_)
        return trace.version if trace else 0

    def _skip(self, reason: str) -> None:
        self.changes.skipped[reason] += 1

    # -- step 1: every id for itself -------------------------------------------------------------------------------

    def _one(self, record: Record, verdict: Verdict) -> None:
        index, id_ = self.index, record.id
        if record.withdrawn:
            self._withdraw(record)
            return
        work = self._work(id_)
        if work is None:
            if id_ in index.rejected:
                self._skip("rejected by a person")
            elif id_ in index.borderline:
                self._skip("borderline by a person")
            elif id_ in index.gone:
                self._skip("known under another id, or gone")
            elif verdict.decision == "reject":
                self._skip("out of scope")
            else:
                self._machines(None, record, verdict)
        elif not work.person:
            self._machines(work, record, verdict)
        elif work.paper.status == "curated":
            self._complete(work, record, verdict)
        else:
            fresh = paper_of(record, verdict, self.venues, withdrawn=work.paper.withdrawn)
            if id_ in index.papers and work.paper.to_data() == fresh.to_data() and verdict.decision != "reject":
                work.person = False  # nobody changed it: its trace was lost
                self._machines(work, record, verdict)
            else:
                self._skip("changed by a person")

    def _withdraw(self, record: Record) -> None:
        first = record.id not in self._withdrawn
        self._withdrawn.add(record.id)
        work = self._work(record.id)
        if work is None:
            self._skip("withdrawn by its authors")
        elif first and not work.paper.withdrawn:  # later, a person who took the mark out knows better
            self._set(record.id, dataclasses.replace(work, paper=work.paper.model_copy(update={"withdrawn": True})))

    def _machines(self, work: Work | None, record: Record, verdict: Verdict) -> None:
        """A record of a work that no person touched."""
        id_, decision = record.id, verdict.decision
        older = work is not None and record.version < self._version(id_)
        if decision == "reject":
            if self.rejudge and work is not None and not older:
                self._take_off(id_, work)
            else:
                self._skip("kept, though a new version looks out of scope" if work else "out of scope")
            return
        paper = paper_of(record, verdict, self.venues, withdrawn=id_ in self._withdrawn)
        if self._known.left_out(paper.title):
            self._skip("left out under another id")
            return
        accepted = decision == "accept"
        if older and work is not None:
            if accepted and not work.accepted:
                self._set(id_, dataclasses.replace(work, accepted=True))
            else:
                self._skip("older version")
            return
        if self.rejudge and work is not None and work.accepted and not accepted and id_ in self.index.papers:
            self.index.gone[id_] = Gone(
                id=id_, title=work.paper.title, reason="out-of-scope", url=work.paper.url or None
            )
        elif work is not None and not self.rejudge:
            accepted = accepted or work.accepted
        self._trace(dataclasses.replace(trace_of(record, verdict, None), fingerprint=self._mark(id_)))
        self._set(id_, Work(paper, accepted, person=False))

    def _mark(self, id_: str) -> str:
        trace = self.index.traces.get(id_)
        return trace.fingerprint if trace else ""

    def _complete(self, work: Work, record: Record, verdict: Verdict) -> None:
        """A record of a work that a person wrote fills in what the person left empty.

        The version seen last may be seen again: it says the same, but the names to look for may have grown since.
        """
        id_ = record.id
        if record.version < self._version(id_):
            self._skip("older version")
            return
        old = self.index.traces.get(id_)
        paper, filled = fill(work.paper, record, verdict, self.venues, old.filled if old else {})
        self._trace(dataclasses.replace(trace_of(record, verdict, None), filled=filled))
        if paper.to_data() != work.paper.to_data():
            self._set(id_, dataclasses.replace(work, paper=paper))

    def _set(self, id_: str, work: Work) -> None:
        self._touched |= self._known.group(id_) if id_ in self._known else set()
        self._works[id_] = work
        self._known.add(self._own(work.paper))
        self._touched.add(id_)

    def _take_off(self, id_: str, work: Work) -> None:
        """Judged anew as out of scope."""
        self._touched |= self._known.group(id_) - {id_}
        if id_ in self.index.papers:
            self.index.gone[id_] = Gone(
                id=id_, title=work.paper.title, reason="out-of-scope", url=work.paper.url or None
            )
        else:
            self._skip("out of scope")
        for place in (self.index.papers, self.index.queue, self._works, self._aside):
            place.pop(id_, None)
        self._known.remove(id_)
        if (trace := self.index.traces.get(id_)) is not None:
            self._trace(dataclasses.replace(trace, aside=None))

    def _trace(self, trace: Trace) -> None:
        if trace.version or trace.filled:
            self.index.traces[trace.id] = trace
        else:  # its record was never read, and it says nothing any more
            self.index.traces.pop(trace.id, None)

    # -- step 2: one work, one entry -------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Give every work that was touched, and all that may be the same, its place."""
        left = {id_ for id_ in self._touched | self._known.doubled() | self._aside.keys() if id_ in self._known}
        leads: dict[str, str] = {}
        for id_ in sorted(left):
            if id_ in left:
                group = self._known.group(id_)
                left -= group
                leads |= self._settle_group(group)
        self._lead_on(leads)

    def _rank(self, id_: str) -> tuple[int, bool, str]:
        work = self._work(id_)
        assert work is not None  # noqa: S101 - only known ids are in a group
        listed = id_ in self.index.papers
        place = 0 if work.person and listed else 1 if work.accepted else 2 if work.person else 3
        return place, not work.paper.is_arxiv, id_

    def _settle_group(self, group: set[str]) -> dict[str, str]:
        """Place the members of one group; returns which ids are kept aside for which."""
        kept: list[str] = []
        leads: dict[str, str] = {}
        for id_ in sorted(group, key=self._rank):
            work = self._works[id_]
            paper = self._own(work.paper)
            twin = next((k for k in kept if same(self._own(self._works[k].paper), paper)), None)
            if twin is None or work.person:
                kept.append(id_)
            else:
                leads[id_] = twin
        self._mend_links(kept, leads)
        for id_ in kept:
            self._place(id_, self._works[id_])
        for id_, twin in leads.items():
            self._put_aside(id_, self._works[id_], twin)
        return leads

    def _mend_links(self, kept: list[str], leads: dict[str, str]) -> None:
        """Fill in the arXiv address of a person's entry of another id; take back a DOI that another entry has."""
        dois: set[str] = set()
        for id_ in kept:
            work = self._works[id_]
            if not work.person or id_ not in self.index.papers:
                continue
            trace = self.index.traces.get(id_) or Trace(id_, version=0)
            paper, filled = work.paper, dict(trace.filled)
            twins = sorted(k for k, twin in leads.items() if twin == id_ and self._works[k].paper.is_arxiv)
            if not paper.is_arxiv:
                url = f"https://arxiv.org/abs/{twins[0]}" if twins else ""
                paper, filled = fill_link(paper, "arxiv", url, filled)
            if paper.links.doi and paper.links.doi.casefold() in dois:
                paper, filled = fill_link(paper, "doi", "", filled)
            if paper.links.doi:
                dois.add(paper.links.doi.casefold())
            if paper.to_data() != work.paper.to_data():
                self._works[id_] = dataclasses.replace(work, paper=paper)
                self._trace(dataclasses.replace(trace, filled=filled))

    def _place(self, id_: str, work: Work) -> None:
        """Onto the list, or into the queue."""
        index = self.index
        if work.person:
            if id_ in index.papers:
                index.papers[id_] = work.paper
            return
        gone = index.gone.get(id_)
        if gone is not None and (work.accepted or gone.reason == "duplicate"):
            del index.gone[id_]
        old = index.traces.get(id_) or Trace(id_, version=0)
        entry: Paper | Queued
        if work.accepted:
            entry = index.papers[id_] = work.paper
            index.queue.pop(id_, None)
        else:
            entry = index.queue[id_] = queued_of(work.paper, old)
            index.papers.pop(id_, None)
        self._aside.pop(id_, None)
        self._trace(dataclasses.replace(old, fingerprint=fingerprint(entry.to_data()), aside=None))
        if id_ in index.background:
            index.background -= {id_}
            self.changes.no_background.add(id_)

    def _put_aside(self, id_: str, work: Work, twin: str) -> None:
        """Off the list, since another id of the same work is on it; its address leads there."""
        index = self.index
        index.papers.pop(id_, None)
        index.queue.pop(id_, None)
        old = index.traces.get(id_) or Trace(id_, version=0)
        aside = {"accepted": work.accepted, "entry": work.paper.to_data()}
        self._trace(dataclasses.replace(old, fingerprint="", aside=aside))
        if twin in index.papers:
            index.gone[id_] = Gone(
                id=id_, title=work.paper.title, reason="duplicate", see=twin, url=work.paper.url or None
            )
        else:  # a twin that waits in the queue has no page to lead to
            index.gone.pop(id_, None)
        if id_ in index.background:
            index.background -= {id_}
            self.changes.no_background.add(id_)
        self._skip("the same work under another id")

    def _lead_on(self, leads: dict[str, str]) -> None:
        """Addresses that led to a paper that left the list lead to where it went."""
        left = self._before.papers.keys() - self.index.papers.keys()
        for gone in list(self.index.gone.values()) if left else ():
            if gone.see in left:
                see = leads.get(gone.see or "")
                self.index.gone[gone.id] = gone.model_copy(update={"see": see if see in self.index.papers else None})

    # -- what changed ----------------------------------------------------------------------------------------------

    def _note(self) -> None:
        """Compare the index with what it was."""
        before, after, changes = self._before, self.index, self.changes
        for id_, paper in after.papers.items():
            old = before.papers.get(id_)
            if old is None:
                changes.added[id_] = paper
            elif old is not paper and old.to_data() != paper.to_data():
                changes.updated[id_] = (old, paper)
            if paper.withdrawn and not (old is not None and old.withdrawn):
                changes.withdrawn.add(id_)
        changes.removed = {id_: p for id_, p in before.papers.items() if id_ not in after.papers}
        for id_, queued in after.queue.items():
            waiting = before.queue.get(id_)
            if waiting is None or (waiting is not queued and waiting.to_data() != queued.to_data()):
                changes.queued[id_] = queued
        changes.left_queue = set(before.queue) - set(after.queue)
        changes.gone = {id_: g for id_, g in after.gone.items() if before.gone.get(id_) != g}
        changes.back = set(before.gone) - set(after.gone)
        changes.traces = {
            id_: t for id_, t in after.traces.items() if (was := before.traces.get(id_)) is not t and was != t
        }
        changes.traces |= {id_: t for id_, t in before.traces.items() if id_ not in after.traces}


def stage(editor: Editor, index: Index, changes: Changes) -> None:
    """Put what a merge changed into the files; nothing is written before the editor's `commit`."""
    for paper in changes.removed.values():
        editor.drop_paper(paper)
    for before, after in changes.updated.values():
        if before.month != after.month:
            editor.drop_paper(before)
        editor.put_paper(after)
    for paper in changes.added.values():
        editor.put_paper(paper)
    for path, ids in ((QUEUE, changes.left_queue), (GONE, changes.back), (BACKGROUND, changes.no_background)):
        for id_ in sorted(ids):
            editor.drop(path, id_)
    for queued in changes.queued.values():
        editor.put(QUEUE, queued)
    for gone in changes.gone.values():
        editor.put(GONE, gone)
    editor.put_traces(index.traces, changes.traces)
    editor.put_state(index.state)
