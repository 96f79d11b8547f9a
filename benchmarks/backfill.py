"""How long do reading the whole corpus, one day, and updating with it take? Against `arxiv_local`, without delay.

    python benchmarks/backfill.py

Prints wall-clock seconds, processor seconds of ours and peak memory of: a harvest of everything over OAI-PMH, a whole
`mi-index update` over OAI-PMH on a copy of the project without the entries of those months, and an update of one ordinary
day over the search API. The stand-in makes its pages in Python too, so that half of the wall-clock time is its own; on a
busy machine look at the processor seconds. Needs `../shared`; says so when it is not there.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from arxiv_local import ROOT, copied, corpus, serving

from updater.fetch import Window

WHOLE = Window(dt.date(2024, 12, 1), dt.date(2026, 4, 30))
DAY = Window(dt.date(2026, 4, 14), dt.date(2026, 4, 14))
TODAY = dt.date(2026, 5, 8)
HARVEST = """
import datetime as dt, sys
from pathlib import Path
from updater.fetch import Window, harvest
from updater.settings import load
first, last, today = (dt.date.fromisoformat(a) for a in sys.argv[2:])
found = harvest(load(Path(sys.argv[1])), Window(first, last), source="oai", today=today)
print(f"{len(found.records):,} records, {found.counts.requests} requests")
"""


def run(title: str, command: list[str], url: str) -> None:
    """Run a command against the stand-in and print what it took."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    place = {"MI_INDEX_ARXIV_URL": url, "MI_INDEX_ARXIV_DELAY": "0", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **place}, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # ru_maxrss is the largest child's so far: the commands are run from the smallest to the largest.
    said = next((line for line in done.stdout.splitlines() if "records" in line or "candidates" in line), "")
    print(
        f"{title:<34} {wall:>6.1f} s wall {cpu:>6.1f} s cpu {after.ru_maxrss / 1024:>6.0f} MB  exit {done.returncode}  {said}",
        flush=True,
    )


def main() -> int:
    """Print the table."""
    if (everything := corpus()) is None:
        return 0
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder, serving(everything, (), TODAY) as url:
        index = copied(Path(folder), WHOLE)
        update = [python, "-m", "updater", "--root", str(index), "update", "--today", f"{TODAY}"]
        days = ["--since", f"{DAY.first}", "--until", f"{DAY.last}"]
        run("update, one day, search API", [*update, "--source", "api", *days], url)
        whole = [f"{WHOLE.first}", f"{WHOLE.last}"]
        run("harvest, all, OAI-PMH", [python, "-c", HARVEST, str(index), *whole, f"{TODAY}"], url)
        run("update, all, OAI-PMH", [*update, "--source", "oai", "--since", whole[0], "--until", whole[1]], url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
