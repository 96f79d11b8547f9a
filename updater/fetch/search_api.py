"""arXiv through its search API (https://info.arxiv.org/help/api/user-manual.html), by way of the `arxiv` package.

The package builds the addresses, pages through results and parses entries. What it leaves to luck is done by the channel
that it gets as its session (see `transport`) and by `_facts`, which reads every page strictly before the package reads it
leniently: its own User-Agent, no time limits, `Retry-After` ignored, HTML taken for "no results", pages cut off in the
middle taken for short ones, and empty pages taken for the end.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import arxiv

from updater.errors import RefusedError, SourceError
from updater.fetch import normalize, xml
from updater.fetch.build import Builder
from updater.fetch.source import ONE_DAY, Addresses, Batch, Listener, Progress, Sieve, Window
from updater.fetch.transport import ATOM, Channel, Transport, Unusable

if TYPE_CHECKING:
    from updater.records import Record
    from updater.settings import Settings

log = logging.getLogger(__name__)

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_SEARCH: Final = "{http://a9.com/-/spec/opensearch/1.1/}"
_DEEPEST: Final = 30_000
"""The API answers no page that begins at or beyond this result."""
_PASSES: Final = 4
"""How often a stretch of time whose total changes is read before it is cut in two."""
_SHORTEST: Final = dt.timedelta(minutes=1)
"""The resolution of `submittedDate`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What a page says about itself."""

    total: int
    start: int
    entries: int


class SearchApi:
    """The source `api`."""

    name = "api"

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        transport: Transport,
        sieve: Sieve,
        listener: Listener | None = None,
    ) -> None:
        self._settings = settings.arxiv
        self._sieve, self._listener = sieve, listener
        self._builder = Builder(settings)
        self._pages: list[Facts] = []
        self._channel: Channel[Facts] = transport.channel(self._facts, ATOM, xml.legal)
        # Pace and repetition are the channel's business, which is the session of the package's client.
        self._client = arxiv.Client(page_size=self._settings.page_size, delay_seconds=0, num_retries=0)
        self._client.query_url_format = f"{addresses.api}?{{}}"
        self._client._session = self._channel.session

    def read(self, window: Window) -> Iterator[Batch]:
        """Yield the submissions of every day of `window`, a batch a day.

        Raises
        ------
        SourceError
            The service does not answer or refuses; the batches before remain valid.
        """
        kept = 0
        for number, day in enumerate(window.days(), start=1):
            records = self._day(day)
            kept += len(records)
            if self._listener:
                self._listener(Progress(self.name, f"{day}", number, len(window), kept))
            yield Batch(tuple(records.values()), frozenset({day}))

    def by_id(self, names: Sequence[str]) -> dict[str, Record]:
        """Return the records of arXiv ids (without version, all valid), whatever their categories.

        Ids that arXiv does not know are not in the answer.

        Raises
        ------
        SourceError
            The service does not answer or refuses.
        """
        if not names:
            return {}
        search = arxiv.Search(id_list=list(names), max_results=None)
        found: dict[str, Record] = {}
        self._pages.clear()
        for result in self._results(search):
            if record := self._record(result, None):
                found[record.id] = record
        # The API answers ids that were never given out with nothing at all; the whole list with nothing is a bad day.
        if not found and len(names) > 1:
            raise RefusedError(f"the search API returned none of {len(names)} ids")
        return found

    # --- days ------------------------------------------------------------------------------------------------------

    def _day(self, day: dt.date) -> dict[str, Record]:
        begin = dt.datetime.combine(day, dt.time())
        records = self._between(begin, begin + ONE_DAY, day)
        if not records and not any(p.total for p in self._pages):
            # "No results" is also what the API says on a bad day.
            records = self._between(begin, begin + ONE_DAY, day)
        return records

    def _between(self, begin: dt.datetime, end: dt.datetime, day: dt.date) -> dict[str, Record]:
        """Read what was submitted from `begin` to `end`, both minutes included, and keep what is of `day`.

        While we page, papers are announced, and everything moves. So a reading counts only if all of its pages state the
        same total and that many different records came; else all is read again, and in the end cut smaller.
        """
        query = f"({self._categories()}) AND submittedDate:[{begin:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
        search = arxiv.Search(
            query=query,
            max_results=None,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Ascending,
        )
        for _ in range(_PASSES):
            self._pages.clear()
            records: dict[str, Record] = {}
            names: set[str] = set()
            before = self._sieve.copy()
            for result in self._results(search):
                if self._pages[0].total > _DEEPEST:
                    break
                names.add(result.entry_id)
                if record := self._record(result, day):
                    records[record.id] = record
            totals = {p.total for p in self._pages}
            if self._pages[0].total > _DEEPEST:
                break
            if totals == {len(names)}:
                return records
            log.warning("search API: totals %s, %d records for %s; reading it again", sorted(totals), len(names), query)
            self._sieve.restore(before)
        if end - begin <= _SHORTEST:
            raise RefusedError(f"the search API gives no consistent list for {begin:%Y-%m-%d %H:%M}")
        self._sieve.restore(before)
        middle = begin + (end - begin) // 2
        middle = middle.replace(second=0)
        return self._between(begin, middle, day) | self._between(middle, end, day)

    def _categories(self) -> str:
        return " OR ".join(f"cat:{c}" for c in sorted(self._sieve.wanted))

    def _results(self, search: arxiv.Search) -> Iterator[arxiv.Result]:
        """Page through `search`; whatever the package does not survive is a refusal, since it reads what others wrote."""
        try:
            yield from self._client.results(search)
        except SourceError:
            raise
        except Exception as error:
            raise RefusedError(f"search API: a page that cannot be read ({type(error).__name__}: {error})") from error

    # --- one page, one entry -----------------------------------------------------------------------------------------

    def _facts(self, body: bytes) -> Facts:
        """Check a page that the package is about to read.

        Raises
        ------
        Unusable
            It is no complete Atom page, reports an error, is empty where it should not be, or has an entry that the
            package would leave out.
        """
        root = xml.parse(body)
        if root.tag != f"{_ATOM}feed":
            raise Unusable("XML that is not an Atom feed")
        entries = root.findall(f"{_ATOM}entry")
        if len(entries) == 1 and "/api/errors" in (entries[0].findtext(f"{_ATOM}id") or ""):
            said = normalize.fold(entries[0].findtext(f"{_ATOM}summary"), 200)
            raise Unusable(f"arXiv reports an error: {said or 'without saying which'}", final=True)
        total, start = (_count(root.findtext(f"{_SEARCH}{name}")) for name in ("totalResults", "startIndex"))
        if total is None or start is None:
            raise Unusable("an Atom feed without totals")
        for entry in entries:
            # The same three things that the package requires, which drops an entry, or raises, without them.
            moments = (entry.findtext(f"{_ATOM}published"), entry.findtext(f"{_ATOM}updated"))
            if not entry.findtext(f"{_ATOM}id") or not all(_moment(m) for m in moments):
                raise Unusable("an entry without id or dates")
        if not entries and start < total:
            raise Unusable(f"an empty page at {start:,} of {total:,}")
        facts = Facts(total, start, len(entries))
        self._pages.append(facts)
        return facts

    def _record(self, result: arxiv.Result, day: dt.date | None) -> Record | None:
        """Make a record of an entry; with a `day`, only if the sieve lets it pass and it was submitted then."""
        sieve = self._sieve
        sieve.seen += 1
        name, version = normalize.identifier(result.entry_id)
        if not name:
            sieve.skip(result.entry_id, "no arXiv id")
            return None
        if day is not None and not sieve.passes([result.primary_category, *result.categories]):
            sieve.other_categories += 1
            return None
        published = result.published.date()
        if day is not None and published != day:
            sieve.other_days += 1
            return None
        record = self._builder.record(
            name=name,
            version=version or 1,
            title=result.title,
            abstract=result.summary,
            authors=[a.name for a in result.authors],
            categories=normalize.categories(result.primary_category, result.categories),
            published=published,
            updated=result.updated.date(),
            comment=result.comment,
            doi=result.doi,
            journal_ref=result.journal_ref,
        )
        if record is None:
            sieve.skip(name, "no title")
        return record


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _moment(text: str | None) -> bool:
    """Say whether the package can read a time."""
    try:
        moment = dt.datetime.fromisoformat((text or "").strip().replace("Z", "+00:00"))
        (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return False
    return True
