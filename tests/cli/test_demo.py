"""What `make site` falls back on: the bundled sample goes through the same code as the live service."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from updater.cli import demo
from updater.index.repository import Repository

SAMPLE = PROJECT / demo.SAMPLE


@pytest.fixture
def copy(root: Path) -> Path:
    """The small index with the project's templates."""
    shutil.copytree(PROJECT / "site" / "templates", root / "site" / "templates")
    return root


def test_the_sample_is_read_classified_and_merged(copy: Path) -> None:
    demo._update_from_sample(copy, SAMPLE)
    index = Repository(copy).load()
    new = [paper for paper in index.papers.values() if paper.status == "auto"]
    assert len(new) >= 10
    assert {paper.date for paper in new} == {"2026-04-13"}
    assert len(new) + len(index.queue) <= SAMPLE.read_text(encoding="utf-8").count("<entry>")


def test_the_sample_says_that_it_is_one_and_its_summaries_are_the_index_s_own() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    assert "SAMPLE" in text.splitlines()[1]
    summaries = {p.summary for p in Repository(PROJECT).load().papers.values() if p.summary}
    found = [
        line.strip().removeprefix("<summary>").removesuffix("</summary>")
        for line in text.splitlines()
        if "<summary>" in line
    ]
    assert found
    assert all(s.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">") in summaries for s in found)


def test_a_damaged_sample_is_told(copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "PATIENCE_SECONDS", 0)
    damaged = tmp_path / "feed.atom"
    damaged.write_text(SAMPLE.read_text(encoding="utf-8")[:3000], encoding="utf-8")
    with pytest.raises(demo.DemoError, match="restore it from git"):
        demo._update_from_sample(copy, damaged)
