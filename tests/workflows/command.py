"""`mi-index` as a workflow's step runs it, with a stand-in for arXiv and the model; whole commands can be replaced.

STAND_IN holds, as JSON, what a replaced command does: command to `{"writes": {path: text}, "report": text, "exit": code}`.
Every call is noted in CALLS, one JSON list a line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def run(arguments: list[str]) -> None:
    with Path(os.environ["CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(["mi-index", *arguments]) + "\n")
    replaced = json.loads(os.environ.get("STAND_IN", "{}"))
    if arguments[0] in replaced:
        act = replaced[arguments[0]]
        for path, text in act.get("writes", {}).items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text, encoding="utf-8")
        if "--report" in arguments:
            Path(arguments[arguments.index("--report") + 1]).write_text(act.get("report", "nothing"), encoding="utf-8")
        print(act.get("prints", ""))
        sys.exit(act.get("exit", 0))
    from tests.world import SHEEP, classify  # noqa: PLC0415 - a replaced command starts without them
    from updater.__main__ import main  # noqa: PLC0415
    from updater.cli import contribute  # noqa: PLC0415

    contribute.lookup = lambda _repository: lambda ids: [SHEEP for id_ in ids if id_ == SHEEP.id]
    contribute.classifier = lambda _repository: classify
    main()


if __name__ == "__main__":
    run(sys.argv[1:])
