"""How good the model is: figures on works that it never saw, beside those of its peers on the same works.

The report is one JSON object (`Report.to_json`), which the site's page "How papers are chosen" shows:

    set           name, records, weight, prevalence, in, borderline, out, first, last (months of the ids)
    relevance     f1, threshold, precision, recall (at the threshold with the best F1), average_precision,
                  precision_at_recall_90 (borderline counted as wrong), calibration_error, f1_interval (95 % bootstrap)
    thresholds    junk_cost and, for accept, review and cheapest: probability, precision, recall,
                  precision_with_borderline (borderline counted as wrong), cost for each 1,000 records
    calibration   ten bins: from, to, weight, predicted, observed
    categories    micro_f1, primary, primary_within, given, labelled (means a paper), each: slug, precision, recall, f1, support
    confusion     pairs of neighbours: labelled, predicted, papers (the twenty commonest mistakes of the primary category)
    facets        micro_f1, each: facet, value, precision, recall, f1, support
    outside       facets of works as others labelled them: works, micro_f1, each facet: facet, precision, recall, f1, support
    peers         name, f1, precision, recall, average_precision (null where a peer does not rank), precision_at_recall_90, and
                  categories (micro_f1, primary, primary_within) of the plain one
    learning      share, examples, f1, average_precision, categories, primary
    months        one row a month, the last one for all of them (month null): month, records, in, borderline, f1, precision,
                  recall, average_precision, precision_at_recall_90, micro_f1, primary, primary_within
    mistakes      id, truth, probability, because (pairs of term and weight)
    readers       records, agreement, kappa, f1, categories, primary_within (of the second reader, against the first)

Borderline works are left aside except where it says otherwise. Records count by their weight: how many records of the stream
each stands for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from updater.classify.examples import Example, Judged, Label
from updater.classify.model import Classifier, Thresholds, stored
from updater.classify.train import fit, stream_weights
from updater.index.taxonomy import Taxonomy
from updater.records import Record
from updater.settings import Classifier as Settings
from updater.verdict import Verdict

Array = npt.NDArray[Any]
_BINS: Final = 10
_RECALL: Final = 0.9
_RESAMPLES: Final = 400
_MISTAKES: Final = 20
_SHARES: Final = (0.1, 0.25, 0.5, 0.75, 1.0)
_ARXIV: Final = re.compile(r"(\d{4})\.\d{4,5}")
_CUTS: Final = (0.7, 0.85)
"""Shares of the labelled works, oldest first, at which the time-ordered folds begin to be tested."""


@dataclass(frozen=True, slots=True)
class Item:
    """One record of an evaluation set with what was said of it."""

    record: Record
    judged: Judged
    verdict: Verdict


@dataclass(slots=True)
class Report:
    """All figures; the keys are told in the module."""

    set: dict[str, Any]
    relevance: dict[str, Any]
    thresholds: dict[str, Any]
    calibration: list[dict[str, Any]]
    categories: dict[str, Any]
    confusion: list[dict[str, Any]]
    facets: dict[str, Any]
    mistakes: list[dict[str, Any]]
    readers: dict[str, Any] | None = None
    outside: dict[str, Any] | None = None
    peers: list[dict[str, Any]] = field(default_factory=list)
    learning: list[dict[str, Any]] = field(default_factory=list)
    months: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> bytes:
        """The report as bytes, figures to four places."""
        return orjson.dumps(_rounded(asdict(self)), option=orjson.OPT_INDENT_2) + b"\n"


def evaluate(items: Sequence[Item], thresholds: Thresholds, junk_cost: float, name: str) -> Report:
    """All figures of one set of verdicts.

    Raises
    ------
    ValueError
        The set has no work in scope, or none out of it.
    """
    truth = np.array([item.judged.label.relevance for item in items])
    weight = np.array([item.judged.weight for item in items])
    score = np.array([item.verdict.score for item in items])
    probability = np.array([item.verdict.probability for item in items])
    settled = truth != "borderline"
    inside = truth == "in"
    if not inside.any() or not (truth == "out").any():
        raise ValueError("works in scope and works out of scope are both needed")
    months = sorted(item.record.id[:4] for item in items if item.record.id[:4].isdigit())
    return Report(
        set={
            "name": name,
            "records": len(items),
            "weight": weight.sum(),
            "prevalence": weight[inside].sum() / weight.sum(),
            **{kind: int((truth == kind).sum()) for kind in ("in", "borderline", "out")},
            "first": months[0] if months else "",
            "last": months[-1] if months else "",
        },
        relevance={
            **ranking(score, truth, weight),
            "calibration_error": _calibration_error(probability[settled], inside[settled], weight[settled]),
            "f1_interval": _interval(score[settled], inside[settled], weight[settled]),
        },
        thresholds=_thresholds(probability, truth, weight, thresholds, junk_cost),
        calibration=_bins(probability[settled], inside[settled], weight[settled]),
        categories=_categories([i for i in items if i.judged.label.relevance == "in" and i.judged.label.categories]),
        confusion=_confusion(items),
        facets=_facets([i for i in items if i.judged.label.relevance == "in"]),
        mistakes=_mistakes(items),
        readers=readers([item.judged for item in items]),
    )


def ranking(score: Array, truth: Array, weight: Array) -> dict[str, float]:
    """F1 at its best threshold, average precision, and the precision at a recall of 0.9 with borderline counted as wrong."""
    settled = truth != "borderline"
    precision, recall, at = _curve(score[settled], (truth == "in")[settled], weight[settled])
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(f1.argmax())
    strict, strict_recall, _ = _curve(score, truth == "in", weight)
    steps = np.diff(recall, prepend=0.0)
    return {
        "f1": float(f1[best]),
        "threshold": float(at[best]),
        "precision": float(precision[best]),
        "recall": float(recall[best]),
        "average_precision": float((steps * precision).sum()),
        "precision_at_recall_90": float(strict[strict_recall >= _RECALL - 1e-12].max(initial=0.0)),
    }


def _curve(score: Array, inside: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Precision and recall at every distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(weight[order] * inside[order])
    total = np.cumsum(weight[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    return hits[last] / total[last], hits[last] / max(float(hits[-1]), 1e-12), score[order][last]


def _interval(score: Array, inside: Array, weight: Array) -> list[float]:
    """95 % interval of the best F1 by resampling the set (Efron's percentile bootstrap)."""
    rng = np.random.default_rng(0)
    out = []
    truth = np.where(inside, "in", "out")
    for _ in range(_RESAMPLES):
        at = rng.integers(0, len(score), len(score))
        if inside[at].any():
            out.append(ranking(score[at], truth[at], weight[at])["f1"])
    return [float(np.percentile(out, 2.5)), float(np.percentile(out, 97.5))]


def _bins(probability: Array, inside: Array, weight: Array) -> list[dict[str, Any]]:
    number = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    out = []
    for k in range(_BINS):
        here = number == k
        total = float(weight[here].sum())
        out.append(
            {
                "from": k / _BINS,
                "to": (k + 1) / _BINS,
                "weight": total,
                "predicted": float((probability * weight)[here].sum() / total) if total else None,
                "observed": float((inside * weight)[here].sum() / total) if total else None,
            }
        )
    return out


def _calibration_error(probability: Array, inside: Array, weight: Array) -> float:
    """Expected calibration error in ten equal bins (Naeini, Cooper and Hauskrecht, AAAI 2015)."""
    filled = [b for b in _bins(probability, inside, weight) if b["weight"]]
    return float(sum(b["weight"] * abs(b["predicted"] - b["observed"]) for b in filled) / weight.sum())


def _thresholds(
    probability: Array, truth: Array, weight: Array, thresholds: Thresholds, junk_cost: float
) -> dict[str, Any]:
    inside, out = truth == "in", truth == "out"

    def at(threshold: float) -> dict[str, float]:
        given = probability >= threshold
        hits, junk = float(weight[given & inside].sum()), float(weight[given & out].sum())
        missed = float(weight[~given & inside].sum())
        all_given = float(weight[given].sum())
        return {
            "probability": threshold,
            "precision": hits / max(hits + junk, 1e-12),
            "recall": hits / max(hits + missed, 1e-12),
            "precision_with_borderline": hits / max(all_given, 1e-12),
            "cost": 1000 * (junk_cost * junk + missed) / float(weight.sum()),
        }

    candidates = [at(k / 100) for k in range(1, 100)]
    return {
        "junk_cost": junk_cost,
        "accept": at(thresholds.accept),
        "review": at(thresholds.review),
        "cheapest": min(candidates, key=lambda c: c["cost"]),
    }


def _share(hits: float, given: float, wanted: float) -> dict[str, float | None]:
    return {
        "precision": hits / given if given else None,
        "recall": hits / wanted if wanted else None,
        "f1": 2 * hits / (given + wanted) if given + wanted else None,
        "support": wanted,
    }


def _sets(items: Sequence[Item]) -> tuple[list[frozenset[str]], list[frozenset[str]]]:
    given = [frozenset(slug for slug, _ in item.verdict.categories) for item in items]
    return given, [frozenset(item.judged.label.categories) for item in items]


def _categories(items: Sequence[Item]) -> dict[str, Any]:
    given, wanted = _sets(items)
    number = max(len(items), 1)
    slugs = sorted({s for labels in (*given, *wanted) for s in labels})
    hits = sum(len(g & w) for g, w in zip(given, wanted, strict=True))
    return {
        "papers": len(items),
        "micro_f1": 2 * hits / max(sum(map(len, given)) + sum(map(len, wanted)), 1),
        "primary": sum(i.verdict.primary == i.judged.label.categories[0] for i in items) / number,
        "primary_within": sum(i.verdict.primary in w for i, w in zip(items, wanted, strict=True)) / number,
        "given": sum(map(len, given)) / number,
        "labelled": sum(map(len, wanted)) / number,
        "each": [
            {
                "slug": slug,
                **_share(
                    sum(slug in g and slug in w for g, w in zip(given, wanted, strict=True)),
                    sum(slug in g for g in given),
                    sum(slug in w for w in wanted),
                ),
            }
            for slug in slugs
        ],
    }


def _confusion(items: Sequence[Item], number: int = 20) -> list[dict[str, Any]]:
    pairs = Counter(
        (item.judged.label.categories[0], item.verdict.primary)
        for item in items
        if item.judged.label.relevance == "in"
        and item.judged.label.categories
        and item.judged.label.categories[0] != item.verdict.primary
    )
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:number]
    return [{"labelled": labelled, "predicted": predicted, "papers": n} for (labelled, predicted), n in ranked]


