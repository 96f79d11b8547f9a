"""The search index: Pagefind (https://pagefind.app), spoken to over its service protocol.

Pagefind's own Python wrapper looks for an answer once in a tenth of a second (0.1 s a record, measured with 1.5.2), so that
50,000 records would take over an hour. Its service reads base64-encoded JSON messages, each ended by a comma, and answers in
kind, until its input ends. Here they are written in large blocks without waiting for each answer, and the answers go to a file
that is looked at now and then: a thread that woke for every answer would wait for Python's lock each time.

A large index is made in parts, which the browser searches as one (Pagefind's mergeIndex): what Pagefind does for a common
word grows with the square of the documents that have it (1.5.2 looks through all places of a word for every document), and
so do its ways of sorting. Four parts of a quarter each take a quarter of the time; the parts are made one after the other,
so that the memory is that of one. A part that has no word like the one searched for would offer the likest it has, though
another part has the very word; so each part holds, in one document more that is never shown, the words that only others have.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import string
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import cbor2
import orjson
from pagefind.service import get_executable

from updater.errors import MiIndexError

FOLDER: Final = "pagefind"
LAYOUT: Final = "parts.json"
"""In the index's folder: how many parts there are, and documents in all. The first part is the folder itself, the others
are folders in it, named by number."""
PART: Final = 13_000
"""Documents that a part holds at most: a word in a fifth of them is found in 10 ms or less on a present machine, while each
part adds a request to what is loaded for a word."""
WORDS: Final = "words"
"""The filter that only the document with the words of other parts has."""
_NOWHERE: Final = "#words"
"""What stands for that document's address: Pagefind keeps one document an address."""
_BLOCK: Final = 1 << 20
_LOOK: Final = 0.02
"""Seconds between two looks at the answers."""
_SORT: Final = "date"
_ALLOCATOR: Final = "narenas:1"
"""Makes Pagefind's threads share one heap (of jemalloc): a sixth less memory at its peak, at no cost in time."""
_SIGNATURE: Final = b"pagefind_dcd"
_UNUSED: Final = (
    "pagefind-ui.*",
    "pagefind-modular-ui.*",
    "pagefind-component-ui.*",
    "pagefind-highlight.js",
    "wasm.unknown.*",
)
_ONCE: Final = ("pagefind.js", "pagefind-worker.js", "wasm.*")
"""Not needed again in further parts."""


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
    place: int = 0
    """Place in the order by date, the newest highest."""


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


