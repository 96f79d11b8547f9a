"""The whole website: every link leads somewhere, nothing untrusted gets out, the same data gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jsonschema
import made_up_site
import pytest
from defusedxml import ElementTree

from updater.index.repository import Repository
from updater.render import engine
from updater.render.build import SITE, build, sitemaps
from updater.render.catalogue import Catalogue
from updater.render.markup import environment

ATOM = "{http://www.w3.org/2005/Atom}"


class Page(HTMLParser):
    """What a test wants to know of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.links: list[str] = []
        self.ids: Counter[str] = Counter()
        self.meta: dict[str, list[str]] = {}
        self.wrong: list[str] = []
        self.h1 = 0
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.h1 += tag == "h1"
        for name in ("href", "src", "action", "data-points"):
            if values.get(name):
                self.links.append(values[name] or "")
        if values.get("id"):
            self.ids[values["id"] or ""] += 1
        if tag == "meta":
            self.meta.setdefault(
                values.get("name") or values.get("property") or values.get("http-equiv") or "", []
            ).append(values.get("content") or "")
        if tag == "style" or "style" in values:
            self.wrong.append(f"style in <{tag}>")
        if (
            tag == "script"
            and "src" not in values
            and values.get("type") not in ("application/json", "application/ld+json")
        ):
            self.wrong.append("inline script")
        self.wrong += [f"{name} in <{tag}>" for name in values if name.startswith("on")]
        for name in ("src", "href"):
            if (
                tag in ("script", "link", "img", "iframe", "source")
                and (values.get(name) or "").startswith(("http", "//"))
                and not (tag == "link" and values.get("rel") in ("canonical", "alternate"))
            ):
                self.wrong.append(f"<{tag}> from elsewhere: {values[name]}")


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {file.relative_to(site).as_posix(): Page(file) for file in sorted(site.rglob("*.html"))}


def test_every_link_within_the_site_leads_to_a_file(site: Path, pages: dict[str, Page], made_up: Repository) -> None:
    mount = urlsplit(made_up.settings.project.site).path
    entries = "|".join(["papers", *(kind.file for kind in made_up.taxonomy.kinds)])
    broken = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//") or not parts.path:
                continue
            path = unquote(parts.path)
            target = site / path.removeprefix(mount) if path.startswith(mount) else page.file.parent / path
            if path.endswith(("/", "/..")) or target.is_dir() or path in (".", ".."):
                target /= "index.html"
            if not target.resolve().is_file():
                if name.startswith(("guides/", "methods/")) and re.match(rf"(\.\./)+({entries})/[\w.-]", path):
                    continue  # a guide names entries of the real index: tests/guides/test_pages.py holds them against it
                broken.append(f"{name}: {link}")
            elif parts.fragment and target.suffix == ".html" and parts.fragment not in Page(target).ids:
                broken.append(f"{name}: {link} (no such place)")
    assert broken == []


def test_no_page_breaks_the_content_security_policy(pages: dict[str, Page]) -> None:
    assert {name: page.wrong for name, page in pages.items() if page.wrong} == {}
    for name, page in pages.items():
        (policy,) = page.meta["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe-inline" not in policy, name


def test_pages_have_one_heading_one_description_and_no_id_twice(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.h1 == 1, name
        assert [id_ for id_, count in page.ids.items() if count > 1] == [], name
        assert len(page.meta.get("description", [])) == 1, name


def test_no_marker_is_left(site: Path) -> None:
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert "<!-- index:" not in text and "<!-- frame:" not in text and "\x01" not in text, file


def test_untrusted_text_stays_text(site: Path) -> None:
    for file in [f for f in site.rglob("*") if f.suffix in (".html", ".xml")]:
        text = file.read_text(encoding="utf-8")
        assert "<script>alert" not in text and "<img src=x" not in text, file


def test_a_paper_has_a_page_with_everything(site: Path, pages: dict[str, Page]) -> None:
    page = pages[f"papers/{made_up_site.WAITED}/index.html"]
    text = page.file.read_text(encoding="utf-8")
    assert page.meta["citation_title"] == [
        "Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2 small"
    ]
    assert page.meta["citation_author"][0] == "Kevin Wang" and len(page.meta["citation_author"]) == 5
    assert page.meta["citation_publication_date"] == ["2022/11/01"]
    assert page.meta["citation_arxiv_id"] == [made_up_site.WAITED]
    assert page.meta["og:title"] == page.meta["citation_title"]
    data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL).group(1))
    assert data["@type"] == "ScholarlyArticle" and data["author"][1]["name"] == "Alexandre Variengien"
    assert "wang2022interpretability" in text and "../../categories/circuits/" in text
    assert any("template=correct-entry.yml" in link and "entry=2211.00593" in link for link in page.links)
    assert any(link.endswith("resources/papers/2022-11.yml#L3") for link in page.links)
    assert (site / "papers/cs/0301001/index.html").is_file()


