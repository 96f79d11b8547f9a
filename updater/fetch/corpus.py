"""Records from a file of JSON lines, for training and evaluation without a network."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import orjson

from updater.errors import SourceError, UsageError
from updater.fetch import normalize
from updater.records import Record

_GZIP: Final = b"\x1f\x8b"


def read_corpus(path: Path) -> Iterator[Record]:
    """Yield the records of a JSON-lines file, plain or compressed with gzip.

    Keys of a line: `id` and `title`; optionally `abstract`, `authors`, `categories` (the primary one first), `published`,
    `comment`, `doi`, `journal_ref`. Others are ignored. Empty lines are skipped.

    Raises
    ------
    UsageError
        A line is not such an object; the message names file and line.
    SourceError
        The file cannot be read.
    """
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == _GZIP
        with gzip.open(path, "rb") if packed else path.open("rb") as lines:
            yield from _records(lines, path)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: cannot be read ({error})") from error


def _records(lines: IO[bytes] | gzip.GzipFile, path: Path) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except ValueError as error:
            raise UsageError(f"{path}:{number}: not JSON ({error})") from error
        if not isinstance(value, dict) or not _text(value, "id") or not _text(value, "title"):
            raise UsageError(f"{path}:{number}: an object with texts `id` and `title` is expected")
        yield _record(value)


def _record(value: dict[str, Any]) -> Record:
    categories = _texts(value, "categories")
    return Record(
        id=normalize.identifier(_text(value, "id"))[0] or normalize.fold(_text(value, "id"), 200),
        title=normalize.title(_text(value, "title")),
        abstract=normalize.abstract(_text(value, "abstract")),
        authors=normalize.authors(_texts(value, "authors")),
        categories=normalize.categories(categories[0] if categories else "", categories[1:]),
        published=normalize.day(_text(value, "published")),
        comment=normalize.comment(_text(value, "comment")),
        doi=normalize.doi(_text(value, "doi")),
        journal_ref=normalize.reference(_text(value, "journal_ref")),
    )


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    return text if isinstance(text, str) else ""


def _texts(value: dict[str, Any], key: str) -> list[str]:
    texts = value.get(key)
    return [t for t in texts if isinstance(t, str)] if isinstance(texts, list) else []