def parts(places: Sequence[int], size: int) -> list[int]:
    """The part of each document, by its place in the order by date: dealt out in turn like cards.

    So every part is a fair sample, in which a word is as rare as in the whole (which decides the ranking), and a document's
    place within its part, times the number of parts, is its place in the whole.
    """
    count = max(1, -(-len(places) // size))
    out = [0] * len(places)
    for rank, number in enumerate(sorted(range(len(places)), key=places.__getitem__)):
        out[number] = rank % count
    return out


class Index:
    """A search index in the making, as a context manager: `add` documents, `begin`, do something else, `write`.

    Other processes do the work while this one does something else. `folder` is where it is done; it does not stay.
    """

    def __init__(self, folder: Path, size: int = PART) -> None:
        self._folder = folder
        self._size = size
        self._places: list[int] = []
        self._thread: threading.Thread | None = None
        self._service: Service | None = None
        self._stopped = threading.Event()
        self._error: BaseException | None = None

    def __enter__(self) -> Self:
        executable()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._spool = tempfile.TemporaryFile()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._service is not None:
            self._service.stop()
        if self._thread is not None:
            self._thread.join()
        self._spool.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, documents: Iterable[Document]) -> int:
        """Take documents; returns how many there were."""
        before = len(self._places)
        for document in documents:
            record = {
                "url": document.url,
                "content": document.content,
                "language": "en",
                "meta": {"title": document.title, **{name: text for name, text in document.meta.items() if text}},
                "filters": {name: values for name, values in document.filters.items() if values},
                "sort": {_SORT: str(document.place)},
            }
            self._spool.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            self._places.append(document.place)
        return len(self._places) - before

    def begin(self) -> None:
        """Start the work on all that was added."""
        self._spool.flush()
        self._thread = threading.Thread(target=self._make, daemon=True)
        self._thread.start()

    def write(self, site: Path) -> None:
        """Wait for the work to end and put the index into the site's folder `pagefind`.

        Raises
        ------
        SearchError
            Pagefind refused a document, or ended.
        """
        if self._thread is None:
            self.begin()
        assert self._thread is not None  # noqa: S101 - begun above
        self._thread.join()
        if self._error is not None:
            raise self._error
        target = site / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        self._folder.replace(target)

    def _make(self) -> None:
        try:
            belongs = parts(self._places, self._size)
            count = max(belongs, default=0) + 1
            missing = self._missing(belongs, count)
            for part in range(count):
                folder = self._folder / (str(part + 1) if part else "")
                # what was made before lies where the first part is written, and stays
                with Service() as self._service:
                    if self._stopped.is_set():
                        return
                    self._service.add(line for line, mine in self._records(belongs) if mine == part)
                    self._service.add(_words(words) for words in missing[part : part + 1])
                    self._service.write(folder, _ONCE if part else ())
            layout = {"parts": count, "documents": len(belongs)}
            (self._folder / LAYOUT).write_bytes(orjson.dumps(layout))
        except BaseException as error:
            self._error = error

    def _records(self, belongs: Sequence[int]) -> Iterator[tuple[bytes, int]]:
        """Each record (JSON) with the part that it belongs to."""
        self._spool.seek(0)
        yield from zip(self._spool, belongs, strict=True)

    def _missing(self, belongs: Sequence[int], count: int) -> list[list[str]]:
        """For each part the words that are in others only; nothing if there is one part."""
        if count == 1:
            return []
        words: list[set[str]] = [set() for _ in range(count)]
        for line, part in self._records(belongs):
            record = orjson.loads(line)
            for text in (record["content"], *record["meta"].values()):
                words[part].update(word.strip(string.punctuation) for word in text.lower().split())
        every = set[str]().union(*words)
        return [sorted(every - own) for own in words]


def _words(words: Iterable[str]) -> bytes:
    """The record that holds words of other parts: without a place by date, so that sorting leaves it out."""
    return orjson.dumps(
        {
            "url": _NOWHERE,
            "content": " ".join(words),
            "language": "en",
            "meta": {},
            "filters": {WORDS: ["1"]},
            "sort": {},
        }
    )


def executable() -> Path:
    """Pagefind's program; SearchError if it is not installed."""
    found = get_executable()
    if found is None:
        raise SearchError("Pagefind's program is missing (pip install 'pagefind[extended]')")
    return Path(found)


class Service:
    """A running Pagefind that makes one part, as a context manager."""

    def __init__(self) -> None:
        self._sent = 0
        self._answers = 0
        self._rest = b""
        self._read = 0
        self._index: int | None = None

    def __enter__(self) -> Self:
        env = {**os.environ, "_RJEM_MALLOC_CONF": _ALLOCATOR}
        self._output = tempfile.TemporaryFile(buffering=0)
        self._process = subprocess.Popen(  # noqa: S603
            [str(executable()), "--service"], stdin=subprocess.PIPE, stdout=self._output, bufsize=0, env=env
        )
        self._send([{"type": "NewIndex", "config": {"force_language": "en", "write_playground": False}}])
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._process.wait()
        self._output.close()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def stop(self) -> None:
        """End the program; who waits for it gets a SearchError."""
        self._process.terminate()

    def add(self, records: Iterable[bytes]) -> None:
        """Hand records (JSON) over without waiting for them to be indexed."""
        self._send({"type": "AddRecord", "index_id": self._index, **orjson.loads(record)} for record in records)

    def write(self, folder: Path, without: Sequence[str] = ()) -> None:
        """Wait for everything to be indexed and write the index, less the files of some patterns, into a folder.

        Raises
        ------
        SearchError
            Pagefind refused a document, or ended.
        """
        self._send([{"type": "WriteFiles", "index_id": self._index, "output_path": str(folder)}])
        self.wait()
        for pattern in (*_UNUSED, *without):
            for file in folder.glob(pattern):
                file.unlink()
        _settle(folder)

    def wait(self) -> None:
        """Block until every message has been answered; SearchError if one was refused."""
        while self._answers < self._sent:
            time.sleep(_LOOK)
            ended = self._process.poll() is not None
            # read at a place of its own: the place of the open file is where Pagefind writes on
            while data := os.pread(self._output.fileno(), _BLOCK, self._read):
                self._read += len(data)
                self._take(data)
            if ended and self._answers < self._sent:
                raise SearchError("Pagefind ended before it had answered everything")

    def _take(self, data: bytes) -> None:
        *messages, self._rest = (self._rest + data).split(b",")
        for message in messages:
            try:
                payload = orjson.loads(base64.b64decode(message))["payload"]
                kind = payload["type"]
            except (ValueError, TypeError, KeyError) as error:
                raise SearchError("Pagefind's answer is not understood; was Pagefind upgraded?") from error
            self._answers += 1
            if kind == "Error":
                raise SearchError(f"Pagefind: {payload.get('message')}")
            if kind == "NewIndex":
                self._index = payload["index_id"]

    def _send(self, payloads: Iterable[dict[str, Any]]) -> None:
        block = bytearray()
        for payload in payloads:
            self._sent += 1
            block += base64.b64encode(orjson.dumps({"message_id": self._sent, "payload": payload})) + b","
            if len(block) >= _BLOCK:
                self._pass(block)
                block.clear()
        self._pass(block)

    def _pass(self, block: bytearray) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with memoryview(block) as rest:
            done = 0
            try:
                while done < len(rest):
                    done += self._process.stdin.write(rest[done:]) or 0
            except BrokenPipeError as error:
                raise SearchError("Pagefind ended early") from error
