"""Snapshots: a dated state of the data that can be cited, as one archive that never changes.

The daily exports are for programs; what a survey cites must be there later too. So, as dblp does with its monthly releases
(https://blog.dblp.org/2015/03/03/monthly-snapshot-releases/), an archive of the data is kept with a release for ever, and
resources/snapshots.yml keeps its day, size, checksum and counts, from which the site makes a page for each.

An archive is named by the day up to which arXiv had been read, not by a clock. It is made byte for byte alike on every
machine: members in a fixed order, one time stamp, and stored, since what a compressor writes differs from version to version.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from jinja2 import Environment

from updater.errors import GuardError, UsageError
from updater.index.model import Snapshot
from updater.index.repository import SNAPSHOTS, Repository
from updater.index.text import slugify
from updater.render import citations, exports
from updater.render.catalogue import Catalogue
from updater.settings import Project

FORMATS: Final = ("jsonl", "csv", "bibtex")
"""Of the data in an archive: everything, and the papers as a table and as a bibliography."""
FOLDER: Final = "exports/snapshots"
"""Of the pages, below the site's root."""
_CREATED_ON_UNIX: Final = 3
_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive with what the record says of it."""

    name: str
    snapshot: Snapshot
    data: bytes


def file_name(project: Project, day: str) -> str:
    """Name of the archive of a day."""
    return f"{slugify(project.short_name)}-{day}.zip"


def tag(day: str) -> str:
    """Name of the release (and git tag) that keeps the archive of a day."""
    return f"snapshot-{day}"


def download(project: Project, day: str) -> str:
    """Where the archive of a day is kept."""
    return f"{project.repository}/releases/download/{tag(day)}/{file_name(project, day)}"


def citation(env: Environment, project: Project, day: str) -> dict[str, str]:
    """How to cite the snapshot of a day: `reference` is text, `bibtex` an entry."""
    return {
        name: env.get_template(f"texts/{template}.j2").render(
            project=project, day=day, address=f"{project.site}{FOLDER}/{day}/", name=citations.tex(project.name),
            key=f"{slugify(project.short_name)}-{day}",
        ).rstrip("\n")
        for name, template in (("reference", "snapshot-reference.txt"), ("bibtex", "snapshot.bib"))
    }  # fmt: skip


def make(catalogue: Catalogue, env: Environment) -> Archive:
    """The archive of the data as it is.

    Raises
    ------
    UsageError
        No day of arXiv has been read to the end, so that the snapshot would have no date.
    """
    read_to = catalogue.as_of.day
    if read_to is None:
        raise UsageError("no day has been read to the end, so the snapshot has no date (run `mi-index update` first)")
    day, project = read_to.isoformat(), catalogue.settings.project
    keys = citations.keys(entry.paper for entry in catalogue.entries)
    members = {
        f"all.{exports.FORMATS[form].ending}": exports.render(form, catalogue.entries, catalogue.items, keys)
        for form in FORMATS
    }
    members["taxonomy.json"] = orjson.dumps(
        catalogue.taxonomy.model_dump(by_alias=True), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )
    counts: dict[str, Any] = {"papers": len(catalogue.entries), "resources": len(catalogue.items)}
    readme = env.get_template("texts/snapshot-readme.txt.j2").render(
        project=project, day=day, gaps=catalogue.as_of.gaps, **citation(env, project, day), **counts
    )
    members["README.txt"] = f"{readme}\n".encode()
    members["SHA256SUMS"] = exports.checksums({name: exports.digest(data) for name, data in members.items()})
    data = _zip(members, day)
    record = Snapshot(id=day, bytes=len(data), sha256=exports.digest(data), **counts)
    return Archive(file_name(project, day), record, data)


def _zip(members: Mapping[str, bytes], day: str) -> bytes:
    out = io.BytesIO()
    year, month, date = map(int, day.split("-"))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(members.items()):
            info = zipfile.ZipInfo(name, (year, month, date, 0, 0, 0))
            info.create_system, info.external_attr = _CREATED_ON_UNIX, _MODE
            archive.writestr(info, data)
    return out.getvalue()


def record(repository: Repository, known: Mapping[str, Snapshot], snapshot: Snapshot) -> bool:
    """Note a snapshot in resources/snapshots.yml; False if it stands there already.

    Raises
    ------
    GuardError
        The day has a snapshot with other bytes: a snapshot never changes.
    """
    if (before := known.get(snapshot.id)) == snapshot:
        return False
    if before is not None:
        raise GuardError(
            f"{SNAPSHOTS}: the snapshot of {snapshot.id} has other bytes (SHA-256 {before.sha256[:12]}…), and one that was "
            "released never changes: wait until `mi-index update` has read a later day"
        )
    editor = repository.edit()
    editor.put(SNAPSHOTS, snapshot)
    editor.commit()
    return True
