"""The README list: each paper once, all links and anchors right, hostile text escaped, small enough."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import made_up_site
import pytest

from updater.errors import DataError
from updater.index.repository import Repository
from updater.render import readme
from updater.render.catalogue import Catalogue


@pytest.fixture
def text(made_up: Repository) -> str:
    return readme.render(made_up)


def rows(text: str) -> list[str]:
    return re.findall(r"^- \[(?:[^\]\\]|\\.)*\]\(([^()\s]+)\)", text, re.MULTILINE)


def test_each_work_stands_once(text: str, catalogue: Catalogue) -> None:
    links = Counter(link for link in rows(text) if not link.startswith("#"))
    assert [link for link, count in links.items() if count > 1] == []
    assert f"https://arxiv.org/abs/{made_up_site.WAITED}" in links
    assert all(item.resource.url in links for item in catalogue.items)


def test_contents_lead_to_headings_and_every_heading_is_in_them(text: str) -> None:
    anchors = [link for link in rows(text) if link.startswith("#")]
    headings = [f"#{readme.anchor(h)}" for h in re.findall(r"^## (.+)$", text, re.MULTILINE)]
    assert anchors == headings[1:] and headings[0] == "#contents"


def test_landmarks_come_first_and_are_said_to_be_such(text: str) -> None:
    section = text.split("\n## Circuits\n")[1].split("\n## ", maxsplit=1)[0]
    assert section.index("### Landmarks") < section.index("Interpretability in the Wild") < section.index("### Newest")


def test_descriptions_are_sentences_that_do_not_begin_with_the_name() -> None:
    assert readme.describe("finds a thing", "Thing") == "Finds a thing."
    assert readme.describe("Thing finder finds.", "thing") == ""
    assert readme.describe("", "Thing") == ""


def test_hostile_text_stays_text(text: str) -> None:
    line = next(line for line in text.splitlines() if "alert(1)" in line and line.startswith("- "))
    assert not re.search(r"(?<!\\)\]\(javascript|(?<!\\)<|https://evil", line)


def test_it_is_current_once_it_was_written_and_not_after_a_change(tmp_path: Path) -> None:
    repository = made_up_site.write(tmp_path / "index")
    assert not readme.is_current(repository)
    assert readme.write(repository) and readme.is_current(repository) and not readme.write(repository)
    file = repository.root / "README.md"
    file.write_text(file.read_text(encoding="utf-8") + "x", encoding="utf-8")
    assert not readme.is_current(repository)


def test_it_grows_shorter_until_it_fits(made_up: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = len(readme.render(made_up).encode())
    monkeypatch.setattr(readme, "LIMIT", whole - 1)
    monkeypatch.setattr(readme, "PER_CATEGORY", (40, 1))
    assert len(readme.render(made_up).encode()) < whole
    monkeypatch.setattr(readme, "LIMIT", 10)
    with pytest.raises(DataError, match=r"README\.md"):
        readme.render(made_up)
