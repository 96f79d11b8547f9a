"""Build the website: engine, parts, pages, feeds, exports, API, search, in this order."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from updater.errors import UsageError
from updater.index.repository import Repository
from updater.render import api, engine, exports, feeds, layout, related, search, vocabulary
from updater.render.catalogue import Catalogue
from updater.render.documents import counted, documents
from updater.render.frame import SHELL, Frame, fill
from updater.render.markup import environment, told
from updater.render.pages import Pages, Writer
from updater.render.parts import Parts

SITE: Final = "build/site"
SITEMAP_MOST: Final = 40_000
"""Addresses in one file of the sitemap. The protocol allows 50,000, and 50 MB, which is 1,250 bytes for each of these
(https://www.sitemaps.org/protocol.html)."""


@dataclass(slots=True)
class Built:
    """What a build did."""

    site: Path
    pages: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time by part of the work."""


class Steps:
    """Tells what is being done, and notes how long each part took."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._begun = time.perf_counter()
        self._name = ""
        self.seconds: dict[str, float] = {}

    def begin(self, name: str) -> None:
        """End the part before and begin one; an empty name only ends."""
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(now - self._begun, 2)
        self._name, self._begun = name, now
        self._tell(name)


def build(
    repository: Repository,
    site: Path | None = None,
    engine_name: str = "mkdocs",
    progress: Callable[[str], None] = lambda _: None,
    part: int = search.PART,
) -> Built:
    """Build the whole website into `site` (default: build/site under the root).

    Everything is built beside the folder and takes its place at the end, so that a failed build leaves the old one. `part` is
    how many documents a part of the search index holds at most.

    Raises
    ------
    DataError, SettingsError
        The data cannot be read.
    EngineError
        The hand-written pages cannot be built.
    TemplateError
        A template is wrong.
    SearchError
        The search index cannot be made.
    """
    if engine_name not in engine.ENGINES:
        raise UsageError(f"unknown engine {engine_name!r} (known: {', '.join(engine.ENGINES)})")
    site = (site or repository.root / SITE).resolve()
    fresh = site.with_name(f"{site.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    steps = Steps(progress)
    with told(repository.root), search.Index(site.with_name(f"{site.name}.search"), part) as index:
        pages = _render(repository, fresh, engine_name, index, steps)
        steps.begin("search, rest")
        index.write(fresh)
    _replace(fresh, site)
    steps.begin("")
    return Built(site, pages, steps.seconds)


def _render(repository: Repository, site: Path, engine_name: str, index: search.Index, steps: Steps) -> int:
    """Everything but the search index, which is handed what it will hold; returns how many pages there are."""
    steps.begin("data")
    catalogue = Catalogue.of(repository)
    env = environment(repository.root)
    steps.begin("related papers")
    neighbours, nearness = related.nearest(related.vectors(catalogue.entries))
    related.link(catalogue.entries, neighbours)
    steps.begin("map")
    places = layout.positions(catalogue, neighbours, nearness)
    steps.begin(engine_name)
    engine.build(repository.root, site, engine_name)
    steps.begin("search, begun")
    counts: dict[str, Counter[str]] = {}
    index.add(counted(documents(catalogue, site), counts))
    index.begin()  # other processes do it while the pages are written
    writer = Writer(site, Frame.read(site), env, catalogue)
    pages = Pages(writer, env, catalogue)
    parts = Parts(pages, env, catalogue, repository.root, places, counts)
    steps.begin("hand-written pages")
    _complete(writer, parts)
    for name in pages.all():
        steps.begin(name)
    steps.begin("feeds, exports, API")
    _feeds(writer, catalogue)
    _exports(writer, catalogue, pages.keys)
    api.write(writer, catalogue, pages.keys)
    writer.file(vocabulary.FILE, "\n".join(vocabulary.words(catalogue)).encode())
    writer.file("map/points.json", layout.points(catalogue, places))
    _texts(writer, parts)
    return len(set(writer.paths))


def _complete(writer: Writer, parts: Parts) -> None:
    """Fill the frame and the pages that the engine built; the frame itself is not published."""
    writer.frame.complete(parts)
    for file in sorted(writer.site.rglob("*.html")):
        path = file.relative_to(writer.site).as_posix()
        if path == SHELL:
            continue
        mount = (urlsplit(writer.catalogue.settings.project.site).path or "/") if path == "404.html" else ""
        file.write_text(fill(file.read_text(encoding="utf-8"), path, parts, mount), encoding="utf-8")
        if path.endswith("index.html"):
            writer.paths.append(path.removesuffix("index.html"))
    shutil.rmtree(writer.site / SHELL.split("/", maxsplit=1)[0])


def _feeds(writer: Writer, catalogue: Catalogue) -> None:
    every = feeds.all_feeds(catalogue)
    writer.file(feeds.OPML, feeds.opml(writer.env, catalogue, every).encode())
    for feed in every:
        writer.file(f"{feed.path}.xml", feeds.atom(writer.env, catalogue, feed).encode())
        writer.file(f"{feed.path}.json", feeds.json_feed(catalogue, feed))


def _exports(writer: Writer, catalogue: Catalogue, keys: Mapping[str, str]) -> None:
    """Every format of everything and of each category, and their checksums as `sha256sum --check` reads them."""
    digests: dict[str, str] = {}
    for form, made in exports.FORMATS.items():
        pieces = exports.Pieces(form, catalogue.entries, keys)
        selections = [("all", catalogue.entries, catalogue.items)]
        selections += [
            (slug, shelf.entries, catalogue.items_by_category.get(slug, []))
            for slug, shelf in catalogue.categories.items()
        ]
        for name, entries, items in selections:
            data = made.join([*pieces(entries), *exports.others(form, items)])
            writer.file(f"exports/{name}.{made.ending}", data)
            digests[f"{name}.{made.ending}"] = exports.digest(data)
    writer.file("exports/SHA256SUMS", exports.checksums(digests))


def _texts(writer: Writer, parts: Parts) -> None:
    """Sitemap, robots.txt and llms.txt."""
    for name, text in sitemaps(sorted(set(writer.paths)), parts.text).items():
        writer.file(name, text.encode())
    (writer.site / "sitemap.xml.gz").unlink(missing_ok=True)  # made by MkDocs, without our pages
    writer.file("robots.txt", parts.text("robots.txt.j2").encode())
    writer.file("llms.txt", parts.text("llms.txt.j2").encode())
    writer.file(".nojekyll", b"")


def sitemaps(paths: Sequence[str], text: Callable[..., str], most: int = SITEMAP_MOST) -> dict[str, str]:
    """The sitemap of these pages by file name: one file, or an index and files with at most `most` addresses each.

    `text` renders a template of site/templates/texts.
    """
    chunks = [paths[at : at + most] for at in range(0, len(paths), most)]
    if len(chunks) <= 1:
        return {"sitemap.xml": text("sitemap.xml.j2", paths=paths)}
    files = {f"sitemap-{n}.xml": text("sitemap.xml.j2", paths=chunk) for n, chunk in enumerate(chunks, 1)}
    return {**files, "sitemap.xml": text("sitemap-index.xml.j2", names=list(files))}


def _replace(fresh: Path, site: Path) -> None:
    old = site.with_name(f"{site.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        site.replace(old)
    site.parent.mkdir(parents=True, exist_ok=True)
    fresh.replace(site)
    shutil.rmtree(old, ignore_errors=True)
