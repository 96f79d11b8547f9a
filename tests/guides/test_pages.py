"""The hand-written guides: every method has its page, diagram, snippet and data, and every link leads somewhere."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from updater.index.text import slugify

ROOT = Path(__file__).parents[2]
DOCS, RESOURCES = ROOT / "site" / "docs", ROOT / "resources"
METHODS = yaml.safe_load((RESOURCES / "methods.yml").read_text(encoding="utf-8"))
GLOSSARY = yaml.safe_load((RESOURCES / "glossary.yml").read_text(encoding="utf-8"))
SLUGS = [method["slug"] for method in METHODS]
PAGES = sorted([*(DOCS / "methods").glob("*.md"), *(DOCS / "guides").glob("*.md")])
CATEGORIES = {
    category["slug"]
    for category in yaml.safe_load((RESOURCES / "taxonomy.yml").read_text(encoding="utf-8"))["categories"]
}
MARKERS = {
    "methods/index.md": ["method-table"],
    "guides/choosing-a-library.md": ["library-table"],
    "guides/models-and-saes.md": ["model-suites"],
    "guides/glossary.md": ["glossary"],
    **{f"methods/{slug}.md": ["method-facts", "method-papers", "method-libraries"] for slug in SLUGS},
}
SECTIONS = [
    "How it works",
    "The formula",
    "In code",
    "What it can't tell you",
    "How it has misled people",
]
KEYS = [
    "slug", "title", "question", "needs", "cost", "evidence", "strengths", "limits",
    "categories", "aliases", "terms", "libraries", "landmarks",
]  # fmt: skip
KINDS = (
    "libraries", "platforms", "model-suites", "benchmarks", "courses", "articles", "videos", "projects",
    "communities", "lists",
)  # fmt: skip
LINK = re.compile(r"\]\(([^)\s]+)\)")


def words(text: str) -> int:
    """Words of prose: without front matter, formulas, code and addresses."""
    text = re.sub(r"\A---.*?^---$|<math.*?</math>|^```.*?^```|\]\([^)]*\)", " ", text, flags=re.S | re.M)
    return len(text.split())


@pytest.fixture(scope="module")
def ids() -> dict[str, set[str]]:
    """Ids of the papers (under "papers") and of every other kind, from the data files."""
    loader = yaml.CBaseLoader
    found: dict[str, set[str]] = {"papers": set()}
    for path in (RESOURCES / "papers").glob("*.yml"):
        found["papers"].update(entry["id"] for entry in yaml.load(path.read_bytes(), loader))
    for name in KINDS:
        found[name] = {entry["id"] for entry in yaml.load((RESOURCES / f"{name}.yml").read_bytes(), loader)}
    return found


def test_methods_have_all_their_keys(ids: dict[str, set[str]]) -> None:
    others = set().union(*(values for kind, values in ids.items() if kind != "papers"))
    assert len(SLUGS) == len(set(SLUGS)) >= 23
    for method in METHODS:
        assert list(method) == KEYS, method["slug"]
        assert method["evidence"] in {"causal", "correlational", "mixed"}
        assert method["question"].endswith("?")
        assert method["landmarks"] and set(method["landmarks"]) <= ids["papers"], method["slug"]
        assert method["libraries"] and set(method["libraries"]) <= others, method["slug"]
        assert set(method["categories"]) <= CATEGORIES, method["slug"]
        assert method["terms"] and all(term == term.lower() for term in method["terms"]), method["slug"]


@pytest.mark.parametrize("slug", SLUGS)
def test_method_page_is_whole(slug: str) -> None:
    text = (DOCS / "methods" / f"{slug}.md").read_text(encoding="utf-8")
    title = next(method["title"] for method in METHODS if method["slug"] == slug)
    assert f"\n# {title}\n" in text
    assert "**The question:**" in text
    headings = re.findall(r"^## (.+)$", text, flags=re.M)
    assert [heading for heading in headings if heading in SECTIONS] == SECTIONS
    assert f'--8<-- "methods/snippets/{slug}.py"' in text
    assert f'--8<-- "assets/diagrams/{slug}.svg"' in text
    formulas = re.findall(r"<math .*?</math>", text, flags=re.DOTALL)
    assert formulas
    for formula in formulas:  # MathML, with the TeX that it was made from as its text alternative
        element = ET.fromstring(formula)
        assert element.get("alttext")
        assert "\\" not in "".join(element.itertext()), "a TeX command was left over"
    assert 600 <= words(text) <= 1_100
    misled = text.split("## How it has misled people")[1].split("\n## ")[0]
    assert misled.count("/papers/") >= 2, "what misled people is shown by papers of the index"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_page_has_description_and_marker(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    front = yaml.safe_load(text.split("---")[1])
    assert 60 <= len(front["description"]) <= 170
    assert front["title"]
    markers = MARKERS.get(page.relative_to(DOCS).as_posix(), [])
    assert re.findall(r"<!-- index:([\w-]+) -->", text) == markers
    assert " style=" not in text, "the Content-Security-Policy forbids style attributes"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page: Path, ids: dict[str, set[str]]) -> None:
    """Links to files exist; links to generated pages name what the data knows, in the depth of the page's address."""
    text = page.read_text(encoding="utf-8")
    address = page.relative_to(DOCS).with_suffix("")  # methods/ablation: served as methods/ablation/
    base = address.parent if address.name == "index" else address
    for target in LINK.findall(re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)):
        path, _, anchor = target.partition("#")
        if target.startswith("http"):
            assert re.fullmatch(r"https://[\w.-]+/[^\s<>\"]*", target), target
            continue
        if path.endswith("/"):  # a generated page
            parts = [part for part in path.split("/") if part]
            assert parts[: len(base.parts)] == [".."] * len(base.parts), target
            place = parts[len(base.parts) :]
            kind, rest = place[0], place[1:]
            known = {"papers": ids["papers"], "categories": CATEGORIES, **ids}
            if place == ["guides", "glossary"]:  # its terms come from the data
                assert anchor in {slugify(term["term"]) for term in GLOSSARY}, target
                continue
            assert kind in {"explore", "map", "new", *known}, target
            assert not rest or rest[0] in known[kind], target
            continue
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.M)
            plain = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
            assert anchor in {re.sub(r"[\s-]+", "-", heading) for heading in plain}, target


