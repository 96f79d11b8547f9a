"""Made-up texts of a made-up field, whose topics can be told apart by their words."""

from __future__ import annotations

import random

TOPICS = {
    "circuits": ["circuit", "head", "patching", "subgraph", "ablation", "induction", "path", "edge"],
    "steering": ["steering", "vector", "activation", "direction", "concept", "refusal", "shift", "layer"],
    "out": ["patient", "disease", "trial", "cohort", "clinical", "dose", "hospital", "symptom"],
    "background": ["traffic", "road", "camera", "detector", "vehicle", "lane", "benchmark", "image"],
}
COMMON = [
    "we",
    "study",
    "the",
    "model",
    "and",
    "show",
    "that",
    "it",
    "is",
    "of",
    "use",
    "for",
    "many",
    "new",
    "tasks",
    "in",
    "this",
    "paper",
    "with",
    "results",
]


def text(rng: random.Random, topic: str, length: int = 40) -> str:
    return " ".join(rng.choice(TOPICS[topic] if rng.random() < 0.35 else COMMON) for _ in range(length))
