"""check, fmt, stats: looking at the data and putting it in order."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
import json
import sys
from pathlib import Path

import click

from updater.errors import UsageError
from updater.index.repository import Index, Repository
from updater.index.yamlfile import Problem


@click.command()
@click.option("--github", is_flag=True, help="Print GitHub workflow annotations, which show at the line itself.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--gaps", is_flag=True, help="Instead, list what is missing or may stand twice: good first contributions."
)
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="With --gaps: so many of each kind."
)
@click.option("--links", is_flag=True, help="Instead, try the links, one at a time.")
@click.option("--changed-since", "base", metavar="REV", help="With --links: only those that a commit does not have.")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Also compare summaries with these abstracts (JSON lines, may be gzipped): eight words in a row are a copy.",
)
@click.pass_obj
def check(
    repository: Repository,
    *,
    github: bool,
    as_json: bool,
    gaps: bool,
    most: int,
    links: bool,
    base: str | None,
    corpus: Path | None,
) -> int:
    """Validate all data; exit code 1 if something is wrong."""
    from updater.index.check import check as check_index  # noqa: PLC0415
    from updater.index.check import copied  # noqa: PLC0415

    if gaps:
        return _gaps(repository.load(), most, as_json=as_json)
    index, problems = (repository.load(), _links(repository, base)) if links else check_index(repository)
    if corpus is not None:
        from updater.fetch import read_corpus  # noqa: PLC0415

        problems += copied(index, ((record.id, record.abstract) for record in read_corpus(corpus)))
    if as_json:
        keys = ("path", "line", "message", "hint", "severity")
        click.echo(json.dumps([{k: getattr(p, k) for k in keys} for p in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            click.echo(annotation(problem) if github else str(problem))
    errors = sum(p.severity == "error" for p in problems)
    resources = sum(map(len, index.resources.values()))
    click.echo(f"{len(index.papers)} papers and {resources} other resources: {errors} errors", err=True)
    return 1 if errors else 0


def _gaps(index: Index, most: int, *, as_json: bool) -> int:
    """Print what is missing; that something is missing is no error."""
    from updater.contribute.gaps import KINDS, gaps  # noqa: PLC0415

    found = list(gaps(index))
    shown = [gap for kind in KINDS for gap in [g for g in found if g.what == kind][:most]]
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(gap) for gap in shown], ensure_ascii=False, indent=2))
    else:
        for gap in shown:
            click.echo(str(gap))
    counts = collections.Counter(gap.what for gap in found)
    click.echo(", ".join(f"{kind}: {counts[kind]}" for kind in KINDS), err=True)
    return 0


def _links(repository: Repository, base: str | None) -> list[Problem]:
    """Try links and tell which do not work."""
    from updater.contribute.difference import entries_of, index_at  # noqa: PLC0415
    from updater.contribute.links import new_links, problems  # noqa: PLC0415
    from updater.web import Web  # noqa: PLC0415

    index = repository.load()
    before = entries_of(index_at(repository, base)) if base else None
    todo = list(new_links(before, entries_of(index)))
    with click.progressbar(todo, label="links", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        return list(problems(Web(repository.settings), index, bar))


def annotation(problem: Problem) -> str:
    """A problem as a GitHub workflow command; what it quotes is escaped, so that it cannot issue one of its own.

    Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """

    def data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def value(text: str) -> str:
        return data(text).replace(":", "%3A").replace(",", "%2C")

    message = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return f"::{problem.severity} file={value(problem.path)},line={problem.line}::{data(message)}"


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit code 1 if something would change.")
@click.option("--diff", is_flag=True, help="With --check: print what would change as a patch for `git apply`.")
@click.pass_obj
def fmt(repository: Repository, *, only_check: bool, diff: bool) -> int:
    """Put all files of resources/ into their one canonical form, and the choices in the issue forms in step with it."""
    from updater.contribute.forms import files_in_step  # noqa: PLC0415
    from updater.index.canonical import canonical  # noqa: PLC0415
    from updater.index.transaction import lock  # noqa: PLC0415

    if diff and not only_check:
        raise UsageError("--diff goes with --check (without it, `git diff` tells after the fact)")
    with contextlib.nullcontext() if only_check else lock(repository.root):
        transaction = canonical(repository)
        for path, content in files_in_step(repository.root, repository.taxonomy).items():
            transaction.put(path, content)
        if not only_check:
            for path in transaction.commit():
                click.echo(f"{path}: put in order", err=True)
            return 0
    for path in transaction.changed:
        click.echo(f"{path}:1: not in canonical form (run `mi-index fmt`)", err=diff)
    if diff:
        click.echo(transaction.diff(), nl=False)
    return 1 if transaction.changed else 0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option(
    "--health",
    is_flag=True,
    help="How fresh each source is, and its gaps; exit code 1 if one has been silent too long.",
)
@click.option("--today", type=click.DateTime(formats=["%Y-%m-%d"]), help="With --health: the day that counts as today.")
@click.pass_obj
def stats(repository: Repository, *, as_json: bool, health: bool, today: dt.datetime | None) -> int:
    """Tell what is in the index, and since when."""
    index = repository.load()
    if health:
        return _health(repository, index, today.date() if today else dt.datetime.now(dt.UTC).date(), as_json=as_json)
    days = index.state.common(repository.settings.arxiv.categories)
    primary = collections.Counter(p.primary for p in index.papers.values())
    figures = {
        "papers": len(index.papers),
        "curated": sum(p.status == "curated" for p in index.papers.values()),
        "auto": sum(p.status == "auto" for p in index.papers.values()),
        "featured": sum(bool(p.featured) for p in index.papers.values()),
        "queue": len(index.queue),
        "borderline": len(index.borderline),
        "rejected": len(index.rejected),
        "first": min((p.date for p in index.papers.values()), default=""),
        "newest": max((p.date for p in index.papers.values()), default=""),
        "read": days.dump(),
        "resources": {kind.file: len(index.resources.get(kind.slug, ())) for kind in repository.taxonomy.kinds},
        "categories": {slug: primary[slug] for slug in repository.taxonomy.category_slugs},
    }
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
        return 0
    for name, value in figures.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, number in value.items():
                click.echo(f"  {key:<28}{number:>6}")
        else:
            click.echo(f"{name:<30}{', '.join(value) if isinstance(value, list) else value:>6}")
    return 0


def _health(repository: Repository, index: Index, today: dt.date, *, as_json: bool) -> int:
    from updater.merge.health import health  # noqa: PLC0415

    found = health(index.state, repository.settings, today)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(f) for f in found], ensure_ascii=False, indent=2))
    else:
        for item in found:
            click.echo(
                f"{'STALE' if item.stale else 'fresh'}  {item.source:<24} read to {item.last or 'never'}{item.told}"
            )
    return 1 if any(item.stale for item in found) else 0
