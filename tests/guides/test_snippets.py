"""The programs shown in the method guides run, and what they assert holds for more than one random model."""

from __future__ import annotations

import ast
import importlib
import runpy
import sys
from pathlib import Path

import pytest

SNIPPETS = Path(__file__).parents[2] / "site" / "docs" / "methods" / "snippets"
PROGRAMS = sorted(path for path in SNIPPETS.glob("*.py") if path.stem != "tiny_model")
ALL = pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)


def run(program: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a snippet as its reader does, on the tiny model of this seed."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[snippets]")
    monkeypatch.syspath_prepend(str(SNIPPETS))
    monkeypatch.delitem(sys.modules, "tiny_model", raising=False)
    monkeypatch.setattr(importlib.import_module("tiny_model"), "SEED", seed)
    torch.set_num_threads(1)
    runpy.run_path(str(program))


@pytest.mark.snippets
@pytest.mark.parametrize("seed", [0, 3])
@ALL
def test_snippet_runs(
    program: Path, seed: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(program, seed, monkeypatch)
    assert capsys.readouterr().out, "a snippet shows its reader something"


@pytest.mark.snippets
def test_a_false_claim_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same program with its claim turned round does not pass: the assertions are really run."""
    source = (SNIPPETS / "activation-patching.py").read_text(encoding="utf-8")
    changed = tmp_path / "activation-patching.py"
    changed.write_text(source.replace("[0, 1, 2, 3, 4]) - 1) <", "[0, 1, 2, 3, 4]) - 1) >"), encoding="utf-8")
    assert changed.read_text(encoding="utf-8") != source
    with pytest.raises(AssertionError):
        run(changed, 0, monkeypatch)


@ALL
def test_snippet_is_short_and_asserts(program: Path) -> None:
    source = program.read_text(encoding="utf-8")
    code = [line for line in source.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert 10 <= len(code) <= 40
    assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))
