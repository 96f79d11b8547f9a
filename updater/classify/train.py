"""Fitting a model: the only module, beside `evaluate`, that needs scikit-learn.

The machines are linear (Fan et al., "LIBLINEAR: a library for large linear classification", JMLR 2008), and two look at every
question: one sees the terms as they are (for relevance, rare ones enlarged), the other sees each term enlarged by how much it
tells, the size of its log-odds ratio between the examples and the rest (Wang and Manning, "Baselines and bigrams: simple, good
sentiment and topic classification", ACL 2012). Scores on folds that were not trained on teach how to combine them (stacking,
Wolpert 1992) and turn them into log-odds (Platt, "Probabilistic outputs for support vector machines", 1999); for categories
the scores of all are combined, so that a category can speak for or against its neighbours. Linear layers and factors of terms
multiply out: what is kept is one weight for each term.

Same examples and settings, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from updater.classify.examples import Example
from updater.classify.features import Emphasis, Floats, Occurrences, Voice, occurrences, scaled
from updater.classify.model import Head, Model
from updater.index.taxonomy import Taxonomy
from updater.settings import Classifier as Settings

Progress = Callable[[str], None]
_FOLDS: Final = 5
_SEED: Final = 0
_BATCH: Final = 2000
_NEVER: Final = -1e3
_LEAST_SPREAD: Final = 1e-6
_UNBOUND: Final = 1e4
"""C of a regression on a few scores, which needs next to no regularization."""
_MOST_TOLD: Final = 4.0
"""A term is enlarged by how much it tells to at most so many times the mean."""
_SMOOTHING: Final = 1e-5
"""Share of records that an unseen term is taken to stand in."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Weighted counts of terms in records."""

    matrices: tuple[sp.csr_matrix, ...]
    """One for each emphasis; all have the same places filled."""
    terms: tuple[str, ...]


def count(examples: Sequence[Example], voice: Voice, emphases: Sequence[Emphasis], min_documents: int) -> Counts:
    """Counts of all terms that stand in at least `min_documents` records, terms sorted by spelling.

    The spelling of a term is the most frequent one of its hash: `neurons` or `neuron`.
    """
    rows, hashes, zones = [], [], []
    spellings: dict[int, dict[str, int]] = {}
    for start in range(0, len(examples), _BATCH):
        batch = [example.record for example in examples[start : start + _BATCH]]
        found = occurrences(batch)
        rows.append(found.record + start)
        hashes.append(found.hash)
        zones.append(voice.zones(found, len(batch)))
    unique, column = np.unique(np.concatenate(hashes), return_inverse=True)
    row, zone, shape = np.concatenate(rows), np.concatenate(zones), (len(examples), len(unique))
    documents = sp.csr_matrix((np.ones(len(row), np.float32), (row, column)), shape).getnnz(axis=0)
    keep = np.flatnonzero(documents >= min_documents)
    kept = unique[keep]
    for start in range(0, len(examples), _BATCH):
        _spell(occurrences([example.record for example in examples[start : start + _BATCH]]), kept, spellings)
    terms = [max(spellings[h].items(), key=lambda item: (item[1], item[0]))[0] for h in kept.tolist()]
    order = np.array(sorted(range(len(terms)), key=terms.__getitem__), dtype=np.int64)
    matrices = []
    for emphasis in emphases:
        matrix = sp.csr_matrix((emphasis.by_zone()[zone], (row, column)), shape)[:, keep[order]].tocsr()
        matrix.sort_indices()
        matrices.append(matrix)
    return Counts(tuple(matrices), tuple(terms[k] for k in order))


def _spell(found: Occurrences, kept: npt.NDArray[np.uint64], spellings: dict[int, dict[str, int]]) -> None:
    """Count how each word of the kept terms is spelt; a pair is spelt as it stands where it is seen first."""
    at = np.searchsorted(kept, found.hash)
    known = (at < len(kept)) & (kept[np.minimum(at, len(kept) - 1)] == found.hash)
    # One look for each distinct byte string is enough: plural and singular differ in length only.
    last = found.first + found.length - 1
    size = found.words.end[last] - found.words.start[found.first]
    first_size = found.words.end[found.first] - found.words.start[found.first]
    key = np.stack([at[known], size[known], first_size[known]])
    distinct, where, number = np.unique(key, axis=1, return_index=True, return_counts=True)
    places = np.flatnonzero(known)[where]
    for term, place, times in zip(distinct[0].tolist(), places.tolist(), number.tolist(), strict=True):
        first = int(found.first[place])
        surface = found.words.surface(first, first + int(found.length[place]) - 1)
        by_surface = spellings.setdefault(int(kept[term]), {})
        by_surface[surface] = by_surface.get(surface, 0) + times


