"""A clone of the small index with a remote that refuses force, for the workflows to be played on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.workflows.play import Stage
from tests.world import World, web_server, world

__all__ = ["web_server", "world"]


@pytest.fixture
def stage(root: Path, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("MI_INDEX_CACHE", str(tmp_path / "cache"))
    for name in (".github", "site/templates"):
        shutil.copytree(PROJECT / name, root / name)
    (root / "README.md").write_text("# The list\n", encoding="utf-8")
    (root / ".gitignore").write_text(".mi-index.lock\nresources/.pending/\nfmt.patch\nbuild/\n", encoding="utf-8")
    made = Stage(root, tmp_path / "runner")
    remote = tmp_path / "remote.git"
    made.git("init", "-q", "--bare", str(remote), cwd=tmp_path)
    made.git("config", "receive.denyNonFastForwards", "true", cwd=remote)
    made.git("init", "-q")
    made.git("add", "--all")
    made.git("commit", "-qm", "Begin")
    made.git("remote", "add", "origin", str(remote))
    made.git("push", "-q", "origin", "HEAD:main")
    made.fresh()
    return made
