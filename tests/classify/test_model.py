"""Verdicts: what explains them adds up, order and batches do not matter, nothing foreign breaks them."""

from __future__ import annotations

import io
import json
import math
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.field import TOPICS, text

from updater.classify.examples import Example
from updater.classify.model import Classifier, Model, load, parse, read, save, write
from updater.classify.train import best_thresholds, fit, steady_thresholds
from updater.errors import UsageError
from updater.index.taxonomy import Taxonomy
from updater.records import Record
from updater.settings import Classifier as Settings

RECORDS = st.builds(
    Record,
    st.just("2501.00001"),
    st.text(max_size=60),
    st.one_of(st.text(max_size=300), st.integers(0, 999).map(lambda n: text(random.Random(n), "circuits"))),
)


@given(RECORDS)
def test_the_parts_add_up_to_the_score(classifier: Classifier, record: Record) -> None:
    verdict = next(classifier.classify([record]))
    parts = classifier.contributions(record)
    assert math.isclose(verdict.intercept + sum(w for _, w in parts), verdict.score, abs_tol=1e-9)
    assert math.isclose(verdict.probability, 1 / (1 + math.exp(-verdict.score)), rel_tol=1e-9)
    shown, whole = [w for _, w in verdict.because], dict(parts)
    assert [abs(w) for w in shown] == pytest.approx([abs(w) for _, w in parts[: len(shown)]], abs=1e-4)
    assert shown == pytest.approx([whole[term] for term, _ in verdict.because], abs=1e-4)


def test_the_parts_add_up_in_the_shipped_model() -> None:
    classifier = load()
    record = Record(
        "2501.00001", "Sparse autoencoders find steering vectors", "We train probes on the residual stream. " * 9
    )
    verdict = next(classifier.classify([record]))
    assert len(classifier.contributions(record)) > 10
    total = verdict.intercept + sum(w for _, w in classifier.contributions(record))
    assert math.isclose(total, verdict.score, abs_tol=1e-9)


@settings(max_examples=25)
@given(st.lists(RECORDS, max_size=12), st.integers(1, 5))
def test_batches_do_not_matter(classifier: Classifier, records: list[Record], batch: int) -> None:
    assert list(classifier.classify(records, batch)) == list(classifier.classify(records))
    assert list(classifier.classify(records)) == [next(classifier.classify([record])) for record in records]


def test_order_is_kept(classifier: Classifier) -> None:
    rng = random.Random(1)
    records = [Record(f"x-{n}", text(rng, rng.choice(list(TOPICS))), "") for n in range(250)]
    assert [v.id for v in classifier.classify(iter(records), 16)] == [r.id for r in records]


def test_it_learns(classifier: Classifier) -> None:
    rng = random.Random(99)
    for topic in TOPICS:
        verdict = next(classifier.classify([Record("x", text(rng, topic, 8), text(rng, topic, 60))]))
        inside = topic in ("circuits", "steering")
        assert (verdict.decision == "accept") == inside
        if inside:
            assert verdict.primary == verdict.categories[0][0] == topic
            assert verdict.facets["object"] == (("head",) if topic == "circuits" else ())
            assert verdict.facets["goal"] == ()


@pytest.mark.parametrize(
    "abstract",
    [
        "",
        "我们研究电路。" * 50,
        "Мы изучаем цепи " * 30,
        "a" * 100_000,
        "circuit " * 20_000,
        "\ud800 \x00 \u202e e\u0301",
        "🙂" * 500,
    ],
)
def test_every_record_gets_an_answer(classifier: Classifier, abstract: str) -> None:
    verdict = next(classifier.classify([Record("x", "", abstract)]))
    assert 0 <= verdict.probability <= 1
    assert 1 <= len(verdict.categories) <= 4
    assert verdict.primary == verdict.categories[0][0]


def test_only_the_beginning_of_an_endless_text_is_read(classifier: Classifier) -> None:
    long = "circuit " * 2_500
    assert (
        next(classifier.classify([Record("x", "", long)])).score
        == next(classifier.classify([Record("x", "", long + "hospital " * 99_999)])).score
    )


def test_accents_and_plurals_are_one_term(classifier: Classifier) -> None:
    one, two = classifier.classify([Record("x", "Circuits and vectors"), Record("x", "Círcuit and vector")])
    assert one.score == two.score


def test_training_twice_gives_the_same_bytes(model: Model, examples: list[Example], taxonomy: Taxonomy) -> None:
    assert write(fit(examples, taxonomy, Settings(prevalence=0.3))) == write(
        fit(examples, taxonomy, Settings(prevalence=0.3))
    )


def test_the_file_gives_the_model_back(model: Model, tmp_path: Path) -> None:
    size = save(model, tmp_path / "deep" / "model.zip")
    again = read(tmp_path / "deep" / "model.zip")
    assert size == (tmp_path / "deep" / "model.zip").stat().st_size
    assert again.terms == model.terms
    assert (again.relevance.weights == model.relevance.weights).all()
    assert write(parse(write(again))) == write(again)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(b"not a zip")
    for name in ("model.zip", "missing.zip"):
        with pytest.raises(UsageError, match=rf"{name}.*mi-index train"):
            load(tmp_path / name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("voice", "we"),
        ("voice", ["a b c"]),
        ("aim_words", "many"),
        ("emphases", []),
        ("emphases", [{"title": 2.0}]),
        ("emphases", [{"subtitle": 2.0}, {}]),
        ("emphases", [{"title": 0.5}, {}]),
    ],
)
def test_damaged_descriptions_are_refused(model: Model, tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(io.BytesIO(write(model))) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, json.dumps({**json.loads(content), key: value}) if name == "meta.json" else content)
    with pytest.raises(UsageError, match=r"model.zip: this is not a model .*mi-index train"):
        load(path)


def thresholds(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, truth and weights of a common column with a high best threshold, a rare one with a low one, and an empty one."""
    rng = np.random.default_rng(seed)
    truth = np.zeros((400, 3), bool)
    truth[:200, 0] = truth[:8, 1] = True
    scores = np.where(truth, 1.0, -1.0) + rng.normal(0, 0.3, truth.shape)
    scores[:, 0] += 3
    scores[:, 1] -= 3
    scores[:, 2] = -10
    return scores, truth, np.ones(400)


def test_thresholds_are_drawn_towards_the_common_one() -> None:
    scores, truth, weights = thresholds()
    own, drawn, common = (steady_thresholds(scores, truth, weights, pull) for pull in (0, 50, 1e9))
    assert (own == best_thresholds(scores, truth, weights)).all()
    assert np.ptp(common) < 1e-3
    assert abs(own[1] - common[1]) > 1
    assert drawn[1] == pytest.approx((8 * own[1] + 50 * common[1]) / 58, abs=1e-5)
    assert drawn[0] == pytest.approx((200 * own[0] + 50 * common[0]) / 250, abs=1e-5)
    assert drawn[2] == pytest.approx(common[2])
    assert not (scores[:, 2] > drawn[2]).any()


def test_too_few_examples_are_refused(examples: list[Example], taxonomy: Taxonomy) -> None:
    with pytest.raises(ValueError, match="too few"):
        fit(examples[:12], taxonomy, Settings())


def test_inference_does_not_import_scikit_learn() -> None:
    code = (
        "import sys; from updater.classify import load; from updater.records import Record;"
        "list(load().classify([Record('x', 'A circuit', 'in a model')]));"
        "print([m for m in sys.modules if m.startswith(('sklearn', 'pandas', 'matplotlib'))])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
