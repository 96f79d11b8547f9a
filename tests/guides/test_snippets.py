"""The programs shown in the method guides run, and what they assert holds for more than one random model."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SNIPPETS = Path(__file__).parents[2] / "site" / "docs" / "methods" / "snippets"
PROGRAMS = sorted(path for path in SNIPPETS.glob("*.py") if path.stem != "tiny_model")
RUN = "import runpy, sys, tiny_model; tiny_model.SEED = int(sys.argv[2]); runpy.run_path(sys.argv[1])"


def run(program: Path, seed: int) -> subprocess.CompletedProcess[str]:
    """Run a snippet as its reader does, in a process of its own, on the tiny model of this seed."""
    environment = os.environ | {"PYTHONPATH": str(SNIPPETS), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", RUN, str(program), str(seed)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.snippets
@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_snippet_runs(program: Path, seed: int) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[snippets]")
    finished = run(program, seed)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout, "a snippet shows its reader something"


@pytest.mark.snippets
def test_a_false_claim_fails(tmp_path: Path) -> None:
    """The harness would notice: the same program with its claim turned round does not pass."""
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[snippets]")
    source = (SNIPPETS / "activation-patching.py").read_text(encoding="utf-8")
    changed = tmp_path / "activation-patching.py"
    changed.write_text(source.replace("[0, 1, 2, 3, 4]) - 1) <", "[0, 1, 2, 3, 4]) - 1) >"), encoding="utf-8")
    assert changed.read_text(encoding="utf-8") != source
    finished = run(changed, 0)
    assert finished.returncode != 0
    assert "AssertionError" in finished.stderr


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_snippet_is_short_and_asserts(program: Path) -> None:
    source = program.read_text(encoding="utf-8")
    code = [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert 10 <= len(code) <= 40
    assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))