def test_every_paper_shows_related_ones_and_its_neighbours(pages: dict[str, Page], catalogue: Catalogue) -> None:
    entry = catalogue.by_id[made_up_site.REFUSAL]
    page = pages[f"{entry.path}index.html"]
    others = {link for link in page.links if re.match(r"\.\./\.\./papers/", link)}
    assert entry.older is not None and f"../../{entry.older.path}" in others


def test_an_address_that_was_left_says_why_and_where_to_go(pages: dict[str, Page]) -> None:
    merged, out = pages["papers/2501.99999/index.html"], pages["papers/2501.99998/index.html"]
    assert f"../../papers/{made_up_site.REFUSAL}/" in merged.links
    assert merged.meta["robots"] == out.meta["robots"] == ["noindex"]
    assert "no longer listed" in out.file.read_text(encoding="utf-8")
    assert "withdrew" in pages["papers/cs/0301001/index.html"].file.read_text(encoding="utf-8")


def test_every_page_tells_up_to_which_day_and_which_gaps(pages: dict[str, Page]) -> None:
    for page in pages.values():
        text = page.file.read_text(encoding="utf-8")
        assert "21 April 2026" in text and "gaps known" in text and "1 April 2025" in text


@pytest.mark.parametrize("name", ["all", "steering", "goal/safety"])
def test_atom_feeds_are_valid(site: Path, name: str) -> None:
    root = ElementTree.parse(site / f"feeds/{name}.xml").getroot()
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    assert root.tag == f"{ATOM}feed"
    for required in ("id", "title", "updated"):
        assert len(root.findall(ATOM + required)) == 1
    (own,) = [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert own.endswith(f"feeds/{name}.xml")
    entries = root.findall(f"{ATOM}entry")
    assert entries
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids) and all(id_.startswith("https://") for id_ in ids)
    for entry in entries:
        assert entry.findtext(f"{ATOM}title") and entry.findtext(f"{ATOM}summary")
        assert stamp.fullmatch(entry.findtext(f"{ATOM}updated"))
        # RFC 4287, 4.1.2: an entry has an author, or the feed has
        assert entry.findall(f"{ATOM}author") or root.findall(f"{ATOM}author")


def test_the_list_of_feeds_names_every_feed(site: Path, made_up: Repository) -> None:
    outlines = [o.attrib for o in ElementTree.parse(site / "feeds/all.opml").iter("outline")]
    base = made_up.settings.project.site
    found = {file.relative_to(site).as_posix() for file in (site / "feeds").rglob("*.xml")}
    assert {outline["xmlUrl"].removeprefix(base) for outline in outlines} == found and len(outlines) == len(found)
    for outline in outlines:
        assert outline["type"] == "rss" and outline["text"]
        assert (site / outline["htmlUrl"].removeprefix(base) / "index.html").is_file()