def _facets(items: Sequence[Item]) -> dict[str, Any]:
    given: Counter[tuple[str, str]] = Counter()
    wanted: Counter[tuple[str, str]] = Counter()
    right: Counter[tuple[str, str]] = Counter()
    for item in items:
        said = {(f, v) for f, values in item.verdict.facets.items() for v in values}
        true = {(f, v) for f, values in item.judged.label.facets.items() for v in values}
        given.update(said)
        wanted.update(true)
        right.update(said & true)
    return {
        "micro_f1": 2 * right.total() / max(given.total() + wanted.total(), 1),
        "each": [
            {"facet": key[0], "value": key[1], **_share(right[key], given[key], wanted[key])}
            for key in sorted(given | wanted)
        ],
    }


def outside(
    examples: Sequence[Example], judged: Sequence[Judged], records: Mapping[str, Record], trainer: Trainer
) -> dict[str, Any]:
    """Facets as others labelled them, told by a model that was not trained on these works.

    Others may name one value where our readers name several, so that recall says more than precision.
    """
    tested = frozenset(records)
    classifier = trainer.classifier([e for e in examples if e.label.id not in tested])
    items = items_of(classifier, judged, records)
    names = sorted({facet for item in items for facet, values in item.judged.label.facets.items() if values})
    rows, total = [], [0, 0, 0]
    for name in names:
        pairs = [
            (set(item.verdict.facets.get(name, ())), set(item.judged.label.facets[name]))
            for item in items
            if item.judged.label.facets.get(name)
        ]
        counts = sum(len(g & w) for g, w in pairs), sum(len(g) for g, _ in pairs), sum(len(w) for _, w in pairs)
        total = [a + b for a, b in zip(total, counts, strict=True)]
        rows.append({"facet": name, **_share(*counts)})
    return {"works": len(items), "micro_f1": _share(*total)["f1"], "each": rows}


