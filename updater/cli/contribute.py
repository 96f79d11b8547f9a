"""add, summarize, enrich: what comes from people and from services other than arXiv."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from updater.errors import UsageError
from updater.index.repository import Repository
from updater.index.transaction import lock
from updater.index.yamlfile import entry_lines

if TYPE_CHECKING:
    from updater.contribute.add import Classifier, Counter, Proposal, Standing, Wish
    from updater.contribute.metadata import Found, Lookup
    from updater.records import Record
    from updater.verdict import Verdict

_ASKED_FOR = {
    "kind": "Kind",
    "description": "Description (one full sentence of your own, not beginning with the name)",
    "date": "Date (YYYY-MM-DD, YYYY-MM or YYYY)",
    "categories": "Categories (primary first, with commas)",
}


def lookup(repository: Repository) -> Lookup:
    """The way to arXiv's records by id, imported when it is used."""

    def by_id(ids: Sequence[str]) -> list[Record]:
        from updater.fetch import by_id as fetch_by_id  # noqa: PLC0415

        return list(fetch_by_id(repository.settings, ids))

    return by_id


def classifier(repository: Repository) -> Classifier:
    """The shipped model, loaded when it is used."""

    def classify(records: Sequence[Record]) -> list[Verdict]:
        from updater.classify import load  # noqa: PLC0415

        return list(load(root=repository.root).classify(records))

    return classify


def at_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


@click.command()
@click.argument("reference", required=False)
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.option("--kind", default="", help="What it is: paper, or the slug of another kind (library, course, …).")
@click.option("--category", "categories", multiple=True, metavar="SLUG", help="A category; the primary one first.")
@click.option("--summary", default="", help="For a paper: one sentence of your own.")
@click.option("--description", default="", help="For anything else: one sentence of your own.")
@click.option("--name", default="", help="Name, or title, where the page gives none or a wrong one.")
@click.option("--venue", default="", help="Where the paper was published, with the year.")
@click.option("--date", default="", help="YYYY-MM-DD, YYYY-MM or YYYY, where the page gives none.")
@click.option("--code", default="", help="Address of the code.")
@click.option(
    "--from-issue",
    "issue_file",
    type=click.File("rb"),
    help="Carry out an issue form: the event that GitHub sends, or the issue as its API gives it (- for standard input).",
)
@click.option(
    "--answer",
    "answer_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --from-issue: write the answer (Markdown) to this file instead of standard output.",
)
@click.option(
    "--outputs",
    "outputs_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --from-issue: append the outcome as KEY=VALUE lines, as a step of a GitHub workflow hands it on.",
)
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another run to end.")
@click.pass_obj
def add(
    repository: Repository,
    /,
    *,
    reference: str | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    issue_file: Any,
    answer_file: Path | None,
    outputs_file: Path | None,
    wait: float,
    **said: Any,
) -> int:
    """Add a work: REFERENCE is an arXiv id, a DOI, or the address of a paper, a repository or a page.

    What is known of it is fetched, its categories are predicted, and the entry is shown before it is written. A work that is
    listed already is named (exit code 1).
    """
    if issue_file is not None:
        files = (issue_file, answer_file, outputs_file)
        return _from_issue(repository, *files, dry_run=dry_run, as_json=as_json, wait=wait)
    if not reference:
        raise UsageError("what shall be added? (an arXiv id, a DOI or an address; or --from-issue FILE)")
    from updater.contribute.add import Counter, Standing  # noqa: PLC0415

    counter = Counter(repository, repository.load())
    wish = _wish(reference, **said)
    found = _found(repository, counter, wish)
    if isinstance(found, Standing):
        _tell_standing(found, as_json=as_json)
        return 1
    ask = not (yes or dry_run or as_json) and at_terminal()
    proposal = _proposal(counter, found, wish, ask=ask)
    if as_json:
        click.echo(json.dumps(_as_json(proposal, counter, written=not dry_run), ensure_ascii=False, indent=2))
    else:
        _preview(proposal)
    if dry_run:
        return 0
    if not (yes or as_json):
        if not at_terminal():
            raise UsageError("nothing was written: without a terminal to ask at, say --yes (or --dry-run)")
        if not click.confirm(f"Write it to {proposal.path}?", default=True):
            click.echo("nothing was written", err=True)
            return 1
    with lock(repository.root, wait):
        for path in counter.write(proposal):
            click.echo(f"{path}: changed", err=True)
    return 0


