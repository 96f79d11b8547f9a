"""The `classify` stream: JSON lines in, JSON lines out, in the same order.

A line holds `id`, `title`, and where known `abstract` and `categories` (arXiv's); other keys are ignored. What is no such line is
answered by a message on the error stream that names it, and the stream goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
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
    jobs = jobs or min(2, os.cpu_count() or 1)
    classifier = load(model, root=root)
    left_out = 0
    waiting: deque[Future[Answers] | Answers] = deque()
    pool: ProcessPoolExecutor | None = None

    def give(answers: bytes, problems: list[str]) -> int:
        target.write(answers)
        target.flush()
        for problem in problems:
            complain(problem)
        return len(problems)

    try:
        for number, block, full in _blocks(source):
            if full and jobs > 1 and pool is None:
                context = multiprocessing.get_context("spawn" if os.name == "nt" else "forkserver")
                pool = ProcessPoolExecutor(jobs - 1, context, _start, (root, model))
            if pool is not None and sum(not _done(w) for w in waiting) < 2 * (jobs - 1):
                waiting.append(pool.submit(_work, block, number))
            else:
                waiting.append(answer(classifier, block, number))
            while waiting and (_done(waiting[0]) or len(waiting) > _MOST_WAITING):
                left_out += give(*_result(waiting.popleft()))
        while waiting:
            left_out += give(*_result(waiting.popleft()))
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)
    return left_out


def _done(part: Future[Answers] | Answers) -> bool:
    return not isinstance(part, Future) or part.done()


def _result(part: Future[Answers] | Answers) -> Answers:
    return part.result() if isinstance(part, Future) else part


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
