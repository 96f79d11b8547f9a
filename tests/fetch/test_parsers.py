"""Whatever bytes arrive, parsers give records or an error of ours, and nothing else."""

from __future__ import annotations

import datetime as dt
import gzip
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.arxiv_server import ArxivServer
from support.works import fortnight

from updater.errors import MiIndexError, SourceError, UsageError
from updater.fetch import feed, read_corpus, xml
from updater.fetch.oai import OaiPmh
from updater.fetch.search_api import SearchApi
from updater.fetch.source import Addresses, Sieve, Window
from updater.fetch.transport import Manners, Transport, Unusable
from updater.records import Record
from updater.settings import Settings, load

SETTINGS: Settings = load(Path(__file__).parents[2])
TODAY = dt.date(2026, 3, 11)
ALWAYS = Window(dt.date(1990, 1, 1), dt.date(2100, 1, 1))
SERVER = ArxivServer(fortnight(per_day=7), TODAY)
CATEGORIES = "+".join(SETTINGS.arxiv.categories)
QUERY = " OR ".join(f"cat:{c}" for c in SETTINGS.arxiv.categories)
PAGES = {
    "api": SERVER.api(
        {"search_query": f"{QUERY} AND submittedDate:[202603030000 TO 202603050000]", "max_results": "9"}
    ).body,
    "oai": SERVER.oai({"verb": "ListRecords", "from": "2026-03-10", "set": "cs"}).body,
    "rss": SERVER.rss(CATEGORIES).body,
    "atom": SERVER.atom(CATEGORIES).body,
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MARKUP = st.sampled_from(
    ["", "2603.00001", "http://arxiv.org/abs/2603.00001v1", "Wed, 11 Mar 2026 00:00:00 GMT", "2026-03-11T00:00:00Z", "v9",
     "-1", "99999999999999", "cs.LG", "<script>", "{{ 7*7 }}", "\n", "\x85"]
)  # fmt: skip


@st.composite
def bent(draw: st.DrawFn, page: bytes) -> bytes:
    """A page with elements dropped, doubled, emptied, or filled with something else."""
    root = ET.fromstring(page)
    for _ in range(draw(st.integers(1, 4))):
        elements = list(root.iter())
        parent = elements[draw(st.integers(0, len(elements) - 1))]
        child = draw(st.sampled_from(list(parent))) if len(parent) else None
        match draw(st.integers(0, 4)):
            case 0 if child is not None:
                parent.remove(child)
            case 1 if child is not None:
                parent.append(child)
            case 2:
                parent.text = draw(TEXT | MARKUP)
            case 3:
                parent.attrib = {name: draw(TEXT | MARKUP) for name in parent.attrib}
            case _:
                parent.tag = draw(st.sampled_from(elements)).tag
    return ET.tostring(root)


@st.composite
def broken(draw: st.DrawFn, page: bytes) -> bytes:
    """A page with bytes changed, or cut off."""
    body = bytearray(page)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body) - 1))
        body[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


def anything(page: bytes) -> st.SearchStrategy[bytes]:
    return st.binary(max_size=300) | bent(page) | broken(page)


class Canned(requests.adapters.BaseAdapter):
    """Gives the `arxiv` package a page, as the channel would."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content, response.url = 200, self.body, request.url or ""
        return response

    def close(self) -> None:
        pass


def sources() -> tuple[SearchApi, OaiPmh, Sieve]:
    sieve = Sieve(frozenset(SETTINGS.arxiv.categories))
    places = Addresses("http://127.0.0.1:9/api", "http://127.0.0.1:9/oai", "http://127.0.0.1:9")
    line = Transport(Manners("Test/1", delay=0.0, tries=1))
    return SearchApi(SETTINGS, places, line, sieve), OaiPmh(SETTINGS, places, line, sieve, today=TODAY), sieve


def sound(records: list[Record]) -> None:
    for record in records:
        assert record.id and record.title
        assert isinstance(record.published, dt.date) and isinstance(record.updated, dt.date)
        assert record.version >= 1
        assert record.title.isprintable() or not record.title.isascii()
        assert len(record.title) <= 1_000 and len(record.abstract) <= 20_000
        assert all(isinstance(a, str) and a for a in record.authors)


@given(anything(PAGES["oai"]))
def test_oai(body: bytes) -> None:
    _, oai, _ = sources()
    try:
        page = oai._parse(ALWAYS, body)
    except Unusable:
        return
    sound(page.records)


@given(anything(PAGES["api"]))
def test_api(body: bytes) -> None:
    api, _, _ = sources()
    body = xml.legal(body)
    try:
        api._facts(body)
    except Unusable:
        return
    api._client._session = requests.Session()
    api._client._session.mount("http://", Canned(body))
    try:
        records = api.by_id(["2603.00001"])
    except SourceError:
        return
    sound(list(records.values()))


@given(anything(PAGES["rss"]) | anything(PAGES["atom"]))
def test_feeds(body: bytes) -> None:
    try:
        announcement = feed.parse(body)
    except Unusable:
        return
    assert all(i.name and i.kind in {*feed.TYPES, ""} for i in announcement.items)
    assert len(announcement.items) <= announcement.listed


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(str.encode) | st.just(b'{"id": 1}\n{"id": "x", "title": "y"}')
)
def test_corpus(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "corpus.jsonl"
    path.write_bytes(body)
    try:
        assert all(r.id for r in read_corpus(path))
    except MiIndexError as error:
        assert str(path) in str(error)


def test_honest_pages_give_their_records() -> None:
    """The pages that the others bend are good ones."""
    api, oai, _ = sources()
    assert len(oai._parse(ALWAYS, PAGES["oai"]).records) > 5
    assert api._facts(PAGES["api"]).entries > 3
    for name in ("rss", "atom"):
        announcement = feed.parse(PAGES[name])
        assert announcement.day == TODAY
        assert {"new", "replace"} <= {i.kind for i in announcement.items}
        assert {i.version for i in announcement.items} == {1, 2}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "cannot be read"),
        (b"<a>", "cannot be read"),
        (b"<a/><b/>", "cannot be read"),
        (b"<!DOCTYPE html><html><body>Sorry</body></html>", "HTML page"),
        (b"<?xml version='1.0'?>\n<html xmlns='x'/>", "HTML page"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "definitions of its own"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "definitions of its own"),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "cannot be read"),
        ("<?xml version='1.0' encoding='utf-16'?><a>".encode("utf-16"), "cannot be read"),
        (b"<a>\x02", "cannot be read"),
    ],
)
def test_xml_that_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        xml.parse(body)


def test_deep_and_wide_xml_is_survived() -> None:
    with pytest.raises(Unusable):
        xml.parse(b"<a>" * 200_000)
    assert xml.parse(b"<a>" * 20_000 + b"</a>" * 20_000).tag == "a"


def test_corpus_files(tmp_path: Path) -> None:
    line = (
        b'{"id": "2603.00001v2", "title": "A  title", "abstract": "b", "authors": ["Ann Lee"], "categories": ["cs.LG", "cs.AI"],'
        b' "published": "2026-03-01", "more": 1}\n'
    )
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_bytes(line + b"\n" + line)
    packed.write_bytes(gzip.compress(line * 2))
    made = Record(
        id="2603.00001",
        title="A title",
        abstract="b",
        authors=("Ann Lee",),
        categories=("cs.LG", "cs.AI"),
        published=dt.date(2026, 3, 1),
    )
    assert list(read_corpus(plain)) == list(read_corpus(packed)) == [made, made]
    plain.write_bytes(line + b"{")
    with pytest.raises(UsageError, match=r"a\.jsonl:2: not JSON"):
        list(read_corpus(plain))
    packed.write_bytes(gzip.compress(line * 200)[:-20])
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_corpus(packed))
    with pytest.raises(SourceError):
        list(read_corpus(tmp_path / "none"))
