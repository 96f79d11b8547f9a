"""Issue forms: the files under .github/ISSUE_TEMPLATE, and what somebody wrote into one.

GitHub turns a filled-in form into an issue whose body has a heading `### Label` for every field, followed by the value, and
`_No response_` where a field was left empty (https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema).
The labels are read from the form's own file, so that the form is the only place where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from updater.errors import DataError, UsageError
from updater.index.taxonomy import Taxonomy
from updater.index.yamlfile import parse

FOLDER: Final = ".github/ISSUE_TEMPLATE"
LISTS: Final = frozenset({"categories", "object", "localize", "steer", "goal", "authors", "models", "keywords"})
"""Keys of an entry that are lists: a form takes them with commas between."""

_GENERATED: Final = re.compile(r"(?P<indent> *)# from taxonomy\.yml: (?P<what>[a-z]+)\s*")
_NOTHING: Final = "_No response_"
_MAX_BYTES: Final = 2 << 20
_MAX_VALUE: Final = 2000
_LOGIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})(?:\[bot\])?")


@dataclass(frozen=True, slots=True)
class Form:
    """One form file: its label on GitHub, and its fields in order."""

    name: str
    """Stem of the file: `add-paper`."""
    label: str
    fields: tuple[tuple[str, str], ...]
    """(id, label) of every field."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What is used of an issue. All text is a stranger's; the number, the login and the user's id are checked."""

    number: int
    form: str
    """Name of the form; empty if the issue was not made with one."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Id of a field to what was written into it, bounded; fields left empty are not there."""
    login: str = ""
    user_id: int = 0

    def listed(self, key: str) -> list[str]:
        """A field's value as a list."""
        return [part.strip() for part in self.fields.get(key, "").split(",") if part.strip()]

    @property
    def credit(self) -> str:
        """The line by which git and GitHub credit a contributor; empty if nobody is known."""
        if not self.login:
            return ""
        number = f"{self.user_id}+" if self.user_id else ""
        return f"Co-authored-by: {self.login} <{number}{self.login}@users.noreply.github.com>"


def load(root: Path) -> dict[str, Form]:
    """All forms of the project at `root`, by name.

    Raises
    ------
    DataError
        A file is not a form; the message names it.
    """
    forms = {}
    for file in sorted((root / FOLDER).glob("*.yml")):
        if file.stem == "config":
            continue
        path = f"{FOLDER}/{file.name}"
        data = parse(file.read_text(encoding="utf-8"), path).value
        try:
            fields = tuple((item["id"], item["attributes"]["label"]) for item in data["body"] if "id" in item)
            forms[file.stem] = Form(file.stem, data["labels"][0], fields)
        except (KeyError, TypeError, IndexError) as error:
            raise DataError(f"{path}:1: not an issue form: {error} is missing") from error
    return forms


def read(content: bytes, name: str, forms: Mapping[str, Form]) -> Issue:
    """An issue from an event of GitHub (https://docs.github.com/webhooks/webhook-events-and-payloads#issues) or from its API.

    Raises
    ------
    UsageError
        The file is no such event.
    """
    if len(content) > _MAX_BYTES:
        raise UsageError(f"{name}: larger than {_MAX_BYTES // 2**20} MiB, so not the event of an issue")
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{name}: not JSON: {error}") from error
    issue = data.get("issue", data) if isinstance(data, dict) else None
    number = issue.get("number") if isinstance(issue, dict) else None
    if not isinstance(issue, dict) or not isinstance(number, int) or not 0 < number < 10**9:
        raise UsageError(f"{name}: not the event of an issue (a JSON object with `issue` and its `number` is expected)")
    labels = issue.get("labels")
    names = {label.get("name") for label in labels if isinstance(label, dict)} if isinstance(labels, list) else set()
    form = next((f for f in forms.values() if f.label in names), None)
    body = issue.get("body")
    user = issue.get("user")
    login, user_id = (user.get("login"), user.get("id")) if isinstance(user, dict) else ("", 0)
    return Issue(
        number,
        form.name if form else "",
        sections(body if isinstance(body, str) else "", form) if form else {},
        login if isinstance(login, str) and _LOGIN.fullmatch(login) else "",
        user_id if isinstance(user_id, int) and 0 < user_id < 10**12 else 0,
    )


def sections(body: str, form: Form) -> dict[str, str]:
    """What was written into each field of a form.

    Headings count in the form's order only, so that one inside an answer is part of the answer unless it is the very next
    field's.
    """
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts: list[tuple[str, int]] = []
    at = 0
    for id_, label in form.fields:
        found = next((n for n in range(at, len(lines)) if lines[n].rstrip() == f"### {label}"), None)
        if found is not None:
            starts.append((id_, found))
            at = found + 1
    out = {}
    for n, (id_, start) in enumerate(starts):
        stop = starts[n + 1][1] if n + 1 < len(starts) else len(lines)
        value = "\n".join(lines[start + 1 : stop]).strip()
        if value and value != _NOTHING:
            out[id_] = value[:_MAX_VALUE]
    return out


def values(issue: Issue, keys: Sequence[str]) -> dict[str, Any]:
    """An entry's keys as the form has them: one line each, lists split at commas, the primary category first."""
    out: dict[str, Any] = {}
    for key in keys:
        if key in LISTS:
            if items := [" ".join(item.split()) for item in issue.listed(key)]:
                out[key] = items
        elif text := " ".join(issue.fields.get(key, "").split()):
            out[key] = text
    if primary := issue.fields.get("primary", ""):
        out["categories"] = [primary, *(c for c in out.get("categories", []) if c != primary)]
    return out


def in_step(text: str, taxonomy: Taxonomy) -> str:
    """A form's file with its lists of choices as the taxonomy has them.

    A list is written anew below each line `# from taxonomy.yml: WHAT`, where WHAT is categories, kinds, or a facet's slug; a
    facet that the taxonomy does not have leaves the list as it is.
    """
    choices = {"categories": taxonomy.category_slugs, "kinds": tuple(taxonomy.kind_by_slug), **taxonomy.facet_values}
    out: list[str] = []
    skipping = ""
    for line in text.splitlines():
        if skipping and line.startswith(f"{skipping}- "):
            continue
        skipping = ""
        out.append(line)
        if (match := _GENERATED.fullmatch(line)) and (slugs := choices.get(match["what"])):
            skipping = match["indent"]
            out += [f"{skipping}- {slug}" for slug in slugs]
    return "\n".join(out) + "\n"


def files_in_step(root: Path, taxonomy: Taxonomy) -> dict[str, str]:
    """Path to content of every form file as it should be."""
    files = sorted((root / FOLDER).glob("*.yml"))
    return {f"{FOLDER}/{f.name}": in_step(f.read_text(encoding="utf-8"), taxonomy) for f in files}
