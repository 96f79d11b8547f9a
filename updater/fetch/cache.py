"""What was fetched by id, kept in the user's cache folder.

One SQLite file, so that every batch is written at once or not at all, and two runs do not disturb each other.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import os
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from updater.records import Record

log = logging.getLogger(__name__)

_FILE: Final = "arxiv-records-1.sqlite"
"""The number changes when normalization does: what the cache holds is normalized."""
_AT_ONCE: Final = 500


def folder() -> Path:
    """Return the cache folder: MI_INDEX_CACHE, or the user's as the XDG Base Directory Specification has it."""
    if chosen := os.environ.get("MI_INDEX_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "mi-index"


class RecordCache:
    """Records by id. A cache that cannot be written or read is no cache, not an error."""

    def __init__(self, database: sqlite3.Connection | None) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path | None = None) -> Self:
        """Open the cache in `path`, or in the user's cache folder; a damaged one is begun anew."""
        place = (path or folder()) / _FILE
        for _ in range(2):
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                database = sqlite3.connect(place, timeout=30, isolation_level=None)
                database.execute("CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, body BLOB NOT NULL)")
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # read-only, full, locked: not the file's fault
                    log.warning("no cache: %s: %s", place, error)
                    return cls(None)
                log.warning("the cache is damaged and begun anew: %s: %s", place, error)
                with contextlib.suppress(OSError):
                    place.unlink()
            except OSError as error:
                log.warning("no cache: %s: %s", place, error)
                return cls(None)
            else:
                return cls(database)
        return cls(None)

    def get(self, ids: Iterable[str]) -> dict[str, Record]:
        """Return what is known of `ids`."""
        names, out = list(ids), {}
        for start in range(0, len(names) if self._database else 0, _AT_ONCE):
            part = names[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            with self._tolerantly():
                for name, body in self._execute(f"SELECT id, body FROM records WHERE id IN ({marks})", part):  # noqa: S608
                    if record := _load(name, body):
                        out[name] = record
        return out

    def put(self, records: Iterable[Record]) -> None:
        """Keep `records`, all or none of them."""
        rows = [(r.id, orjson.dumps(dataclasses.asdict(r))) for r in records]
        if not self._database or not rows:
            return
        with self._tolerantly():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany("INSERT OR REPLACE INTO records VALUES (?, ?)", rows)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database:
            self._database.close()
            self._database = None

    def _execute(self, statement: str, values: list[str]) -> Iterable[tuple[str, bytes]]:
        return self._database.execute(statement, values) if self._database else ()

    @contextlib.contextmanager
    def _tolerantly(self) -> Any:
        try:
            yield
        except sqlite3.Error as error:
            log.warning("the cache cannot be used: %s", error)


def _load(name: str, body: bytes) -> Record | None:
    """Return the record, or None if what lies there is not one."""
    try:
        values: Mapping[str, Any] = orjson.loads(body)
        days = {k: dt.date.fromisoformat(values[k]) if values[k] else None for k in ("published", "updated")}
        lists = {k: tuple(values[k]) for k in ("authors", "categories")}
        record = Record(**{**values, **days, **lists})
    except (ValueError, TypeError, KeyError):
        return None
    return record if record.id == name else None
