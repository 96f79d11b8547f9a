"""What people decide: carried out once, never undone by a machine, never half."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import PROJECT, Command
from updater.errors import DataError, UsageError
from updater.index.check import check
from updater.index.model import Links, Queued
from updater.index.repository import Repository
from updater.merge.decide import Decision, Desk, read
from updater.records import Record

LISTED, OTHER, WAITING, NEW = "2501.00001", "2501.00002", "2501.00007", "2501.00009"


def known_to_arxiv(ids: Sequence[str]) -> list[Record]:
    return [
        Record(id=i, title="Fresh from arXiv", authors=("Di Wu",), published=dt.date(2025, 1, 9))
        for i in ids
        if i == NEW
    ]


def decide(repository: Repository, **decision: object) -> None:
    desk = Desk(repository, repository.load(), known_to_arxiv)
    desk.decide([Decision.model_validate(decision)])
    desk.editor.commit()


@pytest.fixture
def waiting(repository: Repository) -> Repository:
    queued = Queued(
        id=WAITING,
        title="Waits",
        date="2025-01-05",
        links=Links(arxiv=f"https://arxiv.org/abs/{WAITING}"),
        categories=["probing"],
        probability=0.4,
    )
    editor = repository.edit()
    editor.put("resources/queue.yml", queued)
    editor.commit()
    return repository


def test_accepting_from_the_queue_makes_a_curated_entry(waiting: Repository) -> None:
    decide(waiting, id=WAITING, decision="accept", categories=["steering"], summary="Steers a thing.")
    index = waiting.load()
    paper = index.papers[WAITING]
    assert (paper.status, paper.categories, paper.summary, paper.date) == (
        "curated",
        ["steering"],
        "Steers a thing.",
        "2025-01-05",
    )
    assert not index.queue
    assert check(waiting)[1] == []


@pytest.mark.parametrize("word", ["reject", "borderline"])
def test_what_leaves_the_queue_is_remembered(waiting: Repository, word: str) -> None:
    decide(waiting, id=WAITING, decision=word)
    index = waiting.load()
    assert WAITING in (index.rejected if word == "reject" else index.borderline)
    assert not index.queue
    assert not index.gone
    assert check(waiting)[1] == []


@pytest.mark.parametrize("word", ["reject", "borderline"])
def test_what_leaves_the_list_keeps_its_address(repository: Repository, word: str) -> None:
    decide(repository, id=LISTED, decision=word, reason="about clocks")
    index = repository.load()
    assert LISTED not in index.papers
    assert index.gone[LISTED].reason == "out-of-scope"
    assert check(repository)[1] == []
    decide(repository, id=NEW, decision="accept", categories=["probing"])
    assert set(repository.load().papers) == {OTHER, NEW}


def test_a_work_that_nobody_has_yet_comes_with_its_publishers_facts(repository: Repository) -> None:
    decide(repository, id=NEW, decision="accept", categories=["probing"])
    paper = repository.load().papers[NEW]
    assert (paper.title, paper.authors, paper.date, paper.status) == (
        "Fresh from arXiv",
        ["Di Wu"],
        "2025-01-09",
        "curated",
    )


def test_correcting_keeps_what_is_not_mentioned(repository: Repository) -> None:
    decide(repository, id=OTHER, decision="correct", categories=["probing"], links={"code": "https://github.com/a/b"})
    paper = repository.load().papers[OTHER]
    assert (paper.categories, paper.goal, paper.models) == (["probing"], ["safety"], ["GPT-2"])
    assert paper.links.doi == "https://doi.org/10.1000/clock"
    assert paper.links.code == "https://github.com/a/b"


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        ({"id": "2501.99999", "decision": "accept", "categories": ["probing"]}, "does not know it"),
        ({"id": NEW, "decision": "accept"}, "must name its categories"),
        ({"id": OTHER, "decision": "correct", "categories": ["clocks"]}, "not a category of the taxonomy"),
        ({"id": NEW, "decision": "correct", "summary": "x"}, "nothing to correct"),
        ({"id": OTHER, "decision": "correct", "links": {"code": "javascript:x"}}, "not a web address"),
        (
            {
                "id": NEW,
                "decision": "accept",
                "categories": ["probing"],
                "title": "A circuit for counting",
                "authors": ["A. Lee"],
            },
            "same work as",
        ),
    ],
)
def test_a_decision_that_cannot_be_is_refused_with_its_reason(
    repository: Repository, decision: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        decide(repository, **decision)


def test_lines_that_are_no_decisions_are_all_named() -> None:
    lines = [
        b'{"id": "1", "decision": "accept"}',
        b"{",
        b'{"id": "2", "decision": "maybe"}',
        b'{"id": "3", "decision": "reject", "x": 1}',
    ]
    with pytest.raises(DataError) as caught:
        read(lines, "f.jsonl")
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["f.jsonl:2", "f.jsonl:3", "f.jsonl:4"]


def test_review_writes_the_readme_with_its_decisions(root: Path, mi_index: Command) -> None:
    (root / "site").mkdir()
    (root / "site/templates").symlink_to(PROJECT / "site/templates")
    assert mi_index("render").exit_code == 0
    assert mi_index("review", "--reject", LISTED).exit_code == 0
    assert "A circuit for counting" not in (root / "README.md").read_text(encoding="utf-8")
    assert mi_index("render", "--check").exit_code == 0
