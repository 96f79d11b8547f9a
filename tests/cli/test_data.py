"""check, fmt, stats: what is wrong is told with file, line and remedy; what is right stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.conftest import PROJECT, Command
from updater.cli.data import annotation
from updater.index.model import Resource
from updater.index.yamlfile import Problem

MONTH = "resources/papers/2025-01.yml"


def replace(root: Path, old: str, new: str, path: str = MONTH) -> None:
    file = root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_with(root: Path, text: str, path: str = MONTH) -> int:
    return next(n for n, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1) if text in line)


def test_a_sound_index_passes(mi_index: Command) -> None:
    result = mi_index("check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert mi_index("fmt", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("categories: [circuits]", "categories: [circuit]", "[circuit]", "did you mean 'circuits'?"),
        ("  object: [residual-stream]", "  object: [residual]", "[residual]", "did you mean 'residual-stream'?"),
        ("categories: [circuits]", "categories: []", "categories: []", "categories"),
        ("date: 2025-01-02", "date: 2025-13-02", "2025-13", "not a day of the calendar"),
        ("date: 2025-01-02", "date: yesterday", "yesterday", "write YYYY-MM-DD"),
        ("  title: A circuit", "  titel: A circuit", "titel", "did you mean 'title'?"),
        ("https://arxiv.org/abs/2501.00001", "javascript:alert(1)", "javascript", "not a web address"),
        ("title: A circuit for counting", "title: A cir\u200bcuit", "A cir", "invisible character U+200B"),
        (
            "title: A circuit for counting",
            'title: "A circuit  for counting "',
            "A circuit  for",
            "write 'A circuit for counting'",
        ),
        ("date: 2025-01-02", "date: 2025/1/2", "2025/1/2", "write 2025-01-02"),
        ('- id: "2501.00001"', '- id: "2501.00001v2"', "2501.00001v2", "write '2501.00001'"),
        ('- id: "2501.00001"', "- id: Lee_2025_Circuit", "Lee_2025", "write 'lee-2025-circuit'"),
        ("authors: [Ann Lee, Bo Ng]", "authors: Ann Lee, Bo Ng", "authors: Ann", "write authors: [Ann Lee, Bo Ng]"),
        (
            "doi: https://doi.org/10.1000/clock",
            "doi: https://dx.doi.org/10.1000/Clock",
            "dx.doi",
            "should read https://doi.org/10.1000/clock",
        ),
        (
            "arxiv: https://arxiv.org/abs/2501.00001",
            "arxiv: https://arxiv.org/pdf/2501.00001v2",
            "pdf",
            "should read https://arxiv.org/abs/2501.00001",
        ),
        ("  status: curated", "  status: read", "status: read", "'curated' or 'auto'"),
        ("  models: [GPT-2]", "  models: [GPT-2, *x]", "*x", "undefined alias"),
    ],
)
def test_every_mistake_names_its_line_and_a_remedy(
    root: Path, mi_index: Command, old: str, new: str, at: str, says: str
) -> None:
    replace(root, old, new)
    result = mi_index("check")
    assert result.exit_code == 1
    assert f"{MONTH}:{line_with(root, at)}: " in result.stdout
    assert says in result.stdout


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (
            '- id: "2501.00003"\n  title: "A Circuit, for counting!"\n  authors: [Ann Lee]',
            "has the title and authors of 2501.00001",
        ),
        ('- id: "2501.00001"\n  title: Other\n  authors: [Z]', "is taken already at"),
    ],
)
def test_duplicates_are_found(root: Path, mi_index: Command, new: str, says: str) -> None:
    entry = f"\n{new}\n  date: 2025-01-09\n  categories: [probing]\n  status: auto\n"
    entry = entry.replace("  categories", "  links: {arxiv: https://arxiv.org/abs/2501.00003}\n  categories")
    with (root / MONTH).open("a", encoding="utf-8") as file:
        file.write(entry)
    result = mi_index("check")
    assert result.exit_code == 1
    assert says in result.stdout


def test_two_works_with_one_doi_are_found(root: Path, mi_index: Command) -> None:
    replace(
        root,
        "links: {arxiv: https://arxiv.org/abs/2501.00001}",
        "links: {arxiv: https://arxiv.org/abs/2501.00001, doi: https://doi.org/10.1000/CLOCK}",
    )
    assert "has the DOI of" in mi_index("check").stdout


def test_a_paper_in_the_wrong_file_is_found_and_fmt_moves_it_with_its_comments(root: Path, mi_index: Command) -> None:
    replace(root, '- id: "2501.00001"', '# why: a classic\n- id: "2502.00001"  # moved')
    replace(root, "abs/2501.00001", "abs/2502.00001")
    assert "stands in the wrong file" in mi_index("check").stdout
    assert mi_index("fmt", "--check").exit_code == 1
    assert mi_index("fmt").exit_code == 0
    text = (root / "resources/papers/2025-02.yml").read_text(encoding="utf-8")
    assert '# why: a classic\n- id: "2502.00001"  # moved\n' in text
    assert mi_index("check").exit_code == 0


def test_fmt_refuses_what_it_does_not_understand_and_changes_nothing(root: Path, mi_index: Command) -> None:
    replace(root, "title: A circuit", "titel: A circuit")
    before = (root / MONTH).read_bytes()
    result = mi_index("fmt")
    assert (result.exit_code, (root / MONTH).read_bytes()) == (1, before)
    assert "did you mean 'title'?" in result.stderr


def test_a_typo_in_the_settings_is_wrong_configuration(root: Path, mi_index: Command) -> None:
    replace(root, "settle_days: 5", "setle_days: 5", "resources/settings.yml")
    result = mi_index("check")
    assert result.exit_code == 2
    assert "did you mean 'settle_days'?" in result.stderr
    assert f"resources/settings.yml:{line_with(root, 'setle_days', 'resources/settings.yml')}:" in result.stderr


def test_a_folder_that_is_no_index_is_told(tmp_path: Path) -> None:
    result = Command(tmp_path)("check")
    assert result.exit_code == 2
    assert "is missing" in result.stderr
    assert "--root" in result.stderr


def test_annotations_cannot_be_forged_by_what_they_quote(mi_index: Command) -> None:
    text = annotation(Problem("a,b:c.yml", 3, "bad\n::error file=x::y %0A", "do\rthis"))
    assert text.count("\n") == 0
    assert text.startswith("::error file=a%2Cb%3Ac.yml,line=3::bad%0A::error")


def test_stats_as_json(mi_index: Command) -> None:
    figures = json.loads(mi_index("stats", "--json").stdout)
    assert (figures["papers"], figures["curated"], figures["categories"]["steering"]) == (2, 2, 1)


def test_the_schemas_accept_the_shipped_data_and_refuse_a_typo() -> None:
    schema = json.loads((PROJECT / "resources/schemas/papers.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    newest = max((PROJECT / "resources/papers").glob("*.yml"))
    entries = yaml.load(newest.read_text(encoding="utf-8"), yaml.CBaseLoader)
    for entry in entries:
        if "withdrawn" in entry:
            entry["withdrawn"] = entry["withdrawn"] == "true"
    assert list(validator.iter_errors(entries)) == []
    assert list(validator.iter_errors([{**entries[0], "categories": ["no-such"]}]))


def test_a_description_may_not_begin_with_the_name() -> None:
    with pytest.raises(ValueError, match="begins with the name"):
        Resource(id="x", name="Xtool", url="https://x.org", categories=["tools"], description="Xtool does a thing.")


# --- content ----------------------------------------------------------------------------------------------------------

METHOD = """\
- slug: patching
  title: Patching
  categories: [circuits]
  libraries: [toolbox]
  landmarks: ["2501.00001", "2501.00002"]
