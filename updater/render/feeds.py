"""Feeds: Atom (RFC 4287) and JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/) of the newest papers of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from jinja2 import Environment

from updater.render.catalogue import Catalogue, Entry
from updater.render.markup import rfc3339

LENGTH: Final = 60
"""Entries in a feed: more than a busy month of one category."""
OPML: Final = "feeds/all.opml"
"""The list of all feeds (OPML 2.0, http://opml.org/spec2.opml), which feed readers import."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed, before it is written."""

    path: str
    """Below the site's root, without ending: `feeds/steering`."""
    title: str
    page: str
    """Path of the page that shows the same list."""
    entries: Sequence[Entry]


def all_feeds(catalogue: Catalogue) -> list[Feed]:
    """The feeds of everything, of each category and of each facet value."""
    name = catalogue.settings.project.name
    feeds = [Feed("feeds/all", f"{name}: new papers", "new/", catalogue.entries[:LENGTH])]
    feeds += [
        Feed(f"feeds/{shelf.slug}", f"{name}: {shelf.title}", shelf.path, shelf.entries[:LENGTH])
        for shelf in catalogue.categories.values()
    ]
    feeds += [
        Feed(
            f"feeds/{facet}/{shelf.slug}",
            f"{name}: {catalogue.facet_of[facet].title}, {shelf.title}",
            shelf.path,
            shelf.entries[:LENGTH],
        )
        for facet, values in catalogue.facets.items()
        for shelf in values.values()
    ]
    return feeds


def atom(env: Environment, catalogue: Catalogue, feed: Feed) -> str:
    """The feed as an Atom document."""
    return env.get_template("feeds/atom.xml.j2").render(
        feed=feed,
        site=catalogue.settings.project.site,
        project=catalogue.settings.project,
        updated=rfc3339(feed.entries[0].paper.date if feed.entries else catalogue.as_of.newest),
        category=catalogue.category,
    )


def opml(env: Environment, catalogue: Catalogue, feeds: Sequence[Feed]) -> str:
    """The feeds as a list to import."""
    return env.get_template("feeds/opml.xml.j2").render(feeds=feeds, project=catalogue.settings.project)


def json_feed(catalogue: Catalogue, feed: Feed) -> bytes:
    """The feed as JSON Feed."""
    project = catalogue.settings.project
    items = []
    for entry in feed.entries:
        paper = entry.paper
        item: dict[str, Any] = {
            "id": f"{project.site}{entry.path}",
            "url": f"{project.site}{entry.path}",
            "title": paper.title,
            "content_text": paper.summary or paper.title,
            "date_published": rfc3339(paper.date),
            "authors": [{"name": name} for name in paper.authors],
            "tags": [*paper.categories, *paper.keywords],
        }
        if paper.url:
            item["external_url"] = paper.url
        if not item["authors"]:
            del item["authors"]  # an empty list of authors is not one
        items.append(item)
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": f"{project.site}{feed.page}",
            "feed_url": f"{project.site}{feed.path}.json",
            "description": project.tagline,
            "language": "en",
            "authors": [{"name": project.name, "url": project.site}],
            "items": items,
        },
        option=orjson.OPT_INDENT_2,
    )
