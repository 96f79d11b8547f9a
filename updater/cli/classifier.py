"""`mi-index classify`, `train`, `evaluate` and `explain`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click
import orjson

from updater.errors import DataError, UsageError
from updater.index.repository import Repository
from updater.index.text import arxiv_id
from updater.records import Record

_SHOWN = 20
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

    def from_arxiv(ids: Sequence[str]) -> Iterator[Record]:
        from updater.fetch import by_id  # noqa: PLC0415

        return by_id(repository.settings, [id_ for id_ in ids if arxiv_id(id_) == id_])

    return from_corpus if corpus is not None else from_arxiv
