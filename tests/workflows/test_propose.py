"""The scheduled workflows: one pull request each, refreshed without force, and nothing of a person's lost."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.workflows.play import Stage
from updater.index.repository import Repository

MONTH = "resources/papers/2025-03.yml"
REPORT = "# What came in\n\n- [A *title*](https://example.org) by @everyone $(touch owned)\n"


def entry(*ids: str, title: str = "Found") -> str:
    blocks = [
        f'- id: "{id_}"\n  title: {title}\n  authors: [Ann Lee]\n  date: 2025-03-01\n'
        f"  links: {{arxiv: https://arxiv.org/abs/{id_}}}\n  categories: [circuits]\n  status: auto\n"
        for id_ in ids
    ]
    return "\n".join(blocks)


def update(stage: Stage, *ids: str, code: int = 0, report: str = REPORT, **inputs: str):
    """A day's run on a fresh runner."""
    stage.fresh()
    stage.stand_in = {"update": {"writes": {MONTH: entry(*ids)} if ids else {}, "report": report, "exit": code}}
    return stage.play("update", "update", **inputs)


def test_a_run_opens_one_pull_request_and_the_next_refreshes_it(stage: Stage) -> None:
    first = update(stage, "2503.00001")
    assert (first.failed, first.outputs["propose"]) == ([], {"number": "1"})
    [pull] = stage.github["pulls"]
    assert (pull["title"], pull["head"], pull["base"], pull["labels"]) == (
        "Update the index",
        "update/daily",
        "main",
        ["update"],
    )
    assert pull["body"] == REPORT
    tip = stage.git("rev-parse", "origin/main"), stage.git("ls-remote", "origin", "update/daily").split()[0]
    assert update(stage, "2503.00001", "2503.00002", report="# Newer\n").failed == []
    [pull] = stage.github["pulls"]
    assert pull["body"] == "# Newer\n"
    assert stage.github["dispatched"] == ["update/daily", "update/daily"]
    stage.git("fetch", "-q", "origin", "update/daily")
    assert stage.git("rev-parse", "FETCH_HEAD~1") == tip[1]
    assert stage.git("rev-parse", "origin/main") == tip[0]
    assert "2503.00002" in stage.git("show", f"FETCH_HEAD:{MONTH}")


def test_a_day_without_news_opens_nothing(stage: Stage) -> None:
    played = update(stage)
    assert played.failed == []
    assert stage.github["pulls"] == []
    assert stage.git("ls-remote", "--heads", "origin").count("refs/heads/") == 1


def test_what_a_person_corrected_on_the_branch_is_what_the_next_run_goes_on_from(stage: Stage) -> None:
    update(stage, "2503.00001")
    stage.git("fetch", "-q", "origin")
    stage.git("checkout", "-q", "-B", "mine", "origin/update/daily")
    (stage.root / "resources/papers/2025-01.yml").write_text(
        (stage.root / "resources/papers/2025-01.yml")
        .read_text(encoding="utf-8")
        .replace("A circuit for", "The circuit for"),
        encoding="utf-8",
    )
    stage.git("commit", "-qam", "Correct a title")
    stage.git("push", "-q", "origin", "mine:update/daily")
    assert update(stage, "2503.00001", "2503.00002").failed == []
    stage.git("fetch", "-q", "origin", "update/daily")
    assert "The circuit for" in stage.git("show", "FETCH_HEAD:resources/papers/2025-01.yml")


def test_a_branch_that_does_not_go_together_with_main_stops_the_run(stage: Stage) -> None:
    update(stage, "2503.00001")
    stage.fresh()
    (stage.root / MONTH).write_text(entry("2503.00001", title="Otherwise"), encoding="utf-8")
    stage.git("add", MONTH)
    stage.git("commit", "-qm", "Add it by hand")
    stage.git("push", "-q", "origin", "HEAD:main")
    played = update(stage, "2503.00001")
    assert played.failed == ["Go on from the pull request that is open, if there is one"]
    assert "::error::" in played.steps[0].stdout
    assert len(stage.calls("mi-index")) == 1


