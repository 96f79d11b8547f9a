"""What the hand-written guides take from the data: the methods (resources/methods.yml) and the glossary (glossary.yml).

Both files are optional; without them the tables and lists of the guides are empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from updater.errors import DataError

METHODS: Final = "resources/methods.yml"
GLOSSARY: Final = "resources/glossary.yml"


class Method(BaseModel):
    """One method guide: a row of the comparison table, and the papers and libraries that its page shows."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    slug: str
    title: str
    question: str = ""
    needs: str = ""
    cost: str = ""
    evidence: str = ""
    """causal (the method intervenes), correlational (it only reads) or mixed."""
    strengths: str = ""
    limits: str = ""
    categories: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    """Lower-case phrases that mark a paper of the index as one that uses the method."""
    libraries: tuple[str, ...] = ()
    """Ids of libraries."""
    landmarks: tuple[str, ...] = ()
    """Ids of papers, the first to read first."""


class Term(BaseModel):
    """One entry of the glossary."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    term: str
    definition: str
    aliases: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    """Slugs of categories, method guides or other pages of the site."""


@dataclass(frozen=True, slots=True)
class Guides:
    """Both files."""

    methods: tuple[Method, ...] = ()
    glossary: tuple[Term, ...] = field(default=())


class _Methods(BaseModel):
    items: tuple[Method, ...] = Field(default=())


class _Glossary(BaseModel):
    items: tuple[Term, ...] = Field(default=())


def load(root: Path) -> Guides:
    """Read both files of the index at `root`.

    Raises
    ------
    DataError
        A file is not YAML or not of its form; the message names the file, the place in it, and the problem.
    """
    methods, glossary = _read(root, METHODS), _read(root, GLOSSARY)
    try:
        return Guides(_Methods(items=methods).items, _Glossary(items=glossary).items)
    except ValidationError as error:
        first = error.errors()[0]
        file = METHODS if error.title == "_Methods" else GLOSSARY
        place = ".".join(str(part) for part in first["loc"][1:])
        raise DataError(f"{file}:1: entry {place}: {first['msg']}") from error


def _read(root: Path, path: str) -> tuple[object, ...]:
    try:
        value = yaml.load((root / path).read_bytes(), yaml.CBaseLoader)  # noqa: S506 - makes nothing but strings
    except FileNotFoundError:
        return ()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataError(f"{path}:{line}: {error.problem} (see the line, and the one before it)") from error
    if value is not None and not isinstance(value, list):
        raise DataError(f"{path}:1: a list is expected here (begin each entry with `- `)")
    return tuple(value or ())
