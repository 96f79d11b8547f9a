"""check, fmt, stats: looking at the data and putting it in order."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import json

import click

from updater.index.repository import Index, Repository
from updater.index.yamlfile import Problem


@click.command()
@click.option("--github", is_flag=True, help="Print GitHub workflow annotations, which show at the line itself.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def check(repository: Repository, *, github: bool, as_json: bool) -> int:
    """Validate all data; exit code 1 if something is wrong."""
    from updater.index.check import check as check_index  # noqa: PLC0415

    index, problems = check_index(repository)
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
@click.pass_obj
def fmt(repository: Repository, *, only_check: bool) -> int:
    """Put all files of resources/ into their one canonical form."""
    from updater.index.canonical import canonical  # noqa: PLC0415
    from updater.index.transaction import lock  # noqa: PLC0415

    if only_check:
        changed = canonical(repository).changed
        for path in changed:
            click.echo(f"{path}:1: not in canonical form (run `mi-index fmt`)")
        return 1 if changed else 0
    with lock(repository.root):
        for path in canonical(repository).commit():
            click.echo(f"{path}: put in order", err=True)
    return 0


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
