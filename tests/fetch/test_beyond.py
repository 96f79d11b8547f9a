"""Feeds and notes outside arXiv."""

from __future__ import annotations

import datetime as dt
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.arxiv_server import ArxivServer, Reply, Request
from support.clock import FakeTime

from updater.errors import SettingsError, SourceError
from updater.fetch import beyond, outside
from updater.fetch.transport import Manners, Transport, Unusable
from updater.index.text import is_http, normal_url
from updater.settings import OutsideSource, Settings

RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>A forum</title>
<item><title><![CDATA[Probing a <b>clock</b>]]></title>
 <link>https://forum.example/posts/abc/probing-a-clock</link>
 <description>short</description><pubDate>Tue, 03 Mar 2026 10:00:00 GMT</pubDate><dc:creator>Ann Lee</dc:creator>
 <content:encoded><![CDATA[<p>First&nbsp;words.</p>
 <script>alert(1)</script><p>Sec<i>ond</i> words.</p>]]></content:encoded></item>
<item><title>On probing</title><guid isPermaLink="true">https://forum.example/posts/def</guid>
 <author>bo@forum.example (Bo Li)</author><pubDate>Mon, 02 Mar 2026 23:30:00 -0500</pubDate></item>
<item><title>A paper of ours</title><link>https://arxiv.org/abs/2603.00001</link></item>
<item><title>Run me</title><link>javascript:alert(1)</link></item>
<item><title></title><link>https://forum.example/posts/empty</link></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>A thread</title>
<entry><title type="html">Circuits &amp;amp; &lt;i&gt;heads&lt;/i&gt;</title>
 <link href="https://thread.example/2026/heads/index.html"/>
 <published>2026-03-01T00:00:00Z</published>
 <author><name>Cy Ng</name></author><author><name>Dee Fox</name></author>
 <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Heads do</p><p>things.</p></div></content></entry>
