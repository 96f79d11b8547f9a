"""arXiv through OAI-PMH 2.0 (https://info.arxiv.org/help/oa/index.html): for long windows, and when the API refuses.

OAI-PMH lists records by datestamp, the day of their last change, which is never before the day of submission. So a
harvest of everything that changed from the first wanted day on contains every submission of that day and later. It is
cut into stretches of datestamps and read from the newest stretch to the oldest: once the stretch that begins on day D is
read, every submission of D and later is known, and stays known if an older stretch fails.

The format is arXivRaw, the only one with the history of versions, and so with the day of submission.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from updater.errors import RefusedError
from updater.fetch import normalize, xml
from updater.fetch.build import Builder
from updater.fetch.source import ONE_DAY, Addresses, Batch, Listener, Progress, Sieve, Window
from updater.fetch.transport import XML, Channel, Transport, Unusable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from updater.records import Record
    from updater.settings import Settings

log = logging.getLogger(__name__)

_OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
_RAW: Final = "{http://arxiv.org/OAI/arXivRaw/}"
_LONG_LIVED: Final = 3
"""Archives with this many wanted categories are read whole: less to fetch than every category with its cross-lists."""
_RESTARTS: Final = 4
"""How often one stretch may be begun again because its resumption token was lost."""
_PAGES: Final = 20_000
"""More pages than arXiv has records for: a chain of tokens that is longer goes in a circle."""


@dataclass(slots=True)
class Page:
    """One answer to ListRecords or GetRecord."""

    records: list[Record] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    listed: int = 0
    """Records on the page, wanted or not."""
    token: str = ""
    size: int | None = None
    """Records in the whole list, as the repository states it."""
    error: str = ""
    """An OAI error code, or nothing."""
    message: str = ""
    day: dt.date | None = None
    """The repository's own day, UTC."""


@dataclass(slots=True)
class _Found:
    """What some lists hold together."""

    records: dict[str, Record] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)

    def take(self, page: Page) -> None:
        """Add a page; of a work that is listed twice (in two sets, or changed while we read) the newest version stays."""
        for record in page.records:
            known = self.records.get(record.id)
            if known is None or record.version >= known.version:
                self.records[record.id] = record
        self.deleted.update(page.deleted)


