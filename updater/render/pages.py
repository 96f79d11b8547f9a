"""Every generated page of the website, put into the frame and written.

Thousands of pages: templates are compiled once, the line that stands for a paper in lists is rendered once, and a page is
written only if its bytes changed, so that a rebuild leaves time stamps alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, Template
from markupsafe import Markup

from updater.index.model import Paper
from updater.render import charts, citations, snapshots
from updater.render.catalogue import Catalogue, Entry, Item, Shelf, venue_series
from updater.render.exports import FORMATS
from updater.render.frame import BASE, Frame
from updater.render.markup import long_date

INLINE: Final = 200
"""A list with more papers than this is cut into pages by year (or by month)."""
FIRST: Final = 40
"""Papers that stand on the first page of a list that is cut."""
TOPICS: Final = ("Topics", "categories/")
"""The page above every list, in breadcrumbs."""
LINK_NAMES: Final = {
    "arxiv": "arXiv", "doi": "DOI", "openreview": "OpenReview", "page": "Project page", "pdf": "PDF", "code": "Code",
    "data": "Data", "demo": "Demo", "video": "Video", "docs": "Documentation", "paper": "Paper",
}  # fmt: skip
SHELF_ROWS: Final = 8
RANKED: Final = 60
"""Authors that stand in the list by number of papers; everybody stands in the list by name."""
Period = tuple[str, str, Sequence[Entry], int]
"""Label (year or month), path of its own page or nothing, the papers to show here, how many there are."""


class Writer:
    """Puts pages into the frame and writes them under the site's folder."""

    def __init__(self, site: Path, frame: Frame, env: Environment, catalogue: Catalogue) -> None:
        self.site = site
        self.frame = frame
        self.env = env
        self.catalogue = catalogue
        self.paths: list[str] = []
        """Every page written that a search engine should find."""
        self._head = env.get_template("head.html.j2")
        self._feed = ("feeds/all", f"{catalogue.settings.project.name}: new papers")

    def page(
        self,
        path: str,
        title: str,
        description: str,
        content: str,
        *,
        head: str = "",
        kind: str = "website",
        feed: tuple[str, str] | None = None,
        noindex: bool = False,
    ) -> None:
        """Write one page at `path`, which ends with a slash; title and description are plain text."""
        meta = self._head.render(
            title=title,
            description=description,
            path=path,
            project=self.catalogue.settings.project,
            kind=kind,
            feed=feed or self._feed,
            noindex=noindex,
            base=BASE,
        )
        self.file(f"{path}index.html", self.frame.page(path, meta + head, content).encode())
        if not noindex:
            self.paths.append(path)

    def file(self, path: str, data: bytes) -> None:
        """Write one file of the site."""
        target = self.site / path
        try:
            target.write_bytes(data)
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


