"""Which days a run reads: gaps are seen and filled, nothing is read to the end too early."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from updater.index.state import ONE_DAY, Days, State
from updater.merge.plan import settled_day, windows

FIRST = dt.date(2025, 1, 1)
OFFSETS = st.integers(0, 120)
SPANS = st.lists(st.tuples(OFFSETS, OFFSETS), max_size=6)


def day(offset: int) -> dt.date:
    return FIRST + offset * ONE_DAY


def days(*pairs: tuple[int, int]) -> Days:
    return Days((day(min(p)), day(max(p))) for p in pairs)


def as_set(value: Days) -> set[dt.date]:
    return {first + n * ONE_DAY for first, last in value.spans for n in range((last - first).days + 1)}


@given(SPANS, SPANS, OFFSETS, OFFSETS)
def test_days_are_a_set(a: list[tuple[int, int]], b: list[tuple[int, int]], low: int, high: int) -> None:
    one, two = days(*a), days(*b)
    assert as_set(one | two) == as_set(one) | as_set(two)
    assert as_set(one & two) == as_set(one) & as_set(two)
    first, last = day(min(low, high)), day(max(low, high))
    assert as_set(one.missing(first, last)) == as_set(Days([(first, last)])) - as_set(one)
    assert Days.parse(one.dump()) == one
    assert all(b[0] > a[1] + ONE_DAY for a, b in zip(one.spans, one.spans[1:], strict=False))


def test_the_first_run_reads_everything_since_the_first_day() -> None:
    assert windows(Days(), FIRST, day(30), 5, 7) == days((0, 30))


def test_a_daily_run_reads_the_overlap_and_what_is_new() -> None:
    assert windows(days((0, 24)), FIRST, day(30), 5, 7) == days((18, 30))


def test_a_gap_is_read_again_with_nothing_in_between() -> None:
    assert windows(days((0, 9), (12, 80)), FIRST, day(86), 5, 7) == days((10, 11), (74, 86))


def test_nothing_is_read_before_the_record_begins() -> None:
    assert windows(Days(), FIRST, FIRST - ONE_DAY, 5, 7) == Days()
    assert windows(Days(), FIRST, FIRST, 5, 7) == days((0, 0))


@given(SPANS, OFFSETS, st.integers(1, 9), st.integers(0, 20))
def test_after_a_run_no_settled_day_is_missing(
    read: list[tuple[int, int]], today: int, settle: int, overlap: int
) -> None:
    before = days(*read) & days((0, max(0, today - settle)))
    wanted = windows(before, FIRST, day(today), settle, overlap)
    settled = settled_day(day(today), settle)
    after = before | (wanted & Days([(FIRST, settled)]))
    assert not (after.missing(FIRST, settled) if settled >= FIRST else Days())


def test_the_state_counts_a_day_only_when_every_category_has_it() -> None:
    state = State()
    state.add({"cs.CL": days((0, 9)), "cs.LG": days((5, 20))})
    state.add({"cs.CL": days((10, 12))})
    assert state.common(["cs.CL", "cs.LG"]) == days((5, 12))
    assert state.common(["cs.CL", "cs.XX"]) == Days()
    assert State.model_validate(state.model_dump()) == state
