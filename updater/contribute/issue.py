"""An issue carried out: what somebody wrote into a form becomes a change of the index, or an answer that says why not.

Whatever stands in an issue is hostile until proven otherwise. It is read as data, bounded, and validated like any entry; it
never becomes the name of a file or branch, a template, or an argument of a shell. Branch and title of the pull request are
made of the issue's number and of checked ids.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import Environment
from pydantic import ValidationError

from updater.contribute import forms, metadata
from updater.contribute.add import (
    PAPER,
    Classifier,
    Counter,
    MissingError,
    Proposal,
    Standing,
    Wish,
    changed,
    page_of,
    refuse_copy,
    said,
)
from updater.contribute.forms import Issue
from updater.contribute.metadata import Lookup
from updater.contribute.reference import parse as parse_reference
from updater.errors import RefusedError, SourceError, UsageError
from updater.index.model import Paper, Resource
from updater.index.repository import Repository
from updater.index.text import normal_url
from updater.merge.decide import Decision, Desk
from updater.web import Web

TEMPLATE: Final = "contribute/answer.md.j2"
_PAPER_KEYS: Final = (
    "title",
    "date",
    "venue",
    "summary",
    "models",
    "keywords",
    "categories",
    "object",
    "localize",
    "steer",
    "goal",
)
_RESOURCE_KEYS: Final = (
    "name",
    "authors",
    "date",
    "categories",
    "hooks",
    "models",
    "licence",
    "keywords",
    "description",
)
_LINKS: Final = ("code", "docs", "paper", "page", "demo", "data", "video")


@dataclasses.dataclass(slots=True)
class Outcome:
    """What came of an issue. `status` is one of

    added, corrected, mended: the index changed; listed, left-out: it is known already; incomplete: something is missing or wrong;
    unreadable: the address gives nothing; unreachable: nobody answers just now; works: the link is not dead; noted: a person must
    decide; no-form: the issue was not made with a form.
    """

    status: str
    number: int
    message: str = ""
    keys: Sequence[str] = ()
    """Fields that lack something."""
    standing: Standing | None = None
    proposal: Proposal | None = None
    kind: str = ""
    id: str = ""
    """Id of the entry that it is about."""
    address: str = ""
    changes: Sequence[tuple[str, Any, Any]] = ()
    paths: Sequence[str] = ()
    login: str = ""
    credit: str = ""

    @property
    def title(self) -> str:
        """Title of a pull request: a verb and an id."""
        verb = {"added": "Add", "corrected": "Correct", "mended": "Mend a link of"}.get(self.status, "Look at")
        return f"{verb} {self.id or f'issue {self.number}'}"

    def to_json(self) -> dict[str, Any]:
        """What a workflow needs to go on."""
        return {
            "status": self.status,
            "issue": self.number,
            "changed": bool(self.paths),
            "branch": f"issue/{self.number}",
            "title": self.title,
            "credit": self.credit,
            "id": self.id,
            "address": self.address,
            "paths": list(self.paths),
        }


class Clerk:
    """Carries out issues. `dry` answers only and writes nothing."""

    def __init__(
        self, repository: Repository, web: Web, lookup: Lookup, classify: Classifier | None, *, dry: bool = False
    ) -> None:
        self.repository, self.web, self.lookup, self.classify, self.dry = repository, web, lookup, classify, dry
        self.counter = Counter(repository, repository.load())

    def handle(self, issue: Issue) -> Outcome:
        """Do what the form asks for; every failing of the issue's text is an outcome, not an exception."""
        handlers = {
            "add-paper": self._add,
            "add-resource": self._add,
            "correct-entry": self._correct,
            "dead-link": self._dead_link,
        }
        if issue.form not in handlers:
            outcome = Outcome("no-form", issue.number)
        else:
            try:
                outcome = handlers[issue.form](issue)
            except MissingError as error:
                outcome = Outcome("incomplete", issue.number, str(error), keys=error.keys)
            except UsageError as error:
                outcome = Outcome("incomplete", issue.number, str(error))
            except ValidationError as error:
                outcome = Outcome("incomplete", issue.number, said(error))
            except RefusedError as error:
                outcome = Outcome("unreadable", issue.number, str(error))
            except SourceError as error:
                outcome = Outcome("unreachable", issue.number, str(error))
        outcome.login, outcome.credit = issue.login, issue.credit
        return outcome

    # -- something new --------------------------------------------------------------------------------------------------

    def _add(self, issue: Issue) -> Outcome:
        paper = issue.form == "add-paper"
        text = issue.fields.get("reference", "")
        if not text:
            raise MissingError("the address or id is missing", ["reference"])
        reference = parse_reference(text.splitlines()[0])
        values = forms.values(issue, _PAPER_KEYS if paper else _RESOURCE_KEYS)
        if links := {key: issue.fields[key].strip() for key in _LINKS if issue.fields.get(key)}:
            values["links"] = links
        wish = Wish(text, PAPER if paper else " ".join(issue.fields.get("kind", "?").split()), values)
        if standing := self.counter.known(reference):
            return self._known(issue, standing)
        try:
            found = metadata.find(reference, self.web, self.lookup)
        except RefusedError:
            if paper or "name" not in values:
                raise
            found = metadata.bare(reference, values["name"])
        if standing := self.counter.twin(found):
            return self._known(issue, standing)
        proposal = self.counter.propose(found, wish, self.classify)
        paths = [] if self.dry else self.counter.write(proposal)
        return Outcome(
            "added",
            issue.number,
            proposal=proposal,
            kind=proposal.kind,
            id=proposal.entry.id,
            address=page_of(self.repository, proposal.kind, proposal.entry.id),
            paths=paths,
        )

    @staticmethod
    def _known(issue: Issue, standing: Standing) -> Outcome:
        status = "listed" if standing.where == "listed" else "left-out"
        return Outcome(status, issue.number, standing=standing, id=standing.id, address=standing.address)

    # -- something wrong ------------------------------------------------------------------------------------------------

    def _entry(self, issue: Issue) -> tuple[str, Paper | Resource]:
        text = issue.fields.get("entry", "")
        if not text:
            raise MissingError("which entry it is about is missing", ["entry"])
        if (found := self.counter.locate(text.splitlines()[0])) is None:
            raise MissingError("no entry has this id or address", ["entry"])
        return found

    def _correct(self, issue: Issue) -> Outcome:
        kind, entry = self._entry(issue)
        key = " ".join(issue.fields.get("key", "").split())
        top, _, link = key.partition(".")
        if top not in type(entry).model_fields or top in ("id", "status", "featured", "stars", "archived", "withdrawn"):
            everything = {*Paper.model_fields, *Resource.model_fields}
            if top in everything:
                raise MissingError(f"this kind of entry has no {top}", ["key"])
            return Outcome(
                "noted", issue.number, kind=kind, id=entry.id, address=page_of(self.repository, kind, entry.id)
            )
        value: Any = " ".join(issue.fields.get("value", "").split())
        if not value:
            raise MissingError("what it should say is missing", ["value"])
        if top == "links":
            value = {**entry.links.model_dump(exclude_none=True), link: value}
        elif top in forms.LISTS:
            value = [" ".join(item.split()) for item in issue.listed("value")]
        if top in ("summary", "description") and isinstance(entry, Paper) and entry.is_arxiv:
            refuse_copy(value, self._abstract(entry.id), top)
        return self._write(issue, "corrected", kind, entry, {top: value})

    def _abstract(self, id_: str) -> str:
        try:
            return next((record.abstract for record in self.lookup([id_])), "")
        except SourceError:
            return ""  # the text is looked at by a person too

    def _write(self, issue: Issue, status: str, kind: str, entry: Paper | Resource, new: Mapping[str, Any]) -> Outcome:
        context = {"taxonomy": self.repository.taxonomy}
        data = {**entry.model_dump(exclude_none=True), **new}
        after = type(entry).model_validate({k: v for k, v in data.items() if v is not None}, context=context)
        changes = [c for c in changed(entry, after) if c[0] != "status"]
        paths: list[str] = []
        if changes and not self.dry:
            if isinstance(entry, Paper):
                desk = Desk(self.repository, self.counter.index, self.lookup)
                keys = {key: getattr(after, key) for key in new}
                if "links" in keys:
                    keys["links"] = keys["links"].model_dump(exclude_none=True)
                desk.decide([Decision.model_validate({"id": entry.id, "decision": "correct", **keys})])
                if "links" in keys:  # a decision adds links; here the whole mapping is meant
                    desk.editor.put_paper(self.counter.index.papers[entry.id].model_copy(update={"links": after.links}))
                paths = desk.editor.commit()
            else:
                editor = self.repository.edit()
                editor.put(self.counter.index.places[entry.id].path, after)
                paths = editor.commit()
        if not changes:
            raise MissingError("the entry says so already", ["value"])
        return Outcome(
            status,
            issue.number,
            kind=kind,
            id=entry.id,
            address=page_of(self.repository, kind, entry.id),
            changes=changes,
            paths=paths,
        )

    # -- a link ---------------------------------------------------------------------------------------------------------

    def _dead_link(self, issue: Issue) -> Outcome:
        kind, entry = self._entry(issue)
        url = issue.fields.get("url", "").split("\n", maxsplit=1)[0].strip()
        links = {key: link for key, link in entry.links.model_dump(exclude_none=True).items() if isinstance(link, str)}
        if isinstance(entry, Resource):
            links["url"] = entry.url
        key = next((k for k, link in links.items() if normal_url(link) == normal_url(url)), "")
        if not key:
            raise MissingError("the entry has no such link", ["url"])
        address = page_of(self.repository, kind, entry.id)
        if self._answers(links[key]):
            return Outcome("works", issue.number, kind=kind, id=entry.id, address=address, message=links[key])
        replacement = issue.fields.get("replacement", "").split("\n", maxsplit=1)[0].strip()
        if replacement and not self._answers(replacement):
            raise MissingError("the new address does not answer either", ["replacement"])
        new: dict[str, Any]
        if key == "url":
            new = {"url": replacement} if replacement else {"archived": True}
        elif key == "arxiv":
            raise MissingError("an arXiv address follows from the id and is not changed", ["url"])
        else:
            rest = {k: link for k, link in entry.links.model_dump(exclude_none=True).items() if k != key}
            new = {"links": {**rest, key: replacement} if replacement else rest}
        return self._write(issue, "mended", kind, entry, new)

    def _answers(self, url: str) -> bool:
        try:
            return self.web.page(url, max_bytes=1024).ok
        except RefusedError as error:
            raise UsageError(str(error)) from error
        except SourceError:
            return False


