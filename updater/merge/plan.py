"""Which days a run has to read: what was never read to the end, and the newest days once more."""

from __future__ import annotations

import datetime as dt

from updater.index.state import ONE_DAY, Days


def windows(read: Days, first_day: dt.date, today: dt.date, settle_days: int, overlap_days: int) -> Days:
    """The submission days (UTC) to read.

    Parameters
    ----------
    read
        Days that were read to the end in every category.
    first_day
        Where the record begins.
    settle_days
        A day counts as read to the end only when it is at least so many days old: announcements lag behind.
    overlap_days
        So many days before the newest day that was read are read again, for late announcements and new versions.

    Returns
    -------
    Gaps anywhere since `first_day`, and everything from the overlap on to `today`; weekends and holidays are days like others
    (with no papers), so they are no gaps.
    """
    if today < first_day:
        return Days()
    settled = settled_day(today, settle_days)
    gaps = read.missing(first_day, settled) if settled >= first_day else Days()
    last = read.last
    again = first_day if last is None else max(first_day, min(last, settled) - overlap_days * ONE_DAY + ONE_DAY)
    return gaps | Days([(min(again, today), today)])


def settled_day(today: dt.date, settle_days: int) -> dt.date:
    """The newest day that can be read to the end today."""
    return today - settle_days * ONE_DAY