def _mistakes(items: Sequence[Item]) -> list[dict[str, Any]]:
    def badness(item: Item) -> float:
        p = item.verdict.probability
        return {"in": 1 - p, "out": p}.get(item.judged.label.relevance, 0.0)

    worst = sorted((item for item in items if badness(item) > 0.5), key=lambda i: (-badness(i), i.record.id))
    return [
        {
            "id": item.record.id,
            "truth": item.judged.label.relevance,
            "probability": item.verdict.probability,
            "because": [list(part) for part in item.verdict.because],
        }
        for item in worst[:_MISTAKES]
    ]


def readers(judged: Sequence[Judged]) -> dict[str, Any] | None:
    """Agreement of the second reader with the first, where two read: share, Cohen's kappa, and F1 as for the model."""
    both = [(j.label, j.second) for j in judged if j.second is not None]
    if not both:
        return None
    kinds = ("in", "borderline", "out")
    agreement = sum(a.relevance == b.relevance for a, b in both) / len(both)
    chance = sum(
        sum(a.relevance == k for a, _ in both) * sum(b.relevance == k for _, b in both) / len(both) ** 2 for k in kinds
    )
    settled = [(a, b) for a, b in both if "borderline" not in (a.relevance, b.relevance)]
    hits = sum(a.relevance == b.relevance == "in" for a, b in settled)
    total = sum((a.relevance == "in") + (b.relevance == "in") for a, b in settled)
    filed = [(a.categories, b.categories) for a, b in both if a.categories and b.categories and a.relevance == "in"]
    common = sum(len(set(a) & set(b)) for a, b in filed)
    return {
        "records": len(both),
        "agreement": agreement,
        "kappa": (agreement - chance) / max(1 - chance, 1e-12),
        "f1": 2 * hits / max(total, 1),
        "categories": 2 * common / max(sum(len(a) + len(b) for a, b in filed), 1),
        "primary": sum(a[0] == b[0] for a, b in filed) / max(len(filed), 1),
        "primary_within": sum(b[0] in a for a, b in filed) / max(len(filed), 1),
    }


