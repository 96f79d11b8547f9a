"""Reading submission days from whichever of arXiv's interfaces answers.

A submission day (UTC) counts as read when a source has listed it to its end. Whether it can be called finished is
another matter: papers are announced one to four days after their submission, so the caller notes a day only when it is
old enough (`update.settle_days` in the settings). Days without papers are read like others, so weekends and holidays are
no gaps.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from updater.errors import SourceError, UsageError
from updater.fetch.feed import DailyFeed
from updater.fetch.lookup import Lookup
from updater.fetch.oai import OaiPmh
from updater.fetch.search_api import SearchApi
from updater.fetch.source import Addresses, Batch, Listener, Sieve, Source, Window, addresses
from updater.fetch.transport import Transport, manners
from updater.index.state import Days

if TYPE_CHECKING:
    from updater.records import Record
    from updater.settings import Settings

log = logging.getLogger(__name__)

SOURCES: Final = ("auto", "api", "feed", "oai")

_TITLES: Final = {"api": "the search API", "oai": "OAI-PMH", "feed": "the daily feed"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures of a harvest."""

    requests: int = 0
    """Requests sent."""
    retries: int = 0
    """How many of them repeated an earlier one."""
    seen: int = 0
    """Entries looked at, with those of other categories and days."""
    other_categories: int = 0
    other_days: int = 0


@dataclass(frozen=True, slots=True)
class Harvest:
    """What came of reading."""

    records: tuple[Record, ...]
    """Every record once, by id, newest version."""
    window: Days
    """The submission days that were asked for, none of them after today."""
    read: dict[str, Days]
    """Category to those days of it that were read to the end."""
    sources: tuple[str, ...]
    """The sources that delivered, in the order in which they were asked."""
    notices: tuple[str, ...] = ()
    """For people: who refused, what was done about it, what was left out and why."""
    deleted: tuple[str, ...] = ()
    """Ids that arXiv says no longer exist."""
    announced: dt.date | None = None
    """The announcement that the daily feed showed."""
    counts: Counts = field(default_factory=Counts)
    failure: SourceError | None = None
    """Why not all was read, if so."""

    def missing(self) -> Days:
        """Return the days that were asked for and not read to the end in every category."""
        common: Days | None = None
        for days in self.read.values():
            common = days if common is None else common & days
        done = common or Days()
        return Days(span for first, last in self.window.spans for span in done.missing(first, last).spans)


def harvest(
    settings: Settings,
    window: Window | Days,
    *,
    source: str = "auto",
    today: dt.date | None = None,
    transport: Transport | None = None,
    listener: Listener | None = None,
) -> Harvest:
    """Read the submission days of `window`.

    Parameters
    ----------
    window
        Days to read; several stretches at once are read with one pace and one memory of who refused.
    source
        `api`, `oai`, `feed`, or `auto`: the search API for windows of a few days and OAI-PMH for long ones, as arXiv asks
        harvesters to, then the other, then the daily feed, which can only add its newest announcement.
    today
        The newest day that can be asked for; default: the UTC day.

    Raises
    ------
    SourceError
        Nothing at all could be read. If something could, the error is in `Harvest.failure`.
    UsageError
        No such source.
    """
    if source not in SOURCES:
        raise UsageError(f"there is no source {source!r}; there are {', '.join(SOURCES)}")
    now = today or dt.datetime.now(dt.UTC).date()
    asked = Days([(window.first, window.last)]) if isinstance(window, Window) else window
    asked &= Days([(dt.date.min, now)])
    run = _Run(settings, asked, now, transport or Transport(manners(settings)), listener)
    return run.read(source)


