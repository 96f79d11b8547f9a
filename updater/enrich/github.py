"""What GitHub says of a repository: https://docs.github.com/rest/repos/repos#get-a-repository and its releases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from updater.index.model import Resource
from updater.web import Web

_REPOSITORY: Final = re.compile(
    r"https?://(?:www\.)?github\.com/([A-Za-z0-9-]{1,39}/[\w.-]{1,100}?)(?:\.git)?(?:[/?#].*)?"
)
_SPDX: Final = re.compile(r"[A-Za-z0-9.+-]{1,60}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def repository_of(entry: Resource) -> str:
    """`owner/name` of an entry's code on GitHub; empty if it has none there. Accounts and gists have no second part."""
    for url in (entry.url, entry.links.code or ""):
        if match := _REPOSITORY.fullmatch(url):
            return match.group(1)
    return ""


def ask(web: Web, name: str, token: str) -> dict[str, Any]:
    """Facts of one repository, bounded and typed: stars, licence, archived, released; empty if there is no such repository.

    Raises
    ------
    RefusedError, SourceError
        GitHub does not answer, or not with data (its limit of requests is reached).
    """
    data = web.json("github", f"/repos/{name}", token=token)
    if not isinstance(data, Mapping):
        return {}
    licence = data.get("license")
    spdx = licence.get("spdx_id") if isinstance(licence, Mapping) else ""
    stars = data.get("stargazers_count")
    facts: dict[str, Any] = {
        "stars": stars if isinstance(stars, int) and not isinstance(stars, bool) and stars >= 0 else None,
        "licence": spdx if isinstance(spdx, str) and spdx != "NOASSERTION" and _SPDX.fullmatch(spdx) else "",
        "archived": data.get("archived") is True,
        "released": "",
    }
    release = web.json("github", f"/repos/{name}/releases/latest", token=token)
    day = release.get("published_at") if isinstance(release, Mapping) else None
    if isinstance(day, str) and (match := _DAY.match(day)):
        facts["released"] = match.group()
    return facts


def filled(entry: Resource, facts: Mapping[str, Any]) -> Resource:
    """The entry with GitHub's counts, and with a licence where it had none."""
    new: dict[str, Any] = {}
    if facts.get("stars") is not None:
        new["stars"] = facts["stars"]
    if facts.get("released"):
        new["released"] = facts["released"]
    if facts.get("archived"):
        new["archived"] = True
    if facts.get("licence") and not entry.licence:
        new["licence"] = facts["licence"]
    return entry.model_copy(update=new)
