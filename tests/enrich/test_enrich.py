"""`mi-index enrich`: only what is empty is filled in, whatever services say; what was asked is not asked again."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT, Command
from tests.contribute.test_add import snapshot, sound
from tests.world import World
from updater.enrich.cache import ServiceCache
from updater.index.counts import citations
from updater.index.repository import Repository
from updater.index.traces import Trace, fingerprint

LIBRARY = """\
- id: clockwork
  name: Clockwork
  url: https://github.com/cyxu/clockwork
  categories: [tools]
  description: Winds up small clocks so that their hands can be held still.
- id: kept
  name: Kept
  url: https://kept.example.org/
  links: {code: https://github.com/cyxu/kept}
  categories: [tools]
  licence: GPL-3.0-only
  description: Keeps the licence that a person wrote down, whatever a service says.
"""
PAGES = (
    "https://doi.org/10.1000/clock",
    "https://github.com/cyxu/clockwork",
    "https://github.com/cyxu/kept",
    "https://kept.example.org/",
)


@pytest.fixture
def index(root: Path, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small index with two libraries and a paper of the machine's; every link works and GitHub knows both."""
    monkeypatch.setenv("MI_INDEX_CACHE", str(tmp_path / "cache"))
    shutil.copytree(PROJECT / "site/templates", root / "site/templates")
    (root / "resources/libraries.yml").write_text(LIBRARY, encoding="utf-8")
    Command(root)("fmt")
    for url in PAGES:
        world.page(url, "here")
    repo = {"stargazers_count": 41, "license": {"spdx_id": "MIT"}, "archived": False}
    world.service("github", "/repos/cyxu/clockwork", repo)
    world.service("github", "/repos/cyxu/clockwork/releases/latest", {"published_at": "2025-03-04T05:06:07Z"})
    world.service("github", "/repos/cyxu/kept", {**repo, "archived": True})
    world.service(
        "openalex", openalex("10.48550/arxiv.2501.00001", "10.1000/clock", "10.48550/arxiv.2501.00002"), ANSWER
    )
    return root


ANSWER: dict[str, Any] = {
    "results": [
        {"doi": "https://doi.org/10.48550/arxiv.2501.00001", "cited_by_count": 7, "locations": []},
        {
            "doi": "https://doi.org/10.1000/clock",
            "cited_by_count": 5,
            "locations": [
                {"version": "publishedVersion", "source": {"type": "conference", "display_name": "ICML"}},
                {"version": "publishedVersion", "source": {"type": "journal", "display_name": "Entropy"}},
            ],
        },
        {"doi": "https://doi.org/10.48550/arxiv.2501.00002", "cited_by_count": 2, "locations": None},
    ]
}


def openalex(*dois: str) -> str:
    joined = "%7C".join(doi.replace("/", "%2F") for doi in dois)
    return f"/works?filter=doi%3A{joined}&per-page=50&select=doi%2Ccited_by_count%2Clocations"


def test_what_is_empty_is_filled_in_and_nothing_else(index: Path, world: World) -> None:
    result = Command(index)("enrich", "--json")
    assert result.exit_code == 0, result.stderr
    loaded = Repository(index).load()
    clockwork, kept = loaded.resources["library"]
    assert (clockwork.stars, clockwork.licence, clockwork.released, clockwork.archived) == (
        41,
        "MIT",
        "2025-03-04",
        False,
    )
    assert (kept.licence, kept.archived) == ("GPL-3.0-only", True)
    assert loaded.papers["2501.00002"].venue == "Entropy"
    assert loaded.papers["2501.00001"].venue is None
    assert citations(index) == {"2501.00001": 7, "2501.00002": 5}
    assert sound(index)
    data = json.loads(result.stdout)
    assert (data["gone"], data["notices"], data["unfinished"]) == ([], [], False)
    assert Command(index)("fmt", "--check").exit_code == 0


def test_a_second_run_asks_nothing_and_changes_nothing(index: Path, world: World) -> None:
    Command(index)("enrich")
    before, asked = snapshot(index), len(world.asked)
    assert Command(index)("enrich").exit_code == 0
    assert len(world.asked) == asked
    assert snapshot(index) == before


def test_a_dry_run_changes_nothing(index: Path) -> None:
    before = snapshot(index)
    assert "41" in Command(index)("enrich", "--dry-run").stdout
    assert snapshot(index) == before


def test_a_service_that_refuses_ends_its_part_only(index: Path, world: World) -> None:
    world.service("github", "/repos/cyxu/clockwork", {"message": "rate limit"}, status=403)
    result = Command(index)("enrich")
    assert result.exit_code == 3
    assert "github: HTTP 403" in result.stderr
    assert citations(index)["2501.00001"] == 7
    assert Repository(index).load().resources["library"][0].stars is None


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"results": 3},
        {"results": [None, {"doi": 5}]},
        {
            "results": [
                {
                    "doi": "https://doi.org/10.1000/clock",
                    "cited_by_count": "9",
                    "locations": [
                        {
                            "version": "publishedVersion",
                            "source": {"type": "journal", "display_name": "Annals of $(touch x)"},
                        }
                    ],
                }
            ]
        },
    ],
)
def test_strange_answers_give_no_data(index: Path, world: World, answer: Any) -> None:
    path = openalex("10.48550/arxiv.2501.00001", "10.1000/clock", "10.48550/arxiv.2501.00002")
    world.service("openalex", path, answer)
    world.service(
        "github", "/repos/cyxu/clockwork", {"stargazers_count": -1, "license": {"spdx_id": "x\ny"}, "archived": "yes"}
    )
    assert Command(index)("enrich", "--part", "citations", "--part", "repositories").exit_code == 0
    assert citations(index) == {}
    entry = Repository(index).load().resources["library"][0]
    assert (entry.stars, entry.licence, entry.archived) == (None, None, False)
    assert sound(index)


