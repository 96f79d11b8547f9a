"""Merging classified records into the index.

A pure function of index and candidates: the files are written by whoever calls it. The result does not depend on the order of
the candidates, on how a run was cut up, or on how often a record comes: for each id the newest version that the model does not
reject decides, being accepted once is enough to stay, and of two ids of one work the smaller one stays.

What a person wrote is never changed. An entry is a person's when its status is `curated` or when it is not what the machine
last wrote (its fingerprint, kept in the generated files, tells).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pydantic import ValidationError

from updater.index.model import Gone, Paper, Queued
from updater.index.repository import GONE, QUEUE, Editor, Index
from updater.index.traces import Trace, fingerprint
from updater.merge.build import complete, paper_from_queue, paper_of, queued_of, trace_of
from updater.merge.identity import Known
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
    removed: dict[str, Paper] = field(default_factory=dict)
    """Papers that left the list: the same work under a smaller id, or judged anew as out of scope."""
    withdrawn: set[str] = field(default_factory=set)
    traces: dict[str, Trace] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    """Reason to number of candidates."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Records that cannot become an entry, with the reason."""

    @property
    def empty(self) -> bool:
        """Whether no entry changes."""
        return not (self.added or self.updated or self.queued or self.left_queue or self.gone or self.removed)


class Merger:
    """One merge. Changes the `Index` that it is given (in memory) and notes what it did in `changes`."""

    def __init__(self, index: Index, venues: Venues, *, rejudge: bool = False) -> None:
        """`rejudge`: entries that no person touched and the model now rejects or doubts leave the list."""
        self.index = index
        self.venues = venues
        self.rejudge = rejudge
        self.changes = Changes()
        self._known = Known(index)
        self._withdrawn = set(index.state.withdrawn)

    def run(self, candidates: Iterable[tuple[Record, Verdict]]) -> Changes:
        """Merge all candidates; order and repetition do not matter."""
        for record, verdict in sorted(candidates, key=lambda c: (c[0].id, c[0].version)):
            try:
                self._one(record, verdict)
            except ValidationError as error:
                self.changes.unusable[record.id] = error.errors(include_url=False)[0]["msg"]
        self.index.state.withdrawn = sorted(self._withdrawn)
        return self.changes

    def _one(self, record: Record, verdict: Verdict) -> None:
        index, id_ = self.index, record.id
        if record.withdrawn:
            self._withdraw(record)
        elif id_ in index.papers:
            self._again(index.papers[id_], record, verdict)
        elif id_ in index.rejected:
            self.changes.skipped["rejected by a person"] += 1
        elif id_ in index.borderline:
            self.changes.skipped["borderline by a person"] += 1
        elif id_ in index.gone:
            self.changes.skipped["known under another id, or gone"] += 1
        elif id_ in index.queue:
            self._queued_again(index.queue[id_], record, verdict)
        elif verdict.decision == "reject":
            self.changes.skipped["out of scope"] += 1
        else:
            self._new(record, verdict)

    # -- one id ----------------------------------------------------------------------------------------------------

    def _version(self, id_: str) -> int:
        trace = self.index.traces.get(id_)
        return trace.version if trace else 0

    def _withdraw(self, record: Record) -> None:
        self._withdrawn.add(record.id)
        paper = self.index.papers.get(record.id)
        if paper is None:
            self.changes.skipped["withdrawn by its authors"] += 1
        elif not paper.withdrawn:
            machine = not self.index.touched(paper)
            marked = paper.model_copy(update={"withdrawn": True})
            self._put(paper, marked)
            self.changes.withdrawn.add(paper.id)
            if machine:
                self._refresh_fingerprint(marked)

    def _refresh_fingerprint(self, paper: Paper) -> None:
        old = self.index.traces.get(paper.id) or Trace(paper.id)
        mark = fingerprint(paper.to_data())
        self._trace(Trace(old.id, old.version, old.probability, old.because, old.terms, mark))

    def _again(self, paper: Paper, record: Record, verdict: Verdict) -> None:
        if record.version < self._version(paper.id):
            self.changes.skipped["older version"] += 1
            return
        fresh = paper_of(record, verdict, self.venues, withdrawn=paper.withdrawn)
        touched = self.index.touched(paper) and paper.to_data() != fresh.to_data()
        if paper.status == "curated":
            first_sight = record.version > self._version(paper.id)
            new = complete(paper, record, verdict, self.venues) if first_sight else paper
            self._put(paper, new)
            self._trace(trace_of(record, verdict, None))
        elif touched:
            self.changes.skipped["changed by a person"] += 1
        elif verdict.decision == "accept" or (verdict.decision == "review" and not self.rejudge):
            self._put(paper, fresh)
            self._trace(trace_of(record, verdict, fresh))
        elif self.rejudge:
            self._remove(paper, Gone(id=paper.id, title=paper.title, reason="out-of-scope", url=paper.url or None))
            if verdict.decision == "review":
                del self.index.gone[paper.id], self.changes.gone[paper.id]
                self._enqueue(record, verdict)
        else:
            self.changes.skipped["kept, though a new version looks out of scope"] += 1

    def _queued_again(self, queued: Queued, record: Record, verdict: Verdict) -> None:
        newer = record.version >= self._version(queued.id)
        if verdict.decision == "accept":
            withdrawn = queued.id in self._withdrawn
            if newer:
                self._accept(record, verdict, paper_of(record, verdict, self.venues, withdrawn=withdrawn))
            else:
                paper = paper_from_queue(queued, withdrawn=withdrawn)
                self._add(paper)
                self._refresh_fingerprint(paper)
            self._leave_queue(queued.id)
        elif verdict.decision == "review" and newer:
            self._enqueue(record, verdict)
        elif self.rejudge and newer:
            self._leave_queue(queued.id)
            self.changes.skipped["out of scope"] += 1

    def _new(self, record: Record, verdict: Verdict) -> None:
        paper = paper_of(record, verdict, self.venues, withdrawn=record.id in self._withdrawn)
        if self._known.left_out(paper.title):
            self.changes.skipped["left out under another id"] += 1
            return
        twin = self._known.twin(paper)
        if twin is not None:
            self._same_work(paper, twin, record, verdict)
        elif verdict.decision == "accept":
            self._accept(record, verdict, paper)
        else:
            self._enqueue(record, verdict)

    def _same_work(self, paper: Paper, twin: Paper, record: Record, verdict: Verdict) -> None:
        """Two ids, one work: the entry of a person stays, else the smaller id; the other's address leads there."""
        takes_over = (
            verdict.decision == "accept"
            and paper.is_arxiv
            and (paper.id < twin.id or not twin.is_arxiv)
            and not self.index.touched(twin)
        )
        if takes_over:
            self._accept(record, verdict, paper)
            self._remove(
                twin, Gone(id=twin.id, title=twin.title, reason="duplicate", see=paper.id, url=twin.url or None)
            )
            return
        if not twin.is_arxiv and twin.links.arxiv is None and paper.links.arxiv:
            self._put(
                twin, twin.model_copy(update={"links": twin.links.model_copy(update={"arxiv": paper.links.arxiv})})
            )
        self._tombstone(Gone(id=paper.id, title=paper.title, reason="duplicate", see=twin.id, url=paper.url or None))
        self.changes.skipped["the same work under another id"] += 1

    # -- changes ---------------------------------------------------------------------------------------------------

    def _accept(self, record: Record, verdict: Verdict, paper: Paper) -> None:
        self._add(paper)
        self._trace(trace_of(record, verdict, paper))

    def _add(self, paper: Paper) -> None:
        self.index.papers[paper.id] = paper
        self.changes.added[paper.id] = paper
        self._known.add(paper)
        for id_, queued in list(self.index.queue.items()):  # the same work may have waited under another id
            if id_ != paper.id and queued.title == paper.title and set(queued.authors) & set(paper.authors):
                self._leave_queue(id_)
                self._tombstone(
                    Gone(id=id_, title=queued.title, reason="duplicate", see=paper.id, url=queued.links.arxiv)
                )

    def _put(self, before: Paper, after: Paper) -> None:
        if before.to_data() == after.to_data():
            return
        self.index.papers[after.id] = after
        self._known.add(after)
        if after.id in self.changes.added:
            self.changes.added[after.id] = after
        else:
            first = self.changes.updated[after.id][0] if after.id in self.changes.updated else before
            self.changes.updated[after.id] = (first, after)

    def _enqueue(self, record: Record, verdict: Verdict) -> None:
        queued = queued_of(record, verdict, self.venues)
        old = self.index.queue.get(queued.id)
        self._trace(trace_of(record, verdict, queued))
        if old is None or old.to_data() != queued.to_data():
            self.index.queue[queued.id] = queued
            self.changes.queued[queued.id] = queued
            self.changes.left_queue.discard(queued.id)

    def _leave_queue(self, id_: str) -> None:
        self.index.queue.pop(id_, None)
        self.changes.queued.pop(id_, None)
        self.changes.left_queue.add(id_)

    def _remove(self, paper: Paper, gone: Gone) -> None:
        self.index.papers.pop(paper.id, None)
        self._known.remove(paper.id)
        self.changes.updated.pop(paper.id, None)
        if self.changes.added.pop(paper.id, None) is None:
            self.changes.removed[paper.id] = paper
        self._tombstone(gone)

    def _tombstone(self, gone: Gone) -> None:
        led_here = [other for other in self.index.gone.values() if other.see == gone.id]
        for other in (gone, *(o.model_copy(update={"see": gone.see}) for o in led_here)):
            self.index.gone[other.id] = other
            self.changes.gone[other.id] = other

    def _trace(self, trace: Trace) -> None:
        if self.index.traces.get(trace.id) != trace:
            self.index.traces[trace.id] = trace
            self.changes.traces[trace.id] = trace


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
    for id_ in changes.left_queue:
        editor.drop(QUEUE, id_)
    for queued in changes.queued.values():
        editor.put(QUEUE, queued)
    for gone in changes.gone.values():
        editor.put(GONE, gone)
    editor.put_traces(index.traces, changes.traces)
    editor.put_state(index.state)
