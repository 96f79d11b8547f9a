"""`mi-index add`: from a reference to an entry, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Command
from tests.world import World
from updater.index.check import check
from updater.index.repository import Repository
from updater.index.text import common_run

NEW = "2502.00007"
REPO = {
    "full_name": "diwu/sheep",
    "description": "Counts sheep in circuits of small models.",
    "created_at": "2024-05-01T10:00:00Z",
    "license": {"spdx_id": "MIT"},
    "archived": False,
    "homepage": "https://sheep.example.org",
}
WORK = {
    "message": {
        "title": ["Steering a <i>very</i> old clock"],
        "author": [{"given": "Ann", "family": "Lee"}, {"name": "The Clock Consortium"}],
        "issued": {"date-parts": [[2024, 3, 9]]},
        "container-title": ["Nature"],
        "abstract": "<jats:p>We steer an old clock.</jats:p>",
    }
}
SAY = "Finds the parts of a small model that count sheep."


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and ".lock" not in p.name
    }


def sound(root: Path) -> bool:
    return check(Repository(root))[1] == []


@pytest.mark.parametrize("reference", [NEW, f"https://arxiv.org/pdf/{NEW}v3", f"https://doi.org/10.48550/arXiv.{NEW}"])
def test_an_arxiv_paper_is_fetched_classified_and_written(
    root: Path, mi_index: Command, world: World, reference: str
) -> None:
    result = mi_index("add", reference, "--yes", "--summary", SAY)
    assert result.exit_code == 0, result.stderr
    paper = Repository(root).load().papers[NEW]
    assert paper.authors == ["Di Wu", "Eva Zu"]
    assert (paper.date, paper.venue, paper.status, paper.summary) == ("2025-02-03", "ICLR 2025", "curated", SAY)
    assert paper.categories == ["circuits", "representations"]
    assert paper.links.code == "https://github.com/diwu/sheep"
    assert "probability 0.97" in result.stdout
    assert "because: circuits +2.10" in result.stdout
    assert sound(root)
    assert mi_index("fmt", "--check").exit_code == 0
    assert Repository(root).load().traces[NEW].because[0] == ("circuits", 2.1)


def test_no_word_of_the_abstract_is_written(root: Path, mi_index: Command, world: World) -> None:
    mi_index("add", NEW, "--yes")
    assert not any(b"sleepy" in content for content in snapshot(root).values())


def test_a_summary_taken_from_the_abstract_is_refused(root: Path, mi_index: Command, world: World) -> None:
    before = snapshot(root)
    result = mi_index(
        "add", NEW, "--yes", "--summary", "Finds the very circuit with which small, sleepy models count sheep."
    )
    assert result.exit_code == 2
    assert "the very circuit with which small sleepy models" in result.stderr
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "reference",
    ["2501.00001", "arXiv:2501.00001v4", "https://doi.org/10.1000/CLOCK", "https://huggingface.co/papers/2501.00001"],
)
def test_a_listed_work_is_answered_with_its_address_and_nothing_is_asked(
    root: Path, mi_index: Command, world: World, reference: str
) -> None:
    before = snapshot(root)
    result = mi_index("add", reference, "--yes", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert answer["status"] == "listed"
    assert answer["address"].endswith(f"/papers/{answer['id']}/")
    assert answer["path"] == "resources/papers/2025-01.yml"
    assert world.asked == []
    assert snapshot(root) == before


def test_the_same_work_under_another_address_is_recognized_by_title_and_authors(
    root: Path, mi_index: Command, world: World
) -> None:
    world.page(
        "https://proceedings.example.org/1",
        '<meta name="citation_title" content="A Circuit for Counting."><meta name="citation_author" content="Lee, Ann">'
        '<meta name="citation_date" content="2025">',
    )
    result = mi_index("add", "https://proceedings.example.org/1", "--yes")
    assert result.exit_code == 1
    assert "2501.00001 is listed already" in result.stdout


def test_what_was_left_out_is_answered_with_the_reason(root: Path, mi_index: Command, world: World) -> None:
    (root / "resources/rejected.yml").write_text(f'- {{id: "{NEW}", reason: About real sheep.}}\n', encoding="utf-8")
    result = mi_index("add", NEW, "--yes")
    assert result.exit_code == 1
    assert "left out" in result.stdout
    assert "About real sheep." in result.stdout


def test_a_work_in_the_queue_leaves_it_when_it_is_added(root: Path, mi_index: Command, world: World) -> None:
    (root / "resources/queue.yml").write_text(
        f'- id: "{NEW}"\n  title: Circuits that count sheep\n  date: 2025-02-03\n  categories: [probing]\n'
        "  venue: ICML 2025\n  probability: 0.4\n",
        encoding="utf-8",
    )
    assert mi_index("add", NEW, "--yes").exit_code == 0
    index = Repository(root).load()
    assert NEW not in index.queue
    assert index.papers[NEW].venue == "ICML 2025"


def test_a_doi_is_read_at_crossref_and_gets_a_slug(root: Path, mi_index: Command, world: World) -> None:
    world.service("crossref", "/works/10.1000%2Fold", WORK)
    assert mi_index("add", "https://doi.org/10.1000/old", "--yes").exit_code == 0
    paper = Repository(root).load().papers["lee-2024-steering"]
    assert paper.title == "Steering a very old clock"
    assert paper.authors == ["Ann Lee", "The Clock Consortium"]
    assert (paper.date, paper.venue, paper.links.doi) == ("2024-03-09", "Nature", "https://doi.org/10.1000/old")
    assert sound(root)


def test_a_doi_whose_preprint_is_on_arxiv_becomes_the_arxiv_paper(root: Path, mi_index: Command, world: World) -> None:
    related = {"relation": {"has-preprint": [{"id-type": "doi", "id": f"10.48550/arXiv.{NEW}"}]}}
    world.service("crossref", "/works/10.1000%2Fold", {"message": {**WORK["message"], **related}})
    assert mi_index("add", "10.1000/old", "--yes").exit_code == 0
    assert NEW in Repository(root).load().papers


def test_an_openreview_note_of_either_age_is_read(root: Path, mi_index: Command, world: World) -> None:
    new = {"title": {"value": "Steering one"}, "authors": {"value": ["Fay Go"]}, "venue": {"value": "ICLR 2024 poster"}}
    old = {"title": "Steering two", "authors": ["Hal Io"], "venue": "Submitted to ICLR 2023"}
    world.service("openreview", "/notes?id=AAAAAA", {"notes": [{"content": new, "pdate": 1714521600000}]})
    world.service("openreview", "/notes?id=BBBBBB", {"notes": [{"content": old, "cdate": 1664582400000}]})
    for id_ in ("AAAAAA", "BBBBBB"):
        assert mi_index("add", f"https://openreview.net/forum?id={id_}", "--yes").exit_code == 0
    papers = Repository(root).load().papers
    assert (papers["go-2024-steering"].venue, papers["go-2024-steering"].date) == ("ICLR 2024", "2024-05-01")
    assert papers["go-2024-steering"].links.openreview == "https://openreview.net/forum?id=AAAAAA"
    assert (papers["io-2022-steering"].venue, papers["io-2022-steering"].authors) == (None, ["Hal Io"])


def test_an_openreview_page_is_read_where_the_service_says_nothing(root: Path, mi_index: Command, world: World) -> None:
    world.page(
        "https://openreview.net/forum?id=CCCCCC",
        '<meta name="citation_title" content="Steering three"><meta name="citation_date" content="2023/02/01">',
    )
    assert mi_index("add", "https://openreview.net/forum?id=CCCCCC", "--yes").exit_code == 0
    assert "anonymous-2023-steering" in Repository(root).load().papers


def test_a_repository_becomes_a_library_with_a_description_of_our_own(
    root: Path, mi_index: Command, world: World
) -> None:
    world.service("github", "/repos/diwu/sheep", REPO)
    missing = mi_index("add", "https://github.com/diwu/sheep", "--yes")
    assert missing.exit_code == 2
    assert "--description" in missing.stderr
    done = mi_index("add", "https://github.com/diwu/sheep", "--yes", "--description", SAY)
    assert done.exit_code == 0, done.stderr
    [entry] = Repository(root).load().resources["library"]
    assert (entry.id, entry.name, entry.licence, entry.date) == ("sheep", "sheep", "MIT", "2024")
    assert entry.links.page == "https://sheep.example.org"
    assert sound(root)
    again = mi_index("add", "https://github.com/diwu/sheep/issues", "--yes", "--json")
    assert json.loads(again.stdout)["address"].endswith("/libraries/sheep/")


def test_the_repository_s_own_words_are_refused_as_a_description(root: Path, mi_index: Command, world: World) -> None:
    long = "Counts all the sheep in circuits of small models before they go to sleep."
    world.service("github", "/repos/diwu/sheep", {**REPO, "description": long})
    result = mi_index("add", "https://github.com/diwu/sheep", "--yes", "--description", long)
    assert result.exit_code == 2
    assert "in your own words" in result.stderr


def test_a_post_needs_its_kind_and_a_page_without_a_title_its_name(root: Path, mi_index: Command, world: World) -> None:
    world.page("https://blog.example.org/a", "<title>On circuits</title>")
    world.page("https://blog.example.org/b", "%PDF", kind="application/pdf")
    result = mi_index("add", "https://blog.example.org/a", "--yes", "--description", SAY)
    assert (result.exit_code, "--kind" in result.stderr) == (2, True)
    args = ("--yes", "--kind", "article", "--description", SAY)
    assert mi_index("add", "https://blog.example.org/a", *args).exit_code == 0
    nameless = mi_index("add", "https://blog.example.org/b", *args)
    assert (nameless.exit_code, "--name" in nameless.stderr) == (3, True)
    assert mi_index("add", "https://blog.example.org/b", *args, "--name", "On steering").exit_code == 0
    assert {e.name for e in Repository(root).load().resources["article"]} == {"On circuits", "On steering"}


def test_a_repository_is_added_by_its_name_when_github_s_limit_is_reached(
    root: Path, mi_index: Command, world: World
) -> None:
    world.service("github", "/repos/diwu/sheep", {"message": "rate limit"}, status=403)
    args = ("https://github.com/diwu/sheep", "--yes", "--description", SAY, "--category", "circuits")
    refused = mi_index("add", *args)
    assert (refused.exit_code, "HTTP 403" in refused.stderr) == (3, True)
    world.page("https://github.com/diwu/sheep", "<title>GitHub - diwu/sheep</title>")
    assert mi_index("add", *args).exit_code == 0
    [entry] = Repository(root).load().resources["library"]
    assert (entry.name, entry.authors, entry.stars, entry.licence) == ("sheep", ["diwu"], None, None)


def test_at_a_terminal_what_is_missing_is_asked_for_and_nothing_written_without_a_yes(
    root: Path, mi_index: Command, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("updater.cli.contribute.at_terminal", lambda: True)
    world.page("https://blog.example.org/a", "<title>On circuits</title>")
    before = snapshot(root)
    refused = mi_index("add", "https://blog.example.org/a", stdin=f"article\n{SAY}\nn\n")
    assert (refused.exit_code, snapshot(root)) == (1, before)
    assert "resources/articles.yml:" in refused.stdout
    done = mi_index("add", "https://blog.example.org/a", stdin=f"article\n{SAY}\ny\n")
    assert done.exit_code == 0
    assert Repository(root).load().resources["article"][0].description == SAY


def test_a_hostile_page_can_only_be_a_strange_entry(root: Path, mi_index: Command, world: World) -> None:
    title = "circuit: {x: [&amp;a *a]} # \"' &lt;script&gt; $(touch /tmp/x) ::error::\x00\u202e - !!python/object"
    world.page("https://blog.example.org/a", f"<title>{title}</title>")
    result = mi_index("add", "https://blog.example.org/a", "--yes", "--kind", "article", "--description", SAY)
    assert result.exit_code == 0
    [entry] = Repository(root).load().resources["article"]
    assert entry.name == "circuit: {x: [&a *a]} # \"' <script> $(touch /tmp/x) ::error:: - !!python/object"
    assert set(entry.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert sound(root)


def test_without_a_terminal_nothing_is_written_unasked(root: Path, mi_index: Command, world: World) -> None:
    before = snapshot(root)
    result = mi_index("add", NEW)
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert mi_index("add", NEW, "--dry-run").exit_code == 0
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("reference", "exit_code", "says"),
    [
        ("2509.99999", 3, "arXiv does not know"),
        ("https://github.com/no/such", 3, "no public repository"),
        ("https://blog.example.org/gone", 3, "HTTP 404"),
        ("http://169.254.169.254/latest", 3, "public web"),
        ("what?", 2, "name an arXiv id"),
    ],
)
def test_what_cannot_be_read_is_told(
    root: Path, mi_index: Command, world: World, reference: str, exit_code: int, says: str
) -> None:
    before = snapshot(root)
    result = mi_index("add", reference, "--yes")
    assert (result.exit_code, says in result.stderr) == (exit_code, True), result.stderr
    assert snapshot(root) == before


def test_wrong_categories_are_named(root: Path, mi_index: Command, world: World) -> None:
    result = mi_index("add", NEW, "--yes", "--category", "circuit")
    assert result.exit_code == 2
    assert "did you mean 'circuits'?" in result.stderr


@given(
    st.lists(st.sampled_from(["the", "circuit", "model", "of", "a", "sheep", "counts", "we"]), min_size=8, max_size=40)
)
def test_a_copy_is_found_wherever_it_stands_and_whatever_its_case(words: list[str]) -> None:
    text = " ".join(words)
    assert common_run(f"Own words, then: {text.upper()}.", f"Something else. {text}, and so on.") != ""
    assert common_run(" ".join(words[:7]), text) == ""
