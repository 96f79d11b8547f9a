"""Every name that the sources of the project mention is findable where names.yml says."""

from __future__ import annotations

import html
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


BUILT = ("build/ci-mkdocs", "build/site")


@pytest.fixture(scope="module")
def site() -> Path:
    """The website made from this checkout: CI builds it before the tests."""
    for place in BUILT:
        if (ROOT / place / "index.html").is_file():
            return ROOT / place
    pytest.skip("the website is not built here: run `mi-index build` (CI builds it before the tests)")


@pytest.mark.parametrize("entry", NAMES, ids=lambda entry: f"{entry['name']} on {entry['page']}")
def test_name_is_on_its_page(entry: dict[str, str], site: Path) -> None:
    page = (site / entry["page"] / "index.html").read_text(encoding="utf-8")
    main = re.search(r"<main\b.*?</main>", page, flags=re.DOTALL)
    assert main, "the page has a main part"
    text = html.unescape(re.sub(r"<[^>]+>", "", main[0]))
    assert holds(text, entry["name"]) or holds(text, entry["name"] + "s")
