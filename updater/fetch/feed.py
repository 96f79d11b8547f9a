"""arXiv through its daily feeds (https://info.arxiv.org/help/rss.html): what was announced last, in RSS or Atom.

A feed says which works are new, cross-listed or replaced, with title and abstract, but not when they were submitted, nor
their comment, DOI or journal reference. So it is read for its ids, and the records are completed by id. It lists at most
2,000 items; when a feed of several categories is that long, every category is read by itself.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from updater.errors import RefusedError, SourceError
from updater.fetch import normalize, xml
from updater.fetch.lookup import Lookup
from updater.fetch.oai import OaiPmh
from updater.fetch.source import ONE_DAY, Addresses, Batch, Sieve, Window
from updater.fetch.transport import XML, Channel, Transport, Unusable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from updater.records import Record

log = logging.getLogger(__name__)

LIMIT: Final = 2_000
"""Items in one feed, at most."""

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ARXIV: Final = "{http://arxiv.org/schemas/atom}"
TYPES: Final = frozenset({"new", "cross", "replace", "replace-cross"})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an announcement."""

    name: str
    """arXiv id without version."""
    version: int | None
    kind: str
    """new, cross, replace or replace-cross; empty if the feed does not say."""


@dataclass(slots=True)
class Announcement:
    """One feed."""

    day: dt.date | None = None
    items: list[Item] = field(default_factory=list)
    listed: int = 0
    """Items in the feed, with those that name no arXiv id."""


class DailyFeed:
    """The source `feed`."""

    name = "feed"

    def __init__(self, places: Addresses, transport: Transport, sieve: Sieve, *, lookup: Lookup, oai: OaiPmh) -> None:
        self._places, self._sieve = places, sieve
        self._lookup, self._oai = lookup, oai
        self._channel: Channel[Announcement] = transport.channel(parse, XML)

    def read(self, window: Window) -> Iterator[Batch]:
        """Yield one batch: the works of the newest announcement that were submitted in `window`. No day is finished by it.

        Raises
        ------
        SourceError
            The feed, or what completes it, does not answer or refuses.
        """
        wanted = sorted(self._sieve.wanted)
        announcements = [self._feed("+".join(wanted))]
        notices = []
        if announcements[0].listed >= LIMIT:
            announcements = [self._feed(category) for category in wanted]
            full = [c for c, a in zip(wanted, announcements, strict=True) if a.listed >= LIMIT]
            if full:
                notices.append(f"the daily feed of {', '.join(full)} is cut off at {LIMIT:,} items")
        day = max((a.day for a in announcements if a.day), default=None)
        names = sorted({item.name for a in announcements for item in a.items})
        records = self._complete(names, day, window)
        gone = [n for n in names if n not in records]
        if gone:
            more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
            notices.append(f"announced, but not found by id: {', '.join(gone[:5])}{more}")
        kept = tuple(r for r in records.values() if self._sieve.passes(r.categories) and r.published in window)
        yield Batch(kept, frozenset(), announced=day, notices=tuple(notices))

    def _feed(self, categories: str) -> Announcement:
        """Read the RSS feed, or, if that one is refused, the same in Atom; where nobody answers, neither would Atom."""
        try:
            return self._channel.get(f"{self._places.feeds}/rss/{categories}")
        except RefusedError as error:
            log.warning("%s; trying the Atom feed", error)
            return self._channel.get(f"{self._places.feeds}/atom/{categories}")

    def _complete(self, names: list[str], day: dt.date | None, window: Window) -> dict[str, Record]:
        """Find the records of `names`: a hundred at a time, or, if that is refused, in the list of what changed since."""
        try:
            return self._lookup.find(names)
        except SourceError as error:
            if day is None:
                raise
            log.warning("%s; completing the feed over OAI-PMH", error)
            announced = set(names)
            # A change is dated by the day on which arXiv processed it, which can be the one before the announcement.
            changed = self._oai.changed_since(day - ONE_DAY, window.first)
            return {r.id: r for r in changed if r.id in announced}


def parse(body: bytes) -> Announcement:
    """Read an RSS 2.0 or Atom feed of arXiv.

    Raises
    ------
    Unusable
        It is neither.
    """
    root = xml.parse(body)
    if root.tag == "rss" and (channel := root.find("channel")) is not None:
        elements = channel.findall("item")
        day = _local_day(channel.findtext("pubDate") or channel.findtext("lastBuildDate"))
        items = [_item(e, e.findtext("guid"), e.findtext("link"), e.findtext("description")) for e in elements]
    elif root.tag == f"{_ATOM}feed":
        elements = root.findall(f"{_ATOM}entry")
        day = _local_day(root.findtext(f"{_ATOM}updated"))
        items = [_item(e, e.findtext(f"{_ATOM}id"), _link(e), e.findtext(f"{_ATOM}summary")) for e in elements]
    else:
        raise Unusable("XML that is neither RSS nor Atom")
    return Announcement(day, [i for i in items if i is not None], len(elements))


def _item(element: Element, guid: str | None, link: str | None, text: str | None) -> Item | None:
    name, version = normalize.identifier(guid)
    if not name:
        name, version = normalize.identifier(link)
    if not name:
        return None
    said = (element.findtext(f"{_ARXIV}announce_type") or "").strip()
    if said not in TYPES:
        said = next((t for t in sorted(TYPES, key=len) if f"Announce Type: {t}\n" in f"{(text or '')[:200]}\n"), "")
    return Item(name, version, said)


def _link(entry: Element) -> str | None:
    return next((e.get("href") for e in entry.findall(f"{_ATOM}link") if e.get("rel") in (None, "alternate")), None)


def _local_day(text: str | None) -> dt.date | None:
    """Return the day as the feed writes it: an announcement is dated midnight of Ithaca's day, which names it."""
    day = normalize.day(text)
    if day is None:
        return None
    written = normalize.day((text or "").strip()[:10]) if (text or "").strip()[:4].isdigit() else None
    return written or day
