"""The workflow of the issue forms: answers at once, proposes only what a maintainer accepted, and trusts no text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.contribute.test_issue import HOSTILE, event
from tests.workflows.play import Stage
from tests.world import SHEEP
from updater.contribute import forms

PAYLOADS = Path(__file__).parent / "payloads"


def payload(name: str) -> dict[str, Any]:
    """A recorded event."""
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def made(form: str, fields: dict[str, str], action: str, **issue: Any) -> dict[str, Any]:
    """An event made for a test."""
    data = json.loads(event(form, fields, state="open", **issue))
    return {**data, "action": action, "label": {"name": "accepted"}, "repository": {"default_branch": "main"}}


def test_a_filed_form_is_answered_and_nothing_is_proposed(stage: Stage) -> None:
    filed = payload("issues-opened-add-paper")
    played = stage.play("add-from-issue", "answer", filed)
    assert (played.ran, played.failed) == (True, [])
    [comment] = stage.github["comments"]
    assert comment["number"] == str(filed["issue"]["number"])
    assert "This is what would stand in the index" in comment["body"]
    assert SHEEP.title in comment["body"]
    assert stage.git("status", "--porcelain") == ""
    assert not stage.play("add-from-issue", "propose", filed).ran
    assert "--edit-last" in stage.calls("gh")[0]


def test_an_accepted_form_becomes_a_pull_request_that_credits_its_contributor(stage: Stage) -> None:
    accepted = payload("issues-labeled-accepted")
    number = accepted["issue"]["number"]
    assert not stage.play("add-from-issue", "answer", accepted).ran
    played = stage.play("add-from-issue", "propose", accepted)
    assert (played.ran, played.failed) == (True, []), [s.stderr for s in played.steps]
    [pull] = stage.github["pulls"]
    assert (pull["title"], pull["head"], pull["labels"]) == (f"Add {SHEEP.id}", f"issue/{number}", ["contribution"])
    assert f"Closes #{number}." in pull["body"]
    stage.git("fetch", "-q", "origin", f"issue/{number}")
    message = stage.git("log", "-1", "--format=%B", "FETCH_HEAD")
    assert message.splitlines()[0] == f"Add {SHEEP.id}"
    assert (
        message.splitlines()[-1] == "Co-authored-by: sleepy-shepherd <1234567+sleepy-shepherd@users.noreply.github.com>"
    )
    changed = stage.git("diff", "--name-only", "origin/main", "FETCH_HEAD").splitlines()
    assert changed[-2:] == ["resources/generated/2025-02.jsonl", "resources/papers/2025-02.yml"]
    assert stage.github["dispatched"] == [f"issue/{number}"]
    assert len(stage.github["comments"]) == 1


@pytest.mark.parametrize("name", ["bug", "accepted"])
def test_an_issue_without_a_form_is_left_alone(stage: Stage, name: str) -> None:
    filed = payload("issues-opened-add-paper")
    filed["issue"]["labels"] = [{"name": name}]
    assert not stage.play("add-from-issue", "answer", filed).ran


@pytest.mark.parametrize("name", ["add-paper", "wontfix", "Accepted "])
def test_other_labels_propose_nothing(stage: Stage, name: str) -> None:
    labeled = payload("issues-labeled-accepted")
    labeled["label"]["name"] = name
    assert not stage.play("add-from-issue", "propose", labeled).ran


def test_a_closed_issue_proposes_nothing(stage: Stage) -> None:
    labeled = payload("issues-labeled-accepted")
    labeled["issue"]["state"] = "closed"
    assert not stage.play("add-from-issue", "propose", labeled).ran


def test_a_listed_paper_is_answered_and_nothing_is_proposed(stage: Stage) -> None:
    labeled = made("add-paper", {"reference": "2501.00001"}, "labeled")
    assert stage.play("add-from-issue", "propose", labeled).failed == []
    assert stage.github["pulls"] == []
    assert "in the index already" in stage.github["comments"][0]["body"]


def test_a_service_that_is_down_is_answered_and_the_run_fails_so_that_it_can_be_repeated(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.environment["MI_INDEX_CROSSREF_URL"] = "http://127.0.0.1:9/nobody"
    played = stage.play("add-from-issue", "propose", made("add-paper", {"reference": "10.1000/x"}, "labeled"))
    assert played.failed == ["Do what was asked for"]
    assert "tried again" in stage.github["comments"][0]["body"]
    assert stage.github["pulls"] == []


@pytest.mark.parametrize("text", ["\n".join(HOSTILE), HOSTILE[0], HOSTILE[8]])
def test_hostile_issues_reach_no_shell_no_branch_and_no_file_name(stage: Stage, text: str) -> None:
    fields = {"reference": SHEEP.id, "summary": text, "venue": text, "models": text, "notes": text}
    hostile = made("add-paper", fields, "labeled", title=text, user={"login": text, "id": text})
    before = {p.name for p in stage.root.parent.rglob("*")}
    played = stage.play("add-from-issue", "propose", hostile)
    assert played.ran
    assert not any("owned" in p.name for p in stage.root.parent.rglob("*") if p.name not in before)
    for call in stage.calls():
        assert all("owned" not in word and "\n" not in word for word in call)
    heads = stage.git("ls-remote", "--heads", "origin").split()[1::2]
    assert set(heads) <= {"refs/heads/main", "refs/heads/issue/17"}
    for pull in stage.github["pulls"]:
        assert (pull["title"], pull["head"]) == (f"Add {SHEEP.id}", "issue/17")
    for step in played.steps:
        assert not any(line.startswith("::") for line in (step.stdout + step.stderr).splitlines())


def test_the_recorded_forms_are_those_of_today() -> None:
    """A payload's headings are the labels of the form, or the record is out of date."""
    for name in ("issues-opened-add-paper", "issues-labeled-accepted"):
        found = forms.read((PAYLOADS / f"{name}.json").read_bytes(), name, forms.load(PROJECT))
        assert found.form == "add-paper"
        assert found.fields["reference"]