def inverse_document_frequency(counts: sp.csr_matrix, relevance: npt.NDArray[Any], prevalence: float) -> Floats:
    """ln(1 / share of the stream's records that hold the term) + 1, the stream being mixed from in-scope and background."""
    share = np.zeros(counts.shape[1])
    parts = [("in", prevalence), ("background", 1 - prevalence)]
    total = sum(weight for kind, weight in parts if (relevance == kind).any())
    for kind, weight in parts:
        at = np.flatnonzero(relevance == kind)
        if len(at):
            share += weight / total * np.bincount(counts[at].indices, minlength=counts.shape[1]) / len(at)
    return (np.log(1 / (share + _SMOOTHING)) + 1).astype(np.float32)


def fit(
    examples: Sequence[Example], taxonomy: Taxonomy, settings: Settings, progress: Progress = lambda _: None
) -> Model:
    """Fit all heads.

    Raises
    ------
    ValueError
        There are not enough examples: at least ten in scope, and ten out of scope or background.
    """
    relevance = np.array([example.label.relevance for example in examples])
    inside, outside = int((relevance == "in").sum()), int(np.isin(relevance, ["out", "background"]).sum())
    if min(inside, outside) < 2 * _FOLDS:
        raise ValueError(f"{inside} examples in scope and {outside} out of it are too few to learn from")
    progress("counting terms")
    emphases = (
        Emphasis(**settings.relevance_emphasis.model_dump()),
        Emphasis(**settings.filing_emphasis.model_dump()),
    )
    counts = count(examples, Voice(settings.voice, settings.aim_words), emphases, settings.min_documents)
    idf = inverse_document_frequency(counts.matrices[0], relevance, settings.prevalence)
    vectors, filing = (scaled(matrix, idf) for matrix in counts.matrices)
    progress(f"fitting relevance on {len(examples)} records, {len(counts.terms)} terms")
    strength = np.array([1.0 if example.record.abstract else settings.title_only_weight for example in examples])
    relevance_head = _relevance(vectors, idf, relevance, strength, settings)
    filed = np.flatnonzero([known(example, taxonomy) for example in examples])
    slugs = taxonomy.category_slugs
    labels = [examples[n].label for n in filed.tolist()]
    membership = np.array([[s in label.categories for s in slugs] for label in labels])
    first = np.array([slugs.index(label.categories[0]) for label in labels])
    complete = np.array([bool(examples[n].record.abstract) for n in filed.tolist()])
    weights = np.where(relevance[filed] == "in", 1.0, settings.borderline_weight)
    weights *= np.where(complete, 1.0, settings.category_title_only_weight)
    progress(f"fitting {len(slugs)} categories on {len(filed)} papers")
    narrow, spread = _narrow(filing[filed])
    categories, thresholds, primary = _categories(narrow, membership, first, weights, settings)
    values = tuple((facet, value) for facet, names in taxonomy.facet_values.items() for value in names)
    progress(f"fitting {len(values)} values of facets")
    held = np.array([[v in label.facets.get(f, ()) for f, v in values] for label in labels])
    facets, facet_thresholds = _facets(narrow, held, weights, settings)
    return Model(
        terms=counts.terms,
        idf=idf,
        voice=settings.voice,
        aim_words=settings.aim_words,
        emphases=emphases,
        relevance=relevance_head,
        categories=spread(categories),
        category_thresholds=thresholds,
        primary=spread(primary),
        facets=spread(facets),
        facet_thresholds=facet_thresholds,
        slugs=slugs,
        facet_values=values,
        about={
            "accept": settings.accept,
            "review": settings.review,
            "examples": {kind: int((relevance == kind).sum()) for kind in ("in", "borderline", "out", "background")},
            "without_abstract": sum(not e.record.abstract for e in examples if e.label.relevance != "background"),
            "prevalence": settings.prevalence,
        },
    )


