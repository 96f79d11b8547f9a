"""Plays the steps of a workflow's job on this machine: what `run:` says in bash, with GitHub's expressions evaluated.

Steps that use an action are passed over (and noted), as is the set-up. `mi-index` and `gh` are those of this folder.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import PROJECT

WORKFLOWS = PROJECT / ".github/workflows"
_TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||==|!=|!|[(),]|\d+|[A-Za-z_][\w.*-]*")


def load(name: str) -> dict[str, Any]:
    """A workflow's file; `on` is what YAML 1.1 calls true."""
    data = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    data["on"] = data.pop(True)
    return data


@dataclasses.dataclass
class Step:
    """One step that was played."""

    name: str
    code: int
    stdout: str
    stderr: str


@dataclasses.dataclass
class Played:
    """What came of a job."""

    ran: bool
    steps: list[Step] = dataclasses.field(default_factory=list)
    outputs: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    summary: str = ""
    used: list[str] = dataclasses.field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        return [step.name for step in self.steps if step.code != 0]

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)


class Context:
    """Values of expressions: https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions"""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.failed = False

    def look_up(self, path: str) -> Any:
        here: Any = self.values
        parts = path.split(".")
        for n, part in enumerate(parts):
            if part == "*":
                rest = ".".join(parts[n + 1 :])
                return [Context(item).look_up(rest) for item in here or []]
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def evaluate(self, expression: str) -> Any:
        source = ""
        tokens = _TOKEN.findall(expression)
        assert "".join(tokens) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", expression), expression
        for n, token in enumerate(tokens):
            if token[0] == "'":
                source += repr(token[1:-1].replace("''", "'"))
            elif token in ("&&", "||", "!"):
                source += {"&&": " and ", "||": " or ", "!": " not "}[token]
            elif token[0].isalpha() and n + 1 < len(tokens) and tokens[n + 1] == "(":
                source += token
            elif token[0].isalpha():
                source += f"look_up({token!r})"
            else:
                source += token
        functions = {
            "look_up": self.look_up,
            "contains": lambda where, what: what in (where or ()),
            "cancelled": lambda: False,
            "failure": lambda: self.failed,
            "success": lambda: not self.failed,
            "always": lambda: True,
            "hashFiles": lambda name: (self.values["cwd"] / name).exists(),
        }
        return eval(source, {"__builtins__": {}}, functions)

    def text(self, value: Any) -> str:
        """A string with its expressions filled in."""

        def fill(match: re.Match[str]) -> str:
            found = self.evaluate(match[1])
            return (
                {None: "", True: "true", False: "false"}.get(found, str(found)) if not isinstance(found, str) else found
            )

        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", fill, str(value), flags=re.DOTALL)

    def holds(self, condition: str | None) -> bool:
        """Whether an `if:` holds; without a function of status in it, only after success."""
        inner = re.sub(r"^\$\{\{\s*|\s*\}\}$", "", (condition or "success()").strip(), flags=re.DOTALL)
        if not re.search(r"\b(cancelled|failure|success|always)\(", inner):
            inner = f"success() && ({inner})"
        return bool(self.evaluate(inner))


