"""The `classify` stream: JSON lines in, JSON lines out, in the same order.

A line holds `id`, `title`, and where known `abstract` and `categories` (arXiv's); other keys are ignored. What is no such line is
answered by a message on the error stream that names it, and the stream goes on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from updater.classify.model import Classifier, load
from updater.records import Record
from updater.verdict import Verdict

Answers = tuple[bytes, list[str]]
"""Lines of answers, and what was wrong with other lines."""
Complain = Callable[[str], None]
_BLOCK: Final = 1 << 20
"""Bytes that are worked on at once, if so many are there to be read; some 700 records."""
_MAX_LINE: Final = 8 << 20
_MOST_WAITING: Final = 64
"""Blocks whose answers are kept while an earlier one is being worked on."""
_SHOWN: Final = 60
_WORKER: list[Classifier] = []


def run(
    root: Path, model: Path | None, source: BinaryIO, target: BinaryIO, complain: Complain, jobs: int | None = None
) -> int:
    """Answer a stream to its end and return how many lines were left out.

    What is there is answered before more is waited for. When more than one block is waiting, further processes help this one,
    which does not wait for them to start.

    Raises
    ------
    UsageError, SettingsError
        The model or the settings cannot be used.
    """
    crew = _Crew(root, model, jobs or min(2, os.cpu_count() or 1))
    left_out = 0
    waiting: deque[_Part] = deque()

    def give(part: _Part) -> int:
        answers, problems = crew.answers(part)
        target.write(answers)
        target.flush()
        for problem in problems:
            complain(problem)
        return len(problems)

    try:
        for number, block, full in _blocks(source):
            waiting.append(crew.take(block, number, more=full))
            idle = not _ready(source)  # whoever writes to us may be waiting for what we owe
            while waiting and (waiting[0].done() or idle or len(waiting) > _MOST_WAITING):
                left_out += give(waiting.popleft())
        while waiting:
            left_out += give(waiting.popleft())
    finally:
        crew.leave()
    return left_out


@dataclass(slots=True)
class _Part:
    """A block on its way: answered here, or by a helper."""

    block: bytes
    number: int
    future: Future[Answers] | None = None
    answers: Answers | None = None

    def done(self) -> bool:
        return self.answers is not None or (self.future is not None and self.future.done())


class _Crew:
    """The process itself, and helpers from the moment on that there is more to do than it can."""

    def __init__(self, root: Path, model: Path | None, jobs: int) -> None:
        self._classifier = load(model, root=root)
        self._how = (root, model)
        self._helpers = jobs - 1
        self._pool: ProcessPoolExecutor | None = None
        self._given: list[Future[Answers]] = []

    def take(self, block: bytes, number: int, *, more: bool) -> _Part:
        """Give the block to a helper if one has little to do, else answer it here; `more`: another block is waiting."""
        if more and self._helpers > 0 and self._pool is None:
            context = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
            self._pool = ProcessPoolExecutor(self._helpers, context, _start, self._how)
        part = _Part(block, number)
        self._given = [future for future in self._given if not future.done()]
        if self._pool is not None and len(self._given) < 2 * self._helpers:
            with contextlib.suppress(BrokenProcessPool):
                part.future = self._pool.submit(_work, block, number)
                self._given.append(part.future)
        if part.future is None:
            part.answers = answer(self._classifier, block, number)
        return part

    def answers(self, part: _Part) -> Answers:
        """The answers, waited for if need be; a block whose helper is gone is answered here."""
        if part.answers is None and part.future is not None:
            with contextlib.suppress(BrokenProcessPool):
                part.answers = part.future.result()
        return part.answers or answer(self._classifier, part.block, part.number)

    def leave(self) -> None:
        """End the helpers."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


def answer(classifier: Classifier, block: bytes, number: int = 1) -> Answers:
    """Answers to a block of whole lines, the first of which has the given number, and what was wrong with others."""
    records, problems = _records(block, number)
    if not records:
        return b"", problems
    verdicts = classifier.verdicts(records, with_terms=False)
    return b"".join(orjson.dumps(public(v), option=orjson.OPT_APPEND_NEWLINE) for v in verdicts), problems


def _start(root: Path, model: Path | None) -> None:
    _WORKER.append(load(model, root=root))


def _work(block: bytes, number: int) -> Answers:
    return answer(_WORKER[0], block, number)


def _blocks(source: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """Number of the first line, whole lines, and whether more than a block was waiting to be read.

    A line that is too long is cut, so that memory stays bounded; it is no JSON any more and will be named.
    """
    number, rest = 1, b""
    read = getattr(source, "read1", source.read)
    while chunk := read(_BLOCK):
        parts = [rest, chunk]
        size = len(rest) + len(chunk)
        while size < _BLOCK and _ready(source) and (chunk := read(_BLOCK)):
            parts.append(chunk)
            size += len(chunk)
        text = b"".join(parts)
        end = text.rfind(b"\n") + 1
        rest = text[end:]
        if len(rest) > _MAX_LINE:
            rest = rest[:_MAX_LINE]
        if end:
            block = text[:end]
            yield number, block, size >= _BLOCK
            number += block.count(b"\n")
    if rest:
        yield number, rest, False


def _ready(source: BinaryIO) -> bool:
    """Whether something can be read without waiting."""
    try:
        return bool(select.select([source], [], [], 0)[0])
    except (OSError, ValueError):  # no file descriptor, or a system that cannot tell
        return False


def public(verdict: Verdict) -> dict[str, Any]:
    """A verdict as programs see it; probabilities and weights to four places."""
    return {
        "id": verdict.id,
        "probability": round(verdict.probability, 4),
        "decision": verdict.decision,
        "primary": verdict.primary,
        "categories": [{"slug": slug, "probability": round(p, 4)} for slug, p in verdict.categories],
        "facets": verdict.facets,
        "keywords": verdict.keywords,
        "models": verdict.models,
        "because": [{"term": term, "weight": weight} for term, weight in verdict.because],
    }


def _records(block: bytes, first: int) -> tuple[list[Record], list[str]]:
    records, problems = [], []
    for number, line in enumerate(block.split(b"\n"), first):
        if not line.strip():
            continue
        try:
            records.append(_record(_parsed(line)))
        except ValueError as error:
            problems.append(f"line {number}: {error}; left out")
    return records, problems


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:  # bytes that are not UTF-8, or half a surrogate pair: read what can be read
            import json  # noqa: PLC0415 - only for damaged lines

            return json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            shown = line[:_SHOWN].decode("utf-8", "replace").strip()
            raise ValueError(f"not JSON ({error}): {shown!r}") from error


def _record(raw: Any) -> Record:
    if not isinstance(raw, dict):
        raise ValueError(f"an object is expected, not {type(raw).__name__}")  # noqa: TRY004 - one kind of error for a bad line
    for key in ("id", "title"):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise ValueError(f"the key {key!r} is missing, empty or not a text")
    abstract = raw.get("abstract")
    if not isinstance(abstract, str | None):
        raise ValueError("the key 'abstract' is not a text")  # noqa: TRY004
    categories = raw.get("categories") or ()
    if not isinstance(categories, list | tuple) or not all(isinstance(c, str) for c in categories):
        raise ValueError("the key 'categories' is not a list of texts")
    return Record(_clean(raw["id"]), _clean(raw["title"]), _clean(abstract or ""), categories=tuple(categories))


def _clean(text: str) -> str:
    """The text with half surrogate pairs replaced, which could not be written again."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
