"""A short run of the coverage-guided fuzzer over every parser, where it can be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris is not installed; hypothesis fuzzes the same parsers in tests/fetch")

HARNESS = Path(__file__).with_name("parsers.py")


@pytest.mark.parametrize("target", ["api", "oai", "feed", "outside", "notes", "text", "corpus"])
def test_no_input_breaks_a_parser(target: str, tmp_path: Path) -> None:
    from fuzz import parsers  # noqa: PLC0415 - needs atheris

    assert target in parsers.TARGETS
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number, page in enumerate(parsers.seeds()):
        (folder / f"{number}").write_bytes(page)
    run = subprocess.run(
        [
            sys.executable,
            str(HARNESS),
            target,
            "-runs=3000",
            "-max_total_time=20",
            "-seed=1",
            "-timeout=10",
            str(folder),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "Done" in run.stderr
