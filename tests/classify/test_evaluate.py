"""Figures, by hand on sets small enough to count."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import orjson
import pytest
from support.field import TOPICS, text

from updater.classify.active import suggest
from updater.classify.evaluate import (
    Item,
    Trainer,
    evaluate,
    learning_curve,
    month_by_month,
    outside,
    ranking,
    readers,
    time_ordered,
)
from updater.classify.examples import Example, Judged, Label
from updater.classify.explain import explain
from updater.classify.model import Classifier, Thresholds
from updater.classify.peers import measure
from updater.index.taxonomy import Taxonomy
from updater.records import Record
from updater.settings import Classifier as Settings
from updater.verdict import Verdict


def test_ranking_by_hand() -> None:
    truth = np.array(["in", "out", "in", "borderline", "out"])
    score = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    figures = ranking(score, truth, np.ones(5))
    assert figures["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["f1"] == pytest.approx(0.8)  # all down to 3: precision 2/3, recall 1
    assert figures["threshold"] == 3.0
    assert figures["precision_at_recall_90"] == pytest.approx(2 / 3)


def test_borderline_counts_only_where_it_is_said() -> None:
    truth, score = np.array(["borderline", "in", "out"]), np.array([3.0, 2.0, 1.0])
    figures = ranking(score, truth, np.ones(3))
    assert figures["f1"] == figures["average_precision"] == 1
    assert figures["precision_at_recall_90"] == 0.5


def test_weights_count_records_of_the_stream() -> None:
    truth, score = np.array(["in", "out"]), np.array([1.0, 2.0])
    assert ranking(score, truth, np.array([1.0, 3.0]))["precision"] == pytest.approx(0.25)


def item(truth: str, probability: float, primary: str = "a", categories: tuple[str, ...] = ("a",), n: int = 0) -> Item:
    verdict = Verdict(
        f"2501.{n:05d}", probability, "accept", primary, ((primary, 0.9),), {"object": ("x",)}, score=probability
    )
    label = Label(verdict.id, truth, "", categories if truth == "in" else (), {"object": ("x",)})  # type: ignore[arg-type]
    return Item(Record(verdict.id, "t"), Judged(label, 1.0), verdict)


def test_a_report_by_hand() -> None:
    items = [
        item("in", 0.95),
        item("in", 0.85, "b", ("a", "c")),
        item("in", 0.05),
        item("out", 0.75),
        item("out", 0.05),
    ]
    report = evaluate([*items, item("borderline", 0.9)], Thresholds(0.6, 0.1), 2.0, "by hand")
    assert report.set["prevalence"] == 0.5
    accept = report.thresholds["accept"]
    assert accept["precision"] == pytest.approx(2 / 3)
    assert accept["precision_with_borderline"] == pytest.approx(0.5)
    assert accept["recall"] == pytest.approx(2 / 3)
    assert accept["cost"] == pytest.approx(1000 * (2 + 1) / 6)
    assert report.categories["primary"] == report.categories["primary_within"] == pytest.approx(2 / 3)
    assert report.categories["micro_f1"] == pytest.approx(2 * 2 / (3 + 4))
    assert report.confusion == [{"labelled": "a", "predicted": "b", "papers": 1}]
    assert report.facets["micro_f1"] == 1
    assert {m["truth"] for m in report.mistakes} == {"in", "out"}
    assert report.relevance["calibration_error"] == pytest.approx((0.05 + 0.15 + 0.75 + 2 * 0.45) / 5)
    assert orjson.loads(report.to_json())["set"]["name"] == "by hand"


def test_a_set_without_works_in_scope_is_refused() -> None:
    with pytest.raises(ValueError, match="in scope"):
        evaluate([item("out", 0.5)], Thresholds(0.6, 0.1), 1.0, "")


def test_readers() -> None:
    a, b = Label("x", "in", "", ("p", "q")), Label("x", "borderline", "", ("p",))
    assert readers([Judged(a, 1.0)]) is None
    figures = readers([Judged(a, 1.0, a), Judged(a, 1.0, b), Judged(Label("y", "out"), 1.0, Label("y", "out"))])
    assert figures is not None
    assert figures["agreement"] == pytest.approx(2 / 3)
    assert figures["categories"] == pytest.approx(2 * 3 / 7)


def test_newer_works_are_judged_by_models_of_older_ones(examples: list[Example], taxonomy: Taxonomy) -> None:
    trainer = Trainer(taxonomy, Settings(prevalence=0.3))
    items = time_ordered(examples, trainer)
    assert len(items) > 20
    assert min(i.record.id for i in items) > sorted(e.record.id for e in examples)[len(examples) // 2]
    report = evaluate(items, Thresholds(0.6, 0.1), 1.0, "folds")
    assert report.relevance["f1"] > 0.9
    curve = learning_curve(examples, [i.judged for i in items], {i.record.id: i.record for i in items}, trainer, "")
    assert [row["share"] for row in curve][-1] == 1.0


def dated(month: str, numbers: range, examples: list[Example]) -> list[Example]:
    """Some of the examples as if they were of that month."""
    out = []
    for n in numbers:
        id_ = f"{month}.{n:05d}"
        out.append(Example(replace(examples[n].label, id=id_), replace(examples[n].record, id=id_)))
    return out


def test_every_record_of_a_month_is_judged_by_a_model_of_older_ones(
    examples: list[Example], taxonomy: Taxonomy
) -> None:
    past, before, newest = (
        dated(m, r, examples) for m, r in (("2501", range(80)), ("2502", range(80, 120)), ("2503", range(120, 160)))
    )
    held = [Judged(e.label, 1.0) for e in newest if e.label.relevance == "in"]
    labelled = [*past, *before, *(e for e in newest if e.label.relevance != "in")]
    unread = Record("2503.99999", "Induction head circuits", "patching a circuit path edge of an induction head")
    stream = [*(e.record for e in (*newest, *past, *before)), unread, Record("math/0001001", "Old", "circuit")]
    seen: list[list[str]] = []

    class Watched(Trainer):
        def classifier(self, examples: Sequence[Example]) -> Classifier:
            seen.append([e.record.id for e in examples])
            return super().classifier(examples)

    rows = month_by_month(labelled, held, [*stream, unread], Watched(taxonomy, Settings(prevalence=0.3)), 2)
    assert [sorted({id_[:4] for id_ in ids}) for ids in seen] == [["2501"], ["2501", "2502"]]
    assert [row["month"] for row in rows] == ["2025-02", "2025-03", None]
    assert [row["records"] for row in rows] == [40, 41, 81]
    assert rows[1]["in"] == len(held)
    assert rows[0]["average_precision"] > 0.95
    assert rows[1]["precision_at_recall_90"] < 1  # what nobody read counts as wrong
    assert rows[-1]["in"] == rows[0]["in"] + rows[1]["in"]


def test_months_without_a_past_are_left_out(examples: list[Example], taxonomy: Taxonomy) -> None:
    trainer = Trainer(taxonomy, Settings(prevalence=0.3))
    assert month_by_month(examples, [], [e.record for e in examples], trainer) == []
    assert month_by_month(examples, [], [], trainer) == []


def test_peers_are_measured_on_the_same_records(
    examples: list[Example], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("root")
    (root / "resources/evaluation").mkdir(parents=True)
    (root / "resources/evaluation/keywords.txt").write_text("# list\nsteering\ncircuit\n")
    judged = [
        Judged(Label(e.label.id, "out") if e.label.relevance == "background" else e.label, 1.0) for e in examples[:40]
    ]
    rows = {r["name"]: r for r in measure(examples, judged, [e.record for e in examples[:40]], "no such phrase", root)}
    assert rows["phrase"]["recall"] == 0
    assert rows["keywords"]["recall"] > 0.8
    assert rows["plain"]["f1"] == 1  # the texts are easy, and it was fitted to them
    assert rows["sanity"]["average_precision"] > 0.9
    assert rows["plain"]["categories"] == {"micro_f1": 1, "primary": 1, "primary_within": 1}
    assert "categories" not in rows["sanity"]


def test_facets_as_others_labelled_them_are_told_by_a_model_that_did_not_see_these_works(
    examples: list[Example], taxonomy: Taxonomy
) -> None:
    seen: list[set[str]] = []

    class Watched(Trainer):
        def classifier(self, examples: Sequence[Example]) -> Classifier:
            seen.append({e.label.id for e in examples})
            return super().classifier(examples)

    circuits = [e for e in examples if e.label.categories == ("circuits",)][:8]
    theirs = {"object": ("head",), "goal": ("safety",)}
    rows = [Judged(Label(e.label.id, "in", "", (), theirs), 1.0) for e in circuits]
    records = {e.record.id: e.record for e in circuits[:6]}
    figures = outside(examples, rows, records, Watched(taxonomy, Settings(prevalence=0.3)))
    assert figures["works"] == 6
    by_facet = {row["facet"]: row for row in figures["each"]}
    assert by_facet["object"]["recall"] == 1
    assert by_facet["goal"]["recall"] == 0  # no example has it, so nothing can have learnt it
    assert not seen[0] & records.keys()
    assert len(seen[0]) == len(examples) - 6


def test_explanations_name_the_categories(classifier: Classifier) -> None:
    record = Record("x", "Steering vector", text(random.Random(3), "steering"))
    why = explain(classifier, record)
    assert why.verdict.intercept + sum(w for _, w in why.parts) == pytest.approx(why.verdict.score, abs=1e-9)
    assert why.categories[0].slug == why.verdict.primary == "steering"
    assert why.categories[0].given
    assert why.categories[0].because[0][1] > 0


def test_suggestions_are_doubtful_and_unlike_each_other(classifier: Classifier) -> None:
    rng = random.Random(8)
    mixed = [f"{text(rng, 'steering', 20)} {text(rng, 'background', n)}" for n in range(20, 60)]
    sure = [text(rng, topic, 60) for topic in TOPICS for _ in range(10)]
    records = [Record(f"{n:04d}", t) for n, t in enumerate([*mixed, mixed[0], *sure])]
    chosen = suggest(iter(records), 5, classifier)
    assert len(chosen) == len({s.id for s in chosen}) == 5
    assert all(0.02 < s.probability < 0.98 for s in chosen)
    assert chosen == suggest(reversed(records), 5, classifier)
    assert not {"0000", "0040"} <= {s.id for s in chosen}  # the same text twice teaches nothing
    assert suggest([], 3, classifier) == []
    assert len(suggest(records[:2], 3, classifier)) == 2
