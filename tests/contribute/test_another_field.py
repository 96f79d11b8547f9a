"""An index of another field by data alone: the walk-through of site/docs/about/another-field.md, done with bird song.

Nothing but resources/ is written here; the program, the templates and the forms are those of the project.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT, Command
from tests.world import World
from updater.classify import load as load_model
from updater.contribute import forms
from updater.index.repository import Repository
from updater.merge import venues as venues_file
from updater.merge.merge import Merger, stage
from updater.records import Record
from updater.render.catalogue import HUES
from updater.render.charts import STREAMS

SETTINGS = """\
project:
  name: Bird Song Index
  short_name: Song Index
  tagline: Every paper on how birds sing.
  subject: bird song
  repository: https://github.com/songbirds/index
  site: https://songbirds.example.org/
  contact: https://github.com/songbirds/index/issues
arxiv:
  categories: [q-bio.NC]
  first_day: 2025-01-01
"""
TAXONOMY = """\
scope: {in: How birds sing and learn to., borderline: Other sounds of birds., out: Everything else.}
groups: [{slug: song, title: Song}, {slug: talk, title: Talk}]
categories:
- {slug: learning, title: Learning, group: song, definition: How young birds learn songs from tutors.}
- {slug: dialects, title: Dialects, group: song, definition: How songs differ from valley to valley.}
- {slug: calls, title: Calls, group: talk, definition: Short calls of alarm and contact.}
facets:
- slug: object
  title: Bird
  question: Which bird?
  values: [{slug: finch, title: Finch}, {slug: sparrow, title: Sparrow}]
- slug: goal
  title: Use
  question: What is it sung for?
  values: [{slug: courting, title: Courting}, {slug: territory, title: Territory}]
pictures: {over_time: [goal], matrix: [object, goal]}
kinds:
- {slug: recording, file: recordings, title: Recording, plural: Recordings, definition: Collections of recordings.}
"""
RECORDING = """\
- id: dawn-chorus
  name: Dawn chorus
  url: https://recordings.example.org/dawn
  categories: [calls]
  description: Forty mornings in May, recorded from one tree, with every bird named by two listeners.
