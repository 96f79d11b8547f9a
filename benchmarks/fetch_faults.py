"""Does a harvest come out the same, whatever arXiv does? Every fault of `arxiv_local`, alone and in pairs.

    python benchmarks/fetch_faults.py [--update] [--delay 0.05] [--first 2026-04-13 --last 2026-04-19]
                                      [--faults 429,503] [--alone]

Reads a week of the corpus from `../shared/arxiv_local`, once undisturbed and once with each fault and each pair of faults,
and prints a table: requests, seconds, which sources delivered, and whether the bytes of the harvest equal those of the
undisturbed run. The delay between requests is small, so that the table takes minutes and not hours, except for `rate`, which
refuses whoever is faster than one request in 2.9 seconds: it is read at the default pace of 3 seconds. `down` must fail with
nothing read. With `--update`, every row is a whole `mi-index update` on a copy of the project whose entries of those months
were taken out, and the bytes are those of everything under resources/ and of the README; `down` must end with exit code 3 and
no byte changed. Needs `../shared`; says so when it is not there. Ends with exit code 1 if a row is not as it should be.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import gzip
import hashlib
import itertools
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from updater.errors import SourceError
from updater.fetch import Harvest, Window, harvest
from updater.fetch.transport import Transport, manners
from updater.settings import Settings, load

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SERVER = SHARED / "arxiv_local" / "arxiv_local.py"
FAULTS = ("429", "503", "406", "rate", "empty", "truncate", "html", "slow", "flaky", "down")
MOST_REQUESTS = 60
"""For a week: seven days of the API, or the lists of OAI-PMH, each several times over."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    faults: tuple[str, ...]
    requests: int
    seconds: float
    sources: tuple[str, ...]
    digest: str
    error: str = ""


@contextmanager
def serving(corpus: Path, faults: tuple[str, ...], today: dt.date) -> Iterator[str]:
    """Run arxiv_local with `faults` on a free port; yields its address."""
    command = [sys.executable, str(SERVER), "--corpus", str(corpus), "--port", "0", "--today", str(today)]
    process = subprocess.Popen([*command, *(f"--fault={f}" for f in faults)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


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


def copied(folder: Path, window: Window) -> Path:
    """Copy the project without the entries of the window's months, so that an update has something to add."""
    out = folder / "index"
    leave = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache", "node_modules")
    shutil.copytree(ROOT, out, ignore=leave)
    for day in window.days():
        (out / f"resources/papers/{day:%Y-%m}.yml").unlink(missing_ok=True)
    return out


def bytes_of(index: Path) -> str:
    """A number for everything that an update writes."""
    files = [index / "README.md", *sorted(p for p in (index / "resources").rglob("*") if p.is_file())]
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(index)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return whole.hexdigest()[:12]


def update(index: Path, url: str, window: Window, faults: tuple[str, ...], today: dt.date, delay: float) -> Row:
    """Run `mi-index update` on a fresh copy of `index`."""
    before = bytes_of(index)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(index, Path(folder) / "copy"))
        days = ["--since", f"{window.first}", "--until", f"{window.last}", "--today", f"{today}"]
        command = [sys.executable, "-m", "updater", "--root", str(copy), "update", *days]
        place = {"MI_INDEX_ARXIV_URL": url, "MI_INDEX_ARXIV_DELAY": f"{delay}", "MI_INDEX_CACHE": f"{folder}/cache"}
        begin = time.monotonic()
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **place}, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - begin
        after = bytes_of(copy)
    asked = urllib.request.urlopen(f"{url}/stats").read()
    requests = orjson.loads(asked)["requests"].get("total", 0)
    if done.returncode:
        error = f"exit {done.returncode}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}"
        return Row(faults, requests, seconds, (), "" if after == before else after, error)
    return Row(faults, requests, seconds, ("update",), after)


def small(corpus: Path, window: Window, folder: Path) -> Path:
    """Write the part of the corpus around `window` to a file, so that the server starts at once for every row."""
    out = folder / "corpus.jsonl"
    first, last = (window.first - dt.timedelta(days=3)).isoformat(), (window.last + dt.timedelta(days=40)).isoformat()
    with gzip.open(corpus, "rb") as lines, out.open("wb") as file:
        file.writelines(line for line in lines if first <= orjson.loads(line).get("announced", "") <= last)
    return out


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds between requests, but for `rate`")
    parser.add_argument("--first", type=dt.date.fromisoformat, default=dt.date(2026, 4, 13))
    parser.add_argument("--last", type=dt.date.fromisoformat, default=dt.date(2026, 4, 19))
    parser.add_argument("--faults", default=",".join(FAULTS), help="comma-separated; default: all")
    parser.add_argument("--update", action="store_true", help="compare whole updates, not only what was read")
    parser.add_argument("--alone", action="store_true", help="no pairs")
    chosen = parser.parse_args()
    corpora = sorted(SHARED.glob("corpus/*.jsonl.gz"))
    if not SERVER.is_file() or not corpora:
        print(f"nothing to measure: {SERVER} or the corpus beside it is not there")
        return 0
    settings, window, today = load(ROOT), Window(chosen.first, chosen.last), chosen.last + dt.timedelta(days=6)
    names = chosen.faults.split(",")
    wanted = [(), *((n,) for n in names), *(() if chosen.alone else itertools.combinations(names, 2))]
    logging.disable(logging.WARNING)
    calm, wrong = "", 0
    print(f"{'fault':<20} {'requests':>8} {'seconds':>8}  {'sources':<12} {'bytes':<13} verdict", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        corpus = small(corpora[0], window, Path(folder))
        index = copied(Path(folder), window) if chosen.update else None
        for faults in wanted:
            delay = 3.0 if "rate" in faults else chosen.delay
            with serving(corpus, faults, today) as url:
                if index:
                    row = update(index, url, window, faults, today, delay)
                else:
                    row = measure(settings, url, window, faults, today, delay)
            calm = calm or row.digest
            if index and calm == bytes_of(index):
                print("the update adds nothing in these days: choose others")
                return 1
            if "down" in faults:
                good = not row.digest and row.seconds < 300 and (not index or row.error.startswith("exit 3"))
                verdict = f"nothing {'changed' if index else 'read'}: {row.error[:70]}" if good else "SOMETHING CHANGED"
            else:
                good = row.digest == calm and not row.error and row.requests <= MOST_REQUESTS
                verdict = "same" if good else f"NOT THE SAME {row.error[:70]}"
            wrong += not good
            label, sources = "+".join(faults) or "none", ",".join(row.sources) or "-"
            print(
                f"{label:<20} {row.requests:>8} {row.seconds:>8.1f}  {sources:<12} {row.digest or '-':<13} {verdict}",
                flush=True,
            )
    print(f"{len(wanted)} runs, {wrong} not as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
