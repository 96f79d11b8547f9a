"""Records by id: batches, the cache, and what happens when the API refuses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from support.arxiv_server import ArxivServer, Reply

from updater.errors import SourceError, UsageError
from updater.fetch import Window, by_id, harvest
from updater.fetch.cache import RecordCache, folder
from updater.records import Record
from updater.settings import Settings


@pytest.fixture
def known(arxiv_server: ArxivServer, project_settings: Settings) -> dict[str, Record]:
    window = Window(dt.date(2026, 3, 2), dt.date(2026, 3, 15))
    found = {r.id: r for r in harvest(project_settings, window, source="api", today=arxiv_server.today).records}
    arxiv_server.requests.clear()
    return found


def test_in_their_order_each_once(
    arxiv_server: ArxivServer, project_settings: Settings, known: dict[str, Record]
) -> None:
    names = sorted(known, reverse=True)
    asked = [f"{names[0]}v1", *names, f"https://arxiv.org/abs/{names[3]}", "2603.99999"]
    assert list(by_id(project_settings, asked)) == [known[n] for n in names]
    assert [len(r.query["id_list"].split(",")) for r in arxiv_server.requests] == [100, len(names) + 1 - 100]


def test_read_once(arxiv_server: ArxivServer, project_settings: Settings, known: dict[str, Record]) -> None:
    names = sorted(known)[:5]
    list(by_id(project_settings, names))
    arxiv_server.requests.clear()
    assert [r.id for r in by_id(project_settings, names)] == names
    assert arxiv_server.requests == []
    list(by_id(project_settings, names, fresh=True))
    assert len(arxiv_server.requests) == 1


def test_an_interrupted_run_goes_on_where_it_stopped(
    arxiv_server: ArxivServer, project_settings: Settings, known: dict[str, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("updater.fetch.lookup.BATCH", 30)
    names = sorted(known)
    arxiv_server.script = lambda request, reply: Reply(b"", 403) if request.number > 2 else reply
    with pytest.raises(SourceError):
        list(by_id(project_settings, names))
    arxiv_server.requests.clear()
    arxiv_server.script = lambda request, reply: reply
    assert [r.id for r in by_id(project_settings, names)] == names
    asked = [i for r in arxiv_server.requests for i in r.query["id_list"].split(",")]
    assert asked == names[60:]


def test_a_few_come_over_oai(arxiv_server: ArxivServer, project_settings: Settings, known: dict[str, Record]) -> None:
    arxiv_server.script = lambda request, reply: Reply(b"", 406) if request.path == "/api/query" else reply
    names = [*sorted(known)[:3], "2603.99999"]
    assert list(by_id(project_settings, names)) == [known[n] for n in names[:3]]


def test_other_categories_too(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    other = next(w for w in arxiv_server.works if w.categories == ("cs.DB",))
    assert [r.id for r in by_id(project_settings, [other.id])] == [other.id]
    assert "cs.DB" not in project_settings.arxiv.categories


def test_what_is_no_id(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    with pytest.raises(UsageError, match="'nonsense' is no arXiv id"):
        list(by_id(project_settings, ["2603.00001", "nonsense"]))
    assert arxiv_server.requests == []


def record(name: str) -> Record:
    return Record(id=name, title="T\x00 \ud800".encode("utf-8", "replace").decode(), published=dt.date(2026, 3, 1))


def test_the_cache_gives_back_what_it_got(tmp_path: Path) -> None:
    one = dataclasses.replace(record("2603.00001"), authors=("A", "B"), updated=dt.date(2026, 3, 2), withdrawn=True)
    with RecordCache.open(tmp_path) as cache:
        cache.put([one, record("hep-th/9901001")])
    with RecordCache.open(tmp_path) as cache:
        assert cache.get(["2603.00001", "2603.00002"]) == {"2603.00001": one}
        many = [record(f"2603.{n:05d}") for n in range(2000)]
        cache.put(many)
        assert len(cache.get(r.id for r in many)) == 2000


def test_a_damaged_cache_is_begun_anew(tmp_path: Path) -> None:
    with RecordCache.open(tmp_path) as cache:
        cache.put([record("2603.00001")])
    file = next(tmp_path.iterdir())
    file.write_bytes(b"this is no database" * 1000)
    with RecordCache.open(tmp_path) as cache:
        assert cache.get(["2603.00001"]) == {}
        cache.put([record("2603.00001")])
        assert set(cache.get(["2603.00001"])) == {"2603.00001"}


def test_a_row_that_makes_no_sense_is_not_there(tmp_path: Path) -> None:
    with RecordCache.open(tmp_path) as cache:
        cache.put([record("2603.00001")])
    with sqlite3.connect(next(tmp_path.iterdir())) as database:
        database.execute("INSERT INTO records VALUES ('a', '{}'), ('b', 'x'), ('c', '[1]')")
        database.execute("INSERT INTO records SELECT 'd', body FROM records WHERE id = '2603.00001'")
    database.close()
    with RecordCache.open(tmp_path) as cache:
        assert set(cache.get(["2603.00001", "a", "b", "c", "d"])) == {"2603.00001"}


def test_no_cache_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with RecordCache.open(tmp_path / "file") as cache:
        cache.put([record("2603.00001")])
        assert cache.get(["2603.00001"]) == {}


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MI_INDEX_CACHE", str(tmp_path / "x"))
    assert folder() == tmp_path / "x"
    monkeypatch.delenv("MI_INDEX_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "mi-index"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert folder() == Path.home() / ".cache" / "mi-index"
