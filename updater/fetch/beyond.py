"""New work outside arXiv: the feeds of journals and forums, and OpenReview's public notes.

Which ones is in the settings (`sources`); the address of each can be replaced by MI_INDEX_NAME_URL, where NAME is its name
in capitals with underscores. They are read with the same care as arXiv, and one that fails keeps nobody else waiting.

A work outside arXiv has no number of its own, so its id is made of its first author, its year and a word of its title. A
work that the index knows is recognized by its address, even if its title changed, and not returned again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import orjson

from updater.errors import SettingsError, SourceError
from updater.fetch import normalize, xml
from updater.fetch.source import Listener, Progress
from updater.fetch.transport import JSON, XML, Manners, Transport, Unusable, manners
from updater.index.text import author_overlap, is_http, normal_title, normal_url, work_slugs
from updater.records import Record

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from updater.settings import OutsideSource, Settings

log = logging.getLogger(__name__)

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_RSS1: Final = "{http://purl.org/rss/1.0/}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_CONTENT: Final = "{http://purl.org/rss/1.0/modules/content/}"
_TRIES: Final = 3
_PATIENCE: Final = 20.0
"""Seconds: what is outside arXiv can wait for the next run."""
_PAGE: Final = 100
_EXCERPT: Final = 2_500
"""Characters of a post that stand in for an abstract: about as much as the longest of arXiv's."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What came of reading the sources outside arXiv."""

    records: tuple[Record, ...]
    """Works that the index does not know, by id; each has an address."""
    read: dict[str, dt.date]
    """Name of a source to the newest day on which it showed something, for those that could be read."""
    notices: tuple[str, ...] = ()
    """For people: who did not answer, where something may have been missed."""
    failures: tuple[SourceError, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One work as its source shows it, normalized."""

    url: str
    title: str
    text: str
    authors: tuple[str, ...]
    published: dt.date | None
    comment: str = ""
    withdrawn: bool = False


def outside(
    settings: Settings,
    *,
    read: Mapping[str, dt.date],
    known: Mapping[str, str],
    transport: Transport | None = None,
    listener: Listener | None = None,
) -> Outside:
    """Read what appeared outside arXiv.

    Parameters
    ----------
    read
        Name of a source to the newest day that an earlier run saw there. What is older is not returned again; that day is.
    known
        Addresses of works that the index knows (as `updater.index.text.normal_url` writes them) to their ids.
    transport
        For tests; by default every source gets its own, so that a dead one does not use up the patience with others.

    Raises
    ------
    SettingsError
        An address in the environment is none.
    """
    posts: list[Post] = []
    newest: dict[str, dt.date] = {}
    notices: list[str] = []
    failures: list[SourceError] = []
    polite = dataclasses.replace(manners(settings), tries=_TRIES, patience=_PATIENCE)
    for number, source in enumerate(settings.sources, start=1):
        since = read.get(source.name)
        try:
            found = list(_read(source, polite, transport))
        except SourceError as error:
            failures.append(error)
            notices.append(f"{source.title} could not be read: {error}")
            log.warning("%s", notices[-1])
            continue
        days = [p.published for p in found if p.published]
        if days:
            newest[source.name] = max(days) if since is None else max(*days, since)
            if since and min(days) > since and source.kind == "feed":
                notices.append(
                    f"{source.title} shows nothing older than {min(days)}; what came after {since} may be missing"
                )
        posts += [p for p in found if since is None or p.published is None or p.published >= since]
        if listener:
            listener(Progress("outside", source.title, number, len(settings.sources), len(posts)))
    return Outside(tuple(_records(posts, known)), newest, tuple(notices), tuple(failures))


def variable(source: OutsideSource) -> str:
    """Return the name of the environment variable that replaces a source's address."""
    return f"MI_INDEX_{source.name.upper().replace('-', '_')}_URL"


def address(source: OutsideSource) -> str:
    """Return where a source is: the setting, or the environment before it.

    Raises
    ------
    SettingsError
        The environment names something that is no http or https address.
    """
    url = os.environ.get(variable(source)) or source.url
    if not is_http(url):
        raise SettingsError(f"{variable(source)}={url!r}: an address that begins with https:// or http:// is expected")
    return url


def _read(source: OutsideSource, polite: Manners, transport: Transport | None) -> Iterator[Post]:
    line = transport or Transport(polite)
    if source.kind == "openreview":
        yield from _openreview(source, line)
    else:
        yield from line.channel(parse_feed, XML).get(address(source))


# --- ids -------------------------------------------------------------------------------------------------------------


def _records(posts: Iterable[Post], known: Mapping[str, str]) -> list[Record]:
    """Make records, each work once: forums show each other's posts, and searches find the same note."""
    taken = {id_: url for url, id_ in known.items()}
    out: dict[str, Record] = {}
    seen: dict[str, list[Post]] = {}
    # In an order of their own, so that ids do not depend on the order in which a source lists them.
    for post in sorted(posts, key=lambda p: (p.published or dt.date.max, p.url)):
        twins = seen.setdefault(normal_title(post.title), [])
        if any(author_overlap(post.authors, twin.authors) or not post.authors for twin in twins):
            continue
        twins.append(post)
        url = normal_url(post.url)
        if url in known:
            continue
        name = _name(post, url, taken)
        taken[name] = url
        out[name] = Record(
            id=name,
            title=post.title,
            abstract=post.text,
            authors=post.authors,
            published=post.published,
            updated=post.published,
            comment=post.comment,
            withdrawn=post.withdrawn,
            url=post.url,
        )
    return [out[name] for name in sorted(out)]


def _name(post: Post, url: str, taken: Mapping[str, str]) -> str:
    """Return author-year-word, with as many more words of the title as it takes to be the only one of that name."""
    slugs = work_slugs(
        post.authors[0] if post.authors else "", f"{post.published:%Y}" if post.published else "", post.title
    )
    return next(slug for slug in slugs if taken.get(slug, url) == url)


# --- feeds -------------------------------------------------------------------------------------------------------------


def parse_feed(body: bytes) -> list[Post]:
    """Read an RSS 2.0, RSS 1.0 or Atom feed; items without title or address, and those that are on arXiv, are left out.

    Raises
    ------
    Unusable
        It is none of these.
    """
    root = xml.parse(body)
    if root.tag == "rss" and (channel := root.find("channel")) is not None:
        posts = [_rss(item, "") for item in channel.findall("item")]
    elif root.tag.endswith("}RDF"):
        posts = [_rss(item, _RSS1) for item in root.findall(f"{_RSS1}item")]
    elif root.tag == f"{_ATOM}feed":
        posts = [_atom(entry) for entry in root.findall(f"{_ATOM}entry")]
    else:
        raise Unusable("XML that is neither RSS nor Atom")
    return [post for post in posts if post is not None]


def _rss(item: Element, space: str) -> Post | None:
    names = [e.text for e in item.findall(f"{_DC}creator")] or [
        _mailbox(e.text) for e in item.findall(f"{space}author")
    ]
    return _post(
        url=item.findtext(f"{space}link") or _permalink(item),
        title=item.findtext(f"{space}title"),
        text=item.findtext(f"{_CONTENT}encoded") or item.findtext(f"{space}description"),
        names=names,
        moment=item.findtext("pubDate") or item.findtext(f"{_DC}date"),
    )


def _atom(entry: Element) -> Post | None:
    links = [e for e in entry.findall(f"{_ATOM}link") if e.get("rel") in (None, "alternate")]
    text = entry.find(f"{_ATOM}content")
    text = text if text is not None else entry.find(f"{_ATOM}summary")
    return _post(
        url=links[0].get("href") if links else None,
        title=_inside(entry.find(f"{_ATOM}title")),
        text=_inside(text),
        names=[e.findtext(f"{_ATOM}name") for e in entry.findall(f"{_ATOM}author")],
        moment=entry.findtext(f"{_ATOM}published") or entry.findtext(f"{_ATOM}updated"),
    )


def _inside(element: Element | None) -> str:
    """Return the text of a construct that may hold XHTML."""
    return "" if element is None else " ".join(element.itertext()) if len(element) else element.text or ""


def _permalink(item: Element) -> str | None:
    guid = item.find("guid")
    return guid.text if guid is not None and guid.get("isPermaLink", "true") == "true" else None


def _mailbox(text: str | None) -> str:
    """Return the name in an RSS author, which is a mail address with the name in parentheses."""
    text = text or ""
    return text.partition("(")[2].rstrip(") ") if "(" in text and "@" in text else text


def _post(
    *, url: str | None, title: str | None, text: str | None, names: Iterable[str | None], moment: str | None
) -> Post | None:
    url = (url or "").strip()
    clean = normalize.title(plain(title))
    if not clean or not is_http(url) or normalize.identifier(url)[0]:
        return None
    authors = normalize.authors([plain(n)[:_EXCERPT] for n in names if n])
    return Post(url, clean, excerpt(text), authors, normalize.day(moment))


def excerpt(text: str | None) -> str:
    """Return the first part of a post's text, cut between words."""
    whole = normalize.abstract(plain(text))
    return whole if len(whole) <= _EXCERPT else whole[:_EXCERPT].rpartition(" ")[0] or whole[:_EXCERPT]


def plain(text: str | None) -> str:
    """Return text without its HTML tags, scripts and styles; not safe by that, only readable."""
    text = (text or "")[: 200 * 1024]
    if "<" not in text:
        return text
    reader = _Text()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts)


