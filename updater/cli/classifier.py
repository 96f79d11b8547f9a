"""`mi-index classify`, `train`, `evaluate` and `explain`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import orjson

from updater.errors import DataError, SourceError, UsageError
from updater.index.repository import Repository
from updater.index.text import arxiv_id
from updater.records import Record

if TYPE_CHECKING:
    from updater.classify.evaluate import Trainer
    from updater.classify.examples import Example, Judged

_SHOWN: Final = 20
_ENOUGH: Final = 0.9
"""Share of the works asked for that must be at hand to go on when the source fails for the rest."""
REPORT: Final = "resources/evaluation/report.json"
OUTSIDE: Final = "resources/evaluation/survey.jsonl"
"""Facets of works as others labelled them; as a gold set, without relevance."""
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_MODEL = click.option("--model", type=_FILE, help="Another model's file than the one that the package ships.")
_CORPUS = click.option(
    "--corpus", type=_FILE, help="JSON lines, also compressed with gzip, that hold titles and abstracts by id."
)


@click.command()
@_MODEL
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=None, help="Processes; default: one for each core, at most two."
)
@click.pass_obj
def classify(repository: Repository, model: Path | None, jobs: int | None) -> None:
    """Sort the records on standard input.

    JSON lines in (id, title, abstract), JSON lines out, in the same order. A line that is no record is named on standard
    error, and the stream goes on; then the exit code is 1.
    """
    from updater.classify.jsonl import run  # noqa: PLC0415

    if run(repository.root, model, sys.stdin.buffer, sys.stdout.buffer, lambda text: click.echo(text, err=True), jobs):
        sys.exit(1)


@click.command()
@_CORPUS
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the model; default: into the package.",
)
@click.pass_obj
def train(repository: Repository, corpus: Path | None, out: Path | None) -> None:
    """Fit the model to what people decided.

    Titles and abstracts of the labelled works come from --corpus, else by id from arXiv, in batches, kept in the cache: a run
    that was stopped goes on where it was.
    """
    from updater.classify.examples import GOLD, examples, labels, read_gold  # noqa: PLC0415
    from updater.classify.model import DEFAULT, save  # noqa: PLC0415
    from updater.classify.train import fit  # noqa: PLC0415

    def say(text: str) -> None:
        click.echo(text, err=True)

    gold = repository.root / GOLD
    held_out = frozenset(judged.label.id for judged in read_gold(gold)) if gold.exists() else frozenset()
    wanted = labels(repository.load(), held_out)
    found, missing = examples(wanted, lookup(repository, corpus))
    say(
        f"{len(found)} examples, {len(missing)} of {len(wanted)} without abstract, {len(held_out)} held out for evaluation"
    )
    try:
        fitted = fit(found, repository.taxonomy, repository.settings.classifier, say)
    except ValueError as error:
        raise DataError(f"{repository.root / 'resources'}:1: {error}") from error
    target = out or DEFAULT
    size = save(fitted, target)
    say(f"wrote {target}: {len(fitted.terms)} terms, {size / 2**20:.1f} MiB")


@click.command()
@click.option(
    "--gold",
    type=_FILE,
    help="JSON lines of id, relevance (2, 1, 0), primary, also, weight; never trained on.",
)
@_CORPUS
@_MODEL
@click.option("--peers/--no-peers", default=True, help="Measure other methods on the same works (some minutes).")
@click.option(
    "--curve/--no-curve",
    default=True,
    help="Fit it to shares of the labels, and to what is older than each month of --corpus (minutes).",
)
@click.option("--json", "as_json", is_flag=True, help="The whole report, for programs.")
@click.option(
    "--write", is_flag=True, help="Keep the report in resources/evaluation/report.json, which the site shows."
)
@click.pass_obj
def evaluate(
    repository: Repository,
    gold: Path | None,
    corpus: Path | None,
    model: Path | None,
    *,
    peers: bool,
    curve: bool,
    as_json: bool,
    write: bool,
) -> None:
    """Measure the model, against peers in the same run.

    With --gold FILE (such as resources/evaluation/gold.jsonl) on the works in it, by the model as it is; else by time-ordered
    folds: models fitted to older labelled works are tested on newer ones. With --gold and --corpus also on every record of the
    corpus's newest months, each by a model fitted to what is older.
    """
    from updater.classify import evaluate as measure  # noqa: PLC0415
    from updater.classify.examples import GOLD, examples, labels, read_gold  # noqa: PLC0415
    from updater.classify.model import load  # noqa: PLC0415
    from updater.classify.peers import measure as measure_peers  # noqa: PLC0415
    from updater.index.transaction import Transaction  # noqa: PLC0415

    def say(text: str) -> None:
        click.echo(text, err=True)

    classifier = load(model, root=repository.root)
    settings = repository.settings.classifier
    find = lookup(repository, corpus)
    kept = repository.root / GOLD
    own = [judged.label.id for judged in read_gold(kept)] if kept.exists() else []
    judged = read_gold(gold) if gold else []
    held_out = frozenset([*own, *(j.label.id for j in judged)])
    found: list[Example] = []
    if peers or curve or not gold:
        found, missing = examples(labels(repository.load(), held_out), find)
        say(f"{len(found)} examples, {len(missing)} without abstract")
    trainer = measure.Trainer(repository.taxonomy, settings, say)
    if gold:
        records = {record.id: record for record in find([j.label.id for j in judged])}
        if absent := len({j.label.id for j in judged} - records.keys()):
            say(f"{absent} works of {gold} were not found and are left out")
        items = measure.items_of(classifier, judged, records)
    else:
        items = measure.time_ordered(found, trainer)
        judged, records = [i.judged for i in items], {i.record.id: i.record for i in items}
        peers = curve = False  # a peer would need the same folds; a gold set is the place for that
    try:
        report = measure.evaluate(
            items, classifier.thresholds, settings.junk_cost, gold.name if gold else "time-ordered folds"
        )
    except ValueError as error:
        raise UsageError(f"{gold or 'the labels'}: {error}") from error
    tested = [item.judged for item in items]
    if peers:
        subject = repository.settings.project.subject
        report.peers = measure_peers(found, tested, [i.record for i in items], subject, repository.root, say)
    if curve:
        report.learning = measure.learning_curve(found, tested, records, trainer, "")
        report.outside = _outside(repository.root, found, find, trainer)
        report.months = _months(repository.root, found, judged, corpus, trainer)
    content = report.to_json()
    if write:
        transaction = Transaction(repository.root)
        transaction.put(REPORT, content)
        transaction.commit()
        say(f"wrote {REPORT}")
    click.echo(content.decode() if as_json else "\n".join(summary(orjson.loads(content))))


def _outside(
    root: Path, found: Sequence[Example], find: Callable[[Sequence[str]], Iterable[Record]], trainer: Trainer
) -> dict[str, Any] | None:
    """How well the facets of works that others labelled are told; None where no such labels are kept."""
    from updater.classify import evaluate as measure  # noqa: PLC0415
    from updater.classify.examples import read_gold  # noqa: PLC0415

    if not (root / OUTSIDE).exists():
        return None
    rows = read_gold(root / OUTSIDE)
    records = {record.id: record for record in find([row.label.id for row in rows]) if record.abstract}
    trainer.progress(f"fitting a model without {len(records)} works of {OUTSIDE}")
    return measure.outside(found, rows, records, trainer)


def _months(
    root: Path, found: Sequence[Example], judged: Sequence[Judged], corpus: Path | None, trainer: Trainer
) -> list[dict[str, Any]]:
    """Figures of the corpus's newest months; without a corpus those of the last report stand."""
    from updater.classify import evaluate as measure  # noqa: PLC0415
    from updater.fetch import read_corpus  # noqa: PLC0415

    if corpus:
        return measure.month_by_month(found, judged, read_corpus(corpus), trainer)
    last = root / REPORT
    months: list[dict[str, Any]] = orjson.loads(last.read_bytes()).get("months", []) if last.exists() else []
    return months


