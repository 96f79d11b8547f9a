"""Snapshots: the same bytes everywhere, a record that agrees with the archive, pages that say how to cite it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import made_up_site
import pytest
from click.testing import CliRunner

from updater.cli import main as group
from updater.errors import GuardError, UsageError
from updater.index.repository import SNAPSHOTS, Repository
from updater.index.state import State
from updater.render import snapshots
from updater.render.catalogue import Catalogue
from updater.render.markup import environment

DAY = "2026-04-21"


@pytest.fixture(scope="module")
def archive(made_up: Repository, catalogue: Catalogue) -> snapshots.Archive:
    return snapshots.make(catalogue, environment(made_up.root))


def test_the_same_data_gives_the_same_archive(made_up: Repository, archive: snapshots.Archive, tmp_path: Path) -> None:
    environment_ = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-m", "updater", "--root", str(made_up.root), "snapshot", "--output", str(tmp_path)]
    done = subprocess.run(
        command, env=environment_, cwd=made_up_site.PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / archive.name).read_bytes() == archive.data
    assert [file.name for file in tmp_path.iterdir()] == [archive.name]
    assert done.stdout == f"{hashlib.sha256(archive.data).hexdigest()}  {archive.name}\n"


def test_an_archive_holds_the_exports_of_its_day_and_their_checksums(site: Path, archive: snapshots.Archive) -> None:
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        assert opened.testzip() is None
        members = {info.filename: opened.read(info) for info in opened.infolist()}
        assert {info.date_time[:3] for info in opened.infolist()} == {(2026, 4, 21)}
        assert {info.compress_type for info in opened.infolist()} == {zipfile.ZIP_STORED}
    for name in ("all.jsonl", "all.csv", "all.bib"):
        assert members[name] == (site / "exports" / name).read_bytes()
    sums = dict(reversed(line.split("  ")) for line in members.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    readme = members["README.txt"].decode()
    assert "2025-04-01" in readme and f"/exports/snapshots/{DAY}/" in readme  # the gap, and the address to cite
    assert json.loads(members["taxonomy.json"])["categories"]


def test_the_record_agrees_with_the_archive_and_does_not_change_it(tmp_path: Path) -> None:
    repository = made_up_site.write(tmp_path / "index")
    run = CliRunner().invoke(group, ["--root", str(repository.root), "snapshot", "--record", "--output", str(tmp_path)])
    assert run.exception is None
    index = repository.load()
    noted = index.snapshots[DAY]
    data = next(tmp_path.glob("*.zip")).read_bytes()
    assert (noted.id, noted.bytes, noted.sha256) == (DAY, len(data), hashlib.sha256(data).hexdigest())
    assert (noted.papers, noted.resources) == (len(index.papers), sum(map(len, index.resources.values())))
    text = (repository.root / SNAPSHOTS).read_bytes()
    again = snapshots.make(Catalogue.of(repository), environment(repository.root))
    assert again.data == data and not snapshots.record(repository, index.snapshots, again.snapshot)
    with pytest.raises(GuardError, match="other bytes"):
        snapshots.record(repository, index.snapshots, again.snapshot.model_copy(update={"sha256": "0" * 64}))
    assert (repository.root / SNAPSHOTS).read_bytes() == text


def test_without_a_day_there_is_no_snapshot(tmp_path: Path) -> None:
    repository = made_up_site.write(tmp_path / "index")
    editor = repository.edit()
    editor.put_state(State())
    editor.commit()
    with pytest.raises(UsageError, match="no day"):
        snapshots.make(Catalogue.of(Repository(repository.root)), environment(repository.root))


def test_every_snapshot_has_a_page_that_says_how_to_cite_it(site: Path, made_up: Repository) -> None:
    project = made_up.settings.project
    listed = json.loads((site / "api/v1/snapshots.json").read_bytes())["items"]
    assert [one["id"] for one in listed] == ["2026-03-31", "2026-02-28"]
    overview = (site / "exports/snapshots/index.html").read_text(encoding="utf-8")
    for one in listed:
        page = (site / f"exports/snapshots/{one['id']}/index.html").read_text(encoding="utf-8")
        assert one["page"] == f"{project.site}exports/snapshots/{one['id']}/"
        assert one["download"].startswith(f"{project.repository}/releases/download/snapshot-{one['id']}/")
        for text in (overview, page):
            assert one["sha256"] in text and f'href="{one["download"]}"' in text
        assert f"@misc{{mi-index-{one['id']}," in page and one["page"] in page