def answer(outcome: Outcome, environment: Environment, repository: Repository) -> str:
    """The answer to the contributor as Markdown; everything that a stranger wrote is escaped by the template's filters.

    Parameters
    ----------
    environment
        `updater.render.markup.environment`.
    """
    environment.filters |= {"code": code_span, "cell": code_cell}
    proposal = outcome.proposal
    verdict = proposal.verdict if proposal else None
    entry = proposal.entry.to_data() if proposal else {}
    return environment.get_template(TEMPLATE).render(
        outcome=outcome,
        entry={key: _flat(value) for key, value in entry.items() if value not in ([], {}, None)},
        verdict=verdict,
        notes=list(proposal.notes) if proposal else [],
        changes=[(key, _flat(before), _flat(after)) for key, before, after in outcome.changes],
        categories=repository.taxonomy.by_slug,
        guide=f"{repository.settings.project.repository}/blob/{repository.settings.project.branch}/CONTRIBUTING.md",
    )


def code_span(text: str) -> str:
    """Text as a span of code: on GitHub the only place where `@name`, `#1` and bare addresses stay what they are."""
    text = " ".join(text.split())
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def code_cell(text: str) -> str:
    """As `code_span`, for a cell of a table, where a bar would end the cell even inside of code."""
    return code_span(text.replace("\\", "⧵")).replace("|", "\\|")


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str("" if value is None else value)
