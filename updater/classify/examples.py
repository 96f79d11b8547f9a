"""Labelled examples out of the index: what people decided is what the model learns from."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import orjson

from updater.errors import DataError
from updater.index.model import Faceted
from updater.index.repository import Index
from updater.records import Record

GOLD: Final = "resources/evaluation/gold.jsonl"
Relevance = Literal["in", "borderline", "out", "background"]
Lookup = Callable[[Sequence[str]], Iterable[Record]]
"""Yields the records of ids, in any order; ids that nobody knows are left out."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of one work."""

    id: str
    relevance: Relevance
    title: str = ""
    """As in the index; empty where only the id is kept."""
    categories: tuple[str, ...] = ()
    """The primary one first."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A label with the record that it is about; the record has no abstract if none was at hand."""

    label: Label
    record: Record


def labels(index: Index, held_out: frozenset[str] = frozenset()) -> list[Label]:
    """All labels of an index, sorted by id, without those held out for evaluation.

    In scope are curated papers and those that a person changed. What the model itself added, and no person touched, is no label.
    """
    out: dict[str, Label] = {id_: Label(id_, "background") for id_ in index.background}
    for id_, rejected in index.rejected.items():
        out[id_] = Label(id_, "out", rejected.title or "")
    for id_, borderline in index.borderline.items():
        out[id_] = Label(id_, "borderline", borderline.title or "", tuple(borderline.categories), facets_of(borderline))
    for id_, paper in index.papers.items():
        if index.touched(paper):
            out[id_] = Label(id_, "in", paper.title, tuple(paper.categories), facets_of(paper))
        else:
            out.pop(id_, None)
    return [out[id_] for id_ in sorted(out) if id_ not in held_out]


def facets_of(entry: Faceted) -> dict[str, tuple[str, ...]]:
    """The facets of a paper or borderline entry."""
    return {name: tuple(getattr(entry, name)) for name in ("object", "localize", "steer", "goal")}


def examples(wanted: Sequence[Label], lookup: Lookup) -> tuple[list[Example], list[str]]:
    """Labels with their records, in the order of the labels, and the ids whose abstract was not found.

    Without an abstract, what is in scope, borderline or out still teaches by its title, if that is known.
    """
    records = {record.id: record for record in lookup([label.id for label in wanted])}
    out, missing = [], []
    for label in wanted:
        record = records.get(label.id)
        if record is None or not record.abstract:
            missing.append(label.id)
        if record is None:
            if not label.title:
                continue
            record = Record(label.id, label.title)
        out.append(Example(label, record))
    return out, missing


@dataclass(frozen=True, slots=True)
class Judged:
    """One line of an evaluation set: a label with its weight, the number of stream records that it stands for."""

    label: Label
    weight: float
    second: Label | None = None
    """What a second reader said, where one read it."""


_NUMBERS: Final[dict[int, Relevance]] = {2: "in", 1: "borderline", 0: "out"}


def read_gold(path: Path) -> list[Judged]:
    """Read an evaluation set of JSON lines, plain or compressed with gzip.

    Keys of a line: `id`, `relevance` (2 in scope, 1 borderline, 0 out), `primary`, `also`, `weight` (1 if left out), the facets,
    and `second`, an object of the same keys by a second reader.

    Raises
    ------
    DataError
        The file cannot be read, or a line is none of these; the message names file and line.
    """
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}:1: cannot be read: {error}") from error
    lines = enumerate(content.splitlines(), 1)
    return [_judged(line, f"{path}:{number}") for number, line in lines if line.strip()]


def _judged(line: bytes, where: str) -> Judged:
    try:
        raw = orjson.loads(line)
        second = raw.get("second")
        return Judged(
            _label(raw["id"], raw), float(raw.get("weight") or 1), _label(raw["id"], second) if second else None
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f'{where}: not a judgement ({error!r}); write {{"id": …, "relevance": 0|1|2, "primary": …, "also": […], "weight": …}}'
        ) from error


def _label(id_: str, raw: Mapping[str, object]) -> Label:
    primary, also = raw.get("primary"), raw.get("also") or []
    categories = (str(primary), *map(str, also)) if primary and isinstance(also, list) else ()
    facets = {}
    for name in ("object", "localize", "steer", "goal"):
        values = raw.get(name) or []
        if not isinstance(values, list):
            raise TypeError(f"{name} is not a list")
        facets[name] = tuple(map(str, values))
    return Label(id_, _NUMBERS[int(str(raw["relevance"]))], "", categories, facets)
