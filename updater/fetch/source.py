"""What all sources share: the window of days, the filter, the batches that they yield."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from updater.errors import SettingsError, UsageError
from updater.fetch import normalize

if TYPE_CHECKING:
    from updater.records import Record
    from updater.settings import Settings

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Submission days, UTC, both ends included."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise UsageError(f"the first day, {self.first}, comes after the last, {self.last}")

    def __contains__(self, day: dt.date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"

    def days(self) -> Iterator[dt.date]:
        """Yield every day, in order."""
        for number in range(len(self)):
            yield self.first + number * ONE_DAY


@dataclass(frozen=True, slots=True)
class Batch:
    """Part of a source's answer that can stand on its own."""

    records: tuple[Record, ...]
    days: frozenset[dt.date]
    """Submission days that are read to the end now, with this batch and those before it."""
    deleted: frozenset[str] = frozenset()
    """Ids that the source says no longer exist."""
    announced: dt.date | None = None
    """The announcement that the batch shows, for the daily feed."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a source has come, for whoever shows it."""

    source: str
    what: str
    done: int
    """Steps (days, pages, batches) done so far."""
    total: int | None
    """Steps in all, where that is known."""
    records: int
    """Records kept so far."""


Listener = Callable[[Progress], None]


class Source(Protocol):
    """A way to read submission days. Yields batches until the window is read, or raises `SourceError` after some."""

    name: str

    def read(self, window: Window) -> Iterator[Batch]:
        """Yield batches, each worth keeping even if the next one fails."""
        ...


@dataclass(slots=True)
class Sieve:
    """Which records are wanted, and how many were seen and left out. The same for all sources."""

    wanted: frozenset[str]
    seen: int = 0
    other_categories: int = 0
    other_days: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    """Ids (or what stood in their place) of records that cannot be used, with the reason."""

    def passes(self, categories: tuple[str, ...] | list[str]) -> bool:
        """Say whether one of arXiv's categories of a record, primary or cross-list, is wanted."""
        return not self.wanted.isdisjoint(categories)

    def skip(self, name: str, reason: str) -> None:
        """Note a record that cannot be used."""
        self.skipped[normalize.fold(name, 80) or "(no id)"] = reason

    def copy(self) -> Sieve:
        """Return the counts as they are now."""
        return dataclasses.replace(self, skipped=dict(self.skipped))

    def restore(self, before: Sieve) -> None:
        """Forget what was counted since the copy `before` was made: what follows reads the same again."""
        self.seen, self.other_categories, self.other_days = before.seen, before.other_categories, before.other_days
        self.skipped = dict(before.skipped)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where arXiv's interfaces are."""

    api: str
    oai: str
    feeds: str
    """Base of /rss/CATEGORIES and /atom/CATEGORIES."""


def addresses(settings: Settings) -> Addresses:
    """Return arXiv's own hosts from the settings, or those under MI_INDEX_ARXIV_URL.

    Raises
    ------
    SettingsError
        MI_INDEX_ARXIV_URL is no http or https address.
    """
    base = os.environ.get("MI_INDEX_ARXIV_URL", "").rstrip("/")
    if not base:
        return Addresses(settings.arxiv.api_url, settings.arxiv.oai_url, settings.arxiv.feeds_url.rstrip("/"))
    if not base.startswith(("http://", "https://")):
        raise SettingsError(f"MI_INDEX_ARXIV_URL={base!r}: an address that begins with https:// or http:// is expected")
    return Addresses(f"{base}/api/query", f"{base}/oai", base)
