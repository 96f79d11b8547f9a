"""Names of studied models, and keywords, found in a record.

Both come from data: resources/models.yml and resources/keywords.yml. A name is found under its own spelling or one of its
aliases, whatever the case (`aliases`) or in exactly this case (`exact`, for words such as `OPT` that mean something else in small
letters). Blanks and hyphens in a name stand for each other or for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from updater.classify.features import Vocabulary
from updater.classify.text import fold, words
from updater.records import Record

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
    pattern: re.Pattern[str]
    name: int
    is_model: bool
    length: int


class Finder:
    """Looks for all names at once: a table of first words tells which records need a closer look for which name."""

    def __init__(self, names: Names) -> None:
        self._names = names
        by_word: dict[str, list[_Spelling]] = {}
        for is_model, entries in ((True, names.models), (False, names.keywords)):
            for number, entry in enumerate(entries):
                for spelling, exact in [
                    *((s, False) for s in ((entry.name, *entry.aliases) if not entry.exact else entry.aliases)),
                    *((s, True) for s in entry.exact),
                ]:
                    for form in _forms(spelling):
                        first = words([form]).surface(0, 0)
                        flags = re.NOFLAG if exact else re.IGNORECASE
                        by_word.setdefault(first, []).append(
                            _Spelling(re.compile(_pattern(form), flags), number, is_model, len(form))
                        )
        merged: dict[str, list[_Spelling]] = {}
        for word, spellings in by_word.items():  # `head` and `heads` are one word to the table
            merged.setdefault(_stem(word), []).extend(spellings)
        self._first = Vocabulary(sorted(merged))
        self._spellings = [merged[word] for word in self._first.terms]

    def find(self, records: Sequence[Record]) -> list[Found]:
        """Names in each record's title and abstract."""
        out = [Found()] * len(records)
        if not len(self._first):
            return out
        found = words([text for record in records for text in (record.title, record.abstract)])
        term = self._first.find(found.hash)
        at = np.flatnonzero(term >= 0)
        pairs = np.unique(np.stack([found.text[at] >> 1, term[at]]), axis=1)
        candidates: dict[int, list[int]] = {}
        for record, word in pairs.T.tolist():
            candidates.setdefault(record, []).append(word)
        for record, first_words in candidates.items():
            out[record] = self._look(records[record], first_words)
        return out

    def _look(self, record: Record, first_words: list[int]) -> Found:
        title = fold(record.title).decode("ascii")
        text = f"{title}\n{fold(record.abstract).decode('ascii')}"
        hits = [
            (match.start(), -(match.end() - match.start()), spelling)
            for word in first_words
            for spelling in self._spellings[word]
            for match in spelling.pattern.finditer(text)
        ]
        hits.sort(key=lambda hit: (hit[0], hit[1], not hit[2].is_model, hit[2].name))
        models: dict[str, None] = {}
        counts: dict[int, tuple[bool, int, int]] = {}
        end_of = {True: 0, False: 0}
        for start, length, spelling in hits:
            if start < end_of[spelling.is_model]:
                continue  # inside a longer name
            end_of[spelling.is_model] = start - length
            if spelling.is_model:
                models.setdefault(self._names.models[spelling.name].name)
            else:
                in_title, number, first = counts.get(spelling.name, (False, 0, start))
                counts[spelling.name] = (in_title or start < len(title), number + 1, first)
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


def _stem(word: str) -> str:
    """One spelling for all words that are one to the hash."""
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "sui" else word


def _forms(spelling: str) -> list[str]:
    """The spelling, and with its parts closed up: `GPT-2` is also written `GPT2`, which begins with another word."""
    closed = re.sub(r"(?<=[A-Za-z0-9])[ -](?=\d)", "", spelling)
    return [spelling] if closed == spelling else [spelling, closed]


def _pattern(spelling: str) -> str:
    body = "[ _-]?".join(re.escape(part) for part in re.split(r"[ -]", spelling))
    plural = "" if spelling.endswith("s") or spelling[-1].isdigit() else "(?:s|es)?"
    return rf"(?<![A-Za-z0-9]){body}{plural}(?![A-Za-z0-9])"
