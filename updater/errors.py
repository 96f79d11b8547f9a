"""Everything that can go wrong on purpose, with the exit code that the command line gives it.

MiIndexError                base class, exit code 1
├── DataError               a file under resources/ is wrong: file, line and remedy are in the message (1)
├── GuardError              a run stopped itself before it published something doubtful (1)
├── LockedError             another run holds the lock (1)
├── WriteError              the disk is full or the folder read-only; nothing was changed (1)
├── UsageError              wrong usage or configuration (2)
│   └── SettingsError       resources/settings.yml or taxonomy.yml is wrong (2)
└── SourceError             a source could not be read; nothing is lost, run again (3)
    └── RefusedError        the service answered, but refused (429, 403, 406, 5xx, a page in place of data) (3)
"""

from __future__ import annotations

from typing import ClassVar


class MiIndexError(Exception):
    """Base of all errors that the command line reports in one line instead of a traceback."""

    exit_code: ClassVar[int] = 1


class DataError(MiIndexError):
    """Data under resources/ cannot be used; the message is one or more `file:line: problem` lines with a remedy."""


class GuardError(MiIndexError):
    """The run stopped before publishing something that looks wrong; nothing was changed."""


class LockedError(MiIndexError):
    """Another run is writing; nothing was changed."""


class WriteError(MiIndexError):
    """Files could not be written; nothing was changed."""


class UsageError(MiIndexError):
    """Wrong usage or configuration."""

    exit_code = 2


class SettingsError(UsageError):
    """A settings or taxonomy file is wrong."""


class SourceError(MiIndexError):
    """A source could not be read to the end. What was finished before is kept; the next run goes on from there."""

    exit_code = 3


class RefusedError(SourceError):
    """The service answered, but not with data."""
