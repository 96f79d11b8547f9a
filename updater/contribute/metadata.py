"""The facts of a reference, from whoever publishes it: arXiv, Crossref, OpenReview, GitHub, or the page itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from updater.contribute import page as page_file
from updater.contribute.page import read_date
from updater.contribute.reference import Reference
from updater.contribute.reference import parse as parse_reference
from updater.errors import RefusedError, SourceError, UsageError
from updater.index.text import is_http, visible
from updater.records import Record
from updater.web import Answer, Web

Lookup = Callable[[Sequence[str]], Iterable[Record]]
"""Fetches arXiv's records of ids; see `updater.fetch`."""

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_MAX_HEAD: Final = 300_000
"""Bytes of a page that are looked at: metadata stands in its head."""
_MAX_ABSTRACT: Final = 6000


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a publisher says of one work or resource. The record's id is empty outside arXiv: the index mints one."""

    reference: Reference
    record: Record
    is_paper: bool
    date: str = ""
    """As far as it is known: YYYY, YYYY-MM or YYYY-MM-DD."""
    venue: str = ""
    """As the publisher writes it."""
    links: Mapping[str, str] = dataclasses.field(default_factory=dict)
    licence: str = ""
    archived: bool = False


def token() -> str:
    """GitHub's token, if the environment has one: more requests an hour are allowed with it."""
    return os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or ""


def find(reference: Reference, web: Web, lookup: Lookup) -> Found:
    """Fetch the facts of a reference.

    Raises
    ------
    RefusedError
        The publisher answered, but not with data: no such work, or a page that is none.
    SourceError
        The publisher did not answer.
    """
    readers: dict[str, Callable[[Reference, Web], Found | Reference]] = {
        "doi": _crossref, "openreview": _openreview, "github": _github, "page": _page,
    }  # fmt: skip
    for _ in range(3):  # a page may lead to a DOI, a DOI to arXiv
        if reference.kind == "arxiv":
            return _arxiv(reference, lookup)
        found = readers[reference.kind](reference, web)
        if isinstance(found, Found):
            return found
        reference = found
    raise RefusedError(f"{reference.url}: leads in a circle")


def _arxiv(reference: Reference, lookup: Lookup) -> Found:
    record = next(iter(lookup([reference.id])), None)
    if record is None:
        raise RefusedError(f"arXiv does not know {reference.id} (is the id right?)")
    return Found(reference, record, is_paper=True, date=record.published.isoformat() if record.published else "")


def _crossref(reference: Reference, web: Web) -> Found | Reference:
    """Crossref's REST API: https://api.crossref.org/swagger-ui/index.html; other agencies' DOIs are read at their page."""
    data = web.json("crossref", f"/works/{quote(reference.id, safe='')}")
    if data is None:
        found = _page(reference, web)
        return dataclasses.replace(found, is_paper=True) if isinstance(found, Found) else found
    work = _mapping(data, "message")
    title = _untagged(_first(work.get("title")))
    if not title:
        raise RefusedError(f"Crossref has no title for {reference.id}")
    for related in _list(_mapping(work, "relation").get("has-preprint")):
        if isinstance(related, Mapping) and related.get("id-type") in ("arxiv", "doi", "uri"):
            other = _reference(_text(related.get("id")))
            if other is not None and other.kind == "arxiv":
                return other
    day = _date_parts(work)
    authors = [
        _text(" ".join(str(a.get(key) or "") for key in ("given", "family"))) or _text(a.get("name"))
        for a in _list(work.get("author"))
        if isinstance(a, Mapping)
    ]
    record = Record(
        id="",
        title=title,
        abstract=_untagged(work.get("abstract"), _MAX_ABSTRACT),
        authors=tuple(filter(None, authors)),
        published=_day(day),
        doi=reference.id,
        url=reference.url,
    )
    venue = _text(_mapping(work, "event").get("name")) or _text(_first(work.get("container-title")))
    return Found(reference, record, is_paper=True, date=day, venue=venue, links={"doi": reference.url})


def _openreview(reference: Reference, web: Web) -> Found | Reference:
    """OpenReview's API 2 (https://docs.openreview.net/), whose older notes have plain values; else the forum's page."""
    try:
        data = web.json("openreview", "/notes", {"id": reference.id})
    except (RefusedError, SourceError):
        data = None
    note = _first(_mapping(data, "notes", list)) if data else None
    content = _mapping(note, "content")

    def value(key: str) -> Any:
        item = content.get(key)
        return item.get("value") if isinstance(item, Mapping) else item

    if not _text(value("title")):
        return _page(reference, web, is_paper=True)
    moment = next((n for key in ("pdate", "odate", "cdate") if isinstance(n := _mapping(note).get(key), int)), 0)
    day = dt.datetime.fromtimestamp(moment / 1000, dt.UTC).date() if 0 < moment < 4e12 else None
    record = Record(
        id="",
        title=_text(value("title")),
        abstract=_text(value("abstract"), _MAX_ABSTRACT),
        authors=tuple(filter(None, (_text(a) for a in _list(value("authors"))))),
        published=day,
        url=reference.url,
    )
    venue = re.sub(r"(?i)^submitted to .*|.*\b(withdrawn|desk rejected|reject\w*)\b.*", "", _text(value("venue")))
    return Found(
        reference,
        record,
        is_paper=True,
        date=day.isoformat() if day else "",
        venue=venue,
        links={"openreview": reference.url},
    )