def test_a_merged_pull_request_makes_room_for_a_new_one(stage: Stage) -> None:
    update(stage, "2503.00001")
    state = stage.github
    state["pulls"][0]["state"] = "closed"
    stage.state_file.write_text(json.dumps(state), encoding="utf-8")
    stage.git("fetch", "-q", "origin")
    tree = stage.git("rev-parse", "origin/update/daily^{tree}")  # merged by squashing
    squashed = stage.git("commit-tree", tree, "-p", "origin/main", "-m", "Update the index (#1)")
    stage.git("push", "-q", "origin", f"{squashed}:main")
    assert update(stage, "2503.00001", "2503.00009").outputs["propose"] == {"number": "2"}
    stage.git("fetch", "-q", "origin", "update/daily")
    assert stage.git("rev-parse", "FETCH_HEAD~1") == squashed


def test_days_that_were_read_are_kept_when_others_could_not_be(stage: Stage) -> None:
    played = update(stage, "2503.00001", code=3)
    assert played.failed == ["Fail if days are missing, so that somebody looks"]
    assert len(stage.github["pulls"]) == 1


@pytest.mark.parametrize("code", [1, 2])
def test_a_run_that_stopped_itself_proposes_nothing(stage: Stage, code: int) -> None:
    assert update(stage, "2503.00001", code=code).failed == ["Read what is new"]
    assert stage.github["pulls"] == []


@pytest.mark.parametrize("text", ["2025-01-01; touch owned", "$(touch owned)", '" --json "', "-h", "a\nb"])
def test_dates_from_the_form_of_a_dispatch_are_single_words(stage: Stage, text: str) -> None:
    update(stage, since=text, until="2025-01-31", source="oai")
    [call] = stage.calls("mi-index")
    assert call[:4] == ["mi-index", "update", "--source", "oai"]
    assert call[4:8] == ["--since", text, "--until", "2025-01-31"]
    assert not list(stage.root.parent.rglob("owned"))


def test_it_merges_by_itself_only_if_a_setting_says_so(stage: Stage) -> None:
    update(stage, "2503.00001")
    assert not [c for c in stage.calls("gh") if c[1] == "pr"]
    stage.variables["MI_INDEX_AUTO_MERGE"] = "true"
    update(stage, "2503.00001", "2503.00002")
    assert [c for c in stage.calls("gh") if c[1] == "pr"] == [["gh", "pr", "merge", "1", "--auto", "--squash"]]


def test_a_stale_index_has_one_issue_for_as_long_as_it_is_stale(stage: Stage) -> None:
    for printed in ("STALE  arXiv <b>*x*</b>", "STALE  arXiv, still"):
        stage.stand_in = {"stats": {"prints": printed, "exit": 1}}
        assert stage.play("update", "health").failed == []
    [issue] = stage.github["issues"]
    assert (issue["title"], issue["state"], issue["labels"]) == ("The index has gone stale", "open", ["stale"])
    assert "    STALE  arXiv, still" in issue["body"]
    stage.stand_in = {"stats": {"prints": "fresh", "exit": 0}}
    assert stage.play("update", "health").failed == []
    assert stage.github["issues"][0]["state"] == "closed"
    calls = len(stage.calls("gh"))
    stage.play("update", "health")
    assert len(stage.calls("gh")) == calls + 1
    stage.stand_in = {"stats": {"exit": 2}}
    assert stage.play("update", "health").failed != []


def test_retraining_is_proposed_with_the_evaluation_before_and_after(stage: Stage) -> None:
    model = "updater/classify/data/model.bin"
    stage.stand_in = {"evaluate": {"prints": "F1 0.94"}, "train": {"writes": {model: "weights"}}, "render": {}}
    played = stage.play("retrain", "retrain")
    assert played.failed == []
    [pull] = stage.github["pulls"]
    assert (pull["title"], pull["head"], pull["labels"]) == ("Retrain the model", "update/model", ["model"])
    assert pull["body"].count("    F1 0.94") == 2
    assert [c[1] for c in stage.calls("mi-index")] == ["evaluate", "train", "evaluate"]
    stage.git("fetch", "-q", "origin", "update/model")
    assert stage.git("show", f"FETCH_HEAD:{model}") == "weights"


