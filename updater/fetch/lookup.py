"""Records for a list of arXiv ids: for training, for what a person adds, for what the daily feed does not say.

The search API answers a hundred ids at a time. If it refuses, OAI-PMH answers them one by one, which is polite only for
a few. What was once read is kept in the user's cache folder, so that an interrupted run goes on where it stopped; the
cache holds abstracts, and nothing of it ever gets into the repository.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from updater.errors import SourceError, UsageError
from updater.fetch import normalize
from updater.fetch.cache import RecordCache
from updater.fetch.oai import OaiPmh
from updater.fetch.search_api import SearchApi
from updater.fetch.source import Addresses, Listener, Progress, Sieve, addresses
from updater.fetch.transport import Transport, manners

if TYPE_CHECKING:
    from updater.records import Record
    from updater.settings import Settings

log = logging.getLogger(__name__)

BATCH: Final = 100
"""Ids in one request; arXiv has no stated limit, but long addresses are refused."""
_FEW: Final = 25
"""So many ids are asked for one by one when batches are refused."""


class Lookup:
    """Finds arXiv records by id, without cache."""

    def __init__(
        self, settings: Settings, places: Addresses, transport: Transport, listener: Listener | None = None
    ) -> None:
        self._listener = listener
        sieve = Sieve(frozenset(settings.arxiv.categories))
        self._api = SearchApi(settings, places, transport, sieve)
        self._oai = OaiPmh(settings, places, transport, sieve, today=settings.arxiv.first_day)

    def find(self, names: Sequence[str], keep: Callable[[dict[str, Record]], None] | None = None) -> dict[str, Record]:
        """Return the records of those `names` (ids without version) that arXiv knows.

        `keep` gets every batch as soon as it is read.

        Raises
        ------
        SourceError
            A batch could be read in no way; those before went to `keep`.
        """
        found: dict[str, Record] = {}
        for start in range(0, len(names), BATCH):
            part = names[start : start + BATCH]
            batch = self._batch(part)
            found |= batch
            if keep:
                keep(batch)
            if self._listener:
                self._listener(Progress("ids", "by id", min(start + BATCH, len(names)), len(names), len(found)))
        return found

    def _batch(self, names: Sequence[str]) -> dict[str, Record]:
        try:
            return self._api.by_id(names)
        except SourceError as error:
            if len(names) > _FEW:
                raise
            log.warning("%s; asking OAI-PMH for %d ids", error, len(names))
            records = (self._oai.get(name) for name in names)
            return {r.id: r for r in records if r is not None}


def by_id(
    settings: Settings,
    ids: Iterable[str],
    *,
    fresh: bool = False,
    transport: Transport | None = None,
    cache: RecordCache | None = None,
    listener: Listener | None = None,
) -> Iterator[Record]:
    """Yield the records of arXiv `ids`, in their order, each once; ids that arXiv does not know yield nothing.

    Ids may carry a version or be addresses. With `fresh`, the cache is written but not read.

    Raises
    ------
    UsageError
        Something among `ids` is no arXiv id.
    SourceError
        arXiv could not be read. What was read before is in the cache.
    """
    names: dict[str, None] = {}
    for text in ids:
        name, _ = normalize.identifier(text)
        if not name:
            raise UsageError(f"{text!r} is no arXiv id; one looks like 2211.00593 or hep-th/9901001")
        names[name] = None
    with cache or RecordCache.open() as store:
        known = {} if fresh else store.get(names)
        missing = [n for n in names if n not in known]
        if missing:
            lookup = Lookup(settings, addresses(settings), transport or Transport(manners(settings)), listener)
            known |= lookup.find(missing, lambda batch: store.put(batch.values()))
        yield from (known[n] for n in names if n in known)
