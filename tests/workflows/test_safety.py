"""What must hold of every workflow, whatever it does: least rights, pinned actions, no text of others in a script."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from tests.conftest import PROJECT
from tests.workflows.play import WORKFLOWS, load
from updater.cli import main as group

NAMES = sorted(path.stem for path in WORKFLOWS.glob("*.yml"))
READ_ONLY = ("check", "publish")


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in load(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", NAMES)
def test_rights_are_given_job_by_job(name: str) -> None:
    data = load(name)
    assert data["permissions"] == {}
    for job in data["jobs"].values():
        assert job["permissions"], "name what the job may do"
        assert job["timeout-minutes"] <= 330
        if name in READ_ONLY and "environment" not in job:
            assert job["permissions"] == {"contents": "read"}
    assert "concurrency" in data


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_by_commit_and_checkouts_keep_no_credentials(name: str) -> None:
    for step in steps(name):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_action_has_one_version_and_says_which() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS.glob("*.yml"))
    used = re.findall(r"uses: (\S+)@([0-9a-f]{40}) # (v[\d.]+)\n", text)
    assert len(used) == text.count("uses: ")
    assert len({action for action, _, _ in used}) == len(set(used))


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_stands_in_a_script(name: str) -> None:
    for step in steps(name):
        assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_issues_and_pull_requests_is_never_named(name: str) -> None:
    text = (WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8")
    for part in (
        "issue.title", "issue.body", "comment.body", "pull_request.title", "pull_request.body", "head_ref", "head.ref",
        "user.login",
    ):  # fmt: skip
        assert part not in text
    assert "pull_request_target" not in text
    assert "secrets." not in text


def test_forks_run_with_a_token_that_can_only_read() -> None:
    for name in NAMES:
        if "pull_request" in load(name)["on"]:
            assert name == "check"
    for job in load("check")["jobs"].values():
        assert job["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", NAMES)
def test_tokens_are_handed_only_to_steps_that_need_them(name: str) -> None:
    for step in steps(name):
        env = step.get("env", {})
        if "github.token" in str(env):
            assert re.search(r"\bgh |(?:propose|health|release)\.sh|mi-index enrich", step["run"])
        if "--from-issue" in step.get("run", ""):
            assert "token" not in str(env)


def test_nothing_is_pushed_by_force() -> None:
    for path in (PROJECT / ".github").rglob("*"):
        if path.suffix in (".sh", ".yml"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"--force(?!d)|push [^\n]*(-f\b|\+HEAD|\+refs)", text), path


def calls() -> list[list[str]]:
    """Every call of mi-index in workflows and scripts, variables as words."""
    out = []
    texts = [step["run"] for name in NAMES for step in steps(name) if "run" in step]
    texts += [path.read_text(encoding="utf-8") for path in (PROJECT / ".github/scripts").glob("*.sh")]
    for text in texts:
        for match in re.finditer(r"(?m)^[^#\n`']*?\bmi-index ((?:[^\n\\]|\\\n)+)", text):
            line = re.sub(r"\$\{\w+:\+(--\w+) [^}]*\}", r"\1 2025-01-01", match[1].replace("\\\n", " "))
            line = re.split(r"\s(?:>>?|\|\||&&|;)|;", line)[0].replace("${gold[@]}", "--json")
            line = line.replace("$SOURCE", "auto").replace("$GITHUB_EVENT_PATH", str(PROJECT / "mkdocs.yml"))
            out.append(shlex.split(line))
    return out


def test_every_call_of_mi_index_is_one_that_it_understands() -> None:
    assert len(calls()) >= 15
    for name, *arguments in calls():
        command = group.get_command(click.Context(group), name)
        assert command is not None, name
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(PROJECT)
            words = ["updater" if a == "build/site" and name == "summarize" else a for a in arguments]  # must exist
            context = command.make_context(name, words)
        assert context.args == []


def test_scripts_are_sound_bash() -> None:
    for path in (PROJECT / ".github/scripts").glob("*.sh"):
        run = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert "set -euo pipefail" in path.read_text(encoding="utf-8")


def test_zizmor_finds_nothing_at_its_most_pedantic() -> None:
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent)) or shutil.which("zizmor")
    assert zizmor is not None, "zizmor is among the development requirements"
    command = [zizmor, "--offline", "--persona", "pedantic", "--no-progress", str(PROJECT / ".github")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
