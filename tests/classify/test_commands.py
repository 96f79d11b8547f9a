"""`train`, `evaluate`, `explain` and `classify` as a person runs them, on a made-up index with its own taxonomy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from updater.classify.evaluate import Trainer
from updater.classify.examples import Example
from updater.cli import main
from updater.cli.classifier import REPORT, _months
from updater.errors import DataError, SourceError, UsageError
from updater.fetch.cache import RecordCache
from updater.index.taxonomy import Taxonomy
from updater.settings import Classifier as Settings

PROJECT = Path(__file__).parents[2]
GOLD = ("2501.00140", "2501.00141", "2501.00142", "2501.00143", "2501.00144", "2501.00146")


@pytest.fixture(scope="module")
def place(examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index whose papers, rejected and background works are the examples, and a corpus beside it."""
    folder = tmp_path_factory.mktemp("place")
    index = folder / "index/resources"
    (index / "papers").mkdir(parents=True)
    (index / "evaluation").mkdir()
    for name in ("settings.yml", "venues.yml"):
        (index / name).write_bytes((PROJECT / "resources" / name).read_bytes())
    facets = {"object": ["head"], "localize": ["l"], "steer": ["s"], "goal": ["safety"]}
    taxonomy = {
        "scope": {"in": "a", "borderline": "b", "out": "c"},
        "groups": [{"slug": "methods", "title": "Methods"}],
        "categories": [
            {"slug": s, "title": s, "group": "methods", "definition": s} for s in ("circuits", "steering", "never")
        ],
        "facets": [
            {"slug": f, "title": f, "question": "?", "values": [{"slug": v, "title": v} for v in values]}
            for f, values in facets.items()
        ],
    }
    (index / "taxonomy.yml").write_text(yaml.safe_dump(taxonomy))
    papers, rejected, background, gold = [], [], [], []
    for example in examples:
        label = example.label
        if label.relevance == "in":
            papers.append(
                {
                    "id": label.id,
                    "title": example.record.title,
                    "date": "2025-01-01",
                    "categories": list(label.categories),
                    "object": list(label.facets["object"]),
                    "status": "curated",
                }
            )
        elif label.relevance == "out":
            rejected.append({"id": label.id})
        else:
            background.append(label.id)
        if label.id in GOLD:
            inside = label.relevance == "in"
            gold.append(
                {
                    "id": label.id,
                    "relevance": 2 * inside,
                    "weight": 2,
                    **({"primary": label.categories[0]} if inside else {}),
                }
            )
    for name, entries in (("papers/2025-01", papers), ("rejected", rejected), ("background", background)):
        (index / f"{name}.yml").write_text(yaml.safe_dump(entries, sort_keys=False))
    (index / "evaluation/gold.jsonl").write_text("".join(json.dumps(g) + "\n" for g in gold))
    (folder / "corpus.jsonl").write_text(
        "".join(
            json.dumps({"id": e.record.id, "title": e.record.title, "abstract": e.record.abstract}) + "\n"
            for e in examples
        )
    )
    return folder