def items_of(classifier: Classifier, judged: Sequence[Judged], records: Mapping[str, Record]) -> list[Item]:
    """Verdicts on all judged records that are at hand."""
    there = [j for j in judged if j.label.id in records]
    verdicts = classifier.classify(records[j.label.id] for j in there)
    return [Item(records[j.label.id], j, verdict) for j, verdict in zip(there, verdicts, strict=True)]


@dataclass(frozen=True, slots=True)
class Trainer:
    """What is needed to fit a model again on a part of the examples."""

    taxonomy: Taxonomy
    settings: Settings
    progress: Callable[[str], None] = lambda _: None

    def classifier(self, examples: Sequence[Example]) -> Classifier:
        """A classifier as it would come from its file."""
        model = stored(fit(examples, self.taxonomy, self.settings, self.progress))
        return Classifier(model, Thresholds(self.settings.accept, self.settings.review))


def time_ordered(examples: Sequence[Example], trainer: Trainer) -> list[Item]:
    """Verdicts on the newer labelled works by models fitted to what is older; only works with an abstract are tested."""
    ordered = sorted(
        (e for e in examples if e.label.relevance != "background" and e.record.id[:4].isdigit()),
        key=lambda e: e.record.id,
    )
    tests = [e for e in ordered if e.record.abstract]
    bounds = [tests[int(cut * len(tests))].record.id for cut in _CUTS] if tests else []
    out: list[Item] = []
    dated = [e for e in examples if e.record.id[:4].isdigit() and e.record.abstract]
    undated = [e for e in examples if not e.record.id[:4].isdigit()]
    prevalence = trainer.settings.prevalence
    for begin, end in zip(bounds, [*bounds[1:], "~"], strict=True):
        older = [e for e in examples if e.record.id[:4].isdigit() and e.record.id < begin] + undated
        part = [e for e in dated if begin <= e.record.id < end]
        weights = stream_weights(np.array([e.label.relevance for e in part]), prevalence)
        judged = [
            Judged(Label(e.label.id, "out") if e.label.relevance == "background" else e.label, float(w))
            for e, w in zip(part, weights, strict=True)
        ]
        out += items_of(trainer.classifier(older), judged, {e.record.id: e.record for e in part})
    return out