def test_the_weekly_refresh_is_proposed_though_a_service_is_down(stage: Stage) -> None:
    stage.stand_in = {
        "enrich": {"writes": {MONTH: entry("2503.00001")}, "report": "# Facts\n", "exit": 3},
        "render": {},
    }
    assert stage.play("refresh", "refresh").failed == []
    [pull] = stage.github["pulls"]
    assert (pull["title"], pull["body"]) == ("Refresh metadata", "# Facts\n")


def read_to(stage: Stage, day: str) -> None:
    """What arXiv was read up to, on the default branch."""
    stage.fresh()
    categories = Repository(stage.root).settings.arxiv.categories
    lines = ["read:", *(f"  {category}: [2025-01-01/{day}]" for category in categories)]
    (stage.root / "resources/state.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stage.git("add", "--all")
    stage.git("commit", "-qm", "Read on")
    stage.git("push", "-q", "origin", "HEAD:main")


def test_a_snapshot_is_released_and_then_proposed_for_the_record(stage: Stage) -> None:
    read_to(stage, "2025-03-31")
    played = stage.play("snapshot", "snapshot")
    assert played.failed == [], [step.stderr for step in played.steps]
    release = stage.github["releases"]["snapshot-2025-03-31"]
    (archive,) = [name for name in release["files"] if name.endswith("-2025-03-31.zip")]
    digest = hashlib.sha256(release["files"][archive].encode("latin-1")).hexdigest()
    assert release["files"]["SHA256SUMS"] == f"{digest}  {archive}\n"
    assert release["target"] == stage.git("rev-parse", "origin/main")
    [pull] = stage.github["pulls"]
    assert (pull["title"], pull["head"], pull["body"]) == (
        "Record a snapshot",
        "update/snapshots",
        f"{digest}  {archive}\n",
    )
    stage.git("fetch", "-q", "origin", "update/snapshots")
    assert digest in stage.git("show", "FETCH_HEAD:resources/snapshots.yml")
    # cut off after the release, and run again: the same release, the same pull request
    stage.fresh()
    again = stage.play("snapshot", "snapshot")
    assert again.failed == [], [step.stderr for step in again.steps]
    assert "released already" in again.step("Release it").stdout
    assert len(stage.github["pulls"]) == 1
    # a month later nobody has merged the record yet
    read_to(stage, "2025-04-30")
    assert stage.play("snapshot", "snapshot").failed == []
    assert sorted(stage.github["releases"]) == ["snapshot-2025-03-31", "snapshot-2025-04-30"]
    stage.git("fetch", "-q", "origin", "update/snapshots")
    record = stage.git("show", "FETCH_HEAD:resources/snapshots.yml")
    assert record.index("2025-03-31") < record.index("2025-04-30")


def test_a_released_day_with_other_bytes_is_refused(stage: Stage) -> None:
    read_to(stage, "2025-03-31")
    assert stage.play("snapshot", "snapshot").failed == []
    stage.fresh()
    month = stage.root / "resources/papers/2025-01.yml"
    month.write_text(month.read_text(encoding="utf-8").replace("A circuit for", "The circuit for"), encoding="utf-8")
    stage.git("commit", "-qam", "Correct a title")
    stage.git("push", "-q", "origin", "HEAD:main")
    stage.git("push", "-q", "origin", "--delete", "update/snapshots")  # closed without merging
    state = stage.github
    state["pulls"][0]["state"] = "closed"
    stage.state_file.write_text(json.dumps(state), encoding="utf-8")
    played = stage.play("snapshot", "snapshot")
    assert played.failed == ["Release it"]
    assert "other bytes" in played.step("Release it").stdout
