"""Writing several files as one: after a crash at any moment, either all of them are the new ones or none is.

A write-ahead journal: the new contents are staged and flushed under resources/.pending/, then a manifest makes them valid by
one rename, then each file is moved to its place. `recover` finishes a journal that has its manifest and throws away one that
has not. (The method is the redo log of every database; for rename and fsync see POSIX and
https://lwn.net/Articles/457667/.)
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import filelock

from updater.errors import LockedError, WriteError

_PENDING: Final = "resources/.pending"
_MANIFEST: Final = "manifest.json"
_LOCK: Final = ".mi-index.lock"
_COMMIT_SECONDS: Final = 30.0
_held: Final[set[Path]] = set()
"""Folders whose lock this process holds."""


@contextlib.contextmanager
def lock(root: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold the one lock under which an index is changed; first finish what a crashed run left behind.

    Parameters
    ----------
    wait
        Seconds to wait for another run to end.

    Raises
    ------
    LockedError
        Another run still holds it.
    WriteError
        The folder cannot be written to.
    """
    root = root.resolve()
    holder = filelock.FileLock(root / _LOCK, timeout=wait)
    try:
        holder.acquire()
    except filelock.Timeout as error:
        raise LockedError(f"another run is changing {root} (wait for it to end, or use --wait SECONDS)") from error
    except OSError as error:
        raise WriteError(
            f"cannot write to {root}: {error.strerror or error} (nothing was changed; is the folder read-only?)"
        ) from error
    try:
        _held.add(root)
        recover(root)
        yield
    finally:
        _held.discard(root)
        holder.release()


def settle(root: Path) -> None:
    """Before reading: finish or discard what a crashed run left, and let a run that is just putting its files in place end.

    Where nothing is pending, nothing is touched. Where the folder cannot be written to, reading goes on with what is there.

    Raises
    ------
    WriteError
        A finished journal cannot be put in place.
    LockedError
        Another run has been putting its files in place for longer than `_COMMIT_SECONDS`.
    """
    root = root.resolve()
    if root in _held or not (root / _PENDING).exists() or not os.access(root, os.W_OK):
        return
    deadline = time.monotonic() + _COMMIT_SECONDS
    while True:
        try:
            with lock(root):
                return
        except LockedError:
            # Its owner is alive: what is only staged is its own business, what has a manifest is about to be in place.
            if not (root / _PENDING / _MANIFEST).exists():
                return
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Transaction:
    """Collects new file contents and puts them in place together.

    Paths are relative to the root of the index; `None` as content removes a file. Files whose content is the same already are
    not touched.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staged: dict[str, bytes | None] = {}

    def put(self, path: str, content: str | bytes | None) -> None:
        """Stage the content of one file; a second call for the same path replaces the first."""
        self._staged[path] = content.encode() if isinstance(content, str) else content

    @property
    def changed(self) -> list[str]:
        """Paths whose content would really change, sorted."""
        return sorted(path for path, content in self._staged.items() if _read(self.root / path) != content)

    def diff(self) -> str:
        """What `commit` would change, as a patch that `git apply` understands; empty if nothing."""
        return "".join(_patch(path, _read(self.root / path), self._staged[path]) for path in self.changed)

    def commit(self) -> list[str]:
        """Put everything in place, under the lock; returns the changed paths.

        Raises
        ------
        WriteError
            A file could not be written (full disk, read-only folder); no file was changed.
        LockedError
            Another run holds the lock, and this process has not taken it before.
        """
        if not self.changed:
            return []
        with contextlib.nullcontext() if self.root.resolve() in _held else lock(self.root):
            return self._commit()

    def _commit(self) -> list[str]:
        changed = self.changed
        pending = self.root / _PENDING
        try:
            shutil.rmtree(pending, ignore_errors=True)
            pending.mkdir(parents=True)
            moves: list[tuple[str, str | None]] = []
            for number, path in enumerate(changed):
                content, folder = self._staged[path], (self.root / path).parent
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    raise PermissionError(errno.EACCES, f"{os.strerror(errno.EACCES)}: {folder}")
                if content is not None:
                    _write_synced(pending / str(number), content)
                moves.append((path, None if content is None else str(number)))
            _write_synced(pending / f"{_MANIFEST}.tmp", json.dumps(moves).encode())
            _sync_folder(pending)
            (pending / f"{_MANIFEST}.tmp").replace(pending / _MANIFEST)
            _sync_folder(pending)
        except OSError as error:
            shutil.rmtree(pending, ignore_errors=True)
            raise WriteError(
                f"cannot write under {self.root}: {error.strerror or error} (nothing was changed)"
            ) from error
        recover(self.root)
        return changed


def recover(root: Path) -> bool:
    """Finish or discard what a crashed run left; returns whether there was a finished journal to put in place.

    Raises
    ------
    WriteError
        The journal is complete but cannot be put in place; it stays, and the next call goes on with it.
    """
    pending = root / _PENDING
    if not pending.exists():
        return False
    manifest = pending / _MANIFEST
    if not manifest.exists():
        shutil.rmtree(pending, ignore_errors=True)
        return False
    try:
        for path, staged in _moves(root, manifest):
            target = root / path
            if staged is None:
                target.unlink(missing_ok=True)
            elif (pending / staged).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                (pending / staged).replace(target)
            if target.parent.exists():
                _sync_folder(target.parent)
        shutil.rmtree(pending)
    except OSError as error:
        raise WriteError(
            f"cannot finish writing under {root}: {error.strerror or error} (the next run goes on from {_PENDING})"
        ) from error
    return True


def _patch(path: str, old: bytes | None, new: bytes | None) -> str:
    """A unified diff of one file (https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html)."""
    before, after = ((b or b"").decode("utf-8", "replace").splitlines(keepends=True) for b in (old, new))
    names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
    lines = difflib.unified_diff(before, after, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _moves(root: Path, manifest: Path) -> list[tuple[str, str | None]]:
    """What a journal says: (path, name of the staged file or None to remove the path).

    A journal that came with somebody's branch must not reach outside of the index.
    """
    try:
        moves = [
            (str(path), None if staged is None else str(staged)) for path, staged in json.loads(manifest.read_bytes())
        ]
    except (ValueError, TypeError):
        moves = [("", "")]
    for path, staged in moves:
        parts = Path(path).parts
        inside = (root / path).resolve().is_relative_to(root.resolve()) and parts and parts[0] != ".git"
        if not inside or not (staged is None or staged.isdecimal()):
            raise WriteError(f"{manifest}: not a journal of mi-index (look at it, then delete the folder {_PENDING})")
    return moves


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name != "posix":  # Windows has no descriptor for folders; renames are durable with NTFS's own journal
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
