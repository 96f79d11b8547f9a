"""What the index remembers between runs: which submission days of which categories were read to the end.

Kept in resources/state.yml. It holds neither a clock nor counts nor the name of a source, so that every way to read a day
leaves the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

FILE: Final = "resources/state.yml"
ONE_DAY: Final = dt.timedelta(days=1)


def _span(value: str) -> str:
    first, _, last = value.partition("/")
    try:
        if dt.date.fromisoformat(first) > dt.date.fromisoformat(last):
            raise ValueError(f"{value!r} ends before it begins")
    except ValueError as error:
        raise ValueError(f"{value!r} is not FIRST/LAST with two days YYYY-MM-DD ({error})") from error
    return value


class Days:
    """A set of days, kept as maximal runs of consecutive ones. Immutable."""

    def __init__(self, spans: Iterable[tuple[dt.date, dt.date]] = ()) -> None:
        merged: list[tuple[dt.date, dt.date]] = []
        for first, last in sorted(spans):
            if first > last:
                continue
            if merged and first <= merged[-1][1] + ONE_DAY:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        self.spans: tuple[tuple[dt.date, dt.date], ...] = tuple(merged)

    @classmethod
    def parse(cls, spans: Iterable[str]) -> Days:
        """From `FIRST/LAST` strings."""
        pairs = (span.split("/") for span in spans)
        return cls((dt.date.fromisoformat(a), dt.date.fromisoformat(b)) for a, b in pairs)

    def dump(self) -> list[str]:
        """As `FIRST/LAST` strings, in order."""
        return [f"{first}/{last}" for first, last in self.spans]

    def __or__(self, other: Days) -> Days:
        return Days((*self.spans, *other.spans))

    def __and__(self, other: Days) -> Days:
        return Days((max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Days) and self.spans == other.spans

    def __hash__(self) -> int:
        return hash(self.spans)

    def __contains__(self, day: dt.date) -> bool:
        return any(first <= day <= last for first, last in self.spans)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __repr__(self) -> str:
        return f"Days({', '.join(self.dump())})"

    @property
    def last(self) -> dt.date | None:
        """The newest day, or None."""
        return self.spans[-1][1] if self.spans else None

    def missing(self, first: dt.date, last: dt.date) -> Days:
        """The days from `first` to `last`, both included, that are not in the set."""
        gaps, at = [], first
        for start, stop in self.spans:
            if start > last:
                break
            if at < start:
                gaps.append((at, start - ONE_DAY))
            at = max(at, stop + ONE_DAY)
        gaps.append((at, last))
        return Days(gaps)


class State(BaseModel):
    """All of resources/state.yml."""

    model_config = ConfigDict(extra="forbid")

    read: dict[str, list[Annotated[str, AfterValidator(_span)]]] = Field(default_factory=dict)
    """arXiv category to the runs of submission days (UTC) read to the end."""
    feeds: dict[str, str] = Field(default_factory=dict)
    """Sources outside arXiv to the newest day read."""
    withdrawn: list[str] = Field(default_factory=list)
    """Ids of works that arXiv says were withdrawn, so that an older version that comes late is marked too."""

    def days(self, category: str) -> Days:
        """The days of one category that were read to the end."""
        return Days.parse(self.read.get(category, ()))

    def common(self, categories: Iterable[str]) -> Days:
        """The days that were read to the end in every one of the categories."""
        out: Days | None = None
        for category in categories:
            days = self.days(category)
            out = days if out is None else out & days
        return out or Days()

    def add(self, read: dict[str, Days]) -> None:
        """Note further days as read to the end."""
        for category, days in read.items():
            merged = (self.days(category) | days).dump()
            if merged:
                self.read[category] = merged