@pytest.mark.parametrize("name", ["all", "steering", "goal/safety"])
def test_json_feeds_hold_the_same(site: Path, name: str) -> None:
    feed = json.loads((site / f"feeds/{name}.json").read_bytes())
    assert feed["version"] == "https://jsonfeed.org/version/1.1" and feed["feed_url"].endswith(f"feeds/{name}.json")
    root = ElementTree.parse(site / f"feeds/{name}.xml").getroot()
    assert [item["id"] for item in feed["items"]] == [e.findtext(f"{ATOM}id") for e in root.findall(f"{ATOM}entry")]
    assert all(item["content_text"] and item["url"].startswith("https://") for item in feed["items"])


def test_the_api_is_what_its_schema_says(site: Path, catalogue: Catalogue) -> None:
    api = site / "api/v1"
    schema = json.loads((api / "schema/paper.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    for entry in catalogue.entries:
        validator.validate(json.loads((api / f"papers/{entry.id}.json").read_bytes()))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"kind": "paper", "id": "2501.00001"})
    index = json.loads((api / "index.json").read_bytes())
    assert index["read_until"] == "2026-04-21"
    assert {"first": "2025-04-01", "last": "2025-04-01"} in index["gaps"]
    assert index["counts"]["paper"] == len(catalogue.entries) and index["counts"]["library"] == 2
    others = [
        *index["exports"].values(),
        *index["feeds"]["categories"].values(),
        index["feeds"]["list"],
        index["snapshots"],
    ]
    assert all((site / address.removeprefix(catalogue.settings.project.site)).is_file() for address in others)
    for address in [
        *index["papers"]["years"].values(),
        *index["papers"]["categories"].values(),
        *index["resources"].values(),
    ]:
        listing = json.loads((site / address.removeprefix(catalogue.settings.project.site)).read_bytes())
        assert listing["count"] == len(listing["items"])


def test_pages_show_what_enrich_found_and_nothing_where_it_found_nothing(site: Path) -> None:
    library = (site / "libraries/hook-kit/index.html").read_text(encoding="utf-8")
    assert re.search(r"<dt>Last release</dt><dd><time datetime=\"2026-03-05\">5 March 2026</time>", library)
    assert "<dt>Licence</dt><dd>MIT</dd>" in library and "<dt>Stars on GitHub</dt><dd>1,234</dd>" in library
    for listed in ("libraries/index.html", "guides/choosing-a-library/index.html"):
        text = (site / listed).read_text(encoding="utf-8")
        assert "5 March 2026" in text and "1,234" in text, listed
    without = (site / "libraries/evil-kit/index.html").read_text(encoding="utf-8")
    assert not any(word in without for word in ("Last release", "Licence", "Stars"))
    assert "<dt>Cited by</dt><dd>1,321 " in (site / f"papers/{made_up_site.REFUSAL}/index.html").read_text("utf-8")
    assert "Cited by" not in (site / "papers/2604.00101/index.html").read_text(encoding="utf-8")


