"""Kill `mi-index update` at fifty random moments: the data stay valid, and the next run ends as an undisturbed one.

The victims are real processes that get a real SIGKILL. They are forked from a process that has imported everything
(https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods), since fifty starts of Python would take
most of the time and kill nothing but imports.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import re
import shutil
import signal
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from support import victim
from support.arxiv_server import ArxivServer
from support.fixtures import TODAY

from tests.conftest import PROJECT, Command

KILLS = 50
MOST = 120
"""Runs; some end before they are killed."""
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["updater.cli.update", "updater.classify", "updater.fetch", "updater.render.readme", "updater.render.markup"]
)


def files(root: Path) -> dict[str, bytes]:
    """All files of the index but the lock."""
    found = (p for p in sorted(root.rglob("*")) if p.is_file() and p.name != ".mi-index.lock")
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in found}


def start(root: Path) -> BaseProcess:
    process = CONTEXT.Process(
        target=victim.run, args=(["--root", str(root), "update", "--today", str(TODAY)], dict(os.environ))
    )
    process.start()
    return process


def wait_for_commit(root: Path, process: BaseProcess, staged: int = 0, placed: int = 0) -> None:
    """Return when the run has staged so many files, then has put so many in place; or has ended."""
    pending = root / "resources/.pending"
    seen = 0
    while process.is_alive():
        with contextlib.suppress(OSError):
            names = [p.name for p in pending.iterdir()]
            seen = max(seen, len(names))
            if len(names) >= staged and (not placed or ("manifest.json" in names and len(names) <= seen - placed)):
                return
        time.sleep(0.0001)


@pytest.fixture
def template(root: Path) -> Path:
    (root / "site").mkdir()
    (root / "site/templates").symlink_to(PROJECT / "site/templates")
    settings = root / "resources/settings.yml"
    settings.write_text(re.sub(r"first_day: \S+", "first_day: 2026-03-10", settings.read_text(encoding="utf-8")))
    return root


def test_fifty_kills(template: Path, tmp_path: Path, arxiv_server: ArxivServer) -> None:
    rng = random.Random(20260324)
    undisturbed = shutil.copytree(template, tmp_path / "undisturbed", symlinks=True)
    CONTEXT.Process(target=print).start()  # starts the process that the victims are forked from
    began = time.monotonic()
    process = start(undisturbed)
    wait_for_commit(undisturbed, process)
    until_commit = time.monotonic() - began
    process.join()
    assert process.exitcode == 0
    old, new = files(template), files(undisturbed)
    changed = sum(old.get(path) != content for path, content in new.items())
    assert changed > 4

    kills = torn = 0
    root = shutil.copytree(template, tmp_path / "copy", symlinks=True)
    for number in range(MOST):
        if kills == KILLS:
            break
        process = start(root)
        match number % 4:
            case 0:  # anywhere from the start to the commit
                time.sleep(rng.random() * until_commit)
            case 1 | 2:  # while files are written beside the old ones
                wait_for_commit(root, process, staged=rng.randint(0, changed))
                time.sleep(rng.random() * 0.005)
            case 3:  # while they are put in place
                wait_for_commit(root, process, placed=rng.randint(1, changed))
        alive = process.is_alive()
        process.kill()
        process.join()
        kills += alive and process.exitcode == -signal.SIGKILL
        torn += (root / "resources/.pending").exists()
        result = Command(root)("check")
        assert result.exit_code == 0, result.stdout
        assert files(root) in (old, new)  # never a mixture
        if files(root) == new:
            root = shutil.copytree(template, tmp_path / f"copy{number}", symlinks=True)
    print(f"{kills} kills in {number} runs, {torn} while files were written")
    assert kills == KILLS
    assert torn > 5, "few kills came while files were written"
    process = start(root)
    process.join()
    assert (process.exitcode, files(root)) == (0, new)
