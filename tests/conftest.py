"""A small made-up index for every test that needs one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings
from support.fixtures import arxiv_server, project_settings  # noqa: F401 - fixtures for every folder

from updater.__main__ import main as entry_point
from updater.cli import main as group
from updater.errors import MiIndexError
from updater.index.repository import Repository

PROJECT = Path(__file__).parent.parent

# A slow machine is no defect. In CI the examples are the same on every run, so that a change is judged by what it changes;
# everywhere else they are drawn anew.
settings.register_profile("everywhere", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "everywhere")

PAPERS = """\
# yaml-language-server: $schema=../schemas/papers.schema.json

- id: "2501.00001"
  title: A circuit for counting
  authors: [Ann Lee, Bo Ng]
  date: 2025-01-02
  links: {arxiv: https://arxiv.org/abs/2501.00001}
  categories: [circuits]
  object: []
  localize: []
  steer: []
  goal: []
  models: []
  keywords: []
  summary: Finds the circuit by which a small model counts.
  status: curated

- id: "2501.00002"
  title: Steering a clock
  authors: [Cy Xu]
  date: 2025-01-03
  links: {arxiv: https://arxiv.org/abs/2501.00002, doi: https://doi.org/10.1000/clock}
  categories: [steering, safety-and-alignment]
  object: [residual-stream]
  localize: []
  steer: [vector-arithmetic]
  goal: [safety]
  models: [GPT-2]
  keywords: [steering vector]
  status: curated
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An index with two papers, with the taxonomy, settings and venues of the project."""
    folder = tmp_path / "index"
    (folder / "resources/papers").mkdir(parents=True)
    for name in ("taxonomy.yml", "settings.yml", "venues.yml"):
        shutil.copy(PROJECT / "resources" / name, folder / "resources" / name)
    settings = folder / "resources/settings.yml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("min_landmarks: 8", "min_landmarks: 0"), encoding="utf-8"
    )  # two papers, no landmark
    (folder / "resources/papers/2025-01.yml").write_text(PAPERS, encoding="utf-8")
    runner = CliRunner()
    assert runner.invoke(group, ["--root", str(folder), "fmt"], standalone_mode=False).exception is None
    return folder


@pytest.fixture
def repository(root: Path) -> Repository:
    """The small index."""
    return Repository(root)


class Command:
    """Runs `mi-index` on the small index, in this process, as the entry point would."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, *args: str, stdin: str | bytes = "") -> Result:
        result = CliRunner().invoke(group, ["--root", str(self.root), *args], input=stdin, standalone_mode=False)
        if isinstance(result.exception, MiIndexError):
            result.exit_code = result.exception.exit_code
            result.stderr_bytes = (result.stderr_bytes or b"") + str(result.exception).encode()
        elif result.exception is None:
            result.exit_code = result.return_value if isinstance(result.return_value, int) else 0
        else:
            raise result.exception
        return result


@pytest.fixture
def mi_index(root: Path) -> Command:
    """`mi-index --root <the small index>`."""
    assert callable(entry_point)
    return Command(root)
