"""A web page's own metadata, read as something hostile: bounded, cleaned, never executed, never copied into the index.

Three vocabularies are understood: Google Scholar's `citation_*` tags (https://scholar.google.com/intl/en/scholar/inclusion.html),
the Open Graph protocol (https://ogp.me/) and Dublin Core; else the `title` element.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from updater.index.text import arxiv_id, normal_doi, visible

_MAX_TITLE, _MAX_NAME, _MAX_AUTHORS, _MAX_ABSTRACT = 400, 100, 200, 6000
_MAX_TAGS: Final = 2000
_DATE: Final = re.compile(r"((?:19|20)\d\d)(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?!\d)")

_TITLE: Final = ("citation_title", "dc.title", "dcterms.title", "og:title", "twitter:title")
_AUTHOR: Final = ("citation_author", "dc.creator", "dcterms.creator", "article:author", "author")
_DAY: Final = (
    "citation_publication_date", "citation_online_date", "citation_date", "dc.date", "dcterms.issued",
    "article:published_time", "date",
)  # fmt: skip
_VENUE: Final = ("citation_conference_title", "citation_journal_title", "citation_inbook_title")
_ABSTRACT: Final = ("citation_abstract", "dcterms.abstract", "dc.description", "og:description", "description")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says about itself; empty where it says nothing."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    """YYYY, YYYY-MM or YYYY-MM-DD."""
    venue: str = ""
    abstract: str = ""
    doi: str = ""
    arxiv: str = ""
    is_paper: bool = False
    """The page calls itself a citable work."""


def read_date(text: str) -> str:
    """A date as far as it is known, in the index's form; empty if there is none."""
    match = _DATE.search(text)
    if match is None:
        return ""
    year, month, day = match.groups()
    if month is None or not 1 <= int(month) <= 12:
        return year
    if day is None or not 1 <= int(day) <= 28 + 3 * (int(month) != 2):
        return f"{year}-{int(month):02}"
    return f"{year}-{int(month):02}-{int(day):02}"


def read(html: str) -> Metadata:
    """What the page says about itself; never raises, whatever the page is."""
    tags = _Tags()
    tags.feed(html)
    meta = tags.meta

    def first(names: tuple[str, ...], limit: int) -> str:
        return next((t for n in names for v in meta.get(n, ()) if (t := visible(v, limit))), "")

    names = next((meta[n] for n in _AUTHOR if meta.get(n)), [])
    authors = [visible(_given_first(name), _MAX_NAME) for name in names[:_MAX_AUTHORS] if not name.startswith("http")]
    return Metadata(
        title=first(_TITLE, _MAX_TITLE) or visible("".join(tags.title), _MAX_TITLE),
        authors=tuple(dict.fromkeys(name for name in authors if name)),
        date=read_date(first(_DAY, 40)),
        venue=first(_VENUE, _MAX_TITLE),
        abstract=first(_ABSTRACT, _MAX_ABSTRACT),
        doi=normal_doi(first(("citation_doi", "dc.identifier", "prism.doi"), 200)),
        arxiv=arxiv_id(first(("citation_arxiv_id",), 40)),
        is_paper=bool(meta.get("citation_title")),
    )


def _given_first(name: str) -> str:
    """`Lee, Ann` as `Ann Lee`."""
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and given.strip() and "," not in given else name


class _Tags(HTMLParser):
    """Collects `meta` tags and the first `title`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, list[str]] = defaultdict(list)
        self.title: list[str] = []
        self._in_title = False
        self._seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = not self.title
        elif tag == "meta" and self._seen < _MAX_TAGS:
            self._seen += 1
            values = {key.lower(): value or "" for key, value in attrs}
            name = (values.get("name") or values.get("property") or "").strip().lower()
            if name and (content := values.get("content", "")[: 4 * _MAX_ABSTRACT].strip()):
                self.meta[name].append(content)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title and sum(map(len, self.title)) < 4 * _MAX_TITLE:
            self.title.append(data[: 4 * _MAX_TITLE])