"""
VENUES = (
    "accepted: [accepted]\nnot_accepted: [submitted]\nworkshop: [workshop]\nvenues: [{name: Ibis, yearly: false}]\n"
)
WORDS = {
    "learning": ["tutor", "juvenile", "imitation", "memorized", "practice", "template"],
    "dialects": ["dialect", "valley", "population", "boundary", "regional", "drift"],
    "calls": ["alarm", "contact", "call", "predator", "flock", "warning"],
    "": ["bridge", "steel", "concrete", "load", "girder", "corrosion", "beam", "crack"],
}
COMMON = ["the", "of", "we", "measure", "in", "many", "and", "show", "that", "with", "study", "new"]


def records(rng: random.Random, slug: str, number: int, first: int, month: int = 1) -> list[Record]:
    """Made-up works on one topic, or on bridges."""
    out = []
    for n in range(number):
        song = ["song", "birds"] if slug else []
        words = [rng.choice(WORDS[slug] + song) if rng.random() < 0.5 else rng.choice(COMMON) for _ in range(40)]
        title = " ".join([*rng.sample(WORDS[slug], 3), *song, f"part {first + n}"])
        day = dt.date(2025, month, 1 + n % 28)
        id_ = f"250{month}.{first + n:05}"
        out.append(Record(id_, title.capitalize(), " ".join(words), ("Ann Lee",), ("q-bio.NC",), day, day))
    return out


@pytest.fixture(scope="module")
def labelled() -> dict[str, list[Record]]:
    rng = random.Random(11)
    return {slug: records(rng, slug, 12 if slug else 40, 100 * (n + 1)) for n, slug in enumerate(WORDS)}


@pytest.fixture
def field(tmp_path: Path, labelled: dict[str, list[Record]]) -> Path:
    """Step 1 to 4 of the walk-through: settings, taxonomy, venues, and the first papers that people labelled."""
    root = tmp_path / "song"
    (root / "resources/papers").mkdir(parents=True)
    for name in (".github/ISSUE_TEMPLATE", "site"):
        shutil.copytree(PROJECT / name, root / name)
    shutil.copy(PROJECT / "mkdocs.yml", root / "mkdocs.yml")
    for name, text in (("settings", SETTINGS), ("taxonomy", TAXONOMY), ("venues", VENUES)):
        (root / f"resources/{name}.yml").write_text(text, encoding="utf-8")
    entries = [
        {
            "id": record.id,
            "title": record.title,
            "authors": list(record.authors),
            "date": record.published.isoformat() if record.published else "",
            "links": {"arxiv": f"https://arxiv.org/abs/{record.id}"},
            "categories": [slug],
            "object": ["finch"] if slug == "learning" else [],
            "goal": ["courting"] if slug == "learning" else [],
            "status": "curated",
        }
        for slug in ("learning", "dialects", "calls")
        for record in labelled[slug]
    ]
    (root / "resources/background.yml").write_text("".join(f'- "{r.id}"\n' for r in labelled[""]), encoding="utf-8")
    lines = [yaml.safe_dump(entry, default_flow_style=True, width=10_000, sort_keys=False).strip() for entry in entries]
    (root / "resources/papers/2025-01.yml").write_text("".join(f"- {line}\n" for line in lines), encoding="utf-8")
    return root


def test_the_whole_way_from_a_settings_file_to_a_list(
    field: Path, labelled: dict[str, list[Record]], tmp_path: Path
) -> None:
    mi_index = Command(field)
    # fmt writes the canonical form, the schemas, and the choices of the issue forms.
    assert mi_index("fmt").exit_code == 0
    assert mi_index("fmt", "--check").exit_code == 0
    assert mi_index("check").exit_code == 0
    form = (field / forms.FOLDER / "add-paper.yml").read_text(encoding="utf-8")
    assert "    - dialects\n" in form
    assert "circuits" not in form
    # train learns from the labels; the abstracts come from a file here.
    corpus, model = tmp_path / "corpus.jsonl.gz", tmp_path / "model.zip"
    with gzip.open(corpus, "wt", encoding="utf-8") as file:
        for record in [r for group in labelled.values() for r in group]:
            line = {"id": record.id, "title": record.title, "abstract": record.abstract, "categories": ["q-bio.NC"]}
            file.write(json.dumps({**line, "published": "2025-01-01", "authors": ["Ann Lee"]}) + "\n")
    trained = mi_index("train", "--corpus", str(corpus), "--out", str(model))
    assert trained.exit_code == 0, trained.stderr
    # classify and merge sort what is new.
    rng = random.Random(12)
    fresh = [r for slug in ("dialects", "calls", "") for r in records(rng, slug, 3, 100 * len(slug), month=2)]
    verdicts = load_model(model, root=field).classify(fresh)
    repository = Repository(field)
    index = repository.load()
    merger = Merger(index, venues_file.load(field))
    changes = merger.run(zip(fresh, verdicts, strict=True))
    found = {**changes.added, **changes.queued}
    assert changes.added
    assert set(found) == {r.id for r in fresh[:6]}
    assert [found[r.id].categories[0] for r in fresh[:6]] == ["dialects"] * 3 + ["calls"] * 3
    editor = repository.edit()
    stage(editor, index, changes)
    editor.commit()
    # render makes the list, with nothing of another field in it.
    assert mi_index("render").exit_code == 0
    assert mi_index("check").exit_code == 0
    readme = (field / "README.md").read_text(encoding="utf-8")
    assert readme.splitlines()[2].startswith("# Bird Song Index")
    assert all(paper.title in readme for paper in changes.added.values())
    assert "Recordings" not in readme  # a kind without entries has no section
    assert "https://songbirds.example.org/" in readme
    for word in ("interpretab", "mechanistic", "neural", "circuits"):
        assert word not in readme.casefold()


def test_the_website_has_no_word_of_this_field(field: Path, tmp_path: Path) -> None:
    """Step 1 of the walk-through for the pages, and then not a word of the old subject on any page or in any file."""
    docs, site = field / "site/docs", tmp_path / "site"
    for folder in ("guides", "methods"):
        shutil.rmtree(docs / folder)
    for page in (docs / "index.md", *(docs / "about").glob("*.md")):
        markers = re.findall(r"<!-- index:.*?-->", page.read_text(encoding="utf-8"))
        page.write_text("\n\n".join(["# Our own words", *markers]) + "\n", encoding="utf-8")
    config = (field / "mkdocs.yml").read_text(encoding="utf-8")
    config = re.sub(r"- (Guides|Methods):\n(  - .*\n)+", "", config)
    for key, value in (
        ("site_name", "Bird Song Index"), ("site_url", "https://songbirds.example.org/"), ("site_description", "Song."),
        ("repo_url", "https://github.com/songbirds/index"),
    ):  # fmt: skip
        config = re.sub(rf"(?m)^{key}: .*", f"{key}: {value}", config)
    config = config.replace("short_name: MI Index", "short_name: Song Index")
    (field / "mkdocs.yml").write_text(config, encoding="utf-8")
    (field / "resources/recordings.yml").write_text(RECORDING, encoding="utf-8")
    mi_index = Command(field)
    assert mi_index("fmt").exit_code == 0
    assert mi_index("check").exit_code == 0
    assert mi_index("build", "--output", str(site)).exit_code == 0

    ours = Repository(PROJECT).taxonomy
    parts = [*ours.categories, *ours.groups, *(value for facet in ours.facets for value in facet.values)]
    words = {word for part in parts for word in (part.slug, part.title.casefold()) if re.search(r"\W", word)}
    words |= {"circuit", "steering", "lenses", "mechanistic", "interpretab", "neural net", "mi index"}
    pattern = re.compile("|".join(map(re.escape, sorted(words))))
    vendor = ("pagefind", "assets/javascripts", "assets/stylesheets", "assets/diagrams")
    found = {}
    for file in sorted(site.rglob("*")):
        name = file.relative_to(site).as_posix()
        if file.suffix not in (
            ".html",
            ".json",
            ".jsonl",
            ".xml",
            ".txt",
            ".bib",
            ".csv",
            ".ris",
            ".js",
            ".css",
            ".svg",
        ):
            continue
        if not name.startswith(vendor) and (hits := set(pattern.findall(file.read_text(encoding="utf-8").casefold()))):
            found[name] = hits
    assert found == {}

    home = (site / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<h3 class="group-title">(.*?)</h3>', home) == ["Song", "Talk"]
    assert 'class="spark spark--1"' in home and 'class="spark spark--2"' in home
    pictures = (site / "pictures/index.html").read_text(encoding="utf-8")
    assert "Bird × Use" in pictures and "object=finch&amp;goal=courting" in pictures
    paper = (site / "papers/2501.00100/index.html").read_text(encoding="utf-8")
    assert "tag--1" in paper and "../../facets/goal/courting/" in paper
    assert {topic["hue"] for topic in json.loads((site / "map/points.json").read_bytes())["topics"]} == {1, 2}
    assert (site / "recordings/dawn-chorus/index.html").is_file()
    assert (site / "categories/dialects/index.html").is_file()


def test_the_style_sheet_has_every_colour_that_pages_ask_for() -> None:
    styles = (PROJECT / "site/docs/assets/styles/index.css").read_text(encoding="utf-8")
    for name, number in (("tag", HUES), ("fill", HUES), ("spark", HUES), ("colour", HUES)):
        assert [f".{name}--{n} {{" in styles for n in range(1, number + 1)] == [True] * number, name
    assert [f".stream--{n} {{" in styles for n in range(STREAMS)] == [True] * STREAMS


def test_contributors_of_the_new_index_get_its_own_choices(field: Path, world: World) -> None:
    mi_index = Command(field)
    mi_index("fmt")
    world.page("https://recordings.example.org/", "<title>Recordings of many birds</title>")
    args = (
        "--yes",
        "--kind",
        "recording",
        "--category",
        "calls",
        "--description",
        "Thousands of alarm calls, sorted by bird.",
    )
    assert mi_index("add", "https://recordings.example.org/", *args, "--json").exit_code == 0
    wrong = mi_index("add", "https://recordings.example.org/other", *args[:3], "--category", "circuits")
    assert wrong.exit_code != 0
    [entry] = Repository(field).load().resources["recording"]
    assert (entry.id, entry.categories) == ("recordings-of-many-birds", ["calls"])


def test_the_model_of_another_field_predicts_nothing_here(field: Path, world: World) -> None:
    mi_index = Command(field)
    mi_index("fmt")
    asked = mi_index("add", "2502.00007", "--yes")
    assert (asked.exit_code, "which" in asked.stderr) == (2, True)
    assert mi_index("add", "2502.00007", "--yes", "--category", "dialects").exit_code == 0
    paper = Repository(field).load().papers["2502.00007"]
    assert (paper.categories, paper.object) == (["dialects"], [])
