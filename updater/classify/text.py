"""Words out of titles and abstracts, a whole batch at once, as arrays and without a Python object for each word.

A word is a run of ASCII letters and digits in lower case, after accents were taken off (NFKD); other scripts separate words.
A word is known by a 64-bit polynomial hash of its letters, a plural `s` left out, so that `neuron` and `neurons` are one
term. The hash of any stretch of a text follows from prefix sums (Karp and Rabin, "Efficient randomized pattern-matching
algorithms", 1987), here modulo 2^64, in which an odd base has an inverse.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

MAX_CHARS: Final = 20_000
"""What stands behind so many characters of a field is not read; the longest abstract on arXiv has a tenth of it."""

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_BASE: Final = 0x9E3779B97F4A7C15
_INVERSE: Final = pow(_BASE, -1, 1 << 64)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_FIRST: Final = np.uint64(0xFF51AFD7ED558CCD)
_LOWER: Final = bytes(
    ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 0 for code in range(256)
)  # 0: no part of a word
_MIN_PLURAL: Final = 4
_BEFORE_PLURAL: Final = np.ones(256, np.bool_)
"""Letters that may stand before a plural `s`: `bias`, `focus` and `class` are none."""
_BEFORE_PLURAL[list(b"sui")] = False
_POWERS: dict[str, Hashes] = {}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of texts, in order."""

    text: Ints
    """Number of the text that a word stands in, ascending."""
    start: Ints
    """Byte at which it begins in `buffer`."""
    end: Ints
    """Byte behind its last one, plural `s` included."""
    hash: Hashes
    buffer: bytes
    """All texts, folded to lower-case ASCII; bytes that are no part of a word are 0."""
    raw: bytes
    """The same in its own case, each text followed by a line feed."""

    def surface(self, first: int, last: int) -> str:
        """The words from `first` to `last` inclusive, as they stand in the text."""
        return " ".join(
            self.buffer[s:e].decode("ascii")
            for s, e in zip(self.start[first : last + 1], self.end[first : last + 1], strict=True)
        )


def fold(text: str) -> bytes:
    """ASCII bytes of a text: accents dropped, anything else outside ASCII turned into a separator."""
    text = text[:MAX_CHARS]
    if text.isascii():
        return text.encode("ascii")
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.encode("ascii", "replace")


def words(texts: Sequence[str]) -> Words:
    """All words of all texts."""
    folded = [fold(text) for text in texts]
    raw = b"\n".join(folded) + b"\n"
    buffer = raw.translate(_LOWER)
    letters = np.frombuffer(buffer, np.uint8)
    size = len(letters)
    inside = (letters != 0).view(np.int8)
    edges = np.diff(inside, prepend=np.int8(0))
    start, end = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    ends = np.cumsum(np.fromiter((len(f) + 1 for f in folded), np.int64, len(folded)))
    text = np.searchsorted(ends, start, side="right")
    powers, inverses = _powers(size)
    prefix = np.zeros(size + 1, np.uint64)
    np.cumsum(letters * powers, out=prefix[1:])
    last, before = letters[end - 1], letters[np.maximum(end - 2, 0)]
    plural = (last == ord("s")) & (end - start >= _MIN_PLURAL) & _BEFORE_PLURAL[before]
    stem = end - plural
    return Words(text, start, end, _mixed((prefix[stem] - prefix[start]) * inverses[start]), buffer, raw)


def pair_hash(first: Hashes, second: Hashes) -> Hashes:
    """Hash of a two-word term from those of its words."""
    return _mixed(first * _FIRST + second)


def _mixed(value: Hashes) -> Hashes:
    value = (value ^ (value >> np.uint64(31))) * _MIX
    return value ^ (value >> np.uint64(32))


def _powers(size: int) -> tuple[Hashes, Hashes]:
    """Powers of the base and of its inverse, computed once for the longest batch so far."""
    if "base" not in _POWERS or len(_POWERS["base"]) < size:
        room = max(size, 1 << 16)
        for name, base in (("base", _BASE), ("inverse", _INVERSE)):
            factors = np.full(room, base, np.uint64)
            factors[0] = 1
            _POWERS[name] = np.multiply.accumulate(factors)
    return _POWERS["base"][:size], _POWERS["inverse"]
