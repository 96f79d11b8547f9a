"""One form for what arXiv's interfaces say in different dress."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.fetch import normalize
from updater.fetch.build import withdrawal_test
from updater.settings import Settings

ANY = st.text(st.characters(), max_size=300)
HOSTILE = st.text(
    st.sampled_from("ab \\\n\t{}$'\"`~^&;:,()<>-.#1A\u202e\u200b\x00\x85\u2028\ud800\ufeff\u0301é漢"), max_size=200
)


@given(ANY | HOSTILE, st.integers(2, 300))
def test_folded_text_is_harmless(text: str, limit: int) -> None:
    out = normalize.fold(text, limit)
    assert len(out) <= limit
    assert out == " ".join(out.split())
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in out)
    assert not set(out) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff\u2028")
    assert normalize.fold(out.replace("&", ""), limit) == out.replace("&", "").strip() or "&" in out
    out.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  Two\n  lines ", "Two lines"),
        ("6.2% &#177; 2.8% &amp; more", "6.2% ± 2.8% & more"),
        ("e\u0301te\u0301", "été"),
        ("right\u202eleft", "rightleft"),
        ("a\u2028b\x85c", "a b c"),
        ("bell\x07 and \ud83d half", "bell and half"),
        ("می‌خواهم", "می‌خواهم"),  # the non-joiner is part of the spelling
        (None, ""),
    ],
)
def test_fold(text: str | None, clean: str) -> None:
    assert normalize.fold(text, 100) == clean


def test_long_text_is_cut() -> None:
    assert normalize.title("x" * 50_000) == "x" * 999 + "…"
    assert len(normalize.abstract("word " * 50_000)) <= normalize.MAX_ABSTRACT


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee and Bo Li", ["Ann Lee", "Bo Li"]),
        ("Ann Lee, Bo Li and Cy Ng", ["Ann Lee", "Bo Li", "Cy Ng"]),
        ("Ann Lee, Bo Li, and Cy Ng", ["Ann Lee", "Bo Li", "Cy Ng"]),
        ("Ann Lee (MIT), Bo Li ((1) Here, (2) There) & Cy Ng", ["Ann Lee", "Bo Li", "Cy Ng"]),
        ("Ann Lee (1 and 2), Bo Li (2) ((1) A, B and C, (2) D", ["Ann Lee", "Bo Li"]),
        ("Cy Day, Jr., Dee Fox III, Eve Hay, Ph.D.", ["Cy Day, Jr.", "Dee Fox III", "Eve Hay, Ph.D."]),
        ("Some Collaboration: Ann Lee, Bo Li", ["Some Collaboration", "Ann Lee", "Bo Li"]),
        ("Some Collaboration, :, Ann Lee", ["Some Collaboration", "Ann Lee"]),
        (r"J\"org M{\"u}ller, Erd\H{o}s, {\O}yvind, \v{Z}i\v zek", ["Jörg Müller", "Erdős", "Øyvind", "Žižek"]),
        (r"\'{E}lodie, Nguy\~{\^e}n, na\"\i ve, \c{C}a, \AA ke", ["Élodie", "Nguyễn", "naïve", "Ça", "Åke"]),
        ("Sandy Andrews, Brandon Holland", ["Sandy Andrews", "Brandon Holland"]),
        ("Adam Hewitt and, Grant Duthie", ["Adam Hewitt", "Grant Duthie"]),
        ("", []),
        (" , ; and ", []),
    ],
)
def test_authors(line: str, names: list[str]) -> None:
    assert normalize.authors(line) == tuple(names)


@given(st.lists(st.from_regex(r"[A-Z][a-z]{1,8}( [A-Z]\.)? [A-Z][a-zé'-]{1,10}(, Jr\.)?", fullmatch=True), max_size=8))
def test_a_line_and_a_list_give_the_same_authors(names: list[str]) -> None:
    line = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
    assert normalize.authors(line) == normalize.authors(names) == tuple(names)


@given(st.lists(ANY | HOSTILE, max_size=6))
def test_authors_of_anything(names: list[str]) -> None:
    for out in (normalize.authors(names), normalize.authors(" and ".join(names))):
        assert all(name and name == name.strip() and len(name) <= 400 for name in out)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("2211.00593", "2211.00593", None),
        ("2211.00593v12", "2211.00593", 12),
        ("0704.0001", "0704.0001", None),
        ("hep-th/9901001v2", "hep-th/9901001", 2),
        ("math.GT/0309136", "math/0309136", None),
        ("http://arxiv.org/abs/2211.00593v1", "2211.00593", 1),
        ("https://www.arxiv.org/pdf/2211.00593v3.pdf", "2211.00593", 3),
        ("oai:arXiv.org:math/0309136", "math/0309136", None),
        ("arXiv:2211.00593", "2211.00593", None),
        (" 2211.00593 ", "2211.00593", None),
        ("2211.0059", "2211.0059", None),
        ("2211.005933333", "", None),
        ("2211.00593v0", "", None),
        ("../2211.00593", "", None),
        ("2211.00593\n", "2211.00593", None),
        ("٢٢١١.٠٠٥٩٣", "", None),
        ("https://evil.example/abs/2211.00593", "", None),
        ("", "", None),
    ],
)
def test_identifiers(text: str, name: str, version: int | None) -> None:
    assert normalize.identifier(text) == (name, version)


@given(ANY)
def test_identifiers_of_anything(text: str) -> None:
    name, _ = normalize.identifier(text)
    assert normalize.identifier(name)[0] == name


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1234/abc", "10.1234/abc"),
        ("https://doi.org/10.1234/abc.", "10.1234/abc"),
        ("doi: 10.1234/a 10.5678/b", "10.1234/a"),
        ("10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O", "10.1002/(SICI)1097-4571(199806)49:8"),
        ('10.1234/"><script>', ""),
        ("none", ""),
        (None, ""),
    ],
)
def test_dois(text: str | None, doi: str) -> None:
    assert normalize.doi(text) == doi


def test_categories() -> None:
    assert normalize.categories("cs.LG", ["stat.ML", "cs.LG", "68T50", "I.2.7; H.3", "cs.AI, cs.CL", "language"]) == (
        "cs.LG",
        "cs.AI",
        "cs.CL",
        "stat.ML",
    )
    assert normalize.categories("hep-th", ["physics.ao-ph", "cond-mat.mes-hall"])[0] == "hep-th"
    assert normalize.categories("", ["cs.AI"]) == ("cs.AI",)
    assert normalize.categories("<b>", ["<i>"]) == ()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-04-01T23:59:59Z", dt.date(2026, 4, 1)),
        ("2026-04-01T23:30:00-04:00", dt.date(2026, 4, 2)),
        ("Wed, 01 Apr 2026 10:00:00 GMT", dt.date(2026, 4, 1)),
        ("Wed, 1 Apr 2026 22:00:00 -0400", dt.date(2026, 4, 2)),
        ("2026-04-01", dt.date(2026, 4, 1)),
        ("Wed, 31 Feb 2026 10:00:00 GMT", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_days(text: str | None, day: dt.date | None) -> None:
    assert normalize.day(text) == day


@given(ANY | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}", fullmatch=True))
def test_days_of_anything(text: str) -> None:
    assert normalize.day(text) is None or isinstance(normalize.day(text), dt.date)


def test_abstracts_do_not_depend_on_where_lines_break() -> None:
    assert normalize.abstract("state-of-the-\nart high- dimensional, pre--\ntraining -- or") == normalize.abstract(
        "state-of-the-art high-dimensional, pre--training--or"
    )
    address = "https://example.org/" + "a" * 90
    text = "x" * 59 + " " + address
    broken = f"{text[:80]}\n{text[80:]}"
    assert normalize.unwrap(broken) == text
    assert normalize.unwrap(f"{'z' * 77} at\n{address[:79]}") == f"{'z' * 77} at\n{address[:79]}"
    assert (
        normalize.unwrap(f"{'z' * 74} \\href{{\n{address[:60]}-\nmore") == f"{'z' * 74} \\href{{\n{address[:60]}-\nmore"
    )
    assert normalize.unwrap("short line\nnext") == "short line\nnext"
    assert normalize.unwrap("y" * 74 + " " + "whole" + "\n" + "words stay") == "y" * 74 + " whole\nwords stay"


def test_accents_leave_formulas_alone() -> None:
    assert normalize.title(r"Schr\"odinger's $\c{c} \'e \v{x}$ and \textbf{bold}") == (
        r"Schrödinger's $\c{c} \'e \v{x}$ and \textbf{bold}"
    )


@given(ANY | HOSTILE)
def test_titles_and_abstracts_are_settled(text: str) -> None:
    """Reading what we wrote changes nothing more than a second decoding of entities or accents could."""
    for clean in (normalize.title, normalize.abstract):
        once = clean(text)
        if "&" not in once and "\\" not in once:
            assert clean(once) == once


@pytest.mark.parametrize(
    ("version", "comment", "abstract", "withdrawn"),
    [
        (2, "Withdrawn.", "", True),
        (3, "This paper has been withdrawn by the authors", "", True),
        (2, "", "This paper has been withdrawn due to an error", True),
        (1, "withdrawn", "This paper has been withdrawn", False),
        (2, "Submitted to X and formally withdrawn", "", False),
        (2, "12 pages", "We study how consent is withdrawn in dialogue", False),
    ],
)
def test_withdrawals(project_settings: Settings, version: int, comment: str, abstract: str, *, withdrawn: bool) -> None:
    assert withdrawal_test(project_settings)(version, comment, abstract) is withdrawn