def _wish(reference: str, *, kind: str, categories: Sequence[str], name: str, code: str, **texts: str) -> Wish:
    from updater.contribute.add import Wish  # noqa: PLC0415

    values: dict[str, Any] = {key: " ".join(text.split()) for key, text in texts.items() if text.strip()}
    if categories:
        values["categories"] = list(categories)
    if name:
        values |= {"name": name, "title": name}
    if code:
        values["links"] = {"code": code}
    return Wish(reference, kind, values)


def _found(repository: Repository, counter: Counter, wish: Wish) -> Found | Standing:
    """What is known of a reference; or what the index has of it already."""
    from updater.contribute import metadata  # noqa: PLC0415
    from updater.contribute.reference import parse  # noqa: PLC0415
    from updater.errors import RefusedError  # noqa: PLC0415
    from updater.web import Web  # noqa: PLC0415

    reference = parse(wish.reference)
    if standing := counter.known(reference):
        return standing
    try:
        found = metadata.find(reference, Web(repository.settings), lookup(repository))
    except RefusedError:
        if "name" not in wish.values or reference.kind != "page":
            raise
        found = metadata.bare(reference, wish.values["name"])
    return counter.twin(found) or found


def _tell_standing(standing: Standing, *, as_json: bool) -> None:
    words = {
        "listed": "is listed already",
        "rejected": "was looked at and left out (`mi-index review --accept` takes it in all the same)",
        "borderline": "was judged borderline (`mi-index review --accept` takes it in all the same)",
        "gone": "was taken off the list",
    }
    if as_json:
        keys = ("id", "title", "address", "path", "line", "reason")
        data = {"status": standing.where, **{key: getattr(standing, key) for key in keys}}
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    reason = f" ({standing.reason})" if standing.reason else ""
    click.echo(f"{standing.path}:{standing.line}: {standing.id} {words[standing.where]}{reason}: {standing.title}")
    if standing.address:
        click.echo(standing.address)


def _proposal(counter: Counter, found: Found, wish: Wish, *, ask: bool) -> Proposal:
    """The entry; on a terminal, what only a person can say is asked for."""
    from updater.contribute.add import MissingError, Wish  # noqa: PLC0415

    while True:
        try:
            return counter.propose(found, wish, classifier(counter.repository))
        except MissingError as missing:
            if not ask:
                raise
            click.echo(f"{found.record.title}: {missing}")
            answers = {key: click.prompt(_ASKED_FOR.get(key, key)) for key in missing.keys}
            values = {**wish.values, **{key: value for key, value in answers.items() if key != "kind"}}
            if "categories" in answers:
                values["categories"] = [part.strip() for part in answers["categories"].split(",") if part.strip()]
            wish = Wish(wish.reference, answers.get("kind", wish.kind), values)


def _preview(proposal: Proposal) -> None:
    click.secho(f"{proposal.path}:", bold=True)
    click.echo("\n".join(entry_lines(proposal.entry.to_data())))
    if (verdict := proposal.verdict) is not None:
        shown = ", ".join(f"{slug} {probability:.2f}" for slug, probability in verdict.categories)
        click.echo(f"\nprobability {verdict.probability:.2f} ({verdict.decision}); categories: {shown}")
        if verdict.because:
            click.echo("because: " + "; ".join(f"{term} {weight:+.2f}" for term, weight in verdict.because[:8]))
    for note in proposal.notes:
        click.echo(f"note: {note}")


def _as_json(proposal: Proposal, counter: Counter, *, written: bool) -> dict[str, Any]:
    from updater.contribute.add import page_of  # noqa: PLC0415

    verdict = proposal.verdict
    return {
        "status": "added" if written else "proposed",
        "kind": proposal.kind,
        "path": proposal.path,
        "address": page_of(counter.repository, proposal.kind, proposal.entry.id),
        "entry": proposal.entry.to_data(),
        "probability": round(verdict.probability, 4) if verdict else None,
        "decision": verdict.decision if verdict else None,
        "categories": [{"slug": s, "probability": round(p, 4)} for s, p in verdict.categories] if verdict else [],
        "because": [{"term": t, "weight": round(w, 3)} for t, w in verdict.because] if verdict else [],
        "notes": list(proposal.notes),
    }