"""
TOOLBOX = """\
- id: toolbox
  name: Toolbox
  url: https://tool.example
  categories: [tools]
  description: Patches activations of small models for those who want to learn how.
"""


@pytest.fixture
def guided(root: Path) -> Path:
    (root / "resources/methods.yml").write_text(METHOD, encoding="utf-8")
    (root / "resources/libraries.yml").write_text(TOOLBOX, encoding="utf-8")
    return root


def test_a_method_guide_with_its_papers_and_libraries_passes(guided: Path, mi_index: Command) -> None:
    assert mi_index("check").stdout == ""
    assert mi_index("check").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"2501.00002"', '"2501.00009"', "landmark '2501.00009' is no entry"),
        (', "2501.00002"', "", "has 1 landmark papers"),
        ("[toolbox]", "[tool]", "library 'tool' is no entry"),
        ("[toolbox]", "[]", "names no library"),
        ("[circuits]", "[circuit]", "did you mean 'circuits'?"),
        ("  title: Patching", "  titel: Patching", "did you mean 'title'?"),
    ],
)
def test_a_method_guide_that_lacks_something_is_told(
    guided: Path, mi_index: Command, old: str, new: str, says: str
) -> None:
    replace(guided, old, new, "resources/methods.yml")
    result = mi_index("check")
    assert result.exit_code == 1
    assert "resources/methods.yml:" in result.stdout
    assert says in result.stdout


def test_a_category_without_landmarks_is_told_where_they_are_asked_for(root: Path, mi_index: Command) -> None:
    replace(root, "min_landmarks: 0", "min_landmarks: 1", "resources/settings.yml")
    replace(root, "  status: curated", "  status: curated\n  featured: The first circuit for counting.")
    result = mi_index("check")
    assert "category steering has 0 landmark papers" in result.stdout
    assert "category circuits has" not in result.stdout


@pytest.mark.parametrize(("words", "code"), [(8, 1), (7, 0)])
def test_a_summary_copied_from_its_abstract_is_found(root: Path, mi_index: Command, words: int, code: int) -> None:
    summary = ["Finds", "the", "circuit", "by", "which", "a", "small", "model", "counts."]
    abstract = "In this work: " + " ".join(summary[:words]).upper() + " cakes."
    corpus = root.parent / "corpus.jsonl"
    corpus.write_text(json.dumps({"id": "2501.00001", "title": "x", "abstract": abstract}) + "\n", encoding="utf-8")
    result = mi_index("check", "--corpus", str(corpus))
    assert result.exit_code == code
    assert ("copies its abstract" in result.stdout) == bool(code)