class _Text(HTMLParser):
    """Collects the text of HTML."""

    _SILENT: Final = frozenset({"script", "style", "svg", "template", "noscript"})
    _INLINE: Final = frozenset(
        {"a", "abbr", "b", "code", "em", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"}
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self._SILENT
        self._gap(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self._silent = max(0, self._silent - 1)
        self._gap(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._gap(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _gap(self, tag: str) -> None:
        if tag not in self._INLINE:
            self.parts.append(" ")


# --- OpenReview ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Notes:
    """One page of notes."""

    posts: list[Post] = field(default_factory=list)
    listed: int = 0


def _openreview(source: OutsideSource, line: Transport) -> Iterator[Post]:
    """Search OpenReview's notes (API 2, https://docs.openreview.net/reference/api-v2) for each of the source's queries."""
    channel = line.channel(parse_notes, JSON)
    base = address(source).rstrip("/")
    for query in source.queries:
        for offset in range(0, source.limit, _PAGE):
            size = min(_PAGE, source.limit - offset)
            wish = {"term": query, "type": "terms", "content": "all", "source": "forum"}
            page = channel.get(f"{base}/notes/search", {**wish, "limit": str(size), "offset": str(offset)})
            yield from page.posts
            if page.listed < size:
                break


def parse_notes(body: bytes) -> Notes:
    """Read a page of OpenReview notes; only submissions that everybody may read, have a title and are not on arXiv count.

    Raises
    ------
    Unusable
        It is no such page.
    """
    try:
        value = orjson.loads(body)
    except ValueError as error:
        raise Unusable(f"JSON that cannot be read ({error})") from error
    if not isinstance(value, dict) or not isinstance(value.get("notes"), list):
        raise Unusable("JSON without notes")
    notes = [n for n in value["notes"] if isinstance(n, dict)]
    return Notes([p for n in notes if (p := _note(n)) is not None], len(value["notes"]))


def _note(note: dict[str, Any]) -> Post | None:
    name, content = note.get("id"), note.get("content")
    if not isinstance(name, str) or not isinstance(content, dict) or note.get("forum") != name:
        return None
    if not 1 <= len(name) <= 40 or not all(c.isascii() and (c.isalnum() or c in "-_") for c in name):
        return None
    if isinstance(readers := note.get("readers"), list) and "everyone" not in readers:
        return None
    title = normalize.title(_value(content, "title"))
    if not title:
        return None
    names = content.get("authors")
    names = names.get("value") if isinstance(names, dict) else names
    invitations = note.get("invitations")
    withdrawn = any("Withdrawn" in str(i) for i in invitations) if isinstance(invitations, list) else False
    return Post(
        url=f"https://openreview.net/forum?id={name}",
        title=title,
        text=normalize.abstract(_value(content, "abstract")),
        authors=normalize.authors([n for n in names if isinstance(n, str)] if isinstance(names, list) else []),
        published=_from_milliseconds(note.get("pdate")) or _from_milliseconds(note.get("cdate")),
        comment=normalize.comment(_value(content, "venue")),
        withdrawn=withdrawn,
    )


def _value(content: dict[str, Any], key: str) -> str:
    value = content.get(key)
    value = value.get("value") if isinstance(value, dict) else value
    return value if isinstance(value, str) else ""


def _from_milliseconds(value: object) -> dt.date | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return dt.datetime.fromtimestamp(value / 1000, dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
