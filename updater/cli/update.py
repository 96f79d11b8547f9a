"""update: fetch, classify, merge, render. The one place where the stages are put together."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from updater.cli.progress import progress
from updater.errors import GuardError, SourceError, UsageError, WriteError
from updater.index.repository import Index, Repository
from updater.index.state import Days
from updater.index.text import normal_url
from updater.index.transaction import lock
from updater.merge import report as report_page
from updater.merge import venues as venues_file
from updater.merge.guard import guard
from updater.merge.merge import Changes, Merger, stage
from updater.merge.plan import settled_day, windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from updater.fetch import Harvest, Outside
    from updater.fetch.source import Listener
    from updater.settings import Settings
    from updater.verdict import Verdict

DAY = click.DateTime(formats=["%Y-%m-%d"])


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person at the command line asked for."""

    source: str
    since: dt.date | None
    until: dt.date | None
    today: dt.date
    rejudge: bool
    allow_shrink: bool
    patience: float | None = None

    @property
    def explicit(self) -> bool:
        """Exactly these days were asked for: no gaps filled, no overlap, no shrink guard, no day noted as read."""
        return self.since is not None or self.until is not None


@click.command()
@click.option(
    "--source",
    type=click.Choice(["auto", "api", "feed", "oai"]),
    default="auto",
    show_default=True,
    help="Where to read.",
)
@click.option(
    "--since", type=DAY, help="First submission day (UTC), exactly: no gap filling, no overlap, nothing noted as read."
)
@click.option("--until", type=DAY, help="Last submission day, exactly.")
@click.option("--today", type=DAY, help="The day that counts as today; for replays.")
@click.option("--dry-run", is_flag=True, help="Read, classify and report, but change nothing.")
@click.option(
    "--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as Markdown."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--rejudge", is_flag=True, help="Entries that no person touched and the model no longer accepts leave the list."
)
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Say that it is right that entries go, or that far fewer papers came than usual.",
)
@click.option(
    "--patience", type=click.FloatRange(0, 3600), help="Seconds after which a refused request is not tried again."
)
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another run to end.")
@click.pass_obj
def update(
    repository: Repository,
    *,
    source: str,
    since: dt.datetime | None,
    until: dt.datetime | None,
    today: dt.datetime | None,
    dry_run: bool,
    report_file: Path | None,
    as_json: bool,
    rejudge: bool,
    allow_shrink: bool,
    patience: float | None,
    wait: float,
) -> int:
    """Fetch new records, classify and merge them, and render the README."""
    now = today.date() if today else dt.datetime.now(dt.UTC).date()
    wish = Wish(source, _day(since), _day(until), now, rejudge, allow_shrink, patience)
    with contextlib.nullcontext() if dry_run else lock(repository.root, wait):
        outcome = run(repository, wish)
        text = outcome.markdown()  # before anything is written, since a template may be wrong
        if not dry_run and outcome.objection is None:
            outcome.write()
    if report_file is not None:
        _write_report(report_file, text)
    click.echo(json.dumps(outcome.report, ensure_ascii=False, indent=2) if as_json else text, nl=as_json)
    if (problem := outcome.objection or outcome.failure) is not None:
        raise problem
    return 0


