"""What the model saw in a paper on the day it was read: terms and weights, no sentences.

Kept in resources/generated/YYYY-MM.jsonl, one JSON object a line, sorted by id, written by `update` and `train`. Abstracts
are not in the repository, so this is what paper pages, related papers and the map are made from.

Keys of a line: `id`; `v`, version that was read; `p`, probability of being in scope; `because`, the strongest terms of the
decision with their weights; `terms`, the record's own strongest TF-IDF terms with theirs (unit: share of a unit vector);
`fp`, fingerprint of the entry as the machine last wrote it, by which a person's touch is recognized. Only where there is
something to say: `filled`, what the machine filled in where a person left a key empty (key to fingerprint of the value);
`aside`, the entry of a work that is kept off the list because another id of the same work is on it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from updater.errors import DataError
from updater.index.text import UNSEEN

FOLDER: Final = "resources/generated"
Terms = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a generated file; see the module."""

    id: str
    version: int = 1
    probability: float = 0.0
    because: Terms = ()
    terms: Terms = ()
    fingerprint: str = ""
    filled: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[str, Any] | None = None
    """Keys: `accepted`, whether the model accepted the work or was in doubt; `entry`, its data."""

    def to_json(self) -> bytes:
        """The line, without its end."""
        line: dict[str, Any] = {
            "id": self.id,
            "v": self.version,
            "p": round(self.probability, 4),
            "because": [[t, round(w, 3)] for t, w in self.because],
            "terms": [[t, round(w, 3)] for t, w in self.terms],
            "fp": self.fingerprint,
        }
        if self.filled:
            line["filled"] = dict(sorted(self.filled.items()))
        if self.aside is not None:
            line["aside"] = self.aside
        text = orjson.dumps(line).decode()
        # invisible in an editor or harmful in a terminal; JSON lets them be written as escapes
        return UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()

    @classmethod
    def from_json(cls, line: bytes) -> Trace:
        """Read one line; ValueError, KeyError or TypeError if it is none."""
        raw = orjson.loads(line)
        pairs = {key: tuple((str(t), float(w)) for t, w in raw[key]) for key in ("because", "terms")}
        return cls(
            id=str(raw["id"]),
            version=int(raw["v"]),
            probability=float(raw["p"]),
            because=pairs["because"],
            terms=pairs["terms"],
            fingerprint=str(raw["fp"]),
            filled=raw.get("filled", {}),
            aside=raw.get("aside"),
        )


def fingerprint(data: Mapping[str, Any]) -> str:
    """Ten hexadecimal digits that stand for an entry's data."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()[:10]


def parse(content: bytes, path: str) -> dict[str, Trace]:
    """Read one generated file.

    Raises
    ------
    DataError
        A line is damaged; the message names it. The remedy is to restore the file from git, or to run `mi-index train`.
    """
    out = {}
    for number, line in enumerate(content.splitlines(), 1):
        try:
            trace = Trace.from_json(line)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: damaged line ({error}); restore the file from git") from error
        out[trace.id] = trace
    return out


def render(traces: Iterable[Trace]) -> bytes:
    """The bytes of one generated file."""
    return b"".join(trace.to_json() + b"\n" for trace in sorted(traces, key=lambda t: t.id))


def file_of(id_: str) -> str:
    """Path of the file that holds the trace of this id: by month for arXiv's, one file for all others."""
    match = re.match(r"(\d\d)(\d\d)\.\d", id_)
    return f"{FOLDER}/20{match.group(1)}-{match.group(2)}.jsonl" if match else f"{FOLDER}/other.jsonl"
