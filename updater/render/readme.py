"""README.md: the list as people see it on GitHub.

A paper stands in it once, at the first place that would show it. GitHub stops rendering a README at 512 kB; this one stays
below `LIMIT` by showing fewer of the newest papers of each category, never by leaving out a landmark or another resource.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Template

from updater.errors import DataError
from updater.index.repository import Index, Repository
from updater.index.transaction import Transaction
from updater.render.catalogue import Catalogue, Entry, Item
from updater.render.markup import environment, markdown, markdown_url

FILE: Final = "README.md"
LIMIT: Final = 400_000
"""Bytes."""
NEWEST: Final = 30
PER_CATEGORY: Final = (40, 30, 24, 20, 16, 12, 8, 5, 3)
"""How many of the newest papers of each category are tried, until the README is small enough."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, ready to print: text and address escaped for Markdown."""

    name: str
    url: str
    description: str


@dataclass(frozen=True, slots=True)
class Section:
    """The part of the README that one category fills."""

    title: str
    slug: str
    definition: str
    total: int
    landmarks: Sequence[Row]
    newest: Sequence[Row]


def render(repository: Repository, index: Index | None = None) -> str:
    """The whole text, of the index given (one that is not written yet), else of the one in the files.

    Raises
    ------
    DataError
        Even the shortest form is over `LIMIT`.
    """
    catalogue = Catalogue.of(repository, index)
    template = environment(repository.root).get_template("README.md.j2")
    for count in PER_CATEGORY:
        text = _text(catalogue, template, count)
        if len(text.encode()) <= LIMIT:
            return text
    raise DataError(
        f"{FILE}: {len(text.encode()):,} bytes even with few papers; GitHub would cut it (feature fewer papers)"
    )


def _text(catalogue: Catalogue, template: Template, count: int) -> str:
    used: set[str] = set()
    links: set[str] = set()

    def rows(entries: Sequence[Entry], limit: int | None = None) -> list[Row]:
        out: list[Row] = []
        for entry in entries:
            if limit is not None and len(out) >= limit:
                break
            if entry.id in used or entry.paper.withdrawn:
                continue
            used.add(entry.id)
            out.append(paper_row(catalogue, entry))
            links.add(out[-1].url)
        return out

    newest = rows(catalogue.entries, NEWEST)
    sections = [
        Section(
            shelf.title,
            shelf.slug,
            catalogue.category(shelf.slug).definition,
            len(shelf),
            # a landmark or a new paper stands under its main topic, so that each stands once and where it is looked for
            rows([e for e in shelf.landmarks if e.paper.primary == shelf.slug]),
            rows([e for e in shelf.entries if e.paper.primary == shelf.slug and e.paper.summary], count),
        )
        for shelf in catalogue.categories.values()
    ]
    kinds = []
    for kind in catalogue.taxonomy.kinds:
        mine = []
        for item in catalogue.kinds[kind.slug]:
            row = item_row(catalogue, item, links)
            links.add(row.url)
            mine.append(row)
        if mine:
            kinds.append((kind, mine))
    text = template.render(
        c=catalogue,
        project=catalogue.settings.project,
        newest=newest,
        sections=sections,
        kinds=kinds,
        shown=len(used),
        anchor=anchor,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def paper_row(catalogue: Catalogue, entry: Entry) -> Row:
    """A paper's line: it leads to the work itself, and has a summary if there is one."""
    paper = entry.paper
    url = paper.url or f"{catalogue.settings.project.site}{entry.path}"
    return Row(_name(paper.title), markdown_url(url), describe(paper.summary or "", paper.title))


def item_row(catalogue: Catalogue, item: Item, links: set[str]) -> Row:
    """Another resource's line; if its address is in the list already, it leads to the resource's own page."""
    url = markdown_url(item.resource.url)
    if url in links:
        url = markdown_url(f"{catalogue.settings.project.site}{item.path}")
    return Row(_name(item.resource.name), url, describe(item.resource.description, item.resource.name))


def _name(text: str) -> str:
    return markdown(text)


def describe(sentence: str, name: str) -> str:
    """A description as awesome-lint wants it: capital first, full stop last, not beginning with the name; else nothing."""
    sentence = sentence.strip()
    if not sentence or sentence.casefold().startswith(name.casefold()):
        return ""
    sentence = sentence[0].upper() + sentence[1:]
    return markdown(sentence if sentence.endswith((".", "!", "?")) else f"{sentence}.")


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading (https://github.com/Flet/github-slugger)."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def is_current(repository: Repository) -> bool:
    """Whether README.md is what `render` would write."""
    file = repository.root / FILE
    return file.is_file() and file.read_text(encoding="utf-8") == render(repository)


def write(repository: Repository) -> bool:
    """Write README.md if it changed, atomically; returns whether it did."""
    text = render(repository)
    file: Path = repository.root / FILE
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return False
    transaction = Transaction(repository.root)
    transaction.put(FILE, text)
    transaction.commit()
    return True
