"""Escaping: untrusted text stays text in Markdown, in scripts, in pages."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import markdown as python_markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.errors import UsageError
from updater.render import markup

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp", "Zs"]), min_size=1, max_size=60)
SNIPPETS = st.sampled_from(
    [
        "[a](http://b)",
        "<b>",
        "**",
        "__",
        "`",
        "http://x.y",
        "www.x.y",
        "a@b.c",
        "&amp;",
        "![",
        "](",
        "|",
        "#",
        "~~",
        "\\",
        "$x$",
    ]
)


def read(text: str) -> str:
    """What CommonMark shows of a line without markup: a backslash before punctuation is dropped, the rest is literal."""
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1 : at + 2] in set(string.punctuation):
            at += 1
        else:
            assert text[at] not in "\\`*_{}[]<>#|~$&!", f"{text[at]!r} is left to be markup in {text!r}"
        out += text[at]
        at += 1
    return out


@given(st.lists(st.one_of(TEXT, SNIPPETS), min_size=1, max_size=6).map(" ".join))
def test_markdown_shows_exactly_the_text(text: str) -> None:
    assert read(markup.markdown(text)) == " ".join(text.split())


@given(st.lists(st.one_of(TEXT, SNIPPETS), min_size=1, max_size=6).map(" ".join))
def test_markdown_makes_no_element(text: str) -> None:
    shown = python_markdown.markdown(f"x {markup.markdown(text)} x")
    assert set(re.findall(r"</?[a-z]+", shown)) == {"<p", "</p"}


@pytest.mark.parametrize(
    "text", ["https://evil.example", "HTTP://evil.example", "www.evil.example", "mail@evil.example"]
)
def test_addresses_in_text_do_not_become_links_on_github(text: str) -> None:
    escaped = markup.markdown(text)
    assert not re.search(r"(?i)https?://|www\.|\w@\w", escaped)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://x", ""])
def test_only_web_addresses_become_links(url: str) -> None:
    assert markup.markdown_url(url) == "#"


def test_an_address_cannot_leave_its_brackets() -> None:
    assert markup.markdown_url("https://x.y/a (b) <c> [d]") == "https://x.y/a%20%28b%29%20%3Cc%3E%20%5Bd%5D"


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.text()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_cannot_end_its_script(value: object) -> None:
    try:
        text = str(markup.json_script(value))
    except TypeError:  # lone surrogates are no text
        return
    assert not re.search(r"[<>&\u2028\u2029]", text)
    assert json.loads(text) == value


@pytest.mark.parametrize(
    ("value", "shown"), [("2022-11-01", "1 November 2022"), ("2022-11", "November 2022"), ("2022", "2022")]
)
def test_dates_are_as_precise_as_they_are_known(value: str, shown: str) -> None:
    assert markup.long_date(value) == shown


@pytest.mark.parametrize(
    ("value", "stamp"),
    [("2022-11-01", "2022-11-01T00:00:00Z"), ("2022-11", "2022-11-01T00:00:00Z"), ("2022", "2022-01-01T00:00:00Z")],
)
def test_feeds_have_full_time_stamps(value: str, stamp: str) -> None:
    assert markup.rfc3339(value) == stamp


@pytest.mark.parametrize("text", ["@torvalds did", "fixes #1", "see org/repo#12 and @org/team", "mail@evil.example"])
def test_a_pull_request_calls_nobody_and_refers_to_nothing(text: str) -> None:
    quiet = markup.quiet_markdown(text)
    assert not re.search(r"[@#](?=\w)", quiet.replace("&#8203;", " "))
    shown = python_markdown.markdown(quiet)
    assert "\u200b" in shown.replace("&#8203;", "\u200b")


@pytest.mark.parametrize(
    ("template", "place", "what"),
    [
        ("fine\n{% if %}\n", "page.html.j2:2: ", "Expected an expression"),
        ("fine\n\n{{ weather.rain }}", "page.html.j2:3: ", "'weather' is undefined"),
        ("{{ 1 + none }}", "page.html.j2:1: ", "unsupported operand"),
        ("fine\n{% include 'parts/none.html.j2' %}", "page.html.j2:2: ", "parts/none.html.j2"),
    ],
)
def test_a_faulty_template_is_told_by_file_and_line(tmp_path: Path, template: str, place: str, what: str) -> None:
    folder = tmp_path / markup.TEMPLATES
    folder.mkdir(parents=True)
    (folder / "page.html.j2").write_text(template, encoding="utf-8")
    with pytest.raises(markup.TemplateError, match=what) as caught, markup.told(tmp_path):
        markup.environment(tmp_path).get_template("page.html.j2").render()
    assert str(caught.value).startswith(f"{markup.TEMPLATES}/{place}")


def test_what_our_own_code_raises_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), markup.told(tmp_path):
        print(1 / 0)
    with pytest.raises(UsageError), markup.told(tmp_path):
        markup.environment(tmp_path)
