"""The search index: Pagefind (https://pagefind.app), spoken to over its service protocol.

Pagefind's own Python wrapper looks for an answer once in a tenth of a second (0.1 s a record, measured with 1.5.2), so that
50,000 records would take over an hour. Its service reads base64-encoded JSON messages, each ended by a comma, and answers in
kind; here they are written without waiting for each answer, while a thread reads what comes back.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cbor2
import orjson
from pagefind.service import get_executable

from updater.errors import MiIndexError

FOLDER: Final = "pagefind"
_ALLOCATOR: Final = "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0,tcache:false"
"""Makes Pagefind's allocator (jemalloc) give memory back at once and keep none aside: a quarter less at its peak."""
_SIGNATURE: Final = b"pagefind_dcd"
_UNUSED: Final = (
    "pagefind-ui.*",
    "pagefind-modular-ui.*",
    "pagefind-component-ui.*",
    "pagefind-highlight.js",
    "wasm.unknown.*",
)


class SearchError(MiIndexError):
    """The search index could not be made."""


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to find."""

    url: str
    """Relative to the site's root, with a leading slash, as Pagefind wants it."""
    title: str
    content: str
    meta: dict[str, str] = field(default_factory=dict)
    """Further fields that a result shows; their words are searched too."""
    filters: dict[str, list[str]] = field(default_factory=dict)
    sort: dict[str, str] = field(default_factory=dict)


def _settle(folder: Path) -> None:
    """Give the index files one order and names by content, so that the same documents give the same bytes.

    Pagefind writes the values of a filter, and the filters themselves, in the order of a hash table that is seeded anew in
    each run. The files are gzipped CBOR behind a signature: a filter is [name, [[value, [pages]], …]], the metadata
    [version, pages, chunks, [[filter, file], …], sorts, fields].
    """
    (meta,) = folder.glob("*.pf_meta")
    content = _load(meta)
    filters = []
    for name, file in content[3]:
        path = folder / "filter" / f"{file}.pf_filter"
        value = _load(path)
        path.unlink()
        value[1].sort()
        data = _dump(value)
        renamed = f"{file.partition('_')[0]}_{hashlib.sha256(data).hexdigest()[:10]}"
        (folder / "filter" / f"{renamed}.pf_filter").write_bytes(data)
        filters.append([name, renamed])
    content[3] = sorted(filters)
    data = _dump(content)
    meta.unlink()
    language = meta.name.split(".")[1].partition("_")[0]
    key = f"{language}_{hashlib.sha256(data).hexdigest()[:10]}"
    (folder / f"pagefind.{key}.pf_meta").write_bytes(data)
    entry = folder / "pagefind-entry.json"
    value = orjson.loads(entry.read_bytes())
    value["languages"][language]["hash"] = key
    entry.write_bytes(orjson.dumps(value))


def _load(file: Path) -> Any:
    data = gzip.decompress(file.read_bytes())
    if not data.startswith(_SIGNATURE):
        raise SearchError(f"{file.name} is not a file of Pagefind's that we know; was Pagefind upgraded?")
    return cbor2.loads(data[len(_SIGNATURE) :])


def _dump(value: Any) -> bytes:
    return gzip.compress(_SIGNATURE + cbor2.dumps(value), mtime=0)


class Service:
    """A running Pagefind, as a context manager."""

    def __init__(self) -> None:
        self._sent = 0
        self._answers = 0
        self._errors: list[str] = []
        self._index: int | None = None
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        executable = get_executable()
        if executable is None:
            raise SearchError("Pagefind's program is missing (pip install 'pagefind[extended]')")
        env = {**os.environ, "_RJEM_MALLOC_CONF": _ALLOCATOR}
        self._process = subprocess.Popen(  # noqa: S603
            [str(executable), "--service"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._send({"type": "NewIndex", "config": {"force_language": "en", "write_playground": False}})
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was not sent any more, after an error
                    pipe.close()

    def add(self, documents: Iterable[Document]) -> int:
        """Hand documents over without waiting for them to be indexed; returns how many there were."""
        count = 0
        for document in documents:
            self._send(
                {
                    "type": "AddRecord",
                    "index_id": self._index,
                    "url": document.url,
                    "content": document.content,
                    "language": "en",
                    "meta": {"title": document.title, **document.meta},
                    "filters": {name: values for name, values in document.filters.items() if values},
                    "sort": document.sort,
                }
            )
            count += 1
        return count

    def write(self, site: Path) -> None:
        """Wait for everything to be indexed and write the index into the site's folder `pagefind`.

        Raises
        ------
        SearchError
            Pagefind refused a document, or ended.
        """
        folder = site / FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        self._send({"type": "WriteFiles", "index_id": self._index, "output_path": str(folder)})
        self.wait()
        for pattern in _UNUSED:
            for file in folder.glob(pattern):
                file.unlink()
        _settle(folder)

    def wait(self) -> None:
        """Block until every message has been answered; SearchError if one was refused."""
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.flush()
        with self._changed:
            self._changed.wait_for(lambda: self._answers >= self._sent or self._errors)
        if self._errors:
            raise SearchError(f"Pagefind: {self._errors[0]}")

    def _send(self, payload: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._sent += 1
        message = base64.b64encode(orjson.dumps({"message_id": self._sent, "payload": payload}))
        try:
            self._process.stdin.write(message + b",")
        except BrokenPipeError as error:
            raise SearchError(f"Pagefind ended early: {self._errors[:1] or 'it gave no reason'}") from error

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        rest = b""
        while chunk := os.read(self._process.stdout.fileno(), 1 << 16):
            *messages, rest = (rest + chunk).split(b",")
            for message in messages:
                payload = orjson.loads(base64.b64decode(message))["payload"]
                with self._changed:
                    self._answers += 1
                    if payload["type"] == "Error":
                        self._errors.append(str(payload.get("message")))
                    elif payload["type"] == "NewIndex":
                        self._index = payload["index_id"]
                    self._changed.notify_all()
        with self._changed:
            if self._answers < self._sent:
                self._errors.append("it ended before it had answered everything")
            self._changed.notify_all()
