"""Which unread records would teach the model most, if a person read them.

A record is worth reading when the model is in doubt about it (uncertainty sampling, Lewis and Gale, "A sequential algorithm for
training text classifiers", SIGIR 1994), when it stands for many (its terms are common among the doubtful) and when it is unlike
those already chosen (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from updater.classify.features import batches
from updater.classify.model import BATCH, Classifier, exact_scores, load, logistic
from updater.records import Record

_POOL: Final = 20
"""So many candidates are compared for each one that is asked for."""
_SAMENESS: Final = 0.5
"""How much likeness to those already chosen counts against a record."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One record that a person should read."""

    id: str
    title: str
    probability: float
    primary: str
    gain: float
    """How much its label is expected to teach, between 0 and 1, for ranking only."""

    def __str__(self) -> str:
        return f"{self.id}  {self.probability:.2f}  {self.primary}  {self.title}"


def suggest(
    records: Iterable[Record], number: int, classifier: Classifier | None = None, *, root: Path | None = None
) -> list[Suggestion]:
    """The `number` records whose label would teach most, the most instructive first; fewer if there are not as many.

    Memory is bounded by the number asked for, not by the number of records.
    """
    if number < 1:
        return []
    classifier = classifier or load(root=root)
    threshold = classifier.thresholds.accept
    pool: list[tuple[float, str, Record]] = []
    for batch in batches(records, BATCH):
        vectors = classifier.vectorizer.matrices(batch)[0]
        probabilities = logistic(exact_scores(vectors, classifier.model.relevance))
        for record, p in zip(batch, probabilities.tolist(), strict=True):
            item = (_doubt(p, threshold), record.id, record)
            if len(pool) < _POOL * number:
                heapq.heappush(pool, item)
            elif item[:2] > pool[0][:2]:
                heapq.heapreplace(pool, item)
    pool.sort(key=lambda item: (-item[0], item[1]))
    if not pool:
        return []
    candidates = [record for _, _, record in pool]
    vectors = classifier.vectorizer.matrices(candidates)[0]
    doubt = np.array([d for d, _, _ in pool])
    density = np.asarray(vectors @ np.asarray(vectors.mean(axis=0)).ravel()).ravel()
    worth = doubt * (0.5 + 0.5 * density / max(float(density.max()), 1e-9))
    likeness = np.zeros(len(candidates))
    chosen: list[int] = []
    gains: list[float] = []
    while len(chosen) < min(number, len(candidates)):
        gain = worth * (1 - _SAMENESS * likeness)
        gain[chosen] = -1
        best = int(np.argmax(gain))
        chosen.append(best)
        gains.append(float(gain[best]))
        likeness = np.maximum(likeness, np.asarray((vectors @ vectors[best].T).todense()).ravel())
    verdicts = {v.id: v for v in classifier.verdicts([candidates[n] for n in chosen])}
    return [
        Suggestion(r.id, r.title, round(v.probability, 4), v.primary, round(gain, 4))
        for r, gain in ((candidates[n], g) for n, g in zip(chosen, gains, strict=True))
        for v in (verdicts[r.id],)
    ]


def _doubt(probability: float, threshold: float) -> float:
    """1 at the threshold, falling in log-odds on both sides to 0."""
    p, t = (min(max(x, 1e-6), 1 - 1e-6) for x in (probability, threshold))
    distance = np.log(p / (1 - p)) - np.log(t / (1 - t))
    return float(1 / (1 + distance * distance))
