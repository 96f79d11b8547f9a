"""Why a record is where it is: all terms with their weights, which add up to the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from updater.classify.model import Classifier, Terms, logistic
from updater.records import Record
from updater.verdict import Verdict


@dataclass(frozen=True, slots=True)
class CategoryReason:
    """One category that was given, or nearly."""

    slug: str
    probability: float
    given: bool
    score: float
    threshold: float
    because: Terms
    """The strongest terms for and against it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole of a decision."""

    verdict: Verdict
    parts: Terms
    """Every term of the record with its weight in log-odds; with `verdict.intercept` they add up to `verdict.score`."""
    categories: tuple[CategoryReason, ...]


def explain(classifier: Classifier, record: Record, near: int = 6, strongest: int = 6) -> Explanation:
    """Explain the decision about one record, with the `near` likeliest categories."""
    verdict = classifier.verdicts([record])[0]
    model = classifier.model
    scores, parts = classifier.filing_reasons(record)
    given = {slug for slug, _ in verdict.categories}
    order = np.argsort(-(scores - model.category_thresholds), kind="stable").tolist()
    order = [k for k in order if model.slugs[k] in given] + [k for k in order if model.slugs[k] not in given]
    reasons = tuple(
        CategoryReason(
            model.slugs[k],
            float(logistic(scores[[k]])[0]),
            model.slugs[k] in given,
            float(scores[k]),
            float(model.category_thresholds[k]),
            parts[k][:strongest],
        )
        for k in order[: max(near, len(given))]
    )
    return Explanation(verdict, classifier.contributions(record), reasons)
