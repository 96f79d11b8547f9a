"""What the search index holds: every paper, every other resource, and every hand-written page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from updater.render.catalogue import Catalogue, Entry, Item, sort_key, venue_series
from updater.render.frame import SHELL
from updater.render.search import Document

_SKIPPED: Final = frozenset({"script", "style", "svg", "nav", "pre", "headerlink"})
_PILCROW: Final = "\u00b6"
_VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
PROMINENT: Final = "prominent"
"""Name of a field of the search index whose words weigh more than those of a title: what a reader who types them most likely
means is a landmark, a topic or a guide. Of 60 landmarks of the real index looked for by two words of their title, 48 come first
and 58 among the first five, without it 38 and 52; no other paper of 150 leaves the first five."""
_KINDS: Final = {"guides": "guide", "methods": "method"}
"""Folder of hand-written pages to the kind that the search shows; others are plain pages."""


def documents(catalogue: Catalogue, site: Path) -> Iterator[Document]:
    """Everything to find, papers newest first; the hand-written pages are read from the site that the engine built."""
    dated = [(sort_key(entry.paper), f"/{entry.path}") for entry in catalogue.entries]
    dated += [((item.resource.date or "", item.resource.id), f"/{item.path}") for item in catalogue.items]
    places = {url: place for place, (_, url) in enumerate(sorted(dated), 1)}
    for entry in catalogue.entries:
        yield paper(catalogue, entry, places[f"/{entry.path}"])
    for item in catalogue.items:
        yield resource(item, places[f"/{item.path}"])
    for slug, category in catalogue.taxonomy.by_slug.items():
        filters = {"kind": ["topic"], "category": [slug]}
        meta = {PROMINENT: category.title}
        yield Document(f"/categories/{slug}/", category.title, category.definition, meta, filters)
    for file in sorted(site.rglob("index.html")):
        name = file.relative_to(site).as_posix()
        if name != SHELL and (found := page(file, name)):
            yield found


def counted(documents: Iterable[Document], counts: dict[str, Counter[str]]) -> Iterator[Document]:
    """The documents, while it is noted in `counts` how many have each value of each filter."""
    for document in documents:
        for name, values in document.filters.items():
            counts.setdefault(name, Counter()).update(values)
        yield document


def paper(catalogue: Catalogue, entry: Entry, place: int) -> Document:
    """A paper. What is only shown, not searched, travels as a filter: the words of `meta` are indexed like the content."""
    p = entry.paper
    filters = {
        "kind": ["paper"],
        "category": p.categories,
        **{facet.slug: getattr(p, facet.slug) for facet in catalogue.taxonomy.facets},
        "model": p.models,
        "year": [p.date[:4]],
        "venue": [venue_series(p.venue)] if p.venue else [],
        "status": [p.status],
        "has": [name for name, have in (("code", entry.has_code), ("landmark", bool(p.featured))) if have],
    }
    return Document(
        f"/{entry.path}",
        p.title,
        content(p.summary or "", [*p.keywords, *p.models], p.title),
        {"authors": ", ".join(p.authors), PROMINENT: " ".join([p.title, *p.keywords]) if p.featured else ""},
        filters,
        place,
    )


def resource(item: Item, place: int) -> Document:
    """Anything else that is listed."""
    r = item.resource
    filters = {
        "kind": [item.kind.slug],
        "category": r.categories,
        "model": r.models,
        "year": [r.date[:4]] if r.date else [],
        "has": [name for name, have in (("code", bool(r.links.code)), ("landmark", bool(r.featured))) if have],
    }
    meta = {"authors": ", ".join(r.authors)} if r.authors else {}
    return Document(
        f"/{item.path}", r.name, content(r.description, [*r.keywords, *r.models], r.name), meta, filters, place
    )


def content(sentence: str, words: list[str], title: str) -> str:
    """What is searched: the sentence that a result shows, and behind a pilcrow the words that only find it.

    Never empty, since Pagefind leaves out a document without content: where nothing else is known, the title stands there.
    """
    words = words if sentence or words else [title]
    return f"{sentence} {_PILCROW} {' '.join(words)}".lstrip() if words else sentence


class _Text(HTMLParser):
    """Title and text of the article of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.title: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember which elements are open; a link to a heading counts as one to skip."""
        if tag not in _VOID:
            self._open.append("headerlink" if tag == "a" and ("class", "headerlink") in attrs else tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and what was left open inside it."""
        name = "headerlink" if tag == "a" and self._open[-1:] == ["headerlink"] else tag
        while name in self._open and self._open.pop() != name:
            pass

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if "article" in self._open and _SKIPPED.isdisjoint(self._open):
            (self.title if "h1" in self._open else self.text).append(data)


def page(file: Path, name: str) -> Document | None:
    """A hand-written page; None for one without text of its own."""
    parser = _Text()
    parser.feed(file.read_text(encoding="utf-8"))
    title, text = " ".join("".join(parser.title).split()), re.sub(r"\s+", " ", " ".join(parser.text)).strip()
    if not title or not text:
        return None
    kind = _KINDS.get(name.split("/", maxsplit=1)[0], "page")
    meta = {PROMINENT: title} if kind in _KINDS.values() else {}
    return Document("/" + name.removesuffix("index.html"), title, text, meta, {"kind": [kind]})
