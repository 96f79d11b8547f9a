"""How fresh the index is: for each source the newest day that was read to the end, and the days that are missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from updater.index.state import State
from updater.merge.plan import settled_day
from updater.settings import Settings


@dataclass(frozen=True, slots=True)
class Freshness:
    """One source, which is one arXiv category."""

    source: str
    last: str
    """Newest day that was read to the end; empty if there is none."""
    behind: int
    """Days between that and the newest day that could have been read to the end."""
    gaps: tuple[str, ...]
    """Runs of days, FIRST/LAST, that were passed over."""
    stale: bool

    @property
    def told(self) -> str:
        """Lag and gaps in words."""
        lag = f", {self.behind} days behind" if self.behind > 0 else ""
        return lag + (f", gaps: {', '.join(self.gaps)}" if self.gaps else "")


def health(state: State, settings: Settings, today: dt.date) -> list[Freshness]:
    """Judge every category of the settings.

    A category is stale when its newest day lags `stale_days` or more behind what could be read today. Gaps before that day do
    not make it stale (the next run fills them), but they are told.
    """
    first, settled = settings.arxiv.first_day, settled_day(today, settings.update.settle_days)
    out = []
    for category in settings.arxiv.categories:
        days = state.days(category)
        last = days.last
        behind = (settled - (last or first)).days
        gaps = days.missing(first, min(last, settled)).dump() if last and last >= first else []
        stale = last is None or behind >= settings.update.stale_days
        out.append(Freshness(category, str(last or ""), max(0, behind), tuple(gaps), stale))
    return out