class Pages:
    """Renders the generated pages."""

    def __init__(self, writer: Writer, env: Environment, catalogue: Catalogue) -> None:
        self.writer = writer
        self.c = catalogue
        self.env = env
        self.project = catalogue.settings.project
        macros: Any = env.get_template("macros.html.j2").make_module({"c": catalogue, "base": BASE})
        self.card: Callable[[Entry], Markup] = macros.card
        self.item_card: Callable[[Item], Markup] = macros.item_card
        line: Callable[[Entry], Markup] = macros.line
        self.lines: list[Markup] = [line(entry) for entry in catalogue.entries]
        """The line of each paper in lists, by its number."""
        self.keys = citations.keys(entry.paper for entry in catalogue.entries)
        """Citation keys by id, the same on pages, in exports and in the API."""

    def template(self, name: str) -> Template:
        """A template that knows what every template knows."""
        return self.env.get_template(
            name, globals={"c": self.c, "base": BASE, "project": self.project, "lines": self.lines, "cards": self.card}
        )

    def all(self) -> Iterator[str]:
        """Write everything; yields the name of each part of the work as it begins."""
        yield "papers"
        self.papers()
        yield "lists"
        self.categories()
        self.facets()
        self.years()
        self.venues()
        self.models()
        self.authors()
        yield "other resources"
        self.kinds()
        self.gone()
        self.snapshots()

    def papers(self) -> None:
        """One page for each paper."""
        template, head = self.template("pages/paper.html.j2"), self.template("pages/paper-head.html.j2")
        for entry in self.c.entries:
            paper = entry.paper
            because = entry.trace.because if entry.trace else ()
            content = template.render(
                entry=entry,
                links=paper_links(paper),
                venue=self.c.venues.get(self.c.slug(venue_series(paper.venue))) if paper.venue else None,
                bibtex=citations.bibtex(paper, self.keys[paper.id]),
                because_max=round(max((abs(weight) for _, weight in because), default=1.0), 3) or 1.0,
                correct_url=self.correction(paper.id, paper.title),
                source=self.c.source(paper.id),
            )
            meta = head.render(
                entry=entry, conference=bool(re.search(r"\d{4}", paper.venue or "")), ld=self.linked_data(entry)
            )
            description = paper.summary or f"{paper.title}, {', '.join(paper.authors[:3])}, {paper.date[:4]}"
            self.writer.page(entry.path, paper.title, description, content, head=meta, kind="article")

    def linked_data(self, entry: Entry) -> dict[str, Any]:
        """The paper as schema.org's ScholarlyArticle (https://schema.org/ScholarlyArticle)."""
        paper = entry.paper
        out: dict[str, Any] = {
            "@context": "https://schema.org",
            "@type": "ScholarlyArticle",
            "name": paper.title,
            "headline": paper.title,
            "url": f"{self.project.site}{entry.path}",
            "datePublished": paper.date,
            "author": [{"@type": "Person", "name": name} for name in paper.authors],
            "about": [self.c.category(slug).title for slug in paper.categories],
        }
        if paper.summary:
            out["description"] = paper.summary
        if same := [url for _, url in paper_links(paper)]:
            out["sameAs"] = same
        if paper.venue:
            out["isPartOf"] = {"@type": "PublicationVolume", "name": paper.venue}
        if paper.keywords:
            out["keywords"] = ", ".join(paper.keywords)
        return out

    def correction(self, id_: str, name: str) -> str:
        """Address of the issue form for corrections, filled in."""
        fields = {"template": "correct-entry.yml", "title": f"Correct: {name}"[:120], "entry": id_}
        return f"{self.project.repository}/issues/new?{urlencode(fields)}"

    def categories(self) -> None:
        """One page for each category, with what belongs to it of every kind."""
        template = self.template("pages/category.html.j2")
        sparks = {spark.slug: spark for spark in charts.sparks(self.c, 700, 80)}
        for slug, shelf in self.c.categories.items():
            category, spark = self.c.category(slug), sparks[slug]
            methods = [m for m in self.c.guides.methods if slug in m.categories]
            items = self.c.items_by_category.get(slug, ())
            periods = self.periods(shelf)
            sections = [
                ("Landmarks", "#landmarks", len(shelf.landmarks)),
                ("Method guides", "#methods", len(methods)),
                ("Libraries, courses and more", "#tools", len(items)),
                ("All papers", "#papers", len(shelf)),
            ]
            content = template.render(
                category=category,
                shelf=shelf,
                spark=spark,
                peak=next((label for label, count in spark.points if count == spark.peak), ""),
                spark_width=700,
                spark_height=80,
                parts=[section for section in sections if section[2]] + self.dates(periods),
                methods=methods,
                kinds=[(kind, of) for kind in self.c.taxonomy.kinds if (of := [i for i in items if i.kind is kind])],
                periods=periods,
                formats=[(name, form.ending) for name, form in FORMATS.items()],
            )
            feed = (f"feeds/{slug}", f"{self.project.name}: {category.title}")
            self.writer.page(shelf.path, category.title, category.definition, content, feed=feed)

    def facets(self) -> None:
        """One page for each value of each facet, and one that lists them."""
        for facet, values in self.c.facets.items():
            title = self.c.facet_of[facet].title
            for slug, shelf in values.items():
                self.shelf(
                    shelf,
                    f"{title}: {shelf.title}",
                    [TOPICS, ("Facets", "facets/")],
                    lead=self.c.facet_of[facet].question,
                    search={facet: slug},
                    feed=f"feeds/{facet}/{slug}",
                )
        self.shelves(
            "facets/",
            "Facets",
            "Questions asked of every paper, beside its topics.",
            [(f.title, f.question, list(self.c.facets[f.slug].values())) for f in self.c.taxonomy.facets],
        )

    def years(self) -> None:
        """One page for each year, cut into months where it is long."""
        for slug, shelf in self.c.years.items():
            self.shelf(shelf, shelf.title, [TOPICS, ("Years", "years/")], search={"year": slug}, by_month=True)
        self.shelves(
            "years/", "Years", "Papers by the year of their first version.", [("", "", list(self.c.years.values()))]
        )

    def venues(self) -> None:
        """One page for each venue."""
        for shelf in self.c.venues.values():
            self.shelf(shelf, shelf.title, [TOPICS, ("Venues", "venues/")], search={"venue": shelf.title})
        lead = "Where papers of the index were published, all years of a venue together."
        self.shelves("venues/", "Venues", lead, [("", "", list(self.c.venues.values()))])

    def models(self) -> None:
        """One page for each studied model, with what else there is for it."""
        by_model: dict[str, list[Item]] = {}
        for item in self.c.items:
            for name in item.resource.models:
                by_model.setdefault(self.c.slug(name), []).append(item)
        for slug, shelf in self.c.models.items():
            self.shelf(
                shelf, shelf.title, [TOPICS, ("Models", "models/")], lead="They study this model.", search={"model": shelf.title},
                items=by_model.get(slug, ()),
            )  # fmt: skip
        lead = "Models that papers of the index study."
        self.shelves("models/", "Models studied", lead, [("", "", list(self.c.models.values()))])

    def authors(self) -> None:
        """One page for each author with several papers."""
        for shelf in self.c.authors.values():
            self.shelf(
                shelf, shelf.title, [TOPICS, ("Authors", "authors/")], lead="Names are compared as they are written."
            )
        lead = "Authors with three papers or more in the index. Others are found by searching for their name."
        authors = list(self.c.authors.values())
        self.shelves("authors/", "Authors", lead, [("", "", authors[:RANKED])], by_name=authors)

    def shelf(
        self,
        shelf: Shelf,
        title: str,
        trail: Sequence[tuple[str, str]],
        *,
        lead: str = "",
        search: dict[str, str] | None = None,
        feed: str = "",
        items: Sequence[Item] = (),
        by_month: bool = False,
    ) -> None:
        """A page that lists papers."""
        topics = Counter(entry.paper.primary for entry in shelf.entries).most_common(SHELF_ROWS)
        periods = self.periods(shelf, by_month=by_month)
        content = self.template("pages/shelf.html.j2").render(
            shelf=shelf,
            parts=self.dates(periods),
            title=title,
            trail=trail,
            lead=lead,
            search=search,
            feed=feed,
            items=items,
            beside=sorted(topics, key=lambda pair: (-pair[1], pair[0])) if len(topics) > 1 else [],
            periods=periods,
        )
        description = f"{len(shelf):,} papers in the {self.project.name}: {title}."
        self.writer.page(
            shelf.path, title, description, content, feed=(feed, f"{self.project.name}: {title}") if feed else None
        )

    @staticmethod
    def dates(periods: Sequence[Period]) -> list[tuple[str, str, int]]:
        """Title, address and number of each part of a list by date, for the links above it."""
        return [(long_date(label), f"#y{label}", count) for label, _, _, count in periods] if len(periods) > 1 else []

    def periods(self, shelf: Shelf, *, by_month: bool = False) -> list[Period]:
        """The papers of a shelf by year or month, newest first; where there are many, each one gets its own page."""
        cut = len("2022-11") if by_month else len("2022")
        groups: dict[str, list[Entry]] = {}
        for entry in shelf.entries:
            groups.setdefault(entry.paper.date[:cut], []).append(entry)
        if len(shelf) <= INLINE:
            return [(label, "", entries, len(entries)) for label, entries in groups.items()]
        template = self.template("pages/period.html.j2")
        out: list[Period] = []
        left = FIRST
        for label, entries in groups.items():
            path = f"{shelf.path}{label[5:7] or 'undated' if by_month else label}/"
            shown: Sequence[Entry] = entries[:left] if left > 0 else ()
            left -= len(shown)
            out.append((label, "" if len(shown) == len(entries) else path, shown, len(entries)))
        others = [(label, path or f"{shelf.path}#y{label}", count) for label, path, _, count in out]
        for label, path, _, count in out:
            if path:
                title = long_date(label) if by_month else f"{shelf.title}, {label}"
                content = template.render(
                    title=title,
                    trail=[TOPICS, (shelf.title, shelf.path)],
                    entries=groups[label],
                    others=others,
                    here=label,
                )
                self.writer.page(path, title, f"{count:,} papers: {title}.", content)
        return out

    def shelves(
        self,
        path: str,
        title: str,
        lead: str,
        groups: Sequence[tuple[str, str, Sequence[Shelf]]],
        by_name: Sequence[Shelf] = (),
    ) -> None:
        """A page that lists lists: groups of them, then those of people by the first letter of their family name."""
        letters: dict[str, list[Shelf]] = {}
        for shelf in sorted(by_name, key=lambda shelf: (shelf.slug.split("-")[-1], shelf.slug)):
            letters.setdefault(shelf.slug.split("-")[-1][:1].upper(), []).append(shelf)
        content = self.template("pages/shelves.html.j2").render(
            title=title, lead=lead, groups=groups, letters=list(letters.items())
        )
        self.writer.page(path, title, lead, content)

    def kinds(self) -> None:
        """The list of each kind of resource, and one page for each entry."""
        by_library: dict[str, list[Any]] = {}
        for method in self.c.guides.methods:
            for library in method.libraries:
                by_library.setdefault(library, []).append(method)
        list_template, template = self.template("pages/kind.html.j2"), self.template("pages/item.html.j2")
        for kind in self.c.taxonomy.kinds:
            items = self.c.kinds[kind.slug]
            landmarks = [item for item in items if item.resource.featured]
            topics = [
                (category, of)
                for category in self.c.taxonomy.categories
                if (of := [i for i in items if not i.resource.featured and i.resource.categories[0] == category.slug])
            ]
            content = list_template.render(kind=kind, items=items, landmarks=landmarks, topics=topics)
            self.writer.page(f"{kind.file}/", kind.plural, kind.definition, content)
            for item in items:
                resource = item.resource
                links = [(LINK_NAMES[name], url) for name, url in resource.links.model_dump(exclude_none=True).items()]
                paper = re.search(r"arxiv\.org/abs/(.+?)(?:v\d+)?$", resource.links.paper or "")
                content = template.render(
                    item=item,
                    links=links,
                    paper=self.c.by_id.get(paper.group(1)) if paper else None,
                    methods=by_library.get(resource.id, ()),
                    correct_url=self.correction(resource.id, resource.name),
                    source=self.c.source(resource.id),
                )
                self.writer.page(item.path, resource.name, resource.description, content)

    def gone(self) -> None:
        """A page for each address whose entry is not there any more: it says why, and where to go."""
        template = self.template("pages/gone.html.j2")
        items = {item.resource.id: item for item in self.c.items}
        for gone in self.c.gone:
            see = self.c.by_id.get(gone.see or "") or items.get(gone.see or "")
            url = gone.url or (
                f"https://arxiv.org/abs/{gone.id}" if re.match(r"\d{4}\.|[a-z-]+(\.[A-Z]{2})?/\d", gone.id) else ""
            )
            content = template.render(gone=gone, see=see, url=url, correct_url=self.correction(gone.id, gone.title))
            self.writer.page(f"papers/{gone.id}/", gone.title, "No longer listed.", content, noindex=True)

    def snapshots(self) -> None:
        """The list of released snapshots, and a page for each, with how to cite it."""
        folder = snapshots.FOLDER
        shown = [
            {
                **snapshot.to_data(),
                "name": snapshots.file_name(self.project, snapshot.id),
                "tag": snapshots.tag(snapshot.id),
                "download": snapshots.download(self.project, snapshot.id),
            }
            for snapshot in self.c.snapshots
        ]
        template = self.template("pages/snapshot.html.j2")
        for one in shown:
            content = template.render(s=one, folder=folder, **snapshots.citation(self.env, self.project, one["id"]))
            title = f"Snapshot of {long_date(one['id'])}"
            self.writer.page(f"{folder}/{one['id']}/", title, f"{self.project.name}: {title}.", content)
        content = self.template("pages/snapshots.html.j2").render(snapshots=shown, folder=folder)
        self.writer.page(f"{folder}/", "Snapshots", "Dated states of the data with checksums, to be cited.", content)


def paper_links(paper: Paper) -> list[tuple[str, str]]:
    """Name and address of every link of a paper, the one to read it first; arXiv's PDF beside its page."""
    out = []
    for name, url in paper.links.model_dump(exclude_none=True).items():
        out.append((LINK_NAMES[name], url))
        if name == "arxiv" and not paper.links.pdf:
            out.append(("PDF", url.replace("/abs/", "/pdf/")))
    return out
