"""A process that runs `mi-index` and may be killed at any moment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator

from updater.records import Record
from updater.verdict import Verdict


class Judge:
    """Stands for the model where its judgement does not matter: decides by the sum of an id's digits."""

    def classify(self, records: Iterable[Record]) -> Iterator[Verdict]:
        for record in records:
            number = sum(map(int, re.sub(r"\D", "", record.id))) % 4
            decision = ("accept", "review", "reject", "accept")[number]
            slug = ("circuits", "probing", "steering", "lenses")[len(record.title) % 4]
            yield Verdict(
                id=record.id,
                probability={"accept": 0.9, "review": 0.5, "reject": 0.1}[decision],
                decision=decision,
                primary=slug,
                categories=((slug, 0.8),),
                keywords=tuple(record.title.lower().split()[:2]),
                because=(("probe", 1.5), ("cake", -0.25)),
                terms=(("probe", 0.5),),
            )


def run(args: list[str], environment: dict[str, str]) -> None:
    """Run the entry point with a `Judge` in place of the model; ends the process with the command's exit code.

    The environment is given, since the process is forked from one that may have been started by another test.
    """
    os.environ.update(environment)
    import updater.classify  # noqa: PLC0415 - by the process that may be killed
    from updater.__main__ import main  # noqa: PLC0415

    updater.classify.load = lambda root: Judge()  # type: ignore[assignment]
    sys.argv = ["mi-index", *args]
    main()