def _from_issue(
    repository: Repository,
    issue_file: Any,
    answer_file: Path | None,
    outputs_file: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
    wait: float,
) -> int:
    """Carry out an issue; whatever came of it is answered, so that only a service that is down is an error (3)."""
    from updater.contribute import forms  # noqa: PLC0415
    from updater.contribute.issue import Clerk, answer  # noqa: PLC0415
    from updater.render.markup import environment  # noqa: PLC0415
    from updater.web import Web  # noqa: PLC0415

    issue = forms.read(issue_file.read(), getattr(issue_file, "name", "-"), forms.load(repository.root))
    with lock(repository.root, wait):
        clerk = Clerk(repository, Web(repository.settings), lookup(repository), classifier(repository), dry=dry_run)
        outcome = clerk.handle(issue)
    text = answer(outcome, environment(repository.root), repository)
    if answer_file is not None:
        answer_file.write_text(text, encoding="utf-8")
    elif not as_json:
        click.echo(text)
    if outputs_file is not None:
        shown = {
            key: str(value).lower() if isinstance(value, bool) else value for key, value in outcome.to_json().items()
        }
        lines = [f"{key}={shown[key]}\n" for key in ("status", "changed", "branch", "title", "credit")]
        with outputs_file.open("a", encoding="utf-8") as file:
            file.writelines(lines)
    if as_json:
        click.echo(json.dumps(outcome.to_json(), ensure_ascii=False, indent=2))
    return 3 if outcome.status == "unreachable" else 0


@click.command()
@click.option("--base", required=True, metavar="REV", help="The commit to compare with.")
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON.")
@click.option(
    "--site",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A built site: copy the pages of the entries concerned to --preview.",
)
@click.option("--preview", type=click.Path(path_type=Path, file_okay=False), help="With --site: where to.")
@click.pass_obj
def summarize(repository: Repository, *, base: str, as_json: bool, site: Path | None, preview: Path | None) -> int:
    """Tell what the entries here add to those of a commit, change and take away: a sentence each, as Markdown."""
    from updater.contribute import difference  # noqa: PLC0415
    from updater.render.markup import environment  # noqa: PLC0415

    if (site is None) != (preview is None):
        raise UsageError("--site and --preview go together")
    found = difference.difference(difference.index_at(repository, base), repository.read()[0])
    data = difference.as_data(found, repository)
    if site is not None and preview is not None:
        for entry in [*data["added"], *data["changed"]]:
            source = site / entry["page"] / "index.html"
            if source.is_file():
                target = preview / entry["page"] / "index.html"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
    else:
        click.echo(difference.markdown(data, environment(repository.root), repository))
    return 0


@click.command()
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(["repositories", "papers", "citations", "links"]),
    help="Only this part (can be repeated); default: all.",
)
@click.option("--minutes", type=click.FloatRange(0, 600), default=60.0, show_default=True, help="Stop after so long.")
@click.option(
    "--max-age", type=click.IntRange(0), default=6, show_default=True, help="Days for which an answer is good."
)
@click.option("--dry-run", is_flag=True, help="Ask and report, but change nothing.")
@click.option(
    "--report", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report there."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--wait", type=float, default=0.0, help="Seconds to wait for another run to end.")
@click.pass_obj
def enrich(
    repository: Repository,
    *,
    parts: Sequence[str],
    minutes: float,
    max_age: int,
    dry_run: bool,
    report_file: Path | None,
    as_json: bool,
    wait: float,
) -> int:
    """Fill in what other services know: stars, licences, releases, venues, code, citation counts; find dead links.

    Only what is empty is filled in. Answers are kept in the cache folder, so that a run goes on where the last one stopped.
    Exit code 3 if a service did not answer; what the others said is kept.
    """
    from updater.enrich import run as enriching  # noqa: PLC0415
    from updater.enrich.cache import ServiceCache  # noqa: PLC0415
    from updater.fetch.cache import folder  # noqa: PLC0415
    from updater.render.markup import environment  # noqa: PLC0415
    from updater.web import Web  # noqa: PLC0415

    with lock(repository.root, wait), contextlib.closing(ServiceCache.open(folder(), _today())) as cache:
        enricher = enriching.Enricher(
            repository,
            Web(repository.settings),
            lookup(repository),
            cache,
            max_age=max_age,
            seconds=60 * minutes,
            each=_progress,
        )
        found = enricher.run(parts or enriching.PARTS)
        for path in [] if dry_run else enricher.write():
            click.echo(f"{path}: changed", err=True)
    data = enriching.as_data(found)
    text = enriching.markdown(data, environment(repository.root))
    if report_file is not None:
        report_file.write_text(text, encoding="utf-8")
    click.echo(json.dumps(data, ensure_ascii=False, indent=2) if as_json else text, nl=as_json)
    for notice in found.notices:
        click.echo(notice, err=True)
    return 3 if found.notices else 0


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _progress(part: str, items: Sequence[Any]) -> Iterator[Any]:
    with click.progressbar(items, label=part, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield from bar
