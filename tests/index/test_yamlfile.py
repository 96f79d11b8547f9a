"""Reading and writing YAML: nothing lost, nothing invented, every error at its line."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from updater.errors import DataError
from updater.index.yamlfile import ListFile, entry_lines, parse, scalar

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORDS = st.lists(TEXT, max_size=4)
ENTRIES = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        "title": TEXT,
        "tags": WORDS,
        "links": st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), TEXT, max_size=3),
    }
)


@given(TEXT)
def test_a_scalar_is_the_same_string_for_every_reader(text: str) -> None:
    for loader in (yaml.SafeLoader, yaml.CSafeLoader, yaml.CBaseLoader):
        assert yaml.load(f"key: {scalar(text)}\n", loader) == {"key": text}
        assert yaml.load(f"key: [{scalar(text, flow=True)}, x]\n", loader) == {"key": [text, "x"]}


@given(ENTRIES)
def test_an_entry_comes_back(entry: dict[str, object]) -> None:
    text = "\n".join(entry_lines(entry)) + "\n"
    assert parse(text, "f.yml").value == [entry]
    assert yaml.safe_load(text) == [entry]


@given(st.lists(ENTRIES, max_size=5, unique_by=lambda e: e["id"]))
def test_a_list_file_comes_back_and_is_stable(entries: list[dict[str, object]]) -> None:
    file = ListFile("f.yml", header=["# head"])
    for entry in entries:
        file.put(entry)
    text = file.render()
    again = ListFile.parse(text, "f.yml")
    assert [e.data for e in again.entries] == entries
    assert again.render() == again.render(canonical=True) == text


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        parse(text, "f.yml")
    except DataError as error:
        name, line, _ = str(error).split(":", 2)
        assert name == "f.yml"
        assert (
            1
            <= int(line)
            <= text.count("\n")
            + text.count("\r")
            + text.count("\x85")
            + text.count("\u2028")
            + text.count("\u2029")
            + 2
        )


COMMENTED = """\
# yaml-language-server: $schema=x.json

# about b
- id: b  # behind the id
  # above the title
  title: B   # behind the title
  tags: [x,
    # inside the list
    z]
  # at the end

# about a
- id: a
  title: "A: # no comment"
  tags: []
# the last word
"""


def test_comments_survive_a_change_of_order_and_value() -> None:
    file = ListFile.parse(COMMENTED, "f.yml")
    assert file.render() == COMMENTED.replace("# the last word", "\n# the last word")
    entry = file.find("b")
    assert entry is not None
    entry.replace({"id": "b", "title": "New", "tags": ["x", "z"]})
    file.sort()
    assert (
        file.render()
        == """\
# yaml-language-server: $schema=x.json

# about a
- id: a
  title: "A: # no comment"
  tags: []

# about b
- id: b  # behind the id
  # above the title
  title: New  # behind the title
  # inside the list
  tags: [x, z]
  # at the end

# the last word
"""
    )


def test_the_comment_of_a_key_that_goes_moves_above_the_entry() -> None:
    file = ListFile.parse("- id: a\n  venue: X  # why X\n", "f.yml")
    file.entries[0].replace({"id": "a"})
    assert file.render() == "# why X\n- id: a\n"


def test_an_entry_that_did_not_change_keeps_its_bytes() -> None:
    odd = "- id:   a\n  tags:\n  - x\n  -   z\n"
    file = ListFile.parse(odd, "f.yml")
    file.put({"id": "b", "title": "B"})
    assert file.render().startswith(odd)
    assert file.render(canonical=True).startswith("- id: a\n  tags: [x, z]\n")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- id: a\n  title: A: B\n", 2, "colon"),
        ("- id: a\n\ttitle: x\n", 2, "tab"),
        ("- id: [a\n", 2, "syntax"),
        ("- &x [a]\n- *x\n", 1, "alias"),
        ("- {[a]: b}\n", 1, "key must be one word"),
        ("- a: \x07\n", 1, "not YAML"),
    ],
)
def test_a_syntax_error_names_line_and_remedy(text: str, line: int, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        parse(text, "dir/f.yml")
    assert str(caught.value).startswith(f"dir/f.yml:{line}:")


def test_a_key_that_stands_twice_is_told() -> None:
    problem = parse("- id: a\n  id: b\n", "f.yml").problems[0]
    assert (problem.line, "twice" in problem.message) == (2, True)


def test_ids_are_never_read_as_numbers() -> None:
    assert parse("- 2401.10020\n- no\n- 2022-11-01\n", "f.yml").value == ["2401.10020", "no", "2022-11-01"]


def test_a_file_that_is_no_list_is_refused() -> None:
    with pytest.raises(DataError, match="a list is expected"):
        ListFile.parse("a: b\n", "f.yml")


def test_a_billion_laughs_is_refused() -> None:
    bomb = "- &a [x]\n" + "".join(f"- &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
    with pytest.raises(DataError, match="alias"):
        parse(bomb, "f.yml")


@pytest.mark.parametrize(
    "text",
    [
        '- id: b\n  title: "x\u2028y"\n\n- id: d\n  title: z\n',
        "- id: b\r  title: x\r- id: d\r  title: z\r",
        "  - id: b\n    title: x  # why\n\n  - id: d\n    title: z\n",
        "- id: b\n  title: x\n\n- id: d\n  title: z\n...\n",
        "---\n- id: b\n  title: x\n- id: d\n  title: z",
        "-\n  id: b\n  title: x\n-\n  id: d\n  title: z\n",
    ],
)
def test_new_entries_fit_beside_old_ones_however_these_are_laid_out(text: str) -> None:
    file = ListFile.parse(text, "x.yml")
    before = {entry.id: entry.data for entry in file.entries}
    for new in ("a", "c", "e"):
        file.put({"id": new, "title": new * 2})
    file.sort()
    again = ListFile.parse(file.render(), "x.yml")
    assert [entry.id for entry in again.entries] == ["a", "b", "c", "d", "e"]
    assert {entry.id: entry.data for entry in again.entries if entry.id in before} == before


def test_find_put_and_drop_agree() -> None:
    file = ListFile.parse("- id: a\n  t: x\n- id: b\n  t: y\n", "x.yml")
    file.put({"id": "c", "t": "z"})
    file.drop("a")
    file.put({"id": "c", "t": "w"})
    file.put({"id": "a", "t": "v"})
    file.drop("nobody")
    assert [(e.id, e.data["t"]) for e in file.entries] == [("b", "y"), ("c", "w"), ("a", "v")]
    assert file.find("c") is file.entries[1]
