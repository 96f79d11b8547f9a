"""What a pull request is told by its checks, played on a change of the small index."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workflows.play import Played, Stage
from tests.world import World

MONTH = "resources/papers/2025-01.yml"
NEW = """
- id: "2501.00009"
  title: %s
  authors: [Di Wu]
  date: 2025-01-09
  links: {arxiv: https://arxiv.org/abs/2501.00009}
  categories: [%s]
  object: []
  localize: []
  steer: []
  goal: []
  models: []
  keywords: []
  status: curated
"""


def data_job(stage: Stage, change: str) -> Played:
    """The data job of a pull request that appends to the month's file."""
    base = stage.git("rev-parse", "origin/main")
    path = stage.root / MONTH
    path.write_text(path.read_text(encoding="utf-8") + change, encoding="utf-8")
    stage.stand_in = {"render": {}}
    event: dict[str, Any] = {"pull_request": {"base": {"sha": base}, "title": "x"}}
    return stage.play("check", "data", event)


def test_a_sound_change_passes_and_is_summed_up(stage: Stage, world: World) -> None:
    world.page("https://arxiv.org/abs/2501.00009", "here")
    played = data_job(stage, NEW % ("Counting again", "circuits"))
    assert played.failed == [], [s.stdout for s in played.steps]
    assert "[`Counting again`](https://arxiv.org/abs/2501.00009) by `Di Wu` joins Circuits as a paper" in played.summary
    assert world.asked == ["https://arxiv.org/abs/2501.00009"]


def test_a_mistake_is_shown_at_its_line_with_the_remedy(stage: Stage, world: World) -> None:
    world.page("https://arxiv.org/abs/2501.00009", "here")
    played = data_job(stage, NEW % ("Counting again", "circuit"))
    line = 1 + next(n for n, text in enumerate((stage.root / MONTH).read_text().splitlines()) if "[circuit]" in text)
    [annotation] = [x for x in played.step("Check every entry").stdout.splitlines() if x.startswith("::error")]
    assert annotation.startswith(f"::error file={MONTH},line={line}::")
    assert "did you mean 'circuits'?" in annotation
    assert "Say what the change adds" not in played.failed


def test_what_is_not_in_canonical_form_is_offered_as_a_patch(stage: Stage, world: World) -> None:
    world.page("https://arxiv.org/abs/2501.00009", "here")
    played = data_job(stage, NEW % ("Counting again", "circuits") + "\n\n")
    assert played.failed == ["Offer the canonical form as a patch"]
    assert f"    +++ b/{MONTH}" in played.summary
    assert any("upload-artifact" in action for action in played.used)
    stage.git("apply", "fmt.patch")
    stage.stand_in = {"render": {}}
    assert stage.play("check", "data", {"pull_request": {"base": {"sha": stage.git("rev-parse", "HEAD")}}}).failed == []


def test_a_new_link_that_leads_nowhere_is_found(stage: Stage, world: World) -> None:
    played = data_job(stage, NEW % ("Counting again", "circuits"))
    assert played.failed == ["Try new links"]
    said = played.step("Try new links").stdout
    assert f"::error file={MONTH},line=32::2501.00009: links.arxiv leads nowhere: HTTP 404" in said


@pytest.mark.parametrize(
    "title",
    ["x ::error file=a::owned", "`$(touch owned)` {{7*7}} | @everyone", "<img src=x onerror=alert(1)>"],
)
def test_titles_in_a_change_are_text_in_every_place(stage: Stage, world: World, title: str) -> None:
    world.page("https://arxiv.org/abs/2501.00009", "here")
    played = data_job(stage, NEW % (json.dumps(title), "circuits, nonsense"))
    for step in played.steps:
        for line in step.stdout.splitlines():
            assert not line.startswith("::error file=a")
    assert not list(stage.root.rglob("owned"))
    assert "\n    " not in played.summary.split("canonical")[0]


def test_the_preview_holds_the_pages_concerned(stage: Stage, world: World) -> None:
    base = stage.git("rev-parse", "origin/main")
    path = stage.root / MONTH
    path.write_text(path.read_text(encoding="utf-8") + NEW % ("Counting again", "circuits"), encoding="utf-8")
    pages = {f"build/site/papers/{id_}/index.html": id_ for id_ in ("2501.00001", "2501.00009")}
    stage.stand_in = {"render": {}, "build": {"writes": pages}}
    played = stage.play("check", "preview", {"pull_request": {"base": {"sha": base}}})
    assert played.failed == [], [s.stderr for s in played.steps]
    found = sorted(
        p.relative_to(stage.root / "build/preview").as_posix() for p in (stage.root / "build/preview").rglob("*.[hm]*")
    )
    assert found == ["README.md", "papers/2501.00009/index.html", "summary.md"]


def test_publishing_checks_before_it_builds(stage: Stage) -> None:
    stage.stand_in = {"build": {}}
    assert stage.play("publish", "build").failed == []
    (stage.root / MONTH).write_text("- id: [\n", encoding="utf-8")
    played = stage.play("publish", "build")
    assert played.failed == ["Check and build"]
    assert not any("upload" in action for action in played.used)
