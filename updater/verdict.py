"""What the classifier says of one record: the typed record between the classify and the merge stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Decision = Literal["accept", "review", "reject"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The model's answer for one record, given for every record, rejects too."""

    id: str
    probability: float
    """Calibrated probability of being in scope, 0 to 1."""
    decision: Decision
    primary: str
    """Slug of the primary category."""
    categories: tuple[tuple[str, float], ...]
    """One to four categories with their probabilities, the primary one first."""
    facets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Facet slug to the values predicted."""
    keywords: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    because: tuple[tuple[str, float], ...] = ()
    """The strongest terms of the decision with their weights (log-odds), strongest first."""
    score: float = 0.0
    """Log-odds before calibration: `intercept` plus the weights of all terms."""
    intercept: float = 0.0
    terms: tuple[tuple[str, float], ...] = ()
    """The record's own strongest TF-IDF terms, at most 24, strongest first: what neighbours and the map are made from."""
