"""Several files written as one: all new or all old, whatever moment the power goes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from updater.errors import LockedError, WriteError
from updater.index import transaction
from updater.index.transaction import Transaction, lock, recover, settle

OLD = {"resources/a.yml": "old a", "resources/b.yml": "old b", "README.md": "old"}
NEW = {"resources/a.yml": "new a", "resources/b.yml": None, "resources/deep/c.yml": "new c", "README.md": "new"}


def fill(root: Path) -> None:
    for path, content in OLD.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)


def read(root: Path) -> dict[str, str]:
    files = (p for p in root.rglob("*") if p.is_file() and p.name != ".mi-index.lock")
    return {p.relative_to(root).as_posix(): p.read_text() for p in files}


def stage(root: Path) -> Transaction:
    out = Transaction(root)
    for path, content in NEW.items():
        out.put(path, content)
    return out


WANTED = {path: content for path, content in NEW.items() if content is not None}


class PowerLoss(BaseException):
    """Not an Exception, so that no handler in the code under test can tidy up after it."""


@pytest.mark.parametrize("step", range(40))
def test_after_a_crash_at_any_step_all_files_are_old_or_all_are_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    fill(tmp_path)
    left = step

    def crash_now() -> None:
        nonlocal left
        if left == 0:
            raise PowerLoss
        left -= 1

    real = {name: getattr(os, name) for name in ("replace", "fsync", "unlink", "mkdir", "rmdir")}
    for name, function in real.items():

        def hooked(*args: object, _call=function, **kwargs: object) -> object:
            crash_now()
            return _call(*args, **kwargs)

        monkeypatch.setattr(transaction.os, name, hooked)
    with contextlib.suppress(PowerLoss):
        stage(tmp_path).commit()
    monkeypatch.undo()
    recover(tmp_path)
    assert read(tmp_path) in (OLD, WANTED)
    stage(tmp_path).commit()
    assert read(tmp_path) == WANTED


def test_a_full_disk_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(transaction.os, "fsync", full)
    with pytest.raises(WriteError, match=r"No space left on device.*nothing was changed"):
        stage(tmp_path).commit()
    monkeypatch.undo()
    assert read(tmp_path) == OLD


def test_only_files_that_differ_are_touched(tmp_path: Path) -> None:
    fill(tmp_path)
    before = (tmp_path / "README.md").stat().st_mtime_ns
    change = Transaction(tmp_path)
    change.put("README.md", "old")
    change.put("resources/a.yml", "x")
    assert change.commit() == ["resources/a.yml"]
    assert (tmp_path / "README.md").stat().st_mtime_ns == before


def _hold(root: Path, ready: object, done: object) -> None:
    with lock(root):
        ready.set()
        done.wait(20)


def test_a_second_run_leaves_with_a_clear_word_or_waits(tmp_path: Path) -> None:
    with (
        _held_by_another(tmp_path),
        pytest.raises(LockedError, match="another run"),
        lock(tmp_path),
    ):
        pass
    with lock(tmp_path, wait=5):
        pass


@pytest.mark.parametrize(
    "moves",
    [
        '[["../evil", "0"]]',
        '[["/tmp/evil", "0"]]',
        '[[".git/hooks/pre-commit", "0"]]',
        '[["resources/a.yml", "../../b"]]',
        '[["../evil", null]]',
        '{"a": 1}',
        "[1]",
        "not JSON",
    ],
)
def test_a_journal_that_came_with_a_branch_cannot_reach_outside(tmp_path: Path, moves: str) -> None:
    root = tmp_path / "index"
    fill(root)
    (tmp_path / "evil").write_text("mine")
    pending = root / "resources/.pending"
    pending.mkdir()
    (pending / "0").write_text("owned")
    (pending / "manifest.json").write_text(moves)
    with pytest.raises(WriteError, match="not a journal"):
        recover(root)
    assert {p: t for p, t in read(root).items() if ".pending" not in p} == OLD
    assert (tmp_path / "evil").read_text() == "mine"


def test_reading_leaves_alone_what_a_living_run_has_staged(tmp_path: Path) -> None:
    fill(tmp_path)
    pending = tmp_path / "resources/.pending"
    with _held_by_another(tmp_path):
        pending.mkdir()
        (pending / "0").write_text("half")
        settle(tmp_path)
        assert (pending / "0").read_text() == "half"
    settle(tmp_path)  # its owner is gone
    assert not pending.exists()


def test_reading_waits_until_a_living_run_has_put_its_files_in_place(tmp_path: Path) -> None:
    fill(tmp_path)
    pending = tmp_path / "resources/.pending"
    with _held_by_another(tmp_path):
        pending.mkdir()
        (pending / "manifest.json").write_text("[]")
        timer = threading.Timer(0.1, shutil.rmtree, [pending])
        timer.start()
        settle(tmp_path)
        assert not pending.exists()
        timer.join()


@contextlib.contextmanager
def _held_by_another(root: Path) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(root, ready, done))
    other.start()
    try:
        assert ready.wait(20)
        yield
    finally:
        done.set()
        other.join()


def test_nobody_writes_beside_another_run(tmp_path: Path) -> None:
    fill(tmp_path)
    with _held_by_another(tmp_path), pytest.raises(LockedError):
        stage(tmp_path).commit()
    assert read(tmp_path) == OLD