class OaiPmh:
    """The source `oai`."""

    name = "oai"

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        transport: Transport,
        sieve: Sieve,
        *,
        today: dt.date,
        listener: Listener | None = None,
    ) -> None:
        self._url = addresses.oai
        self._transport, self._sieve = transport, sieve
        self._listener = listener
        self._builder = Builder(settings)
        self._stretch = dt.timedelta(days=settings.arxiv.oai_stretch_days)
        self._sets = sets(sieve.wanted)
        self._today = today
        self._begun: dt.date | None = None
        self._kept = self._pages = 0
        self._expected: int | None = None

    def read(self, window: Window) -> Iterator[Batch]:
        """Yield the submissions of `window`, one batch a stretch of datestamps, newest stretch first.

        Raises
        ------
        SourceError
            The service does not answer or refuses; the batches before remain valid.
        """
        channel = self._transport.channel(partial(self._parse, window), XML)
        stretches = self._stretches(window.first, max(window.first, self._today))
        self._begun = None
        for number, stretch in enumerate(reversed(stretches)):
            # What is still to come costs about as many pages as what was read.
            self._expected = round(self._pages / number * len(stretches)) if number else None
            found = _Found()
            # Nothing follows the newest stretch, so it has no end, and it does not matter whether our clock is right.
            until = None if stretch is stretches[-1] else stretch.last
            for name in self._sets:
                ended = self._list(channel, stretch.first, until, name, found)
                if stretch is stretches[0] and name is self._sets[-1] and self._begun and ended > self._begun:
                    # Midnight passed. What changed meanwhile left a stretch that was still to be read for one that had
                    # been read, so the days since are read again.
                    for again in self._sets:
                        self._list(channel, self._begun, None, again, found)
            self._kept += len(found.records)
            first = max(window.first, stretch.first)
            days = frozenset(Window(first, window.last).days()) if first <= window.last else frozenset()
            yield Batch(tuple(found.records.values()), days, frozenset(found.deleted), notices=tuple(found.notices))

    def changed_since(self, day: dt.date, first: dt.date) -> Iterator[Record]:
        """Yield every wanted record that changed on `day` or later and was submitted on `first` or later."""
        window = Window(first, max(first, dt.date.max - ONE_DAY))
        channel = self._transport.channel(partial(self._parse, window), XML)
        found = _Found()
        for name in self._sets:
            self._list(channel, day, None, name, found)
        yield from found.records.values()

    def get(self, name: str) -> Record | None:
        """Return the record of one arXiv id, whatever its categories, or None if arXiv does not know it.

        Raises
        ------
        SourceError
            The service does not answer or refuses.
        """
        channel = self._transport.channel(partial(self._parse, None), XML)
        query = {"verb": "GetRecord", "metadataPrefix": "arXivRaw", "identifier": f"oai:arXiv.org:{name}"}
        page = channel.get(self._url, query)
        if page.error and page.error not in ("idDoesNotExist", "cannotDisseminateFormat"):
            raise RefusedError(f"OAI-PMH: {page.error} for {name}: {page.message}")
        return page.records[0] if page.records else None

    # --- lists -----------------------------------------------------------------------------------------------------

    def _stretches(self, first: dt.date, today: dt.date) -> list[Window]:
        out = []
        while first <= today:
            last = min(first + self._stretch - ONE_DAY, today)
            out.append(Window(first, last))
            first = last + ONE_DAY
        return out

    def _list(
        self,
        channel: Channel[Page],
        first: dt.date,
        until: dt.date | None,
        name: str,
        found: _Found,
    ) -> dt.date:
        """Read one list, of the set `name`, to its end into `found`; return the repository's day at the end.

        A token that expired or was lost means that the list is read again from its beginning: reading twice costs time,
        going on in the middle could cost records. So does a list that changed while it was read, since a record that
        leaves it pulls the ones behind it onto pages that have been read.
        """
        what = f"{name}, changed {first} to {until or 'now'}"
        doubtful = False
        for _ in range(_RESTARTS):
            listed, sizes, days = 0, list[int](), list[dt.date]()
            begin = {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "from": f"{first}", "set": name}
            if until:
                begin["until"] = f"{until}"
            try:
                for page in self._chain(channel, begin):
                    listed += page.listed
                    sizes += [page.size] if page.size is not None else []
                    days += [page.day] if page.day is not None else []
                    self._begun = self._begun or page.day
                    found.take(page)
                    self._tell(what, len(found.records))
            except _TokenLost as lost:
                log.warning("OAI-PMH: %s; reading %s again", lost, what)
                continue
            if len({*days}) > 1:
                log.warning("OAI-PMH: midnight passed within a list; reading %s again", what)
                continue
            size = sizes[-1] if sizes else listed
            if listed >= size and len({*sizes}) <= 1:
                return max(days, default=dt.date.min)
            announced = " then ".join(f"{n:,}" for n in dict.fromkeys(sizes))
            doubt = f"OAI-PMH listed {listed:,} records and announced {announced} ({what})"
            if not doubtful:
                doubtful = True
                log.warning("%s; reading it again", doubt)
                continue
            # The specification lets a repository give estimates, so that twice the same is the best that can be had.
            found.notices.append(doubt)
            return max(days, default=dt.date.min)
        raise RefusedError(f"OAI-PMH: the list changes, or its resumption tokens are lost, again and again ({what})")

    def _chain(self, channel: Channel[Page], query: dict[str, str]) -> Iterator[Page]:
        tokens: set[str] = set()
        resumed = False
        while True:
            page = channel.get(self._url, query)
            self._pages += 1
            if page.error == "noRecordsMatch" and not resumed:
                yield page
                return
            if page.error in ("badResumptionToken", "noRecordsMatch"):
                raise _TokenLost(f"the resumption token is no longer valid ({page.error})")
            if page.error:
                raise RefusedError(f"OAI-PMH: {page.error}: {page.message}")
            yield page
            if not page.token:
                return
            if page.token in tokens or len(tokens) > _PAGES:
                raise RefusedError("OAI-PMH: resumption tokens go in a circle")
            tokens.add(page.token)
            query, resumed = {"verb": "ListRecords", "resumptionToken": page.token}, True

    def _tell(self, what: str, kept: int) -> None:
        if self._listener:
            expected = None if self._expected is None else max(self._expected, self._pages + 1)
            self._listener(Progress(self.name, what, self._pages, expected, self._kept + kept))

    # --- one page --------------------------------------------------------------------------------------------------

    def _parse(self, window: Window | None, body: bytes) -> Page:
        """Read an answer; with a `window`, keep only records that pass the sieve and were submitted in it."""
        root = xml.parse(body)
        if root.tag != f"{_OAI}OAI-PMH":
            raise Unusable("XML that is not OAI-PMH")
        page = Page(day=normalize.day(root.findtext(f"{_OAI}responseDate")))
        error = root.find(f"{_OAI}error")
        if error is not None:
            page.error = normalize.fold(error.get("code"), 60) or "unknown error"
            page.message = normalize.fold(error.text, 200)
            return page
        body_of = next((e for e in root if e.tag in _ANSWERS), None)
        if body_of is None:
            raise Unusable("OAI-PMH with neither data nor error")
        for element in body_of:
            if element.tag == _RECORD:
                page.listed += 1
                self._take(element, window, page)
            elif element.tag == _TOKEN:
                page.token = (element.text or "").strip()
                page.size = _number(element.get("completeListSize"))
        if not page.listed:
            raise Unusable("an empty list in place of records")
        return page

    def _take(self, element: Element, window: Window | None, page: Page) -> None:
        header = element.find(_HEADER)
        sieve = self._sieve
        if header is not None and header.get("status") == "deleted":
            name, _ = normalize.identifier(header.findtext(_IDENTIFIER))
            page.deleted.append(name) if name else sieve.skip("(deleted)", "a deleted record without an id")
            return
        raw = element.find(_METADATA)
        values: dict[str, str | None] = {}
        versions: list[Element] = []
        for child in raw if raw is not None else ():
            if child.tag == _VERSION:
                versions.append(child)
            else:
                values[child.tag] = child.text
        sieve.seen += 1
        classes = (values.get(_CATEGORIES) or "").split()
        if window is not None and not sieve.passes(classes):
            sieve.other_categories += 1
            return
        published = _day_of(versions[0]) if versions else None
        if window is not None and published is not None and published not in window:
            sieve.other_days += 1
            return
        name, _ = normalize.identifier(values.get(_ID))
        if not name or published is None:
            sieve.skip(values.get(_ID) or "", "no arXiv id" if not name else "no submission date")
            return
        record = self._builder.record(
            name=name,
            version=_version_of(versions),
            title=values.get(_TITLE),
            abstract=normalize.unwrap(values.get(_ABSTRACT)),
            authors=values.get(_AUTHORS) or "",
            categories=normalize.categories(classes[0] if classes else "", classes[1:]),
            published=published,
            updated=_day_of(versions[-1]) or published,
            comment=values.get(_COMMENTS),
            doi=values.get(_DOI),
            journal_ref=values.get(_JOURNAL),
        )
        if record is None:
            sieve.skip(name, "no title")
        else:
            page.records.append(record)


