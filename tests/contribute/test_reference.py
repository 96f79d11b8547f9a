"""What contributors write is understood, or refused with a remedy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.contribute.page import read, read_date
from updater.contribute.reference import parse
from updater.errors import UsageError
from updater.index.text import is_http


@pytest.mark.parametrize(
    ("text", "kind", "id_"),
    [
        ("2211.00593", "arxiv", "2211.00593"),
        (" arXiv:2211.00593v2 ", "arxiv", "2211.00593"),
        ("<https://arxiv.org/pdf/2211.00593v1.pdf>", "arxiv", "2211.00593"),
        ("https://arxiv.org/abs/2211.00593?context=cs", "arxiv", "2211.00593"),
        ("https://huggingface.co/papers/2211.00593", "arxiv", "2211.00593"),
        ("https://www.alphaxiv.org/abs/2211.00593v1", "arxiv", "2211.00593"),
        ("https://ar5iv.labs.arxiv.org/html/hep-th/9901001", "arxiv", "hep-th/9901001"),
        ("https://doi.org/10.48550/arXiv.2211.00593", "arxiv", "2211.00593"),
        ("doi: 10.1162/tacl_a_00519", "doi", "10.1162/tacl_a_00519"),
        ("https://dx.doi.org/10.1162/TACL_a_00519.", "doi", "10.1162/tacl_a_00519"),
        ("https://openreview.net/pdf?id=NpsVSN6o4ul", "openreview", "NpsVSN6o4ul"),
        ("https://github.com/owner/name.git", "github", "owner/name"),
        ("https://github.com/owner/name/tree/main/docs", "github", "owner/name"),
        ("https://openreview.net/group?id=a/b;c", "page", "https://openreview.net/group?id=a/b;c"),
        ("https://blog.example.org/post?x=1#y", "page", "https://blog.example.org/post?x=1#y"),
    ],
)
def test_references_are_understood(text: str, kind: str, id_: str) -> None:
    reference = parse(text)
    assert (reference.kind, reference.id) == (kind, id_)
    assert is_http(reference.url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a paper",
        "javascript:alert(1)",
        "www.example.org",
        "https://",
        "$(rm -rf /)",
        "https://a b.org",
        "../../etc/passwd",
    ],
)
def test_what_is_not_understood_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError, match="name an arXiv id"):
        parse(text)


@given(st.text(max_size=300))
def test_whatever_is_written_gives_a_web_address_or_a_usage_error(text: str) -> None:
    try:
        assert is_http(parse(text).url)
    except UsageError as error:
        assert len(str(error)) < 600


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2023/05/07", "2023-05-07"),
        ("2023-05", "2023-05"),
        ("published 2023.", "2023"),
        ("2023-13-01", "2023"),
        ("2023-02-30", "2023-02"),
        ("2023-05-07T10:00:00Z", "2023-05-07"),
        ("someday", ""),
        ("99999", ""),
    ],
)
def test_dates_are_read_as_far_as_they_are_known(text: str, date: str) -> None:
    assert read_date(text) == date


def test_a_page_is_read_by_its_tags() -> None:
    meta = read(
        """<html><head><title>Journal | A title</title>
        <meta name="citation_title" content="A &amp; B:\u202e a  title"><meta name="citation_author" content="Lee, Ann">
        <meta name="citation_author" content="Bo Ng"><META NAME="Citation_Publication_Date" CONTENT="2023/05/07">
        <meta name="citation_doi" content="doi:10.1000/XYZ"><meta property="og:title" content="other"></head>"""
    )
    assert (meta.title, meta.authors, meta.date, meta.doi, meta.is_paper) == (
        "A & B: a title", ("Ann Lee", "Bo Ng"), "2023-05-07", "10.1000/xyz", True,
    )  # fmt: skip


def test_a_page_without_tags_is_read_by_its_title() -> None:
    meta = read("<title>\n My\n post </title><script>document.title = '<title>x</title>'</script><title>second</title>")
    assert (meta.title, meta.is_paper) == ("My post", False)


@given(st.text(max_size=2000))
def test_no_page_is_too_strange(text: str) -> None:
    for html in (text, f"<title>{text}", f'<meta name="citation_title" content="{text}">', f"<meta {text}>"):
        meta = read(html)
        assert len(meta.title) <= 400
        assert "\n" not in meta.title
        assert all(len(name) <= 100 for name in meta.authors)


def test_a_huge_page_is_read_in_bounds() -> None:
    meta = read("<meta name='citation_author' content='A. Name'>" * 5000 + "<title>" + "x" * 1_000_000)
    assert (len(meta.title), meta.authors) == (400, ("A. Name",))


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "<a ",
        "<",
        "<![CDATA[",
        '<meta name="citation_title" content="',
        "&#",
        "<script>",
        "</",
        "<?x ",
        "<title>",
    ],
)
def test_pages_made_to_be_slow_are_read_to_their_end(piece: str) -> None:
    assert len(read(piece * (100_000 // len(piece))).title) <= 400
