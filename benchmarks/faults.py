"""Does the whole of `mi-index update` end the same, whatever arXiv does? Every fault of `arxiv_local`, alone and in pairs.

    python benchmarks/faults.py [--first 2026-04-13 --last 2026-04-19] [--faults 429,503] [--alone | --pairs] [--jobs 3]

Takes a week out of a copy of the repository (papers, queue, generated files), has `mi-index
update` read it again from `../shared/arxiv_local`, once undisturbed and once with each fault and each pair of faults, and
prints a table in Markdown: exit code, requests, seconds, and whether every file equals that of the undisturbed run. With
`down` no byte may change and the exit code must be 3. The delay between requests is small, so that the table takes minutes
and not hours, except for `rate`, which refuses whoever is faster than one request in 2.9 seconds: it runs at the default pace.
`fetch_faults.py` measures fetching alone. Needs `../shared`; says so when it is not there. Ends with exit code 1 if a row is
not as it should be.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from arxiv_local import MOST_REQUESTS, ROOT, SETTLED, arguments, corpus, serving, small, wanted

from updater.fetch import Window
from updater.index.repository import GONE, QUEUE, Repository

NEEDED = ("resources", "site/templates", "README.md", "mkdocs.yml")


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table."""

    faults: tuple[str, ...]
    code: int
    requests: int
    refused: int
    """How many of them came sooner than `rate` allows, or met the fault 429."""
    seconds: float
    files: dict[str, bytes]
    said: str


def copy_without(window: Window, folder: Path) -> Path:
    """A copy of the repository that has not read the days of `window` yet."""
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".pending"))
        else:
            shutil.copy2(source, target)
    repository = Repository(folder)
    index, editor = repository.load(), repository.edit()
    inside = {str(day) for day in window.days()}
    out = [p for p in index.papers.values() if p.is_arxiv and p.date in inside]
    for paper in out:
        editor.drop_paper(paper)
    queued = [q for q in index.queue.values() if q.date in inside]
    for entry in queued:
        editor.drop(QUEUE, entry.id)
    gone = {g.id for g in index.gone.values() if g.reason == "duplicate" and g.id[:4] == f"{window.first:%y%m}"}
    for id_ in gone:
        editor.drop(GONE, id_)
    ids = {p.id for p in out} | {q.id for q in queued} | gone
    traces = {id_: index.traces[id_] for id_ in ids if id_ in index.traces}
    editor.put_traces({id_: t for id_, t in index.traces.items() if id_ not in traces}, traces)
    editor.commit()
    return folder


def files(root: Path) -> dict[str, bytes]:
    """Every file of the copy but the lock."""
    found = (p for p in sorted(root.rglob("*")) if p.is_file() and p.name != ".mi-index.lock")
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in found}


def measure(template: Path, corpus: Path, window: Window, faults: tuple[str, ...], delay: float) -> Row:
    """Run the update once, on a copy of its own, against a server of its own."""
    today = window.last + SETTLED
    with tempfile.TemporaryDirectory() as place, serving(corpus, faults, today) as url:
        root = shutil.copytree(template, Path(place) / "copy")
        command = [sys.executable, "-m", "updater", "--root", str(root), "update", "--today", str(today)]
        command += ["--since", str(window.first), "--until", str(window.last)]
        pace = "3" if "rate" in faults else str(delay)
        env = {
            **os.environ,
            "MI_INDEX_ARXIV_URL": url,
            "MI_INDEX_ARXIV_DELAY": pace,
            "MI_INDEX_CACHE": f"{place}/cache",
        }
        begin = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begin
        with urllib.request.urlopen(f"{url}/stats") as answer:
            counts = json.load(answer)["requests"]
        said = (done.stderr.strip().splitlines() or [""])[-1]
        return Row(faults, done.returncode, counts.get("total", 0), counts.get("429", 0), seconds, files(root), said)


def judge(row: Row, before: dict[str, bytes], after: dict[str, bytes]) -> str:
    """What is wrong with a row; empty if it is as it should be."""
    if "down" in row.faults:
        checks = [
            (row.code == 3, f"exit code {row.code}"),
            (row.files == before, "bytes changed"),
            (row.seconds < 300, "more than five minutes"),
        ]
    else:
        checks = [
            (row.code == 0, f"exit code {row.code}"),
            (row.files == after, "other bytes"),
            (row.requests <= MOST_REQUESTS, f"more than {MOST_REQUESTS} requests"),
            (row.faults != ("rate",) or not row.refused, "asked sooner than after 3 seconds"),
        ]
    return ", ".join(words for good, words in checks if not good)


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--pairs", action="store_true", help="pairs only")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time; most of a run is waiting")
    chosen = parser.parse_args()
    if (whole := corpus()) is None:
        return 0
    window = Window(chosen.first, chosen.last)
    rows_of = [faults for faults in wanted(chosen) if len(faults) > 1 or not chosen.pairs]
    wrong = 0
    with tempfile.TemporaryDirectory() as place, concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        part = small(whole, window, Path(place))
        template = copy_without(window, Path(place) / "template")
        calm, before = measure(template, part, window, (), chosen.delay), files(template)
        print("| fault | exit code | requests | seconds | bytes |\n| --- | ---: | ---: | ---: | --- |", flush=True)
        rows = pool.map(lambda f: measure(template, part, window, f, chosen.delay), rows_of)
        for row in itertools.chain([calm], rows):
            problem = judge(row, before, calm.files)
            wrong += bool(problem)
            fine = "unchanged" if "down" in row.faults else "the same"
            label = " + ".join(row.faults) or "none"
            verdict = f"**{problem}**: {row.said}" if problem else fine
            print(f"| {label} | {row.code} | {row.requests} | {row.seconds:.1f} | {verdict} |", flush=True)
        if calm.files == before:
            print("\nThe undisturbed run changed nothing: there was nothing to compare.")
            wrong += 1
    print(f"\n{len(rows_of) + 1} runs over {window}, {wrong} not as they should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