def month_by_month(
    examples: Sequence[Example], judged: Sequence[Judged], stream: Iterable[Record], trainer: Trainer, number: int = 3
) -> list[dict[str, Any]]:
    """Figures of the newest `number` months of a stream, each by a model fitted to what is older.

    Every record of the month with an abstract is tested and counts once, so that prevalence is the stream's own; one that
    nobody read counts as out of scope. Works without an arXiv id are taken to be older. `judged` adds labels that must not be
    trained on. F1 is at the best threshold of the row. A month that has no work in scope, or whose past is too little to learn
    from, is left out; an empty list if all are.
    """
    truth = {e.label.id: e.label for e in examples if e.label.relevance != "background"}
    truth |= {j.label.id: j.label for j in judged}
    months: dict[str, dict[str, Record]] = {}
    for record in stream:
        month = _month(record.id)
        if month and record.abstract and (month in months or len(months) < number or month > min(months)):
            months.setdefault(month, {})[record.id] = record
            if len(months) > number:
                del months[min(months)]
    rows, everything = [], []
    for month in sorted(months):
        older = [e for e in examples if _month(e.record.id) < month]
        tested = [Judged(truth.get(id_, Label(id_, "out")), 1.0) for id_ in months[month]]
        if not any(j.label.relevance == "in" for j in tested):
            continue
        try:
            classifier = trainer.classifier(older)
        except ValueError:  # too few yet
            continue
        items = items_of(classifier, tested, months[month])
        rows.append({"month": f"20{month[:2]}-{month[2:]}", **_month_figures(items)})
        everything += items
    return [*rows, {"month": None, **_month_figures(everything)}] if rows else []


def _month(id_: str) -> str:
    """YYMM of an arXiv id of the present form; empty for others, which are older or from elsewhere."""
    found = _ARXIV.fullmatch(id_)
    return found[1] if found else ""


def _month_figures(items: Sequence[Item]) -> dict[str, Any]:
    truth = np.array([item.judged.label.relevance for item in items])
    filed = _categories([i for i in items if i.judged.label.relevance == "in" and i.judged.label.categories])
    figures = ranking(np.array([item.verdict.score for item in items]), truth, np.ones(len(items)))
    return {
        "records": len(items),
        **{kind: int((truth == kind).sum()) for kind in ("in", "borderline")},
        **{key: value for key, value in figures.items() if key != "threshold"},
        **{key: filed[key] for key in ("micro_f1", "primary", "primary_within")},
    }


def learning_curve(
    examples: Sequence[Example], judged: Sequence[Judged], records: Mapping[str, Record], trainer: Trainer, name: str
) -> list[dict[str, Any]]:
    """Figures of models fitted to shares of the labelled works (all of the background), drawn once, each within the next."""
    read = [e for e in examples if e.label.relevance != "background"]
    background = [e for e in examples if e.label.relevance == "background"]
    order = np.random.default_rng(0).permutation(len(read)).tolist()
    out = []
    for share in _SHARES:
        part = sorted((read[n] for n in order[: int(share * len(read))]), key=lambda e: e.record.id)
        try:
            classifier = trainer.classifier(sorted([*part, *background], key=lambda e: e.record.id))
        except ValueError:  # too few yet
            continue
        report = evaluate(
            items_of(classifier, judged, records), classifier.thresholds, trainer.settings.junk_cost, name
        )
        out.append(
            {
                "share": share,
                "examples": len(part),
                "f1": report.relevance["f1"],
                "average_precision": report.relevance["average_precision"],
                "categories": report.categories["micro_f1"],
                "primary": report.categories["primary"],
            }
        )
    return out


def _rounded(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return round(float(value), 4)
    if isinstance(value, Mapping):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value
