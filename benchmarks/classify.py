"""How fast `mi-index classify` is: records a second, memory, and time from start to the first answer.

    python benchmarks/classify.py --corpus FILE.jsonl[.gz] --records 40000 --report build/benchmarks/classify.json

Runs the command in a process of its own, as a program would: once with the first record alone, then with many records by one
and by two processes. Memory is the largest of any process. Nothing is asserted: it only tells.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def run(source: Path, jobs: int) -> float:
    """Seconds that one run of the command takes."""
    command = [sys.executable, "-m", "updater", "--root", str(ROOT), "classify", "--jobs", str(jobs)]
    with source.open("rb") as stream:
        begin = time.perf_counter()
        subprocess.run(command, stdin=stream, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    opener = gzip.open if options.corpus.suffix == ".gz" else open
    with tempfile.TemporaryDirectory() as folder, opener(options.corpus, "rb") as opened:
        lines = list(islice(opened, options.records))
        one, many = Path(folder, "one.jsonl"), Path(folder, "many.jsonl")
        one.write_bytes(lines[0])
        many.write_bytes(b"".join(lines))
        first = min(run(one, 1) for _ in range(options.repeat))
        seconds = {jobs: min(run(many, jobs) for _ in range(options.repeat)) for jobs in (1, 2)}
    result: dict[str, Any] = {
        "records": len(lines),
        "seconds_to_first_answer": round(first, 2),
        **{f"records_per_second_{jobs}": round(len(lines) / taken) for jobs, taken in seconds.items()},
        "mebibytes": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "load_average": round(os.getloadavg()[0], 1),
        "cores": os.cpu_count(),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
