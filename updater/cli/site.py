"""render, build, serve, export, snapshot: what readers and programs get."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from updater.errors import UsageError
from updater.index.repository import Repository


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit code 1 if README.md is not up to date.")
@click.pass_obj
def render(repository: Repository, *, only_check: bool) -> int:
    """Write README.md from the data. The website's pages are rendered by `build`."""
    from updater.render import readme  # noqa: PLC0415

    if only_check:
        if readme.is_current(repository):
            return 0
        click.echo("README.md:1: not up to date (run `mi-index render`)")
        return 1
    if readme.write(repository):
        click.echo("README.md: written", err=True)
    return 0


@click.command()
@click.option("--engine", type=click.Choice(["mkdocs", "zensical"]), default="mkdocs", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="Where to; default: build/site below the root."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done, and how long each part took, as JSON.")
@click.pass_obj
def build(repository: Repository, engine: str, output: Path | None, *, as_json: bool) -> int:
    """Render and build the website."""
    import orjson  # noqa: PLC0415

    from updater.render import build as site_build  # noqa: PLC0415

    done = site_build.build(repository, output, engine, progress=_progress if sys.stderr.isatty() else _quiet)
    if as_json:
        figures: dict[str, Any] = {"site": str(done.site), "pages": done.pages, "seconds": done.seconds}
        click.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(f"{done.pages:,} pages in {sum(done.seconds.values()):.1f} s: {done.site}", err=True)
    return 0


def _progress(step: str) -> None:
    if step:
        click.echo(f"building: {step} …", err=True)


def _quiet(_step: str) -> None:
    """In a pipe nothing is said until the end."""


@click.command()
@click.option("--engine", type=click.Choice(["mkdocs", "zensical"]), default="mkdocs", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--no-watch", is_flag=True, help="Do not rebuild on change.")
@click.pass_obj
def serve(repository: Repository, engine: str, port: int, *, no_watch: bool) -> int:
    """Build the website, serve it on this machine only, and rebuild it when a source changes."""
    from updater.render import serve as site_serve  # noqa: PLC0415

    site_serve.serve(repository, engine, port, watch=not no_watch, say=lambda text: click.echo(text, err=True))
    return 0


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["bibtex", "ris", "csl-json", "csv", "json", "jsonl"]), required=True
)
@click.option("--kind", "kinds", multiple=True, help="paper, library, course, …; default: every kind.")
@click.option("--category", "categories", multiple=True, help="Slug of a category, primary or not.")
@click.option("--facet", "facets", multiple=True, metavar="FACET=VALUE", help="A facet and one of its values.")
@click.option("--model", "models", multiple=True, help="Name of a studied model.")
@click.option("--venue", "venues", multiple=True, help="With or without year.")
@click.option("--author", "authors", multiple=True, help="Full name.")
@click.option("--status", "statuses", multiple=True, type=click.Choice(["curated", "auto"]))
@click.option("--id", "ids", multiple=True, help="Exactly these entries.")
@click.option("--since", default="", metavar="DATE", help="YYYY, YYYY-MM or YYYY-MM-DD, included.")
@click.option("--until", default="", metavar="DATE", help="Likewise, included.")
@click.option("--featured", is_flag=True, help="Landmarks only.")
@click.option("--has-code", is_flag=True, help="Only with an address of the code.")
@click.pass_obj
def export(repository: Repository, /, **options: Any) -> int:
    """Write entries to standard output. Several values of one option: any of them; several options: all of them.

    bibtex, ris, csl-json and csv hold papers only; json and jsonl every kind, with the keys of the YAML and `kind`.
    """
    from updater.render import exports  # noqa: PLC0415
    from updater.render.catalogue import Catalogue  # noqa: PLC0415

    form: str = options["form"]
    wanted = _filter(repository, options)
    entries, items = exports.select(Catalogue.of(repository), wanted)
    click.echo(exports.render(form, entries, items), nl=False)
    return 0


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to put the archive into."
)
@click.option("--record", "note", is_flag=True, help="Also note it in resources/snapshots.yml, for the site's list.")
@click.pass_obj
def snapshot(repository: Repository, output: Path, *, note: bool) -> int:
    """Make the archive of the data as of the day up to which arXiv has been read, for others to cite.

    Its checksum and name are printed as `sha256sum` prints them. The same data gives the same bytes everywhere.
    """
    from updater.files import put  # noqa: PLC0415
    from updater.render import snapshots  # noqa: PLC0415
    from updater.render.catalogue import Catalogue  # noqa: PLC0415
    from updater.render.markup import environment  # noqa: PLC0415

    index = repository.load()
    archive = snapshots.make(Catalogue.of(repository, index), environment(repository.root))
    put(output / archive.name, archive.data)
    if note and snapshots.record(repository, index.snapshots, archive.snapshot):
        click.echo(f"noted the snapshot of {archive.snapshot.id}", err=True)
    click.echo(f"{archive.snapshot.sha256}  {archive.name}")
    return 0


def _filter(repository: Repository, options: dict[str, Any]) -> Any:
    """The options as a filter; UsageError for a kind, category or facet that the taxonomy does not know."""
    from updater.index.model import check_slugs  # noqa: PLC0415
    from updater.render.exports import Filter  # noqa: PLC0415

    taxonomy = repository.taxonomy
    facets: list[tuple[str, str]] = []
    try:
        check_slugs(list(dict.fromkeys(options["kinds"])), ("paper", *taxonomy.kind_by_slug), "kind")
        check_slugs(list(dict.fromkeys(options["categories"])), taxonomy.category_slugs, "category")
        for text in options["facets"]:
            facet, _, value = text.partition("=")
            check_slugs([facet], tuple(taxonomy.facet_values), "facet")
            check_slugs([value], taxonomy.facet_values[facet], f"value of {facet}")
            facets.append((facet, value))
        for name in ("since", "until"):
            _check_date(options[name])
    except ValueError as error:
        raise UsageError(str(error)) from error
    several: dict[str, frozenset[str]] = {
        name: frozenset(options[name])
        for name in ("kinds", "categories", "models", "venues", "authors", "statuses", "ids")
    }
    return Filter(
        **several,
        facets=frozenset(facets),
        since=options["since"],
        until=options["until"],
        featured=options["featured"],
        has_code=options["has_code"],
    )


def _check_date(value: str) -> None:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415

    from updater.index.model import PartialDate  # noqa: PLC0415

    if value:
        try:
            TypeAdapter(PartialDate).validate_python(value)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