def mi(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--root", str(place / "index"), *arguments])


@pytest.fixture(scope="module")
def model(place: Path) -> Path:
    result = mi(place, "train", "--corpus", str(place / "corpus.jsonl"), "--out", str(place / "model.zip"))
    assert result.exception is None, result.output
    assert f"{len(GOLD)} held out" in result.output
    return place / "model.zip"


def test_train_says_what_is_missing(place: Path) -> None:
    empty = place / "empty.jsonl"
    empty.write_text("")
    result = mi(place, "train", "--corpus", str(empty), "--out", str(place / "none.zip"))
    assert isinstance(result.exception, DataError)
    assert "too few" in str(result.exception)
    assert not (place / "none.zip").exists()


def test_evaluate_on_a_gold_set_writes_the_report(place: Path, model: Path) -> None:
    gold = place / "index/resources/evaluation/gold.jsonl"
    arguments = ["evaluate", "--gold", str(gold), "--corpus", str(place / "corpus.jsonl"), "--model", str(model)]
    result = mi(place, *arguments, "--write")
    assert result.exception is None, result.output
    assert "average precision 1.0000" in result.output
    assert "peer phrase" in result.output
    report = json.loads((place / "index/resources/evaluation/report.json").read_text())
    assert report["set"]["records"] == len(GOLD)
    assert [p["name"] for p in report["peers"]][:2] == ["phrase", "plain"]
    assert report["learning"][-1]["share"] == 1.0
    assert json.loads(mi(place, *arguments, "--no-peers", "--no-curve", "--json").stdout)["relevance"]["f1"] == 1.0


def test_months_of_the_last_report_stand_where_there_is_no_corpus(place: Path, taxonomy: Taxonomy) -> None:
    root = place / "index"
    months = [{"month": None, "records": 1}]
    report = root / REPORT
    report.write_text(json.dumps({"months": months}))
    trainer = Trainer(taxonomy, Settings())
    assert _months(root, [], [], None, trainer) == months
    assert _months(root, [], [], place / "corpus.jsonl", trainer) == []  # too few examples in this corpus
    report.unlink()
    assert _months(root, [], [], None, trainer) == []


def test_evaluate_without_a_gold_set_tests_newer_works(place: Path, model: Path) -> None:
    result = mi(place, "evaluate", "--corpus", str(place / "corpus.jsonl"), "--model", str(model))
    assert result.exception is None, result.output
    assert "time-ordered folds" in result.output


def test_a_damaged_gold_set_is_named(place: Path, model: Path) -> None:
    bad = place / "bad.jsonl"
    bad.write_text('{"id": "x", "relevance": 2}\n{"id": "y", "relevance": 7}\n')
    result = mi(place, "evaluate", "--gold", str(bad), "--corpus", str(place / "corpus.jsonl"), "--model", str(model))
    assert isinstance(result.exception, DataError)
    assert "bad.jsonl:2" in str(result.exception)


def test_explain_adds_up(place: Path, model: Path) -> None:
    arguments = ["explain", "2501.00001", "--corpus", str(place / "corpus.jsonl"), "--model", str(model)]
    why = json.loads(mi(place, *arguments, "--json").stdout)
    total = why["verdict"]["intercept"] + sum(weight for _, weight in why["parts"])
    assert total == pytest.approx(why["verdict"]["score"], abs=1e-9)
    shown = mi(place, *arguments, "--all").output
    assert "steering" in shown
    assert "primary" in shown
    nobody = mi(place, "explain", "2501.99999", "--corpus", str(place / "corpus.jsonl"))
    assert isinstance(nobody.exception, UsageError)


def test_classify_is_a_filter(place: Path, model: Path) -> None:
    command = [sys.executable, "-m", "updater", "--root", str(place / "index"), "classify", "--model", str(model)]
    good, bad = b'{"id": "a", "title": "A circuit"}\n', b"nothing\n"
    fine = subprocess.run(command, input=good, capture_output=True, check=True, cwd=PROJECT)
    assert json.loads(fine.stdout)["id"] == "a"
    mixed = subprocess.run(command, input=bad + good, capture_output=True, check=False, cwd=PROJECT)
    assert mixed.returncode == 1
    assert json.loads(mixed.stdout)["id"] == "a"
    assert mixed.stderr.startswith(b"line 1: not JSON")


def test_a_source_that_fails_for_the_last_few_stops_nobody(
    place: Path, examples: list[Example], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise SourceError("the search API returned none of 3 ids")

    monkeypatch.setenv("MI_INDEX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("updater.fetch.by_id", refused)
    out = tmp_path / "model.zip"
    nothing = mi(place, "train", "--out", str(out))
    assert isinstance(nothing.exception, SourceError)
    with RecordCache.open() as cache:
        cache.put([e.record for e in examples[4:]])
    result = mi(place, "train", "--out", str(out))
    assert result.exception is None, result.output
    assert "going on without 4 of" in result.output
    assert out.exists()