def summary(report: dict[str, Any]) -> Iterator[str]:
    """The lines that a person reads."""
    told, relevance = report["set"], report["relevance"]
    yield f"{told['records']} works ({told['in']} in scope, {told['borderline']} borderline, {told['out']} out), {told['name']}"
    yield f"F1 {_figure(relevance['f1'])}  [{_figure(relevance['f1_interval'][0])}, {_figure(relevance['f1_interval'][1])}]"
    yield f"average precision {_figure(relevance['average_precision'])}"
    yield f"precision at 0.90 recall, borderline wrong {_figure(relevance['precision_at_recall_90'])}"
    yield f"calibration error {_figure(relevance['calibration_error'])}"
    yield f"\na junk entry costs as much as {report['thresholds']['junk_cost']} missed ones"
    for name in ("accept", "review", "cheapest"):
        at = report["thresholds"][name]
        yield (
            f"{name:9} from {at['probability']:.2f}: precision {_figure(at['precision'])} recall {_figure(at['recall'])} "
            f"cost {at['cost']:.2f} for each 1,000 records"
        )
    yield "\ncalibration: predicted, observed, records of the stream"
    for row in report["calibration"]:
        bar = "#" * round(40 * (row["observed"] or 0))
        yield (
            f"{row['from']:.1f}-{row['to']:.1f}  {_figure(row['predicted'])}  {_figure(row['observed'])}  "
            f"{row['weight']:9.1f}  {bar}"
        )
    yield from _labels_summary(report)
    yield from _peers_summary(report)
    for row in report["mistakes"]:
        terms = ", ".join(f"{term} {weight:+.2f}" for term, weight in row["because"][:5])
        yield f"{row['id']:12} is {row['truth']:4} probability {row['probability']:.3f}: {terms}"
    if readers := report["readers"]:
        yield (
            f"two readers of {readers['records']} works: agreement {_figure(readers['agreement'])} "
            f"kappa {_figure(readers['kappa'])} F1 {_figure(readers['f1'])} categories {_figure(readers['categories'])}"
        )