def _write_report(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WriteError(f"the run is done, but its report cannot be written to {file}: {error.strerror}") from error


def _day(value: dt.datetime | None) -> dt.date | None:
    return value.date() if value is not None else None


class Outcome:
    """What a run found, before and after it is written."""

    def __init__(
        self,
        repository: Repository,
        index: Index,
        changes: Changes,
        report: dict[str, Any],
        failure: SourceError | None = None,
        objection: GuardError | None = None,
    ) -> None:
        self.repository = repository
        self.index = index
        self.changes = changes
        self.report = report
        self.failure = failure
        """Why not everything was read, if so."""
        self.objection = objection
        """Why the result looks wrong and must not be written, if so."""

    def write(self) -> list[str]:
        """Write entries, queue, state and README together; returns the paths that changed."""
        from updater.render.readme import render as render_readme  # noqa: PLC0415

        editor = self.repository.edit()
        stage(editor, self.index, self.changes)
        transaction = editor.stage()
        transaction.put("README.md", render_readme(self.repository, self.index))
        return transaction.commit()

    def markdown(self) -> str:
        """The report as a newsletter."""
        from updater.render.markup import environment  # noqa: PLC0415

        return report_page.markdown(self.report, environment(self.repository.root))


def run(repository: Repository, wish: Wish) -> Outcome:
    """Fetch, classify and merge in memory.

    Raises
    ------
    SourceError
        Nothing at all could be read. What was read in part is in the outcome, with the failure beside it.
    DataError, SettingsError
        Something under resources/ is wrong; found before anything is fetched.
    """
    from updater.classify import load as load_model  # noqa: PLC0415
    from updater.fetch import harvest  # noqa: PLC0415

    settings, index = repository.settings, repository.load()
    venues, model = venues_file.load(repository.root), load_model(root=repository.root)
    if wish.patience is not None:
        settings = settings.model_copy(update={"arxiv": settings.arxiv.model_copy(update={"patience": wish.patience})})
    common = index.state.common(settings.arxiv.categories)
    if wish.explicit:
        last = wish.until or wish.today
        first = wish.since or settings.arxiv.first_day
        if first > last:
            raise UsageError(f"--since {first} comes after --until {last}")
        days = Days([(first, last)])
    else:
        config = settings.update
        days = windows(common, settings.arxiv.first_day, wish.today, config.settle_days, config.overlap_days)
    with progress() as listener:
        harvested = harvest(settings, days, source=wish.source, today=wish.today, listener=listener)
        beyond = _beyond(settings, index, wish, listener)
    verdicts = list(model.classify(harvested.records))
    waiting = [_for_a_person(verdict) for verdict in model.classify(beyond.records)]
    merger = Merger(index, venues, rejudge=wish.rejudge)
    changes = merger.run(
        (*zip(harvested.records, verdicts, strict=True), *zip(beyond.records, waiting, strict=True)),
    )
    settled = Days([(dt.date.min, settled_day(wish.today, settings.update.settle_days))])
    objection = None
    if not wish.explicit:
        if not wish.allow_shrink:
            try:
                guard(index, changes, harvested.records, days & settled & _in_common(harvested), settings.update)
            except GuardError as error:
                objection = error
        index.state.add({category: read & settled for category, read in harvested.read.items()})
        index.state.feeds |= {name: day.isoformat() for name, day in beyond.read.items()}
    report = _report(repository, index, changes, harvested, beyond, [*verdicts, *waiting], objection)
    return Outcome(repository, index, changes, report, harvested.failure, objection)


def _beyond(settings: Settings, index: Index, wish: Wish, listener: Listener | None) -> Outside:
    """Read what is new outside arXiv, unless exact days or one source were asked for.

    Where arXiv is played by a stand-in, the rest of the internet is left alone: only sources with a stand-in of their own are
    read.
    """
    from updater.fetch import Outside, outside  # noqa: PLC0415
    from updater.fetch.beyond import variable  # noqa: PLC0415

    sources = settings.sources
    if os.environ.get("MI_INDEX_ARXIV_URL"):
        sources = tuple(source for source in sources if os.environ.get(variable(source)))
    if wish.explicit or wish.source != "auto" or not sources:
        return Outside((), {})
    read = {name: dt.date.fromisoformat(day) for name, day in index.state.feeds.items()}
    known = {normal_url(url): id_ for id_, url in index.addresses()}
    return outside(settings.model_copy(update={"sources": sources}), read=read, known=known, listener=listener)


def _for_a_person(verdict: Verdict) -> Verdict:
    """A work outside arXiv never gets in by itself."""
    return dataclasses.replace(verdict, decision="review") if verdict.decision == "accept" else verdict


def _in_common(harvested: Harvest) -> Days:
    """The days that were read to the end in every category."""
    missing = harvested.missing()
    return Days(span for first, last in harvested.window.spans for span in missing.missing(first, last).spans)


def _report(
    repository: Repository,
    index: Index,
    changes: Changes,
    harvested: Harvest,
    beyond: Outside,
    verdicts: Sequence[Verdict],
    objection: GuardError | None,
) -> dict[str, Any]:
    told = report_page.Run(
        window=", ".join(span.replace("/", " to ") for span in harvested.window.dump()),
        source=" and ".join(harvested.sources),
        candidates=len(verdicts),
        decisions=dict(collections.Counter(str(verdict.decision) for verdict in verdicts)),
        gaps=harvested.missing().dump() if harvested.failure else (),
        notices=(
            *([f"Stopped: {objection}"] if objection else ()),
            *harvested.notices,
            *beyond.notices,
            *(f"arXiv no longer has {id_}, which is listed" for id_ in harvested.deleted if id_ in index.papers),
        ),
    )
    return report_page.report(index, changes, told, repository.taxonomy)