def _narrow(vectors: sp.csr_matrix) -> tuple[sp.csr_matrix, Callable[[Head], Head]]:
    """The vectors with the terms that they hold only, and the way back from a head over these to one over all terms."""
    used = np.unique(vectors.indices)

    def spread(head: Head) -> Head:
        weights = np.zeros((vectors.shape[1], head.weights.shape[1]), np.float32)
        weights[used] = head.weights
        return Head(weights, head.intercepts)

    return vectors[:, used].tocsr(), spread


def known(example: Example, taxonomy: Taxonomy) -> bool:
    """Whether an example teaches categories: its primary one is in the taxonomy."""
    categories = example.label.categories
    return bool(categories) and categories[0] in taxonomy.by_slug


@dataclass(frozen=True, slots=True)
class _Machine:
    """One way to learn a linear score."""

    cost: float
    """C: larger follows the examples more closely."""
    regression: bool = False
    """Whether it is a logistic regression and not a support vector machine."""
    floor: float = 1.0
    """Least factor of a term; below 1, terms are enlarged by how much they tell."""
    factors: Floats | None = None
    """Factor of each term, whatever the examples."""

    def fit(
        self,
        vectors: sp.csr_matrix,
        truth: npt.NDArray[Any],
        weights: npt.NDArray[Any],
        told: npt.NDArray[np.float64] | None = None,
    ) -> tuple[npt.NDArray[np.float64], float]:
        """Weights of the terms, as they are in `vectors`, and the intercept; `told` is needed where the floor is below 1."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - inference must not import it
        from sklearn.svm import LinearSVC  # noqa: PLC0415

        if truth.all() or not truth.any():
            return np.zeros(vectors.shape[1]), 1.0 if truth.all() and len(truth) else -1.0
        factors = np.ones(vectors.shape[1]) if self.factors is None else self.factors.astype(np.float64)
        if told is not None:
            factors = factors * (self.floor + (1 - self.floor) * told)
        seen = sp.csr_matrix((vectors.data * factors[vectors.indices], vectors.indices, vectors.indptr), vectors.shape)
        machine = (
            LogisticRegression(C=self.cost, solver="liblinear", random_state=_SEED, max_iter=1000)
            if self.regression
            else LinearSVC(C=self.cost, random_state=_SEED, max_iter=5000)
        ).fit(seen, truth, sample_weight=weights)
        return machine.coef_[0] * factors, float(machine.intercept_[0])


def _told(vectors: sp.csr_matrix, truth: npt.NDArray[Any], weights: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """How much each term tells about each column: the size of the log of its odds ratio, 1 on the average.

    One example is added on either side.
    """
    present = sp.csr_matrix((np.ones(len(vectors.data)), vectors.indices, vectors.indptr), vectors.shape)
    inside, outside = weights[:, None] * truth, weights[:, None] * ~truth
    here = (1 + present.T @ inside) / np.maximum(inside.sum(axis=0), 1)
    there = (1 + present.T @ outside) / np.maximum(outside.sum(axis=0), 1)
    size = np.abs(np.log(here / there))
    return np.asarray(np.minimum(size / np.maximum(size.mean(axis=0), 1e-12), _MOST_TOLD), np.float64)


def _platt(
    scores: npt.NDArray[Any], truth: npt.NDArray[Any], weights: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], float]:
    """Factors and summand that turn scores (records by columns) into log-odds."""
    return _layer(scores, truth, weights, _UNBOUND)


def _folds(size: int) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """(train, test) row numbers; shuffled once, the same way every time."""
    order = np.random.default_rng(_SEED).permutation(size)
    parts = np.array_split(order, _FOLDS)
    return [(np.sort(np.concatenate([p for p in parts if p is not part])), np.sort(part)) for part in parts]


def _unseen_scores(
    vectors: sp.csr_matrix, truth: npt.NDArray[Any], weights: npt.NDArray[Any], machines: Sequence[_Machine]
) -> npt.NDArray[np.float64]:
    """Scores of each record by machines that were not trained on it; the columns of `truth` for each machine in turn."""
    out = np.zeros((len(truth), truth.shape[1] * len(machines)))
    for train, test in _folds(len(truth)):
        coefficients, intercepts = _fitted(vectors[train], truth[train], weights[train], machines)
        out[test] = vectors[test] @ coefficients + intercepts
    return out


def _fitted(
    vectors: sp.csr_matrix, truth: npt.NDArray[Any], weights: npt.NDArray[Any], machines: Sequence[_Machine]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights (terms by columns) and intercepts; the columns of `truth` for each machine in turn."""
    told = _told(vectors, truth, weights) if any(machine.floor < 1 for machine in machines) else None
    fitted = [
        machine.fit(vectors, truth[:, k], weights, told[:, k] if told is not None and machine.floor < 1 else None)
        for machine in machines
        for k in range(truth.shape[1])
    ]
    return np.stack([c for c, _ in fitted], axis=1), np.array([i for _, i in fitted])