def _github(reference: Reference, web: Web) -> Found:
    """GitHub's REST API: https://docs.github.com/rest/repos/repos#get-a-repository.

    Without a token its limit is soon reached; then the name is known, and that the repository's page opens.
    """
    try:
        data = web.json("github", f"/repos/{reference.id}", token=token())
    except RefusedError:
        if not web.page(reference.url, max_bytes=1024).ok:
            raise
        owner, _, title = reference.id.partition("/")
        return Found(reference, Record(id="", title=title, authors=(owner,), url=reference.url), is_paper=False)
    if not isinstance(data, Mapping):
        raise RefusedError(f"GitHub has no public repository {reference.id} (was it renamed or removed?)")
    name = _text(data.get("full_name")) or reference.id
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        name = reference.id
    record = Record(
        id="",
        title=name.rpartition("/")[2],
        abstract=_text(data.get("description"), _MAX_ABSTRACT),
        authors=(name.partition("/")[0],),
        published=_day(read_date(_text(data.get("created_at")))),
        url=f"https://github.com/{name}",
    )
    home = _text(data.get("homepage"))
    licence = _text(_mapping(data, "license").get("spdx_id"))
    return Found(
        reference,
        record,
        is_paper=False,
        date=read_date(_text(data.get("created_at")))[:4],
        links={"page": home} if is_http(home) else {},
        licence="" if licence == "NOASSERTION" else licence,
        archived=data.get("archived") is True,
    )


def _page(reference: Reference, web: Web, *, is_paper: bool = False) -> Found | Reference:
    answer = web.page(reference.url, max_bytes=_MAX_HEAD)
    if not answer.ok:
        raise RefusedError(f"{reference.url}: HTTP {answer.status} (is the address right?)")
    meta = page_file.read(answer.text()) if answer.kind in _HTML else page_file.Metadata()
    if meta.arxiv:
        return Reference("arxiv", meta.arxiv, f"https://arxiv.org/abs/{meta.arxiv}")
    if not meta.title:
        raise RefusedError(
            f"{reference.url}: the page names no title (type {_kind(answer)}; name it with --name or in the form)"
        )
    record = Record(
        id="",
        title=meta.title,
        abstract=meta.abstract,
        authors=meta.authors,
        published=_day(meta.date),
        doi=meta.doi or (reference.id if reference.kind == "doi" else ""),
        url=reference.url,
    )
    paper = is_paper or meta.is_paper or reference.kind in ("doi", "openreview")
    return Found(reference, record, is_paper=paper, date=meta.date, venue=meta.venue)


def bare(reference: Reference, name: str) -> Found:
    """What is known of a page that says nothing of itself: the name that a person gives it."""
    record = Record(id="", title=visible(name, 400), url=reference.url)
    return Found(reference, record, is_paper=False)


def _kind(answer: Answer) -> str:
    return visible(answer.kind, 60) or "unknown"


def _reference(text: str) -> Reference | None:
    try:
        return parse_reference(text)
    except UsageError:
        return None


def _mapping(data: Any, key: str = "", kind: type = dict) -> Any:
    value = data.get(key) if key and isinstance(data, Mapping) else data
    return value if isinstance(value, kind) else kind()


def _list(value: Any) -> list[Any]:
    return value[:500] if isinstance(value, list) else []


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _text(value: Any, limit: int = 400) -> str:
    return visible(value, limit) if isinstance(value, str) else ""


def _untagged(value: Any, limit: int = 400) -> str:
    """Text without the JATS or HTML tags that publishers leave in titles and abstracts."""
    return visible(html.unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", _text(value, 2 * limit))), limit)


def _day(date: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(date)
    except ValueError:
        return None


def _date_parts(work: Mapping[str, Any]) -> str:
    for key in ("issued", "published"):
        parts = _first(_mapping(work, key).get("date-parts"))
        if isinstance(parts, list) and parts and all(isinstance(p, int) for p in parts[:3]):
            return read_date("-".join(f"{p:02}" for p in parts[:3]))
    return ""
