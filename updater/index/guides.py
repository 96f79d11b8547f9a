"""What the hand-written guides take from the data: the methods (resources/methods.yml) and the glossary (glossary.yml).

Both files are optional; without them the tables and lists of the guides are empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from updater.errors import DataError
from updater.index.validate import model_problems
from updater.index.yamlfile import Problem, parse

METHODS: Final = "resources/methods.yml"
GLOSSARY: Final = "resources/glossary.yml"


class Method(BaseModel):
    """One method guide: a row of the comparison table, and the papers and libraries that its page shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=1)
    question: str = ""
    needs: str = ""
    cost: str = ""
    evidence: Literal["causal", "correlational", "mixed", ""] = ""
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

    model_config = ConfigDict(extra="forbid", frozen=True)

    term: str = Field(min_length=1)
    definition: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    """Slugs of categories, method guides or other pages of the site."""

    @property
    def initial(self) -> str:
        """The letter under which it stands."""
        return self.term[:1].upper()


@dataclass(frozen=True, slots=True)
class Guides:
    """Both files, and the line on which each method stands."""

    methods: tuple[Method, ...] = ()
    glossary: tuple[Term, ...] = ()
    lines: tuple[int, ...] = ()


M = TypeVar("M", bound=BaseModel)


def load(root: Path) -> Guides:
    """Read both files of the index at `root`.

    Raises
    ------
    DataError
        A file is not YAML or not of its form; one `file:line: problem (remedy)` a line.
    """
    guides, problems = read(root)
    if problems:
        raise DataError("\n".join(map(str, problems)))
    return guides


def read(root: Path) -> tuple[Guides, list[Problem]]:
    """Read what can be read of both files, and tell what could not be."""
    problems: list[Problem] = []
    methods = _entries(root, METHODS, Method, problems)
    terms = _entries(root, GLOSSARY, Term, problems)
    return Guides(
        tuple(m for m, _ in methods), tuple(t for t, _ in terms), tuple(line for _, line in methods)
    ), problems


def _entries(root: Path, path: str, model: type[M], problems: list[Problem]) -> list[tuple[M, int]]:
    try:
        parsed = parse((root / path).read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        return []
    except DataError as error:
        name, line, message = str(error).split(":", 2)
        problems.append(Problem(name, int(line), message.strip()))
        return []
    problems += parsed.problems
    if parsed.node is not None and not isinstance(parsed.node, yaml.SequenceNode):
        problems.append(Problem(path, 1, "a list is expected here", "begin each entry with `- `"))
        return []
    out = []
    nodes = parsed.node.value if parsed.node is not None else []
    for value, node in zip(parsed.value, nodes, strict=True):
        try:
            out.append((model.model_validate(value), node.start_mark.line + 1))
        except ValidationError as error:
            problems += model_problems(error, model, node, path)
    return out