def _relevance(
    vectors: sp.csr_matrix,
    idf: Floats,
    relevance: npt.NDArray[Any],
    strength: npt.NDArray[Any],
    settings: Settings,
) -> Head:
    """In scope against the rest; calibrated at the stream's prevalence, borderline works left aside there."""
    truth = (relevance == "in")[:, None]
    weights = np.where(relevance == "borderline", settings.borderline_as_out, 1.0) * strength
    used = np.flatnonzero(weights > 0)
    machines = (
        _Machine(settings.cost, factors=(idf / idf.mean()) ** settings.rarity),
        _Machine(settings.odds_cost, regression=True, floor=settings.odds_floor),
    )
    coefficients, intercepts = _fitted(vectors[used], truth[used], weights[used], machines)
    scores = _unseen_scores(vectors[used], truth[used], weights[used], machines)
    settled = (relevance[used] != "borderline") & (strength[used] == 1)
    stream = stream_weights(relevance[used], settings.prevalence)
    layer, summand = _platt(scores[settled], truth[used][settled, 0], stream[settled])
    return _through(coefficients, intercepts, layer[:, None], np.array([summand]))


def stream_weights(relevance: npt.NDArray[Any], prevalence: float) -> npt.NDArray[np.float64]:
    """How many records of the stream each example stands for, so that in-scope ones have their true share.

    Read works stand for themselves, background for all that was not read.
    """
    inside, out, background = ((relevance == kind).sum() for kind in ("in", "out", "background"))
    each = max(1.0, (inside * (1 - prevalence) / prevalence - out) / background) if background else 1.0
    return np.where(relevance == "background", each, 1.0)


def _categories(
    vectors: sp.csr_matrix,
    membership: npt.NDArray[Any],
    first: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    settings: Settings,
) -> tuple[Head, Floats, Head]:
    """Category head with its thresholds, and primary head, both stacked on the scores of all categories."""
    size = membership.shape[1]
    truth = np.concatenate([membership, first[:, None] == np.arange(size)], axis=1)
    machines = (
        _Machine(settings.category_cost),
        _Machine(settings.category_odds_cost, floor=settings.odds_floor),
    )
    coefficients, intercepts = _fitted(vectors, truth, weights, machines)
    scores = _unseen_scores(vectors, truth, weights, machines)
    spread = scores.std(axis=0)
    spread[spread < _LEAST_SPREAD] = 1  # a category that nobody uses
    layer = np.zeros((scores.shape[1], size))
    summands = np.zeros(size)
    logits = np.zeros((len(truth), size))
    for k in range(size):
        layer[:, k], summands[k] = _layer(scores / spread, membership[:, k], weights, settings.stack_cost)
    for train, test in _folds(len(truth)):
        for k in range(size):
            column, summand = _layer(scores[train] / spread, membership[train, k], weights[train], settings.stack_cost)
            logits[test, k] = scores[test] / spread @ column + summand
    thresholds = steady_thresholds(logits, membership, weights, settings.threshold_pull)
    primary_layer, primary_summands = _choice(scores / spread, first, weights, size, settings.stack_cost)
    return (
        _through(coefficients, intercepts, layer / spread[:, None], summands),
        thresholds,
        _through(coefficients, intercepts, primary_layer / spread[:, None], primary_summands),
    )


