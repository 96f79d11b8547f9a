"""review: the queue in a terminal, one paper at a time, or without one."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from updater.errors import UsageError
from updater.index.model import Queued
from updater.index.repository import Index, Repository
from updater.index.transaction import lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from updater.merge.decide import Decision, Desk
    from updater.records import Record

KEYS = "a accept   r reject   b borderline   f re-file   t abstract   s skip   u undo   q quit"


@click.command()
@click.option("--list", "list_only", is_flag=True, help="Print the queue, most probable first, and stop.")
@click.option("--json", "as_json", is_flag=True, help="With --list or --suggest: as JSON lines.")
@click.option(
    "--apply",
    "apply_file",
    type=click.File("rb"),
    help="Carry out decisions from a file of JSON lines (- for standard input).",
)
@click.option("--accept", "accept_ids", multiple=True, metavar="ID", help="Accept a work.")
@click.option("--reject", "reject_ids", multiple=True, metavar="ID", help="Reject a work; it never comes back.")
@click.option(
    "--borderline", "borderline_ids", multiple=True, metavar="ID", help="Call a work borderline; it is not listed."
)
@click.option(
    "--suggest",
    type=click.IntRange(1, 5000),
    metavar="N",
    help="Propose the N records whose label would teach the model most.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --suggest: records to choose from (JSON lines, may be gzipped).",
)
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another run to end.")
@click.pass_obj
def review(
    repository: Repository,
    *,
    list_only: bool,
    as_json: bool,
    apply_file: Iterable[bytes] | None,
    accept_ids: Sequence[str],
    reject_ids: Sequence[str],
    borderline_ids: Sequence[str],
    suggest: int | None,
    corpus: Path | None,
    wait: float,
) -> int:
    """Go through the queue: accept, reject, correct; every decision is training data.

    Without options and on a terminal, papers are shown one at a time. Decisions are also taken as options, or as JSON lines
    with the keys id, decision (accept, reject, borderline, correct) and any of an entry's keys.
    """
    from updater.merge.decide import Decision, Desk, read  # noqa: PLC0415

    if suggest is not None:
        return _suggest(repository, suggest, corpus, as_json=as_json)
    if list_only:
        for queued in _ordered(repository.load()):
            click.echo(json.dumps(queued.to_data(), ensure_ascii=False) if as_json else _line(queued))
        return 0
    decisions = read(apply_file, getattr(apply_file, "name", "-")) if apply_file else []
    for word, ids in (("accept", accept_ids), ("reject", reject_ids), ("borderline", borderline_ids)):
        decisions += [Decision.model_validate({"id": id_, "decision": word}) for id_ in ids]
    if not decisions:
        if not sys.stdin.isatty():
            raise UsageError(
                "nothing to do: on a pipe, name decisions (--accept, --reject, --borderline, --apply) or use --list"
            )
        decisions = _terminal(repository)
    if not decisions:
        return 0
    with lock(repository.root, wait):
        desk = Desk(repository, repository.load(), lambda ids: _fetch(repository, ids))
        desk.decide(decisions)
        for path in _commit(repository, desk):
            click.echo(f"{path}: changed", err=True)
    click.echo(f"{len(decisions)} decisions carried out; `mi-index train` learns from them", err=True)
    return 0


def _commit(repository: Repository, desk: Desk) -> list[str]:
    """Write what was decided, and the README with it where the index has its templates."""
    transaction = desk.editor.stage()
    if (repository.root / "site/templates").is_dir():
        from updater.render.readme import render  # noqa: PLC0415

        transaction.put("README.md", render(repository, desk.index))
    return transaction.commit()


def _ordered(index: Index) -> list[Queued]:
    return sorted(index.queue.values(), key=lambda q: (-q.probability, q.id))


def _line(queued: Queued) -> str:
    return f"{queued.probability:.2f}  {queued.id:<12}  {queued.title}  [{', '.join(queued.categories)}]"


def _fetch(repository: Repository, ids: Sequence[str]) -> list[Record]:
    from updater.fetch import by_id  # noqa: PLC0415

    return list(by_id(repository.settings, ids))


def _terminal(repository: Repository) -> list[Decision]:
    """Show the queue one paper at a time and collect decisions; nothing is written before the end."""
    from updater.merge.decide import Decision  # noqa: PLC0415

    index, taxonomy = repository.load(), repository.taxonomy
    papers = _ordered(index)
    decided: dict[int, Decision] = {}
    at = 0
    while 0 <= at < len(papers):
        queued = papers[at]
        _show(queued, at, len(papers))
        key = click.prompt(KEYS, prompt_suffix="\n> ", default="s", show_default=False).strip().lower()[:1]
        words = {"a": "accept", "r": "reject", "b": "borderline"}
        if key in words:
            decided[at] = Decision.model_validate({"id": queued.id, "decision": words[key]})
            at += 1
        elif key == "f":
            answer = click.prompt("categories, primary first", default=" ".join(queued.categories))
            slugs = answer.replace(",", " ").split()
            if unknown := [s for s in slugs if s not in taxonomy.category_slugs]:
                click.echo(f"unknown: {', '.join(unknown)}; known: {', '.join(taxonomy.category_slugs)}")
                continue
            decided[at] = Decision(id=queued.id, decision="accept", categories=slugs)
            at += 1
        elif key == "t":
            for record in _fetch(repository, [queued.id]):
                click.echo(f"\n{click.wrap_text(record.abstract, 100)}\n")
        elif key == "u":
            at = max(0, at - 1)
            decided.pop(at, None)
        elif key == "q":
            break
        else:
            at += 1
    return [decided[n] for n in sorted(decided)]


def _show(queued: Queued, at: int, total: int) -> None:
    click.echo(
        f"\n[{at + 1} of {total}]  {queued.id}  probability {queued.probability:.2f}  {queued.links.arxiv or queued.links.page}"
    )
    click.secho(queued.title, bold=True)
    click.echo(", ".join(queued.authors))
    click.echo(f"categories: {', '.join(queued.categories)}")
    if queued.because:
        click.echo(f"because:    {'; '.join(queued.because)}")


def _suggest(repository: Repository, number: int, corpus: Path | None, *, as_json: bool) -> int:
    from updater.classify import suggest  # noqa: PLC0415
    from updater.fetch import read_corpus  # noqa: PLC0415

    if corpus is None:
        raise UsageError("--suggest needs records to choose from: --corpus FILE.jsonl[.gz]")
    index = repository.load()
    known = {*index.papers, *index.borderline, *index.rejected, *index.background, *index.gone}
    known -= {p.id for p in index.papers.values() if p.status == "auto"}
    candidates = (record for record in read_corpus(corpus) if record.id not in known)
    for item in suggest(candidates, number):
        click.echo(json.dumps(dataclasses.asdict(item), ensure_ascii=False) if as_json else str(item))
    return 0