def _labels_summary(report: dict[str, Any]) -> Iterator[str]:
    """Categories and facets."""
    filed = report["categories"]
    yield (
        f"\ncategories: micro-F1 {_figure(filed['micro_f1'])} primary {_figure(filed['primary'])} "
        f"within {_figure(filed['primary_within'])}"
    )
    for row in filed["each"]:
        yield f"{row['slug']:28} {_figure(row['precision'])} {_figure(row['recall'])} {_figure(row['f1'])}  {row['support']}"
    yield f"facets: micro-F1 {_figure(report['facets']['micro_f1'])}"
    if outside := report["outside"]:
        facets = ", ".join(f"{row['facet']} {_figure(row['recall'])}" for row in outside["each"])
        yield f"facets as others labelled them, {outside['works']} works: F1 {_figure(outside['micro_f1'])}; recall of {facets}"
    for row in report["confusion"][:8]:
        yield f"{row['papers']:3} x {row['labelled']} filed under {row['predicted']}"


def _peers_summary(report: dict[str, Any]) -> Iterator[str]:
    """What other methods reach, and what more labels bring."""
    for row in report["peers"]:
        yield (
            f"peer {row['name']:10} F1 {_figure(row['f1'])} precision {_figure(row['precision'])} "
            f"recall {_figure(row['recall'])} average precision {_figure(row['average_precision'])}"
        )
        if filed := row.get("categories"):
            yield (
                f"peer {row['name']:10} categories: micro-F1 {_figure(filed['micro_f1'])} primary {_figure(filed['primary'])} "
                f"within {_figure(filed['primary_within'])}"
            )
    for row in report["learning"]:
        yield (
            f"{row['examples']:6} labels: F1 {_figure(row['f1'])} average precision {_figure(row['average_precision'])} "
            f"categories {_figure(row['categories'])}"
        )
    for row in report["months"]:
        yield (
            f"{row['month'] or 'together':8} {row['records']:6} records, {row['in']:4} in scope: F1 {_figure(row['f1'])} "
            f"average precision {_figure(row['average_precision'])} at 0.90 recall {_figure(row['precision_at_recall_90'])} "
            f"categories {_figure(row['micro_f1'])} primary {_figure(row['primary'])} within {_figure(row['primary_within'])}"
        )


