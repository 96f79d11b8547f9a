"""Does a harvest come out the same, whatever arXiv does? Every fault of `arxiv_local`, alone and in pairs.

    python benchmarks/fetch_faults.py [--delay 0.05] [--first 2026-04-13 --last 2026-04-19] [--faults 429,503] [--alone]

Reads a week of the corpus from `../shared/arxiv_local`, once undisturbed and once with each fault and each pair of faults,
and prints a table: requests, seconds, which sources delivered, and whether the bytes of the harvest equal those of the
undisturbed run. The delay between requests is small, so that the table takes minutes and not hours, except for `rate`, which
refuses whoever is faster than one request in 2.9 seconds: it is read at the default pace of 3 seconds. `down` must fail with
nothing read. `faults.py` does the same with whole updates. Needs `../shared`; says so when it is not there. Ends with exit
code 1 if a row is not as it should be.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
import sys
import tempfile
import time
from pathlib import Path

import orjson
from arxiv_local import MOST_REQUESTS, ROOT, SETTLED, arguments, corpus, serving, small, wanted

from updater.errors import SourceError
from updater.fetch import Harvest, Window, harvest
from updater.fetch.transport import Transport, manners
from updater.settings import Settings, load


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    faults: tuple[str, ...]
    requests: int
    seconds: float
    sources: tuple[str, ...]
    digest: str
    error: str = ""


def digest(result: Harvest) -> str:
    """A number for everything of a harvest that reaches the index."""
    parts = {
        "records": [dataclasses.asdict(r) for r in result.records],
        "read": {category: days.dump() for category, days in result.read.items()},
        "deleted": result.deleted,
    }
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


def measure(settings: Settings, url: str, window: Window, faults: tuple[str, ...], today: dt.date, delay: float) -> Row:
    """Harvest once."""
    arxiv = settings.arxiv.model_copy(
        update={"api_url": f"{url}/api/query", "oai_url": f"{url}/oai", "feeds_url": url, "delay": delay}
    )
    line = Transport(manners(settings.model_copy(update={"arxiv": arxiv})))
    begin = time.monotonic()
    try:
        result = harvest(settings.model_copy(update={"arxiv": arxiv}), window, today=today, transport=line)
    except SourceError as error:
        return Row(faults, line.requests, time.monotonic() - begin, (), "", str(error))
    seconds = time.monotonic() - begin
    return Row(faults, line.requests, seconds, result.sources, digest(result), str(result.failure or ""))


def main() -> int:
    """Print the table."""
    chosen = arguments(__doc__).parse_args()
    if (whole := corpus()) is None:
        return 0
    settings, window = load(ROOT), Window(chosen.first, chosen.last)
    logging.disable(logging.WARNING)
    rows = [(), *wanted(chosen)]
    calm, wrong = "", 0
    print(f"{'fault':<20} {'requests':>8} {'seconds':>8}  {'sources':<12} {'bytes':<13} verdict", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        part = small(whole, window, Path(folder))
        today = window.last + SETTLED
        for faults in rows:
            delay = 3.0 if "rate" in faults else chosen.delay
            with serving(part, faults, today) as url:
                row = measure(settings, url, window, faults, today, delay)
            calm = calm or row.digest
            if "down" in faults:
                good = not row.digest and row.seconds < 300
                verdict = f"nothing read: {row.error[:70]}" if good else "SOMETHING CHANGED"
            else:
                good = row.digest == calm and not row.error and row.requests <= MOST_REQUESTS
                verdict = "same" if good else f"NOT THE SAME {row.error[:70]}"
            wrong += not good
            label, sources = "+".join(faults) or "none", ",".join(row.sources) or "-"
            print(
                f"{label:<20} {row.requests:>8} {row.seconds:>8.1f}  {sources:<12} {row.digest or '-':<13} {verdict}",
                flush=True,
            )
    print(f"{len(rows)} runs, {wrong} not as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