_RECORD, _HEADER, _TOKEN = f"{_OAI}record", f"{_OAI}header", f"{_OAI}resumptionToken"
_IDENTIFIER: Final = f"{_OAI}identifier"
_ANSWERS: Final = frozenset({f"{_OAI}ListRecords", f"{_OAI}GetRecord"})
_METADATA: Final = f"{_OAI}metadata/{_RAW}arXivRaw"
_ID, _VERSION, _TITLE, _AUTHORS = f"{_RAW}id", f"{_RAW}version", f"{_RAW}title", f"{_RAW}authors"
_CATEGORIES, _ABSTRACT, _COMMENTS = f"{_RAW}categories", f"{_RAW}abstract", f"{_RAW}comments"
_DOI, _JOURNAL = f"{_RAW}doi", f"{_RAW}journal-ref"


class _TokenLost(Exception):  # noqa: N818 - a signal inside this module
    """The repository no longer knows a resumption token."""


def sets(wanted: frozenset[str]) -> tuple[str, ...]:
    """Return the OAI sets that together contain the `wanted` categories.

    `cs.LG` is in set `cs:cs:LG`; an archive without subject classes, `hep-th`, in `physics:hep-th`. Sets of whole
    archives (`cs`) replace those of three or more of its categories.
    """
    archives = Counter(c.partition(".")[0] for c in wanted)
    out = set()
    for category in wanted:
        archive, dot, _ = category.partition(".")
        group = "physics" if archive in normalize.PHYSICS else archive
        if archives[archive] >= _LONG_LIVED or not dot:
            out.add(archive if group == archive else f"{group}:{archive}")
        else:
            out.add(f"{group}:{category.replace('.', ':')}")
    return tuple(sorted(out))


def _day_of(version: Element) -> dt.date | None:
    for child in version:
        if child.tag == _DATE:
            return normalize.day(child.text)
    return None


_DATE: Final = f"{_RAW}date"


def _version_of(versions: list[Element]) -> int:
    stated = _number((versions[-1].get("version") or "").removeprefix("v"))
    return stated if stated is not None and stated > 0 else len(versions)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
