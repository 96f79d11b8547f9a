"""The `classify` stream."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from updater.classify import jsonl
from updater.classify.jsonl import answer, run
from updater.classify.model import Classifier, Model, save

KEYS = ["id", "probability", "decision", "primary", "categories", "facets", "keywords", "models", "because"]


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def test_what_programs_rely_on(classifier: Classifier) -> None:
    out, problems = answer(classifier, b'{"id": "a", "title": "A circuit", "abstract": "with heads", "more": 1}\n')
    (verdict,) = lines(out)
    assert problems == []
    assert list(verdict) == KEYS
    assert verdict["categories"][0]["slug"] == verdict["primary"]
    assert set(verdict["categories"][0]) == {"slug", "probability"}
    assert set(verdict["because"][0]) == {"term", "weight"}
    assert set(verdict["facets"]) == {"object", "goal"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"no json", "not JSON"),
        (b"[1]", "an object is expected"),
        (b'{"title": "t"}', "'id' is missing"),
        (b'{"id": 5, "title": "t"}', "'id' is missing, empty or not a text"),
        (b'{"id": "x"}', "'title' is missing"),
        (b'{"id": "x", "title": "t", "abstract": 7}', "'abstract' is not a text"),
        (b'{"id": "x", "title": "t", "categories": "cs.CL"}', "'categories' is not a list"),
        (b'{"id": "x", "title": "t"', "not JSON"),
    ],
)
def test_a_bad_line_is_named_and_the_stream_goes_on(classifier: Classifier, line: bytes, problem: str) -> None:
    good = b'{"id": "%d", "title": "A circuit"}\n'
    out, problems = answer(classifier, good % 1 + line + b"\n\n" + good % 2)
    assert [verdict["id"] for verdict in lines(out)] == ["1", "2"]
    assert len(problems) == 1
    assert problems[0].startswith("line 2: ")
    assert problem in problems[0]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": "x", "title": "t", "abstract": null}',
        b'{"id": "x", "title": "t", "abstract": "\\ud800 half"}',
        b'{"id": "x", "title": "broken \xff\xfe bytes"}',
        b'{"id": "x", "title": "t", "abstract": "' + b"long " * 20_000 + b'"}',
        '{"id": "x", "title": "神经网络", "abstract": "注意力头"}'.encode(),
    ],
)
def test_odd_text_gets_an_answer(classifier: Classifier, line: bytes) -> None:
    out, problems = answer(classifier, line + b"\n")
    assert [verdict["id"] for verdict in lines(out)] == ["x"]
    assert problems == []


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_every_line_is_answered_or_named(classifier: Classifier, block: bytes) -> None:
    out, problems = answer(classifier, block)
    assert len(lines(out)) + len(problems) == sum(bool(line.strip()) for line in block.split(b"\n"))


@pytest.fixture
def model_file(model: Model, tmp_path: Path) -> Path:
    save(model, tmp_path / "model.zip")
    return tmp_path / "model.zip"


@pytest.mark.parametrize("jobs", [1, 2])
def test_order_is_kept_whatever_the_blocks_and_processes(
    root: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr(jsonl, "_BLOCK", 4_000)
    source = (
        b"".join(b'{"id": "%d", "title": "circuit %d"}\n' % (n, n) for n in range(600))
        + b'oops\n{"id": "last", "title": "t"}'
    )
    path = model_file.with_name("in.jsonl")
    path.write_bytes(source)
    target, problems = io.BytesIO(), []
    with path.open("rb") as stream:
        assert run(root, model_file, stream, target, problems.append, jobs) == 1
    assert [v["id"] for v in lines(target.getvalue())] == [*map(str, range(600)), "last"]
    assert len(problems) == 1
    assert problems[0].startswith("line 601: not JSON")


def test_what_is_there_is_answered_before_more_is_waited_for(root: Path, model_file: Path) -> None:
    """A conversation through pipes: the next line is written only after the answer to the last one was read."""
    read_end, write_end = os.pipe()
    answers: list[str] = []

    class Talk(io.BytesIO):
        def write(self, content: Any) -> int:
            answers.extend(v["id"] for v in lines(bytes(content)))
            if len(answers) < 3:
                os.write(write_end, b'{"id": "%d", "title": "t"}\n' % len(answers))
            else:
                os.close(write_end)
            return len(content)

    os.write(write_end, b'{"id": "0", "title": "t"}\n')
    with os.fdopen(read_end, "rb") as source:
        assert run(root, model_file, source, Talk(), answers.append, 1) == 0
    assert answers == ["0", "1", "2"]


def test_helpers_keep_nobody_waiting(root: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the stream comes only after every answer was read, though helpers have some of the blocks."""
    monkeypatch.setattr(jsonl, "_BLOCK", 1_000)
    read_end, write_end = os.pipe()
    ids = [str(n) for n in range(100)]
    answers: list[str] = []

    class Talk(io.BytesIO):
        def write(self, content: Any) -> int:
            answers.extend(v["id"] for v in lines(bytes(content)))
            if len(answers) == len(ids):
                os.close(write_end)
            return len(content)

    os.write(write_end, b"".join(b'{"id": "%s", "title": "a circuit"}\n' % id_.encode() for id_ in ids))
    with os.fdopen(read_end, "rb", 0) as source:
        assert run(root, model_file, source, Talk(), answers.append, 3) == 0
    assert answers == ids


def test_the_blocks_of_a_dead_helper_are_answered(
    root: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_BLOCK", 1_000)
    load = jsonl.load

    def once(*where: Any, **root_: Any) -> Classifier:
        classifier = load(*where, **root_)
        model_file.unlink()  # no helper can start
        return classifier

    monkeypatch.setattr(jsonl, "load", once)
    path = model_file.with_name("in.jsonl")
    path.write_bytes(b"".join(b'{"id": "%d", "title": "a circuit"}\n' % n for n in range(300)))
    target = io.BytesIO()
    with path.open("rb") as source:
        assert run(root, model_file, source, target, [].append, 2) == 0
    assert [v["id"] for v in lines(target.getvalue())] == [str(n) for n in range(300)]


def test_an_endless_line_does_not_fill_the_memory(
    root: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_MAX_LINE", 1_000)
    monkeypatch.setattr(jsonl, "_BLOCK", 500)
    source = io.BytesIO(b'{"id": "a", "title": "t"}\n{"id": "' + b"x" * 50_000 + b'"}\n{"id": "b", "title": "t"}\n')
    target, problems = io.BytesIO(), []
    assert run(root, model_file, source, target, problems.append, 1) == 1
    assert [v["id"] for v in lines(target.getvalue())] == ["a", "b"]
    assert problems[0].startswith("line 2: ")