def _choice(
    scores: npt.NDArray[Any], first: npt.NDArray[Any], weights: npt.NDArray[Any], size: int, cost: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """A multinomial layer that chooses one of `size`; what nobody chose is never chosen."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    layer, summands = np.zeros((scores.shape[1], size)), np.full(size, _NEVER)
    classes = np.unique(first)
    if len(classes) == 1:
        summands[classes] = 0
        return layer, summands
    fitted = LogisticRegression(C=cost, max_iter=10_000).fit(scores, first, sample_weight=weights)
    two = len(classes) == 2  # then scikit-learn gives the score of the second one alone
    layer[:, classes] = np.stack([-fitted.coef_[0], fitted.coef_[0]], axis=1) if two else fitted.coef_.T
    summands[classes] = [-fitted.intercept_[0], fitted.intercept_[0]] if two else fitted.intercept_
    return layer, summands


def _layer(
    scores: npt.NDArray[Any], truth: npt.NDArray[Any], weights: npt.NDArray[Any], cost: float
) -> tuple[npt.NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    if truth.all() or not truth.any():
        return np.zeros(scores.shape[1]), 10.0 if truth.all() and len(truth) else -10.0
    fitted = LogisticRegression(C=cost, max_iter=1000).fit(scores, truth, sample_weight=weights)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _through(
    coefficients: npt.NDArray[Any], intercepts: npt.NDArray[Any], layer: npt.NDArray[Any], summands: npt.NDArray[Any]
) -> Head:
    """Two linear layers as one."""
    return Head((coefficients @ layer).astype(np.float32), (intercepts @ layer + summands).astype(np.float32))


def _facets(
    vectors: sp.csr_matrix, held: npt.NDArray[Any], weights: npt.NDArray[Any], settings: Settings
) -> tuple[Head, Floats]:
    machines = (_Machine(settings.category_cost),)
    coefficients, intercepts = _fitted(vectors, held, weights, machines)
    scores = _unseen_scores(vectors, held, weights, machines)
    factors, summands = np.zeros(held.shape[1]), np.zeros(held.shape[1])
    for k in range(held.shape[1]):
        factor, summands[k] = _platt(scores[:, [k]], held[:, k], weights)
        factors[k] = factor[0]
    thresholds = steady_thresholds(scores * factors + summands, held, weights, settings.threshold_pull)
    return Head(
        (coefficients * factors).astype(np.float32), (intercepts * factors + summands).astype(np.float32)
    ), thresholds


def steady_thresholds(
    scores: npt.NDArray[Any], truth: npt.NDArray[Any], weights: npt.NDArray[Any], pull: float
) -> Floats:
    """The best threshold of every column, drawn towards the one that suits all of them best, the more the rarer it is.

    With so few examples a threshold of its own is largely chance; `pull` is the number of examples that the common one counts
    for (shrinkage, after Efron and Morris, "Stein's paradox in statistics", 1977).
    """
    common = float(best_thresholds(scores.reshape(-1, 1), truth.reshape(-1, 1), np.repeat(weights, truth.shape[1]))[0])
    support = (truth * weights[:, None]).sum(axis=0)
    share = support / (support + pull) if pull else np.ones(len(support))
    return (share * best_thresholds(scores, truth, weights) + (1 - share) * common).astype(np.float32)


def best_thresholds(scores: npt.NDArray[Any], truth: npt.NDArray[Any], weights: npt.NDArray[Any]) -> Floats:
    """Thresholds of all columns that together give the largest micro-averaged F1 (coordinate ascent, three rounds)."""
    thresholds = np.zeros(scores.shape[1])
    weight = weights[:, None]
    wanted = float((truth * weight).sum())
    given = scores > thresholds
    for _ in range(3):
        for k in range(scores.shape[1]):
            others = np.arange(scores.shape[1]) != k
            hits = float((given & truth & others)[:, :].astype(float).T.dot(weights).sum())
            total = float((given & others).astype(float).T.dot(weights).sum())
            order = np.argsort(-scores[:, k], kind="stable")
            right = np.concatenate([[0.0], np.cumsum(truth[order, k] * weights[order])])
            number = np.concatenate([[0.0], np.cumsum(weights[order])])
            f1 = 2 * (hits + right) / np.maximum(total + number + wanted, 1e-9)
            best = int(f1.argmax())
            ranked = scores[order, k]
            above = ranked[best - 1] if best else ranked[0] + 1
            below = ranked[best] if best < len(ranked) else ranked[-1] - 1
            thresholds[k] = (above + below) / 2
            given[:, k] = scores[:, k] > thresholds[k]
    return thresholds.astype(np.float32)
