"""What the benchmarks that read from `../shared/arxiv_local` have in common: the stand-in itself, its faults, its corpus."""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from updater.fetch import Window

ROOT = Path(__file__).parents[1]
SERVER = ROOT.parent / "shared/arxiv_local/arxiv_local.py"
FAULTS = ("429", "503", "406", "rate", "empty", "truncate", "html", "slow", "flaky", "down")
MOST_REQUESTS = 60
"""For a week: seven days of the API, or the lists of OAI-PMH, each several times over."""
SETTLED = dt.timedelta(days=6)
"""After the last day of a window, when everything of it has been announced."""


def corpus() -> Path | None:
    """The corpus that the stand-in serves; None, and a word about it, where there is none."""
    found = sorted(ROOT.parent.glob("shared/corpus/*.jsonl.gz"))
    if SERVER.is_file() and found:
        return found[0]
    print(f"nothing to measure: {SERVER} or the corpus beside it is not there")
    return None


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


def small(corpus: Path, window: Window, folder: Path) -> Path:
    """Write the part of the corpus around `window` to a file, so that the server starts at once for every row."""
    out = folder / "corpus.jsonl"
    first, last = (window.first - dt.timedelta(days=3)).isoformat(), (window.last + dt.timedelta(days=40)).isoformat()
    with gzip.open(corpus, "rb") as lines, out.open("wb") as file:
        file.writelines(line for line in lines if first <= orjson.loads(line).get("announced", "") <= last)
    return out


def copied(folder: Path, window: Window) -> Path:
    """Copy the project without the entries of the window's months, so that an update has something to add."""
    out = folder / "index"
    leave = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache", "node_modules")
    shutil.copytree(ROOT, out, ignore=leave)
    for day in window.days():
        (out / f"resources/papers/{day:%Y-%m}.yml").unlink(missing_ok=True)
    return out


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options of a benchmark that runs through the faults."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds between requests, but for `rate`")
    parser.add_argument("--first", type=dt.date.fromisoformat, default=dt.date(2026, 4, 13))
    parser.add_argument("--last", type=dt.date.fromisoformat, default=dt.date(2026, 4, 19))
    parser.add_argument("--faults", default=",".join(FAULTS), help="comma-separated; default: all")
    parser.add_argument("--alone", action="store_true", help="no pairs")
    return parser


def wanted(chosen: argparse.Namespace) -> list[tuple[str, ...]]:
    """The faults to run with, each alone and each pair, as the options say; the undisturbed run is not among them."""
    names = chosen.faults.split(",")
    return [*((name,) for name in names), *(() if chosen.alone else itertools.combinations(names, 2))]