class Stage:
    """A clone of an index with a remote, the stand-ins on the path, and GitHub's variables."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        self.state_file, self.calls_file = folder / "gh.json", folder / "calls.jsonl"
        self.stand_in: dict[str, Any] = {}
        self.variables: dict[str, str] = {}
        bin_ = folder / "bin"
        bin_.mkdir(parents=True)
        for name, start in (
            ("mi-index", "-m tests.workflows.command"),
            ("gh", f"-I -S {PROJECT}/tests/workflows/gh.py"),
        ):
            shim = bin_ / name
            shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" {start} "$@"\n', encoding="utf-8")
            shim.chmod(0o755)
        self.state_file.write_text(
            json.dumps({"pulls": [], "issues": [], "dispatched": [], "comments": []}), encoding="utf-8"
        )
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GITHUB_", "GH_"))},
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "HOME": str(folder),
            "GH_STATE": str(self.state_file),
            "CALLS": str(self.calls_file),
            "GITHUB_REPOSITORY": "owner/index",
            "RUNNER_TEMP": str(folder),
        }

    @property
    def github(self) -> dict[str, Any]:
        """Pull requests, issues, comments and started checks."""
        return json.loads(self.state_file.read_text(encoding="utf-8"))

    def calls(self, program: str = "") -> list[list[str]]:
        """Every call of a stand-in."""
        if not self.calls_file.exists():
            return []
        calls = [json.loads(line) for line in self.calls_file.read_text(encoding="utf-8").splitlines()]
        return [call for call in calls if not program or call[0] == program]

    def git(self, *args: str, cwd: Path | None = None) -> str:
        command = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", *args]
        run = subprocess.run(
            command, cwd=cwd or self.root, capture_output=True, text=True, check=False, env=self.environment
        )
        assert run.returncode == 0, f"{args}: {run.stderr}"
        return run.stdout.strip()

    def fresh(self) -> None:
        """The work tree as a new runner's checkout has it: the newest default branch."""
        self.git("fetch", "--quiet", "--prune", "origin")
        self.git("checkout", "--quiet", "--detach", "--force", "origin/main")
        self.git("clean", "-qfd")

    def play(self, workflow: str, job: str, event: dict[str, Any] | None = None, **inputs: str) -> Played:
        """Run the steps of a job."""
        data = load(workflow)
        event = {"repository": {"default_branch": "main"}, **(event or {})}
        event_file = self.folder / "event.json"
        event_file.write_text(json.dumps(event), encoding="utf-8")
        context = Context(
            {
                "github": {"event": event, "token": "a-token"},
                "inputs": inputs,
                "vars": self.variables,
                "runner": {"temp": str(self.folder)},
                "steps": {},
                "env": dict(data.get("env", {})),
                "cwd": self.root,
            }
        )
        described = data["jobs"][job]
        if not context.holds(described.get("if")):
            return Played(ran=False)
        played = Played(ran=True)
        summary = self.folder / "summary.md"
        summary.write_text("", encoding="utf-8")
        base = {**data.get("env", {}), **{k: context.text(v) for k, v in described.get("env", {}).items()}}
        for number, step in enumerate(described["steps"]):
            name = step.get("name", step.get("uses", step.get("run", "")))
            done = {"outputs": {}, "conclusion": "skipped"}
            if "id" in step:
                context.values["steps"][step["id"]] = done
            if not context.holds(step.get("if")):
                continue
            if "uses" in step:
                played.used.append(step["uses"])
                continue
            if "set-up.sh" in step["run"]:
                continue
            output = self.folder / f"output-{number}"
            output.write_text("", encoding="utf-8")
            script = self.folder / "step.sh"
            script.write_text(step["run"], encoding="utf-8")
            run = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=self.root,
                capture_output=True,
                text=True,
                check=False,
                env={
                    **self.environment,
                    **base,
                    **{key: context.text(value) for key, value in step.get("env", {}).items()},
                    "STAND_IN": json.dumps(self.stand_in),
                    "GITHUB_EVENT_PATH": str(event_file),
                    "GITHUB_OUTPUT": str(output),
                    "GITHUB_STEP_SUMMARY": str(summary),
                },
            )
            pairs = (line.partition("=") for line in output.read_text(encoding="utf-8").splitlines())
            done["outputs"] = {key: value for key, _, value in pairs}
            done["conclusion"] = "failure" if run.returncode else "success"
            played.outputs[step.get("id", name)] = done["outputs"]
            played.steps.append(Step(name, run.returncode, run.stdout, run.stderr))
            context.failed = context.failed or run.returncode != 0
        played.summary = summary.read_text(encoding="utf-8")
        return played
