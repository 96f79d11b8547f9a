"""Bibliographic formats: what they write can be read back, whatever the text."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.index.model import Paper
from updater.render import citations, exports
from updater.render.catalogue import Catalogue

WORDS = (
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"]), min_size=1, max_size=60)
    .map(lambda t: " ".join(t.split()))
    .filter(bool)
)


def paper(**changes: object) -> Paper:
    return Paper.model_construct(
        **{
            "id": "2501.00001", "title": "A title", "authors": ["Ann Lee"], "date": "2025-01-02", "venue": None,
            "links": {}, "categories": ["circuits"], "object": [], "localize": [], "steer": [], "goal": [], "models": [],
            "keywords": [], "summary": None, "status": "curated", "featured": None, "withdrawn": False, **changes,
        }
    )  # fmt: skip


def valid(**changes: object) -> Paper:
    return Paper.model_validate({**paper().__dict__, **changes})


def untex(value: str) -> str:
    """What TeX would show of a field."""
    for command, letter in (
        (r"\textbackslash{}", "\0"), (r"\textasciitilde{}", "~"), (r"\textasciicircum{}", "^"),
    ):  # fmt: skip
        value = value.replace(command, letter)
    out, depth, at = "", 0, 0
    while at < len(value):
        if value[at] == "\\":
            out += value[at + 1]
            at += 2
            continue
        depth += (value[at] == "{") - (value[at] == "}")
        out += "" if value[at] in "{}" else value[at]
        assert depth >= 0
        at += 1
    assert depth == 0
    return out.replace("\0", "\\")


@given(WORDS, st.lists(WORDS, max_size=3), WORDS)
def test_bibtex_holds_any_text(title: str, authors: list[str], venue: str) -> None:
    text = citations.bibtex(valid(title=title, authors=authors, venue=venue))
    lines = text.splitlines()
    assert lines[0].startswith("@") and lines[-1] == "}"
    fields = dict(line.strip().removesuffix(",").split(" = ", 1) for line in lines[1:-1])
    assert untex(fields["title"]) == title
    assert len(fields.get("author", "").split(" and ")) == max(len(authors), 1)
    for value in fields.values():
        untex(value)


@given(WORDS, st.lists(WORDS, max_size=3))
def test_ris_holds_any_text(title: str, authors: list[str]) -> None:
    lines = citations.ris(valid(title=title, authors=authors)).split("\r\n")
    assert lines[0] == "TY  - UNPB" and lines[-2:] == ["ER  - ", ""]
    assert lines.count(f"TI  - {title}") == 1
    assert sum(line.startswith("AU  - ") for line in lines) == len(authors)
    assert all(line[2:6] == "  - " for line in lines[:-1])


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4))
def test_csv_reads_back_and_runs_nothing(rows: list[tuple[str, str]]) -> None:
    table = list(
        csv.DictReader(
            io.StringIO(citations.csv_head() + "".join(citations.csv_row(valid(title=t, summary=s)) for t, s in rows))
        )
    )
    assert len(table) == len(rows)
    for (title, summary), row in zip(rows, table, strict=True):
        for text, cell in ((title, row["title"]), (summary, row["summary"])):
            assert cell in (text, f"'{text}")
            assert not cell.startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ann Lee", ("Lee", "Ann", "")),
        ("Laurens van der Maaten", ("van der Maaten", "Laurens", "")),
        ("van der Maaten, Laurens", ("van der Maaten", "Laurens", "")),
        ("Hal Daumé III", ("Daumé", "Hal", "III")),
        ("Ann B. Lee Jr.", ("Lee", "Ann B.", "Jr.")),
        ("Jr Lee", ("Lee", "Jr", "")),
        ("OpenAI", ("OpenAI", "", "")),
    ],
)
def test_names_are_split(name: str, parts: tuple[str, str, str]) -> None:
    assert citations.split_name(name) == parts


def test_a_suffix_is_no_family_name() -> None:
    paper = valid(authors=["Hal Daumé III"])
    assert "author = {Daumé, III, Hal}," in citations.bibtex(paper)
    assert citations.key(paper) == "daume2025title"
    assert "AU  - Daumé, Hal, III\r\n" in citations.ris(paper)
    assert citations.csl(paper)["author"] == [{"family": "Daumé", "given": "Hal", "suffix": "III"}]


def test_unknown_authors_are_left_out() -> None:
    paper = valid(authors=[])
    assert "author" not in citations.bibtex(paper) and "AU  - " not in citations.ris(paper)
    assert "author" not in citations.csl(paper)


def test_citation_keys_of_one_export_differ() -> None:
    twins = [valid(id="2501.00001"), valid(id="2501.00002"), valid(id="2501.00003", title="Another")]
    keys = citations.keys(twins)
    assert keys == {
        "2501.00001": "lee2025title-250100001",
        "2501.00002": "lee2025title-250100002",
        "2501.00003": "lee2025another",
    }


def test_a_preprint_a_conference_paper_and_an_article_are_told_apart() -> None:
    assert citations.bibtex(valid()).startswith("@misc{")
    assert citations.bibtex(valid(venue="ICLR 2025")).startswith("@inproceedings{")
    assert citations.bibtex(valid(venue="TMLR")).startswith("@article{")


def test_every_format_holds_every_paper(catalogue: Catalogue) -> None:
    entries, items = catalogue.entries, catalogue.items
    texts = {form: exports.render(form, entries, items).decode() for form in exports.FORMATS}
    assert texts["bibtex"].count("\n}\n") == len(entries)
    assert texts["ris"].count("ER  - \r\n") == len(entries)
    assert [item["id"] for item in json.loads(texts["csl-json"])] == [entry.id for entry in entries]
    assert len(list(csv.reader(io.StringIO(texts["csv"])))) == len(entries) + 1
    everything = json.loads(texts["json"])
    assert everything == [json.loads(line) for line in texts["jsonl"].splitlines()]
    assert {value["kind"] for value in everything} == {"paper", "library", "course"}
    first = everything[0]
    assert list(first)[:3] == ["kind", "id", "title"] and first["id"] == entries[0].id


def test_nothing_exported_is_still_a_document() -> None:
    assert json.loads(exports.render("json", [])) == []
    assert exports.render("bibtex", []) == b""