class _Run:
    """One harvest under way."""

    def __init__(
        self, settings: Settings, asked: Days, today: dt.date, transport: Transport, listener: Listener | None
    ) -> None:
        self._settings, self._asked, self._today = settings, asked, today
        self._transport, self._listener = transport, listener
        self._places: Addresses = addresses(settings)
        self._sieve = Sieve(frozenset(settings.arxiv.categories))
        self._records: dict[str, Record] = {}
        self._deleted: set[str] = set()
        self._done = Days()
        self._notices: list[str] = []
        self._delivered: list[str] = []
        self._announced: dt.date | None = None
        self._any = False

    def read(self, source: str) -> Harvest:
        failure: SourceError | None = None
        order = self._order() if source == "auto" else (source,)
        for number, name in enumerate(order):
            if not (left := self._left()):
                break
            try:
                for window in self._windows(name, left):
                    self._take(name, window)
            except SourceError as error:
                failure = failure or error
                self._notices.append(self._told(name, error, order[number + 1 : number + 2]))
                log.warning("%s", self._notices[-1])
            else:
                if name != "feed":
                    failure = None
        if source == "feed":
            self._notices.append("the daily feed shows one announcement, so no day counts as read to its end")
        if failure and not self._any:
            raise failure
        return self._harvest(failure)

    def _order(self) -> tuple[str, ...]:
        days = sum((last - first).days + 1 for first, last in self._asked.spans)
        two = ("api", "oai") if days <= self._settings.arxiv.api_days else ("oai", "api")
        return (*two, "feed")

    def _left(self) -> Days:
        return Days(span for first, last in self._asked.spans for span in self._done.missing(first, last).spans)

    @staticmethod
    def _windows(name: str, left: Days) -> Iterator[Window]:
        """Yield what to ask a source for: each stretch by itself, or, where every answer reaches to today, all in one."""
        if name == "api":
            yield from (Window(first, last) for first, last in left.spans)
        else:
            yield Window(left.spans[0][0], left.spans[-1][1])

    def _take(self, name: str, window: Window) -> None:
        for batch in self._source(name).read(window):
            self._any = True
            if name not in self._delivered:
                self._delivered.append(name)
            self._keep(batch)

    def _keep(self, batch: Batch) -> None:
        for record in batch.records:
            if record.published is None or record.published not in self._asked:
                continue
            known = self._records.get(record.id)
            if known is None or record.version >= known.version:
                self._records[record.id] = record
        self._done |= Days((day, day) for day in batch.days)
        self._deleted |= batch.deleted
        self._announced = batch.announced or self._announced
        self._notices += batch.notices

    def _source(self, name: str) -> Source:
        settings, places, transport, sieve = self._settings, self._places, self._transport, self._sieve
        makers: dict[str, Callable[[], Source]] = {
            "api": lambda: SearchApi(settings, places, transport, sieve, self._listener),
            "oai": lambda: OaiPmh(settings, places, transport, sieve, today=self._today, listener=self._listener),
            "feed": lambda: DailyFeed(
                places,
                transport,
                sieve,
                lookup=Lookup(settings, places, transport, self._listener),
                oai=OaiPmh(settings, places, transport, sieve, today=self._today, listener=self._listener),
            ),
        }
        return makers[name]()

    def _told(self, name: str, error: SourceError, following: Iterable[str]) -> str:
        follows = "".join(f"; going on with {_TITLES[f]}" for f in following)
        return f"{_TITLES[name]} could not be read: {error}{follows}"

    def _harvest(self, failure: SourceError | None) -> Harvest:
        sieve = self._sieve
        skipped = [f"{name} was left out: {reason}" for name, reason in sorted(sieve.skipped.items())]
        categories = self._settings.arxiv.categories
        return Harvest(
            records=tuple(self._records[name] for name in sorted(self._records)),
            window=self._asked,
            read=dict.fromkeys(sorted(categories), self._done & self._asked),
            sources=tuple(self._delivered),
            notices=(*self._notices, *skipped),
            deleted=tuple(sorted(self._deleted - self._records.keys())),
            announced=self._announced,
            counts=Counts(
                requests=self._transport.requests,
                retries=self._transport.retries,
                seen=sieve.seen,
                other_categories=sieve.other_categories,
                other_days=sieve.other_days,
            ),
            failure=failure,
        )
