"""The shrink guard: a run that would publish less than there should be stops and asks.

What is usual is taken from the index itself (papers a day of the weeks before), since the state holds no counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from updater.errors import GuardError
from updater.index.repository import Index
from updater.index.state import ONE_DAY, Days
from updater.merge.merge import Changes
from updater.records import Record
from updater.settings import Update

USUAL_WEEKS = 8
"""Weeks from which the usual number of papers a day is taken."""
MIN_EXPECTED = 10
"""Below so many expected papers a small number says nothing."""


def guard(index: Index, changes: Changes, records: Iterable[Record], read: Days, config: Update) -> None:
    """Stop a run whose result looks wrong.

    Parameters
    ----------
    index
        The index after the merge, not written yet.
    records
        What was read.
    read
        Those of the days read whose papers have all been announced.

    Raises
    ------
    GuardError
        More entries would go than `max_removed` allows, or far fewer papers of the field came than usual. Nothing was written.
    """
    if len(lost := changes.lost) > config.max_removed:  # an entry that leads to another of the same work is not lost
        some = ", ".join(lost[:5]) + (" …" if len(lost) > 5 else "")
        raise GuardError(
            f"the run would remove {len(lost)} {'entry' if len(lost) == 1 else 'entries'} ({some}); nothing was changed "
            "(look at them with --dry-run; if it is right, run again with --allow-shrink)"
        )
    if not read:
        return
    expected = usual_per_day(index, read.spans[0][0]) * sum((b - a).days + 1 for a, b in read.spans)
    ids = {record.id for record in records}
    found = sum(
        1 for p in index.papers.values() if p.id in ids and len(p.date) == 10 and dt.date.fromisoformat(p.date) in read
    )
    if expected >= MIN_EXPECTED and found < config.shrink_fraction * expected:
        raise GuardError(
            f"only {found} papers of the field came for {', '.join(read.dump())}, where about {expected:.0f} are usual; "
            "nothing was changed (the source may be ill: run again later; if it is right, run with --allow-shrink)"
        )


def usual_per_day(index: Index, before: dt.date) -> float:
    """Papers a day in the weeks before a day, as far as they lie in the index; 0 where it holds nothing of them."""
    first = before - USUAL_WEEKS * 7 * ONE_DAY
    full = [dt.date.fromisoformat(p.date) for p in index.papers.values() if p.is_arxiv and len(p.date) == 10]
    in_weeks = [day for day in full if first <= day < before]
    if not in_weeks:
        return 0.0
    return len(in_weeks) / max(1, (before - max(first, min(in_weeks))).days)