def test_exports_have_their_checksums(site: Path) -> None:
    lines = (site / "exports/SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {file.name: file for file in (site / "exports").iterdir() if file.is_file()}
    files.pop("SHA256SUMS")
    assert sums == {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}


def test_sitemap_robots_and_llms(site: Path, catalogue: Catalogue) -> None:
    base = catalogue.settings.project.site
    namespace = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    found = [loc.text for loc in ElementTree.parse(site / "sitemap.xml").iter(f"{namespace}loc")]
    assert len(set(found)) == len(found)
    paths = [unquote(address.removeprefix(base)) for address in found]
    assert all((site / path / "index.html").is_file() for path in paths)
    assert {entry.path for entry in catalogue.entries} <= set(paths)
    assert not any(path.startswith(("papers/2501.9999", "shell")) for path in paths)
    assert f"Sitemap: {base}sitemap.xml" in (site / "robots.txt").read_text(encoding="utf-8")
    assert (site / "llms.txt").read_text(encoding="utf-8").startswith("# ")


def test_a_long_sitemap_is_cut_into_files_that_an_index_names(made_up: Repository) -> None:
    project = made_up.settings.project

    def text(name: str, **context: object) -> str:
        return environment(made_up.root).get_template(f"texts/{name}").render(project=project, **context)

    paths = [f"papers/25{n:02}.00001/" for n in range(7)] + ["a&b/"]
    files = sitemaps(paths, text, most=3)
    namespace = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    index = ElementTree.fromstring(files.pop("sitemap.xml"))
    assert index.tag == f"{namespace}sitemapindex"
    assert [loc.text for loc in index.iter(f"{namespace}loc")] == [f"{project.site}{name}" for name in files]
    found = [loc.text for file in files.values() for loc in ElementTree.fromstring(file).iter(f"{namespace}loc")]
    assert [unquote(address.removeprefix(project.site)) for address in found] == paths
    assert list(sitemaps(paths, text)) == list(sitemaps([], text)) == ["sitemap.xml"]


def test_a_long_list_is_cut_by_year_without_losing_a_paper(
    made_up: Repository, catalogue: Catalogue, site: Path
) -> None:
    from updater.render import pages as pages_module  # noqa: PLC0415
    from updater.render.frame import CONTENT, HEAD, Frame  # noqa: PLC0415

    class Kept(pages_module.Writer):
        def page(self, path: str, title: str, description: str, content: str, **_: object) -> None:
            written[path] = content

    written: dict[str, str] = {}
    env = environment(made_up.root)
    made = pages_module.Pages(Kept(site, Frame(HEAD + CONTENT), env, catalogue), env, catalogue)
    shelf = catalogue.years["2025"]
    limits = pages_module.INLINE, pages_module.FIRST
    try:
        pages_module.INLINE, pages_module.FIRST = 10, 4
        periods = made.periods(shelf, by_month=True)
    finally:
        pages_module.INLINE, pages_module.FIRST = limits
    assert sum(count for *_, count in periods) == len(shelf)
    for entry in shelf.entries:
        shown = any(entry in entries for _, path, entries, _ in periods if not path)
        assert shown or any(f"{entry.path}" in content for content in written.values())


def digest(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_same_data_same_bytes(made_up: Repository, site: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "updater", "--root", str(made_up.root), "build", "--output", str(again)]
    done = subprocess.run(
        command, env=environment, cwd=made_up_site.PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = digest(site), digest(again)
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == set()


def test_zensical_builds_the_same_pages(tmp_path: Path, site: Path) -> None:
    pytest.importorskip("zensical")
    repository = made_up_site.write(tmp_path / "index")
    build(repository, engine_name="zensical")
    mine = {file.relative_to(site).as_posix() for file in site.rglob("index.html")}
    other = repository.root / SITE
    assert {file.relative_to(other).as_posix() for file in other.rglob("index.html")} == mine
    for file in other.rglob("*.html"):
        page = Page(file)
        assert page.wrong == [] and page.h1 == 1, file
        assert "<!-- index:" not in file.read_text(encoding="utf-8")


def test_a_build_that_fails_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    repository = made_up_site.write(tmp_path / "index")
    old = repository.root / SITE
    old.mkdir(parents=True)
    (old / "index.html").write_text("old", encoding="utf-8")
    page = repository.root / "site/docs/new.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[nowhere](nowhere.md)\n", encoding="utf-8")
    with pytest.raises(engine.EngineError, match="nowhere"):
        build(repository)
    assert (old / "index.html").read_text(encoding="utf-8") == "old"


def test_an_unknown_part_is_named(tmp_path: Path) -> None:
    from updater.render.parts import PartError  # noqa: PLC0415

    repository = made_up_site.write(tmp_path / "index")
    page = repository.root / "site/docs/new.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n<!-- index:weather -->\n", encoding="utf-8")
    with pytest.raises(PartError, match=r"new/index\.html: there is no part 'weather'"):
        build(repository)
