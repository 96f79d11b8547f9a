"""Trying links, one at a time: which lead somewhere, which are gone, and which would not say."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Literal

from updater.contribute.difference import Entries, addresses
from updater.errors import RefusedError, SourceError
from updater.index.repository import Index
from updater.index.text import normal_url
from updater.index.yamlfile import Problem
from updater.web import Web

State = Literal["works", "gone", "doubtful"]


@dataclasses.dataclass(frozen=True, slots=True)
class Tried:
    """One address and what came of it."""

    url: str
    state: State
    """gone: the server says that there is nothing, or no such host; doubtful: it refused, or did not answer just now."""
    reason: str = ""
    moved: str = ""
    """Where a permanent redirect leads."""


def attempt(web: Web, url: str) -> Tried:
    """Try one address. Never raises for what the address does."""
    try:
        answer = web.page(url, max_bytes=2048)
    except RefusedError as error:
        return Tried(url, "gone" if "public web" in str(error) else "doubtful", str(error))
    except SourceError as error:
        return Tried(url, "gone" if "name is not known" in str(error) else "doubtful", str(error))
    if answer.missing:
        return Tried(url, "gone", f"HTTP {answer.status}")
    moved = answer.moved_for_good if normal_url(answer.moved_for_good) != normal_url(url) else ""
    return Tried(url, "works", moved=moved) if answer.ok else Tried(url, "doubtful", f"HTTP {answer.status}", moved)


def new_links(before: Entries | None, after: Entries) -> Iterator[tuple[str, str, str]]:
    """(id, key, address) of every link, or of those only that `before` has not.

    Without `before`, arXiv's own addresses are left out: they follow from ids that arXiv gave us.
    """
    for id_, (_, entry) in sorted(after.items()):
        old = set(addresses(before[id_][1])) if before is not None and id_ in before else set()
        for key, url in addresses(entry):
            if (key, url) not in old and not (before is None and key == "links.arxiv"):
                yield id_, key, url


def problems(web: Web, index: Index, links: Iterable[tuple[str, str, str]]) -> Iterator[Problem]:
    """One problem for each link that does not work: an error where it is gone, a warning where that is not sure.

    Every address is tried once, however often it stands somewhere.
    """
    seen: dict[str, Tried] = {}
    for id_, key, url in links:
        if url not in seen:
            seen[url] = attempt(web, url)
        tried, place = seen[url], index.places[id_]
        if tried.state == "gone":
            yield Problem(
                place.path,
                place.line,
                f"{id_}: {key} leads nowhere: {tried.reason}: {url}",
                "find its new address, or take it out",
            )
        elif tried.state == "doubtful":
            yield Problem(
                place.path,
                place.line,
                f"{id_}: {key} could not be tried: {tried.reason}: {url}",
                "look whether it opens",
                "warning",
            )
        elif tried.moved:
            yield Problem(
                place.path, place.line, f"{id_}: {key} has moved for good: {url}", f"write {tried.moved}", "warning"
            )
