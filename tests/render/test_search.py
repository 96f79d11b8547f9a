"""The search index: dealt out in parts, made by other processes, and failing with a reason."""

from __future__ import annotations

import gzip
import stat
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.render import vocabulary
from updater.render.catalogue import Catalogue
from updater.render.search import FOLDER, LAYOUT, Document, Index, SearchError, parts


@given(st.lists(st.integers(0, 50)), st.integers(1, 20))
def test_documents_are_dealt_out_so_that_places_can_be_told(places: list[int], size: int) -> None:
    belongs = parts(places, size)
    count = max(belongs, default=0) + 1
    sizes = [belongs.count(part) for part in range(count)]
    assert max(sizes) <= size or not places
    assert max(sizes) - min(sizes) <= 1
    order = sorted(range(len(places)), key=places.__getitem__)
    for rank, number in enumerate(order):
        within = [other for other in order if belongs[other] == belongs[number]].index(number)
        assert within * count + belongs[number] == rank


def made(folder: Path, size: int) -> Path:
    with Index(folder / "work", size) as index:
        index.add(Document(f"/{n}/", f"Title {n}", f"word{n} common", place=n) for n in range(10))
        index.write(folder / "site")
    assert not (folder / "work").exists()
    return folder / "site" / FOLDER


def urls(folder: Path) -> list[str]:
    out = []
    for file in folder.rglob("*.pf_fragment"):
        data = gzip.decompress(file.read_bytes())
        out.append(orjson.loads(data[data.index(b"{") :])["url"])
    return out


@pytest.mark.parametrize(("size", "count"), [(10, 1), (4, 3)])
def test_every_document_is_in_one_part(tmp_path: Path, size: int, count: int) -> None:
    (tmp_path / "site").mkdir()
    folder = made(tmp_path, size)
    assert orjson.loads((folder / LAYOUT).read_bytes()) == {"parts": count, "documents": 10}
    entries = [orjson.loads(file.read_bytes()) for file in sorted(folder.rglob("pagefind-entry.json"))]
    assert [entry["languages"]["en"]["page_count"] for entry in entries] == [10] if count == 1 else [5, 4, 4]
    assert sorted(url for url in urls(folder) if url.startswith("/")) == [f"/{n}/" for n in range(10)]
    assert len(list(folder.rglob("pagefind.js"))) == len(list(folder.rglob("wasm.*"))) == 1


def test_the_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for name in ("a", "b"):
        (tmp_path / name / "site").mkdir(parents=True)
        folder = made(tmp_path / name, 4)
        trees.append({f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()})
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    ("program", "reason"),
    [("exit 3", "ended"), ("head -c 20 >/dev/null; printf bm9uc2Vuc2U=,; sleep 60", "understood")],
)
def test_a_program_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    file = tmp_path / "pagefind"
    file.write_text(f"#!/bin/sh\n{program}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PAGEFIND_BINARY_PATH", str(file))
    with Index(tmp_path / "work") as index, pytest.raises(SearchError, match=reason):
        index.add([Document("/", "Title", "content")])
        index.write(tmp_path / "site")


def test_an_error_elsewhere_ends_the_work(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Index(tmp_path / "work") as index:
        index.add(Document(f"/{n}/", "Title", "content") for n in range(1000))
        index.begin()
        raise KeyError
    assert not (tmp_path / "work").exists()


def test_everything_can_be_found(catalogue: Catalogue, site: Path) -> None:
    found = urls(site / FOLDER)
    assert {f"/{one.path}" for one in (*catalogue.entries, *catalogue.items)} <= set(found)
    assert len(found) == orjson.loads((site / FOLDER / LAYOUT).read_bytes())["documents"]


def test_words_to_propose_are_the_frequent_ones_and_the_names_of_landmarks(catalogue: Catalogue) -> None:
    words = vocabulary.words(catalogue)
    assert len(set(words)) == len(words) and all(word == word.lower() for word in words)
    assert words.index("study") < words.index("counting") < words.index("refusal")
    assert {"hookkit", "wild"} <= set(words)
    assert "wheel" not in words  # once, and no landmark
