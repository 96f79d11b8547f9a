"""What services answered, and on which day, so that a run that was cut off goes on where it was.

One SQLite file in the cache folder (MI_INDEX_CACHE). A cache that cannot be used is no cache, not an error.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any, Final, Self

import orjson

_FILE: Final = "services-1.sqlite"


class ServiceCache:
    """Answers by service and key, each with the day on which it came."""

    def __init__(self, database: sqlite3.Connection | None, today: dt.date) -> None:
        self._database, self.today = database, today

    @classmethod
    def open(cls, folder: Path, today: dt.date) -> Self:
        """Open the cache in a folder; a damaged one is begun anew, one that cannot be written is done without."""
        place = folder / _FILE
        for _ in range(2):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                database = sqlite3.connect(place, timeout=30, isolation_level=None)
                database.execute(
                    "CREATE TABLE IF NOT EXISTS answers (service TEXT, key TEXT, day TEXT, body BLOB, PRIMARY KEY (service, key))"
                )
            except sqlite3.OperationalError:
                return cls(None, today)
            except sqlite3.DatabaseError:
                with contextlib.suppress(OSError):
                    place.unlink()
            except OSError:
                return cls(None, today)
            else:
                return cls(database, today)
        return cls(None, today)

    def get(self, service: str, key: str, max_age: int) -> tuple[Any, dt.date] | None:
        """The answer and its day, if it is at most `max_age` days old."""
        if self._database is None:
            return None
        try:
            row = self._database.execute(
                "SELECT day, body FROM answers WHERE service = ? AND key = ?", (service, key)
            ).fetchone()
            if row is None or (self.today - (day := dt.date.fromisoformat(row[0]))).days > max_age:
                return None
            return orjson.loads(row[1]), day
        except (sqlite3.DatabaseError, ValueError):
            return None

    def put(self, service: str, key: str, answer: Any) -> None:
        """Keep an answer; it is on the disk when this returns."""
        if self._database is not None:
            with contextlib.suppress(sqlite3.DatabaseError):
                row = (service, key, self.today.isoformat(), orjson.dumps(answer))
                self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", row)

    def close(self) -> None:
        """Let go of the file."""
        if self._database is not None:
            self._database.close()