def _figure(value: float | None) -> str:
    return "  –   " if value is None else f"{value:.4f}"


@click.command()
@click.argument("ref")
@_MODEL
@_CORPUS
@click.option("--all", "everything", is_flag=True, help="All terms, not only the strongest.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def explain(
    repository: Repository, ref: str, model: Path | None, corpus: Path | None, *, everything: bool, as_json: bool
) -> None:
    """Tell why the paper REF (an arXiv id or address) is where it is: the terms and weights that add up to its score."""
    from updater.classify.explain import explain as reasons  # noqa: PLC0415
    from updater.classify.model import load  # noqa: PLC0415

    id_ = arxiv_id(ref) or ref
    records = list(lookup(repository, corpus)([id_]))
    if not records:
        raise UsageError(
            f"{ref}: no record of that id was found (give an arXiv id such as 2211.00593, or --corpus FILE)"
        )
    why = reasons(load(model, root=repository.root), records[0])
    if as_json:
        click.echo(orjson.dumps(dataclasses.asdict(why), option=orjson.OPT_INDENT_2).decode())
        return
    verdict = why.verdict
    click.echo(f"{verdict.id}  {verdict.decision}, probability {verdict.probability:.3f}\n")
    click.echo(f"{verdict.score:+8.3f}  score: log-odds of being in scope\n{verdict.intercept:+8.3f}  intercept")
    shown = why.parts if everything else why.parts[:_SHOWN]
    for term, weight in shown:
        click.echo(f"{weight:+8.3f}  {term}")
    if rest := why.parts[len(shown) :]:
        click.echo(f"{sum(weight for _, weight in rest):+8.3f}  {len(rest)} weaker terms (--all shows them)")
    click.echo()
    for reason in why.categories:
        mark = "primary" if reason.slug == verdict.primary else "given" if reason.given else ""
        terms = ", ".join(f"{term} {weight:+.2f}" for term, weight in reason.because)
        click.echo(f"{reason.probability:5.2f}  {reason.slug:28}{mark:9}{terms}")


def lookup(repository: Repository, corpus: Path | None) -> Callable[[Sequence[str]], Iterable[Record]]:
    """Where records of ids come from: a corpus, else the cache and arXiv."""

    def from_corpus(ids: Sequence[str]) -> Iterator[Record]:
        from updater.fetch import read_corpus  # noqa: PLC0415

        wanted = frozenset(ids)
        return (record for record in read_corpus(corpus) if record.id in wanted)  # type: ignore[arg-type]

    def from_arxiv(ids: Sequence[str]) -> Iterable[Record]:
        from updater.fetch import by_id  # noqa: PLC0415
        from updater.fetch.cache import RecordCache  # noqa: PLC0415

        wanted = [id_ for id_ in ids if arxiv_id(id_) == id_]
        try:
            return list(by_id(repository.settings, wanted))
        except SourceError as error:
            with RecordCache.open() as cache:
                known = cache.get(wanted)
            if len(known) < _ENOUGH * max(len(wanted), 1):
                raise
            click.echo(f"{error}; going on without {len(wanted) - len(known)} of {len(wanted)} works", err=True)
            return known.values()

    return from_corpus if corpus is not None else from_arxiv
