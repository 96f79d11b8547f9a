"""Every name that the sources of the project mention is findable where names.yml says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAMES = yaml.safe_load((Path(__file__).parent / "names.yml").read_text(encoding="utf-8"))


def holds(text: str, name: str) -> bool:
    """Whether the text holds the name as whole words, whatever its case and line breaks."""
    pattern = r"\s+".join(re.escape(word) for word in name.split())
    return re.search(rf"(?<!\w){pattern}(?!\w)", text, flags=re.IGNORECASE) is not None


def test_a_missing_name_is_missed() -> None:
    assert holds("A *clean\nrun* of the model", "clean run")
    assert not holds("The promenade", "ROME")


@pytest.mark.parametrize("entry", NAMES, ids=lambda entry: f"{entry['name']} in {entry['in']}")
def test_name_is_in_its_source(entry: dict[str, str]) -> None:
    text = (ROOT / entry["in"]).read_text(encoding="utf-8")
    text = re.sub(r"\]\([^)]*\)", "]", text).replace("**", "").replace("[", "").replace("]", "")
    assert holds(text, entry["name"]) or holds(text, entry["name"] + "s")


def test_the_list_is_whole() -> None:
    """Papers, libraries, models and methods of the issue are all in the list."""
    names = {entry["name"].casefold() for entry in NAMES}
    assert len(names) >= 50
    assert {
        "transformerlens",
        "bertviz",
        "ecco",
        "gim",
        "steerling-8b",
        "mib",
        "rome",
        "llama-2",
        "lime",
        "shap",
    } <= names
