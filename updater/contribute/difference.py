"""What a change of the index adds, changes and removes, entry by entry, against a commit."""

from __future__ import annotations

import dataclasses
import io
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment

from updater.contribute.add import changed, page_of
from updater.contribute.issue import code_cell, code_span
from updater.errors import UsageError
from updater.index.model import Paper, Resource
from updater.index.repository import Index, Repository

TEMPLATE: Final = "contribute/summary.md.j2"
_REVISION: Final = re.compile(r"[A-Za-z0-9_][\w./~^@-]{0,200}")
Entries = dict[str, tuple[str, Paper | Resource]]
"""Id to kind (`paper` or the slug of another kind) and entry."""


@dataclasses.dataclass(slots=True)
class Difference:
    """What lies between two states of an index."""

    added: Entries = dataclasses.field(default_factory=dict)
    changed: dict[str, tuple[str, Paper | Resource, Sequence[tuple[str, Any, Any]]]] = dataclasses.field(
        default_factory=dict
    )
    """Id to kind, new entry, and (key, before, after) of what differs."""
    removed: Entries = dataclasses.field(default_factory=dict)
    lists: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    """Name of a list of ids (queue, rejected, …) to the numbers of ids that came and that left."""

    @property
    def empty(self) -> bool:
        """Whether no entry and no list differs."""
        return not (self.added or self.changed or self.removed or self.lists)


def index_at(repository: Repository, revision: str) -> Index:
    """The index as it was at a commit, as far as it can be read.

    Raises
    ------
    UsageError
        There is no such commit here, or `root` is no git repository.
    """
    if not _REVISION.fullmatch(revision):
        raise UsageError(f"{revision[:80]!r} is not the name of a commit")
    command = ["git", "-C", str(repository.root), "archive", "--format=tar", revision, "resources"]
    try:
        run = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - no shell, and the name is checked
    except FileNotFoundError as error:
        raise UsageError("git is needed to compare with a commit, and it is not installed") from error
    if run.returncode != 0:
        reason = run.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"cannot read {revision}: {reason[0] if reason else 'git failed'} (is its history fetched?)")
    with tempfile.TemporaryDirectory(prefix="mi-index-") as folder:
        with tarfile.open(fileobj=io.BytesIO(run.stdout)) as archive:
            archive.extractall(folder, filter="data")
        return Repository(Path(folder)).read()[0]


def entries_of(index: Index) -> Entries:
    """All papers and other resources by id."""
    out: Entries = {id_: ("paper", paper) for id_, paper in index.papers.items()}
    return out | {e.id: (kind, e) for kind, entries in index.resources.items() for e in entries}


def difference(before: Index, after: Index) -> Difference:
    """What differs between two states, by id."""
    old, new = entries_of(before), entries_of(after)
    out = Difference(
        added={id_: new[id_] for id_ in sorted(new.keys() - old.keys())},
        removed={id_: old[id_] for id_ in sorted(old.keys() - new.keys())},
    )
    for id_ in sorted(new.keys() & old.keys()):
        kind, entry = new[id_]
        if fields := changed(old[id_][1], entry):
            out.changed[id_] = (kind, entry, fields)
    for name in ("queue", "rejected", "borderline", "background", "gone"):
        first, second = set(getattr(before, name)), set(getattr(after, name))
        if first != second:
            out.lists[name] = (len(second - first), len(first - second))
    return out


def addresses(entry: Paper | Resource) -> Iterator[tuple[str, str]]:
    """(key, address) of everything that an entry links to."""
    if isinstance(entry, Resource):
        yield "url", entry.url
    for key, url in entry.links.model_dump(exclude_none=True).items():
        yield f"links.{key}", url


def as_data(found: Difference, repository: Repository) -> dict[str, Any]:
    """The difference as plain data, for programs and for the template."""

    def entry(kind: str, item: Paper | Resource) -> dict[str, Any]:
        paper = isinstance(item, Paper)
        return {
            "id": item.id,
            "kind": kind,
            "title": item.title if isinstance(item, Paper) else item.name,
            "authors": item.authors,
            "url": item.url,
            "address": page_of(repository, kind, item.id),
            "page": page_of(repository, kind, item.id).removeprefix(repository.settings.project.site.rstrip("/") + "/"),
            "primary": item.categories[0],
            "venue": (item.venue or "") if isinstance(item, Paper) else "",
            "text": (item.summary or "") if isinstance(item, Paper) else item.description,
            "status": item.status if isinstance(item, Paper) else "",
            "is_paper": paper,
        }

    return {
        "added": [entry(*pair) for pair in found.added.values()],
        "changed": [
            {**entry(kind, item), "fields": [{"key": k, "before": _short(b), "after": _short(a)} for k, b, a in fields]}
            for kind, item, fields in found.changed.values()
        ],
        "removed": [entry(*pair) for pair in found.removed.values()],
        "lists": [{"name": name, "came": came, "left": left} for name, (came, left) in found.lists.items()],
    }


def markdown(data: Mapping[str, Any], environment: Environment, repository: Repository, *, most: int = 200) -> str:
    """The difference as Markdown: a sentence for each entry, at most `most` of each kind of change.

    Parameters
    ----------
    data
        What `as_data` returns.
    environment
        `updater.render.markup.environment`.
    """
    environment.filters |= {"code": code_span, "cell": code_cell}
    return environment.get_template(TEMPLATE).render(
        **data, most=most, categories=repository.taxonomy.by_slug, kinds=repository.taxonomy.kind_by_slug
    )


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{key}: {item}" for key, item in value.items()]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
    return text if len(text) <= 200 else f"{text[:199]}…"