</feed>"""


def note(name: str = "Abc123_-x", **changes: object) -> dict[str, object]:
    made: dict[str, object] = {
        "id": name,
        "forum": name,
        "readers": ["everyone"],
        "cdate": 1_772_500_000_000,
        "invitations": ["Venue.cc/2026/-/Submission"],
        "content": {
            "title": {"value": "Sparse  things"},
            "abstract": {"value": "We look at sparse things."},
            "authors": {"value": ["Ann Lee", "Bo Li"]},
            "venue": {"value": "Submitted to Venue 2026"},
        },
    }
    return made | changes


def source(name: str, kind: str, url: str, **changes: object) -> OutsideSource:
    return OutsideSource.model_validate({"name": name, "title": name.title(), "kind": kind, "url": url, **changes})


@pytest.fixture
def settings(arxiv_server: ArxivServer, project_settings: Settings) -> Settings:
    url = arxiv_server.url
    pages = {
        "/forum": Reply(RSS.encode(), type="application/rss+xml; charset=utf-8"),
        "/thread": Reply(ATOM.encode(), type="application/atom+xml"),
    }

    def script(request: Request, reply: Reply) -> Reply:
        if request.path == "/review/notes/search":
            first = int(request.query["offset"]) == 0
            notes = [
                note(f"Note{n}{request.query['term']}", content={"title": f"Title {n}"})
                for n in range(100 if first else 7)
            ]
            return Reply(json.dumps({"notes": notes, "count": 107}).encode(), type="application/json")
        return pages.get(request.path, reply)

    arxiv_server.script = script
    sources = (
        source("forum", "feed", f"{url}/forum"),
        source("thread", "feed", f"{url}/thread"),
        source("review", "openreview", f"{url}/review", queries=("one",), limit=150),
    )
    return project_settings.model_copy(update={"sources": sources})


def line() -> Transport:
    time = FakeTime()
    return Transport(Manners("Test/1", tries=3), clock=time.clock, sleep=time.sleep, now=time.now)


def test_reads_all(settings: Settings) -> None:
    result = outside(settings, read={}, known={}, transport=line())
    assert result.failures == () and result.notices == ()
    by_id = {r.id: r for r in result.records}
    assert list(by_id) == sorted(by_id)
    clock = by_id["lee-2026-probing"]
    assert clock.title == "Probing a clock"
    assert clock.abstract == "First words. Second words."
    assert clock.authors == ("Ann Lee",)
    assert clock.published == dt.date(2026, 3, 3)
    assert clock.url == "https://forum.example/posts/abc/probing-a-clock"
    assert by_id["li-2026-probing"].published == dt.date(2026, 3, 3)
    heads = by_id["ng-2026-circuits"]
    assert (heads.title, heads.abstract, heads.authors) == (
        "Circuits & heads",
        "Heads do things.",
        ("Cy Ng", "Dee Fox"),
    )
    assert {r.url for r in result.records if "openreview" in r.url} > {"https://openreview.net/forum?id=Note0one"}
    assert not any("javascript" in r.url or "arxiv" in r.url for r in result.records)
    assert result.read == {"forum": dt.date(2026, 3, 3), "thread": dt.date(2026, 3, 1), "review": dt.date(2026, 3, 3)}


def test_what_was_read_is_not_returned_again(settings: Settings) -> None:
    first = outside(settings, read={}, known={}, transport=line())
    known = {normal_url(r.url): r.id for r in first.records}
    assert outside(settings, read=first.read, known=known, transport=line()).records == ()
    later = {"forum": dt.date(2026, 3, 4), "thread": dt.date(2026, 3, 1), "review": dt.date(2026, 4, 1)}
    again = outside(settings, read=later, known={}, transport=line())
    assert [r.id for r in again.records] == ["ng-2026-circuits"]


def test_a_hole_is_told(settings: Settings) -> None:
    result = outside(settings, read={"forum": dt.date(2026, 1, 1)}, known={}, transport=line())
    assert result.notices == ("Forum shows nothing older than 2026-03-03; what came after 2026-01-01 may be missing",)


def test_one_that_fails_keeps_nobody_waiting(arxiv_server: ArxivServer, settings: Settings) -> None:
    before, script = len(arxiv_server.requests), arxiv_server.script
    arxiv_server.script = lambda request, reply: (
        Reply(b"<html/>", type="text/html") if request.path == "/forum" else script(request, reply)
    )
    result = outside(settings, read={}, known={}, transport=line())
    assert len(result.failures) == 1 and isinstance(result.failures[0], SourceError)
    assert result.notices[0].startswith("Forum could not be read")
    assert "forum" not in result.read and "thread" in result.read
    assert len(arxiv_server.requests) - before == 3 + 1 + 2


def test_addresses(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MI_INDEX_FORUM_URL", "http://127.0.0.1:1/feed")
    assert beyond.address(settings.sources[0]) == "http://127.0.0.1:1/feed"
    monkeypatch.setenv("MI_INDEX_FORUM_URL", "file:///etc/passwd")
    with pytest.raises(SettingsError, match="MI_INDEX_FORUM_URL"):
        outside(settings, read={}, known={}, transport=line())


def test_the_projects_sources_can_be_pointed_elsewhere(
    project_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {s.kind for s in project_settings.sources} == {"feed", "openreview"}
    for place in project_settings.sources:
        assert beyond.address(place) == place.url
        monkeypatch.setenv(f"MI_INDEX_{place.name.upper().replace('-', '_')}_URL", "https://example.org/x")
        assert beyond.address(place) == "https://example.org/x"


def post(number: int, title: str, author: str = "Ann Lee", day: dt.date | None = dt.date(2026, 3, 1)) -> beyond.Post:
    return beyond.Post(f"https://forum.example/{number}", title, "text", (author,) if author else (), day)


def test_ids_are_told_apart_by_more_words() -> None:
    posts = [
        post(1, "The feature map"),
        post(2, "A feature story"),
        post(3, "Feature story, the end", "Zoe Lee"),
        post(4, "如何", "王伟", None),
    ]
    names = {r.url: r.id for r in beyond._records(posts, {})}
    assert [names[p.url] for p in posts] == [
        "lee-2026-feature",
        "lee-2026-feature-story",
        "lee-2026-feature-story-end",
        "anonymous-work",
    ]
    for order in itertools.permutations(posts):
        assert {r.url: r.id for r in beyond._records(order, {})} == names
    known = {"forum.example/9": "lee-2026-feature"}
    assert [r.id for r in beyond._records(posts[:1], known)] == ["lee-2026-feature-map"]
    same = [post(n, "Feature") for n in (1,)] + [post(2, "Feature", "Bo Lee")]
    assert [r.id for r in beyond._records(same, {})] == ["lee-2026-feature"]  # one work, shown twice


def test_a_work_shown_twice_is_one() -> None:
    posts = [post(1, "On heads"), post(2, "On Heads!"), post(3, "On heads", "Someone Else")]
    assert {r.url for r in beyond._records(posts, {})} == {"https://forum.example/1", "https://forum.example/3"}


@pytest.mark.parametrize(
    "bad",
    [
        note(forum="other"),
        note("a/../b"),
        note(readers=["Venue.cc/2026/Reviewers"]),
        note(content={"title": {"value": ""}}),
        note(content=None),
        {"id": 3},
    ],
)
def test_notes_that_do_not_count(bad: dict[str, object]) -> None:
    page = beyond.parse_notes(json.dumps({"notes": [bad, note()]}).encode())
    assert [p.url for p in page.posts] == ["https://openreview.net/forum?id=Abc123_-x"]
    assert page.listed == 2


def test_notes() -> None:
    withdrawn = note("W", invitations=["Venue.cc/2026/-/Withdrawn_Submission"], pdate=1_700_000_000_000)
    first, second = beyond.parse_notes(json.dumps({"notes": [note(), withdrawn]}).encode()).posts
    assert (first.title, first.authors, first.comment) == (
        "Sparse things",
        ("Ann Lee", "Bo Li"),
        "Submitted to Venue 2026",
    )
    assert first.published == dt.date(2026, 3, 3) and not first.withdrawn
    assert second.withdrawn and second.published == dt.date(2023, 11, 14)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "title", "authors"]), inner),
    max_leaves=6,
)


@given(
    st.binary(max_size=100)
    | st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                k: JSON_VALUES | st.just("x")
                for k in ("id", "forum", "content", "cdate", "pdate", "readers", "invitations")
            },
        )
        | JSON_VALUES,
        max_size=4,
    ).map(lambda notes: json.dumps({"notes": notes}).encode())
)
def test_notes_of_anything(body: bytes) -> None:
    try:
        page = beyond.parse_notes(body)
    except Unusable:
        return
    assert all(p.title and is_http(p.url) for p in page.posts)


@st.composite
def garbled(draw: st.DrawFn, page: str) -> bytes:
    body = bytearray(page.encode())
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(body) - 1))
        body[at : at + draw(st.integers(0, 40))] = draw(
            st.binary(max_size=5) | st.sampled_from([b"<b>", b"&lt;", b"]]>"])
        )
    return bytes(body)


@given(garbled(RSS) | garbled(ATOM) | st.binary(max_size=200))
def test_feeds_of_anything(body: bytes) -> None:
    try:
        posts = beyond.parse_feed(body)
    except Unusable:
        return
    assert all(p.title and is_http(p.url) for p in posts)
    assert len({r.id for r in beyond._records(posts, {})}) <= len(posts)


@given(st.text(st.sampled_from("ab <>/&;!-[]?\"'=script style\x00\ud800"), max_size=200))
def test_text_of_any_html(text: str) -> None:
    assert len(beyond.excerpt(text)) <= 2_500


def test_long_posts_are_cut_between_words() -> None:
    out = beyond.excerpt("<p>" + "word " * 10_000)
    assert len(out) <= 2_500 and set(out.split()) == {"word"}
    assert len(beyond.excerpt("x" * 10_000)) == 2_500