def test_dead_links_are_told_with_the_day_they_were_first_seen(
    index: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    world.page("https://kept.example.org/", "gone", status=404)
    for day in ("2025-06-01", "2025-06-20"):
        monkeypatch.setattr("updater.cli.contribute._today", lambda day=day: dt.date.fromisoformat(day))
        result = Command(index)("enrich", "--part", "links", "--json")
    [gone] = json.loads(result.stdout)["gone"]
    assert gone == {
        "id": "kept",
        "key": "url",
        "url": "https://kept.example.org/",
        "reason": "HTTP 404",
        "since": "2025-06-01",
    }
    assert "| kept | url | `https://kept.example.org/` |" in Command(index)("enrich", "--part", "links").stdout


def test_a_paper_gets_its_code_and_venue_from_arxiv_and_stays_the_machine_s(index: Path, world: World) -> None:
    repository = Repository(index)
    loaded = repository.load()
    auto = loaded.papers["2501.00001"].model_copy(update={"status": "auto"})
    trace = Trace(auto.id, fingerprint=fingerprint(auto.to_data()))
    editor = repository.edit()
    editor.put_paper(auto)
    editor.put_traces({auto.id: trace}, {auto.id: trace})
    editor.commit()
    world.arxiv["2501.00001"] = world.arxiv["2502.00007"].__class__(
        id="2501.00001", title="Another title", comment="ICML 2025. https://github.com/annlee/count"
    )
    assert Command(index)("enrich", "--part", "papers").exit_code == 0
    after = Repository(index).load()
    paper = after.papers["2501.00001"]
    assert (paper.title, paper.venue, paper.links.code) == (auto.title, "ICML 2025", "https://github.com/annlee/count")
    assert not after.touched(paper)


def test_time_is_bounded(index: Path, world: World) -> None:
    result = Command(index)("enrich", "--minutes", "0", "--json")
    assert json.loads(result.stdout)["unfinished"] is True
    assert world.asked == []


def test_a_damaged_cache_is_begun_anew_and_an_impossible_one_done_without(tmp_path: Path) -> None:
    day = dt.date(2025, 6, 1)
    (tmp_path / "services-1.sqlite").write_bytes(b"not a database, but long enough to look at" * 100)
    cache = ServiceCache.open(tmp_path, day)
    cache.put("s", "k", {"a": 1})
    assert cache.get("s", "k", 0) == ({"a": 1}, day)
    cache.close()
    assert ServiceCache.open(tmp_path, dt.date(2025, 6, 9)).get("s", "k", 7) is None
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    none = ServiceCache.open(file, day)
    none.put("s", "k", 1)
    assert none.get("s", "k", 7) is None