@pytest.mark.parametrize("diagram", sorted((DOCS / "assets" / "diagrams").glob("*.svg")), ids=lambda path: path.stem)
def test_diagram_is_accessible_and_takes_the_page_colours(diagram: Path) -> None:
    source = diagram.read_text(encoding="utf-8")
    svg = ET.fromstring(source)
    space = "{http://www.w3.org/2000/svg}"
    title, description = svg.find(f"{space}title"), svg.find(f"{space}desc")
    assert title is not None and description is not None
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text and description.text and len(description.text) > len(title.text) / 2
    ids = [element.get("id") for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith(diagram.stem) for name in ids), "ids are unique on a page with several diagrams"
    assert "currentColor" in source
    assert not re.search(r"(fill|stroke)=\"(black|white|#)", source)
    assert "\n\n" not in source, "a blank line would end the HTML block in Markdown"
    used = re.findall(r"url\(#([\w-]+)\)", source)
    assert set(used) <= set(ids)


def test_glossary_terms() -> None:
    assert len(GLOSSARY) >= 60
    names = [name.casefold() for term in GLOSSARY for name in (term["term"], *term.get("aliases", []))]
    assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})
    guides = {path.stem for path in PAGES}
    for term in GLOSSARY:
        assert set(term) <= {"term", "aliases", "definition", "see"}, term["term"]
        assert 15 <= len(term["definition"].split()) <= 45, (term["term"], len(term["definition"].split()))
        assert term["definition"].endswith(".")
        assert set(term.get("see", [])) <= set(SLUGS) | CATEGORIES | guides, term["term"]
    assert [term["term"].casefold() for term in GLOSSARY] == sorted(term["term"].casefold() for term in GLOSSARY)
