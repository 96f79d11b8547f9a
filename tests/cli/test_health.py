"""`stats --health`: a silent source is told, before somebody wonders why nothing came for weeks."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Command
from updater.index.repository import Repository


def remember(root: Path, *spans: str, but: str = "", but_spans: tuple[str, ...] = ()) -> None:
    categories = Repository(root).settings.arxiv.categories
    lines = [f"  {c}: [{', '.join(but_spans if c == but else spans)}]" for c in categories]
    (root / "resources/state.yml").write_text("read:\n" + "\n".join(lines) + "\n", encoding="utf-8")


def test_a_fresh_index_is_healthy(root: Path, mi_index: Command) -> None:
    remember(root, "2024-12-01/2025-03-10")
    result = mi_index("stats", "--health", "--today", "2025-03-15")
    assert result.exit_code == 0
    assert "STALE" not in result.stdout


def test_one_silent_category_is_enough(root: Path, mi_index: Command) -> None:
    remember(root, "2024-12-01/2025-03-10", but="cs.CL", but_spans=("2024-12-01/2025-03-01",))
    result = mi_index("stats", "--health", "--today", "2025-03-15", "--json")
    assert result.exit_code == 1
    assert [(f["source"], f["behind"]) for f in json.loads(result.stdout) if f["stale"]] == [("cs.CL", 9)]


def test_gaps_are_told_but_do_not_make_it_stale(root: Path, mi_index: Command) -> None:
    remember(root, "2024-12-01/2025-01-10", "2025-01-12/2025-03-10")
    result = mi_index("stats", "--health", "--today", "2025-03-15")
    assert result.exit_code == 0
    assert "gaps: 2025-01-11/2025-01-11" in result.stdout


def test_an_index_that_never_read_anything_is_stale(mi_index: Command) -> None:
    assert mi_index("stats", "--health", "--today", "2025-03-15").exit_code == 1


def test_an_empty_state_is_a_state(root: Path, mi_index: Command) -> None:
    (root / "resources/state.yml").write_text("# nothing read yet\n", encoding="utf-8")
    assert mi_index("stats").exit_code == 0
