"""Geometry of the pictures: numbers in, coordinates out. Templates draw them as inline SVG, with the numbers as a table.

Unit: pixels of the SVG's own view box; y grows downwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from updater.index.taxonomy import Category
from updater.render.catalogue import Catalogue

SHOWN_MONTHS: Final = 36
"""Months in the monthly pictures; the table beside them has all."""
STREAMS: Final = 8
"""Colours that site/docs/assets/styles/index.css has for the bands of a picture."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One segment of a stacked bar."""

    x: float
    y: float
    width: float
    height: float
    group: str
    count: int


@dataclass(frozen=True, slots=True)
class Stack:
    """One month: its bar, and the sensitive area over its full height."""

    month: str
    x: float
    width: float
    total: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid with its label."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A whole picture of stacked bars."""

    width: float
    height: float
    stacks: tuple[Stack, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Spark:
    """A small curve: papers per quarter of one category."""

    slug: str
    title: str
    group: str
    total: int
    peak: int
    line: str
    """The `d` of an SVG path."""
    area: str
    points: tuple[tuple[str, int], ...]
    """Label and number, as the table shows them."""


def nice_step(top: float, steps: int = 4) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … of which at most `steps` reach `top`."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size * steps >= top:
                return factor * size
        size *= 10


def stacked(catalogue: Catalogue, width: float = 760, height: float = 260) -> Chart:
    """Papers per month, stacked by group of categories, over the newest `SHOWN_MONTHS` months."""
    months = catalogue.months[-SHOWN_MONTHS:]
    group_of = {c.slug: c.group for c in catalogue.taxonomy.categories}
    left, right, top, bottom = 40.0, 4.0, 30.0, 30.0
    totals = [sum(catalogue.monthly[month].values()) for month in months]
    step = nice_step(max(totals, default=1))
    ceiling = step * -(-max(totals, default=1) // step) or step
    scale = (height - top - bottom) / ceiling
    slot = (width - left - right) / max(len(months), 1)
    stacks = []
    for number, month in enumerate(months):
        groups: Counter[str] = Counter()
        for slug, count in catalogue.monthly[month].items():
            groups[group_of[slug]] += count
        x, y, bars = left + number * slot, height - bottom, []
        for group in catalogue.taxonomy.groups:
            if count := groups[group.slug]:
                y -= count * scale
                bars.append(
                    Bar(
                        round(x + slot * 0.1, 2),
                        round(y, 2),
                        round(slot * 0.8, 2),
                        round(count * scale, 2),
                        group.slug,
                        count,
                    )
                )
        stacks.append(Stack(month, round(x, 2), round(slot, 2), totals[number], tuple(bars)))
    rows = tuple(Tick(round(height - bottom - value * scale, 2), f"{value:,}") for value in range(0, ceiling + 1, step))
    columns = tuple(
        Tick(round(left + number * slot + slot / 2, 2), month[:4])
        for number, month in enumerate(months)
        if month.endswith("-01") or (number == 0 and month[5:] < "07")
    )
    return Chart(width, height, tuple(stacks), rows, columns)


def quarter(month: str) -> str:
    """`2026-04` belongs to `2026 Q2`."""
    return f"{month[:4]} Q{(int(month[5:7]) + 2) // 3}"


def per_quarter(catalogue: Catalogue) -> dict[str, Counter[str]]:
    """Papers per quarter by primary category, oldest first."""
    out: dict[str, Counter[str]] = {}
    for month, counts in catalogue.monthly.items():
        out.setdefault(quarter(month), Counter()).update(counts)
    return out


def sparks(catalogue: Catalogue, width: float = 120, height: float = 36, quarters: int = 16) -> list[Spark]:
    """One small curve for each category, over the newest quarters."""
    counts = per_quarter(catalogue)
    labels = list(counts)[-quarters:]
    return [
        _spark(
            category,
            [(q, counts[q][category.slug]) for q in labels],
            width,
            height,
        )
        for category in catalogue.taxonomy.categories
    ]


def _spark(category: Category, points: Sequence[tuple[str, int]], width: float, height: float) -> Spark:
    peak = max((count for _, count in points), default=0)
    step = width / max(len(points) - 1, 1)
    at = [
        (round(i * step, 1), round(height - 2 - (height - 6) * count / max(peak, 1), 1))
        for i, (_, count) in enumerate(points)
    ]
    line = "M" + "L".join(f"{x} {y}" for x, y in at) if at else ""
    area = f"{line}L{at[-1][0]} {height}L{at[0][0]} {height}Z" if at else ""
    return Spark(
        category.slug,
        category.title,
        category.group,
        sum(count for _, count in points),
        peak,
        line,
        area,
        tuple(points),
    )


@dataclass(frozen=True, slots=True)
class Stream:
    """The share of one value over time, as a band of a stacked area chart."""

    slug: str
    title: str
    number: int
    """Of its colour, from 0."""
    path: str
    shares: tuple[float, ...]
    """Share of the papers of each quarter, 0 to 1."""
    label: tuple[float, float] | None
    """The middle of its name, where the band is thick enough to hold all of it."""


@dataclass(frozen=True, slots=True)
class Streams:
    """A whole 100 % area chart."""

    bands: tuple[Stream, ...]
    columns: tuple[Tick, ...]
    """The first quarter of each year."""
    width: float
    height: float


LETTER: Final = 6.6
"""Width of a letter of a label, for telling whether it fits: a little more than the mean of a bold sans serif of 12 px."""
LABEL: Final = 16.0
"""Height of a label."""


def streams(
    values: Mapping[str, str], counts: Mapping[str, Counter[str]], width: float = 760, height: float = 340
) -> Streams:
    """A 100 % area chart: the share of each value (slug to title) among all given ones, quarter by quarter."""
    labels = list(counts)
    totals = [sum(counts[q][slug] for slug in values) or 1 for q in labels]
    step = width / max(len(labels) - 1, 1)
    floor = [0.0] * len(labels)
    out = []
    for number, (slug, title) in enumerate(values.items()):
        shares = [counts[q][slug] / total for q, total in zip(labels, totals, strict=True)]
        ceiling = [a + b for a, b in zip(floor, shares, strict=True)]
        upper = [f"{round(i * step, 1)} {round(height * (1 - v), 1)}" for i, v in enumerate(ceiling)]
        lower = [f"{round(i * step, 1)} {round(height * (1 - v), 1)}" for i, v in enumerate(floor)]
        path = "M" + "L".join(upper + lower[::-1]) + "Z" if labels else ""
        label = _label(title, [height * (1 - v) for v in ceiling], [height * (1 - v) for v in floor], step)
        out.append(Stream(slug, title, number % STREAMS, path, tuple(round(s, 4) for s in shares), label))
        floor = ceiling
    columns = tuple(Tick(round(i * step, 1), q[:4]) for i, q in enumerate(labels) if q.endswith("Q1"))
    return Streams(tuple(out), columns, width, height)


def _label(title: str, upper: Sequence[float], lower: Sequence[float], step: float) -> tuple[float, float] | None:
    """Where the name of a band fits between its edges over its whole width; None if it fits nowhere.

    The edges are straight between the quarters, so that the tightest place over the name's width is at one of the quarters
    in it or beside it: taking those beside it too only errs on the side of more room.
    """
    half = len(title) * LETTER / 2
    best: tuple[float, float, float] | None = None
    for i in range(len(upper)):
        x = i * step
        if x < half or x > step * (len(upper) - 1) - half:
            continue
        reach = int(-(-half // step))
        near = slice(max(i - reach, 0), i + reach + 1)
        top, bottom = max(upper[near]), min(lower[near])
        if bottom - top >= LABEL and (best is None or bottom - top > best[0]):
            best = (bottom - top, x, (top + bottom) / 2)
    return None if best is None else (round(best[1], 1), round(best[2] + 4, 1))


def facet_quarters(catalogue: Catalogue, facet: str) -> dict[str, Counter[str]]:
    """How often each value of a facet was given per quarter, oldest first; quarters with fewer than five are left out."""
    out: dict[str, Counter[str]] = {quarter(month): Counter() for month in catalogue.months}
    for entry in catalogue.entries:
        if len(entry.paper.date) >= len("2022-11"):
            out[quarter(entry.paper.date)].update(getattr(entry.paper, facet))
    kept = [q for q, counts in out.items() if sum(counts.values()) >= 5]
    if not kept:
        return {}
    regular = next((q for q, later in pairwise(kept) if _next_quarter(q) == later), kept[0])
    return {q: out[q] for q in kept if q >= regular}


def _next_quarter(label: str) -> str:
    year, number = int(label[:4]), int(label[-1])
    return f"{year + 1} Q1" if number == 4 else f"{year} Q{number + 1}"


def matrix(catalogue: Catalogue) -> dict[str, dict[tuple[str, str], int]]:
    """How many papers have each pair of values of the two facets that the taxonomy crosses.

    By value of the third facet, if there is one; `` is all together. The keys of a matrix are (row, column); an empty string
    stands for none given.
    """
    rows, columns, *third = catalogue.taxonomy.pictures.matrix
    split = [value.slug for slug in third for value in catalogue.facet_of[slug].values]
    out: dict[str, dict[tuple[str, str], int]] = {value: {} for value in ["", *split]}
    for entry in catalogue.entries:
        paper = entry.paper
        for row in getattr(paper, rows) or [""]:
            for column in getattr(paper, columns) or [""]:
                for value in ["", *(value for slug in third for value in getattr(paper, slug))]:
                    cells = out[value]
                    cells[row, column] = cells.get((row, column), 0) + 1
    return out
