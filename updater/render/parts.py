"""The parts of hand-written pages that come from the data: `<!-- index:NAME arguments -->` in their Markdown.

Each name is a template in site/templates/parts; what it needs beyond the catalogue is prepared here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, TemplateNotFound

from updater.errors import MiIndexError
from updater.render import charts, exports
from updater.render.catalogue import Catalogue
from updater.render.layout import Places
from updater.render.pages import Pages

EVALUATION: Final = "resources/evaluation/report.json"
METHOD_PAPERS: Final = 25
NEWEST: Final = 6


class PartError(MiIndexError):
    """A page asks for a part that there is not."""


class Parts:
    """Renders parts by name; called with the marker's name and arguments and the page that it stands on."""

    def __init__(
        self,
        pages: Pages,
        env: Environment,
        catalogue: Catalogue,
        root: Path,
        places: Places,
        counts: dict[str, Counter[str]],
    ) -> None:
        self.pages = pages
        self.env = env
        self.c = catalogue
        self.root = root
        self.places = places
        self.counts = counts
        self._contexts: Final[dict[str, Callable[[str, str], dict[str, Any]]]] = {
            "as-of": self._nothing,
            "home": self._home,
            "categories": self._categories,
            "new": self._nothing,
            "resources": self._nothing,
            "explore": self._explore,
            "map": self._map,
            "pictures": self._pictures,
            "selection": self._selection,
            "feeds": self._nothing,
            "exports": self._exports,
            "method-papers": self._method,
            "method-table": self._nothing,
            "method-libraries": self._method,
            "method-facts": self._method,
            "glossary": self._nothing,
            "library-table": self._kind("library"),
            "model-suites": self._kind("model-suite"),
            "kind": self._by_argument,
            "landmarks": self._landmarks,
            "counts": self._nothing,
        }

    def __call__(self, name: str, arguments: str, path: str) -> str:
        """The part as HTML, with `BASE` where the way to the root belongs.

        Raises
        ------
        PartError
            There is no such part; the message names the page and the parts that there are.
        """
        if (context := self._contexts.get(name)) is None:
            raise PartError(f"{path}: there is no part {name!r} (known: {', '.join(sorted(self._contexts))})")
        try:
            template = self.pages.template(f"parts/{name}.html.j2")
        except TemplateNotFound as error:
            raise PartError(f"site/templates/parts/{name}.html.j2 is missing") from error
        return template.render(page=path, **context(arguments, path))

    def text(self, name: str, **context: Any) -> str:
        """One of the plain files: sitemap, robots.txt, llms.txt."""
        return self.pages.template(f"texts/{name}").render(
            months=self.c.months, as_of=self.c.as_of, one_day=dt.timedelta(days=1), **context
        )

    def _nothing(self, _arguments: str, _path: str) -> dict[str, Any]:
        return {}

    @cached_property
    def _sparks(self) -> list[charts.Spark]:
        return charts.sparks(self.c)

    def _home(self, _arguments: str, _path: str) -> dict[str, Any]:
        return {"chart": charts.stacked(self.c), "newest": self.c.entries[:NEWEST], "sparks": self._sparks}

    def _categories(self, _arguments: str, _path: str) -> dict[str, Any]:
        return {"sparks": {spark.slug: spark for spark in self._sparks}}

    def _explore(self, _arguments: str, _path: str) -> dict[str, Any]:
        """Names of everything that the filters show, since the search index holds slugs only."""
        taxonomy = self.c.taxonomy
        names = {
            "kind": {
                "paper": "Papers",
                **{kind.slug: kind.plural for kind in taxonomy.kinds},
                "method": "Method guides",
                "guide": "Guides",
                "topic": "Topics",
                "page": "Other pages",
            },
            "category": {c.slug: c.title for c in taxonomy.categories},
            **{facet.slug: {v.slug: v.title for v in facet.values} for facet in taxonomy.facets},
            "year": {year: year for year in self.c.years},
            "venue": {},
            "model": {},
            "status": {"curated": "Read by a person", "auto": "Sorted by the model"},
            "has": {"code": "Has code", "landmark": "Landmark"},
        }
        titles = {
            "kind": "Kind", "category": "Topic", **{f.slug: f.title for f in taxonomy.facets}, "year": "Year",
            "venue": "Venue", "model": "Model studied", "status": "Status", "has": "Only with",
        }  # fmt: skip
        groups = {c.slug: self.c.hue[c.group] for c in taxonomy.categories}
        counts = {key: dict(sorted(self.counts.get(key, Counter()).items())) for key in titles}
        settings = {
            "names": names,
            "titles": titles,
            "groups": groups,
            "counts": counts,
            "total": len(self.c.entries),
        }
        return {"settings": settings, "newest": self.c.entries[:20]}

    def _map(self, _arguments: str, _path: str) -> dict[str, Any]:
        return {"topics": self.c.taxonomy.categories, "places": self.places}

    def _pictures(self, _arguments: str, _path: str) -> dict[str, Any]:
        facets = {}
        pictures = self.c.taxonomy.pictures
        for slug in pictures.over_time:
            facet = self.c.facet_of[slug]
            counts = charts.facet_quarters(self.c, slug)
            facets[slug] = (facet, charts.streams({v.slug: v.title for v in facet.values}, counts), counts)
        return {
            "chart": charts.stacked(self.c),
            "quarters": charts.per_quarter(self.c),
            "sparks": self._sparks,
            "facets": facets,
            "matrix": charts.matrix(self.c) if pictures.matrix else {},
            "crossed": [self.c.facet_of[slug] for slug in pictures.matrix],
        }

    def _selection(self, _arguments: str, _path: str) -> dict[str, Any]:
        try:
            report = orjson.loads((self.root / EVALUATION).read_bytes())
        except FileNotFoundError:
            report = None
        except orjson.JSONDecodeError as error:
            raise PartError(f"{EVALUATION}: not JSON ({error}); run `mi-index evaluate` again") from error
        status = {"curated": 0, "auto": 0}
        for entry in self.c.entries:
            status[entry.paper.status] += 1
        return {"report": report, "status": status}

    def _exports(self, _arguments: str, _path: str) -> dict[str, Any]:
        return {"formats": [(name, form.ending) for name, form in exports.FORMATS.items()]}

    def _method(self, arguments: str, path: str) -> dict[str, Any]:
        slug = arguments or path.rstrip("/").removesuffix("/index.html").split("/")[-1]
        method = next((m for m in self.c.guides.methods if m.slug == slug), None)
        if method is None:
            raise PartError(f"{path}: resources/methods.yml has no method {slug!r}")
        mine = self.c.by_method[slug]
        landmarks = [self.c.by_id[id_] for id_ in method.landmarks if id_ in self.c.by_id]
        items = {item.resource.id: item for item in self.c.items}
        return {
            "method": method,
            "landmarks": landmarks,
            "newest": [entry for entry in mine if entry not in landmarks][:METHOD_PAPERS],
            "count": len(mine),
            "libraries": [items[id_] for id_ in method.libraries if id_ in items],
        }

    def _kind(self, slug: str) -> Callable[[str, str], dict[str, Any]]:
        return lambda _arguments, _path: {"kind": self.c.taxonomy.kind_by_slug[slug], "items": self.c.kinds[slug]}

    def _by_argument(self, arguments: str, path: str) -> dict[str, Any]:
        slug, _, category = arguments.partition(" ")
        if slug not in self.c.kinds:
            raise PartError(f"{path}: there is no kind {slug!r} (known: {', '.join(self.c.kinds)})")
        items = [i for i in self.c.kinds[slug] if not category or category in i.resource.categories]
        return {"kind": self.c.taxonomy.kind_by_slug[slug], "items": items}

    def _landmarks(self, arguments: str, path: str) -> dict[str, Any]:
        if not arguments:
            return {"entries": self.c.landmarks}
        if arguments not in self.c.categories:
            raise PartError(f"{path}: there is no category {arguments!r}")
        return {"entries": self.c.categories[arguments].landmarks}
