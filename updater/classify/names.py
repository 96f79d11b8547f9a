"""Names of studied models, and keywords, found in a record.

Both come from data: resources/models.yml and resources/keywords.yml. A name is found under its own spelling or one of its
aliases, whatever the case (`aliases`) or in exactly this case (`exact`, for words such as `OPT` that mean something else in small
letters). Blanks and hyphens in a name stand for each other, and for nothing before a number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from updater.classify.features import Occurrences, Vocabulary, term_hashes
from updater.classify.text import words

MODELS: Final = "resources/models.yml"
KEYWORDS: Final = "resources/keywords.yml"
MAX_KEYWORDS: Final = 8
MAX_MODELS: Final = 12


@dataclass(frozen=True, slots=True)
class Name:
    """One thing with the ways in which it is written."""

    name: str
    aliases: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """All names that are looked for."""

    models: tuple[Name, ...]
    keywords: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in one record."""

    keywords: tuple[str, ...] = ()
    """Those of the title first, then by how often they stand there."""
    models: tuple[str, ...] = ()
    """In the order of the text."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    text: str
    exact: bool
    name: int
    is_model: bool


class Finder:
    """Looks for all names at once.

    A table of the hashes of first words, or first two words, tells where a name may begin; there, and only there, the text is
    compared.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        spellings = [
            _Spelling(form, exact, number, is_model)
            for is_model, entries in ((True, names.models), (False, names.keywords))
            for number, entry in enumerate(entries)
            for spelling, exact in _spellings(entry)
            for form in _forms(spelling)
        ]
        found = words([spelling.text for spelling in spellings])
        lengths = np.bincount(found.text, minlength=len(spellings)).tolist()
        starts: dict[int, tuple[str, list[_Spelling]]] = {}
        at = 0
        for spelling, length in zip(spellings, lengths, strict=True):
            start = found.surface(at, at + min(1, length - 1))
            at += length
            # `head` and `heads` are one to the hash
            starts.setdefault(int(term_hashes([start])[0]), (start, []))[1].append(spelling)
        self._starts = Vocabulary([start for start, _ in starts.values()])
        self._spellings = [sorted(some, key=lambda s: -len(s.text)) for _, some in starts.values()]

    def find(self, found: Occurrences, number: int) -> list[Found]:
        """Names in the title and abstract of each of `number` records."""
        out = [Found()] * number
        if not len(self._starts):
            return out
        start = self._starts.find(found.hash)
        at = np.flatnonzero(start >= 0)
        byte = found.words.start[found.first[at]]
        order = np.argsort(byte, kind="stable")
        at, byte = at[order], byte[order]
        raw = found.words.raw
        hits: dict[int, list[tuple[int, int, bool, _Spelling]]] = {}
        columns = (found.record[at], start[at], byte, found.title[at])
        for record, which, place, title in zip(*(column.tolist() for column in columns), strict=True):
            for spelling in self._spellings[which]:
                if match := _pattern(spelling.text, exact=spelling.exact).match(raw, place):
                    hits.setdefault(record, []).append((place, match.end(), title, spelling))
        for record, matches in hits.items():
            out[record] = self._ranked(matches)
        return out

    def _ranked(self, hits: list[tuple[int, int, bool, _Spelling]]) -> Found:
        hits.sort(key=lambda hit: (hit[0], -hit[1], hit[3].name))
        models: dict[str, None] = {}
        counts: dict[int, tuple[bool, int, int]] = {}
        end_of = {True: 0, False: 0}
        for start, end, title, spelling in hits:
            if start < end_of[spelling.is_model]:
                continue  # inside a longer name
            end_of[spelling.is_model] = end
            if spelling.is_model:
                models.setdefault(self._names.models[spelling.name].name)
            else:
                in_title, number, first = counts.get(spelling.name, (False, 0, start))
                counts[spelling.name] = (in_title or title, number + 1, first)
        ranked = sorted(counts, key=lambda k: (not counts[k][0], -counts[k][1], counts[k][2]))
        given = [m for m in models if not any(other.startswith((f"{m} ", f"{m}-")) for other in models)]
        return Found(tuple(self._names.keywords[k].name for k in ranked[:MAX_KEYWORDS]), tuple(given[:MAX_MODELS]))


def load(root: Path) -> Names:
    """Read both files; a file that is not there gives no names.

    Raises
    ------
    SettingsError
        A file is wrong; the message names file, line and remedy.
    """
    from updater.classify.namefile import read  # noqa: PLC0415 - pydantic, only where there is an index

    return Names(read(root, MODELS), read(root, KEYWORDS))


def _spellings(entry: Name) -> list[tuple[str, bool]]:
    """The ways to write a name, and whether only in this case."""
    loose = entry.aliases if entry.exact else (entry.name, *entry.aliases)
    return [*((spelling, False) for spelling in loose), *((spelling, True) for spelling in entry.exact)]


def _forms(spelling: str) -> list[str]:
    """The spelling, and with its parts closed up: `GPT-2` is also written `GPT2`, which begins with another word."""
    closed = re.sub(r"(?<=[A-Za-z0-9])[ -](?=\d)", "", spelling)
    return [spelling] if closed == spelling else [spelling, closed]


@cache  # made when a text first calls for it, since most names are rare
def _pattern(spelling: str, *, exact: bool) -> re.Pattern[bytes]:
    body = "[ _-]".join(re.escape(part) for part in re.split(r"[ -]", spelling))
    plural = "" if spelling.endswith("s") or spelling[-1].isdigit() else "(?:s|es)?"
    return re.compile(rf"{body}{plural}(?![A-Za-z0-9])".encode(), re.NOFLAG if exact else re.IGNORECASE)
