"""A small made-up field to learn: circuits and steering against cooking and traffic."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.field import TOPICS, text

from updater.classify.examples import Example, Label
from updater.classify.model import Classifier, Model, Thresholds, stored
from updater.classify.train import fit
from updater.index.taxonomy import Taxonomy
from updater.records import Record
from updater.settings import Classifier as Settings


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return Taxonomy.model_validate(
        {
            "scope": {"in": "a", "borderline": "b", "out": "c"},
            "groups": [{"slug": "methods", "title": "Methods"}],
            "categories": [
                {"slug": s, "title": s, "group": "methods", "definition": s} for s in ("circuits", "steering", "never")
            ],
            "facets": [
                {"slug": "object", "title": "O", "question": "?", "values": [{"slug": "head", "title": "Head"}]},
                {"slug": "goal", "title": "G", "question": "?", "values": [{"slug": "safety", "title": "Safety"}]},
            ],
        }
    )


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    rng = random.Random(4)
    out = []
    for n in range(160):
        topic = list(TOPICS)[n % 4]
        inside = topic in ("circuits", "steering")
        label = Label(
            f"2501.{n:05d}",
            "in" if inside else topic,  # type: ignore[arg-type]
            "",
            (topic,) if inside else (),
            {"object": ("head",) if topic == "circuits" else ()},
        )
        out.append(Example(label, Record(label.id, text(rng, topic, 8), text(rng, topic))))
    return out


@pytest.fixture(scope="session")
def model(examples: list[Example], taxonomy: Taxonomy) -> Model:
    return stored(fit(examples, taxonomy, Settings(prevalence=0.3)))


@pytest.fixture(scope="session")
def classifier(model: Model) -> Classifier:
    return Classifier(model, Thresholds(0.6, 0.15))


@pytest.fixture(scope="session")
def shipped() -> Path:
    return Path(__file__).parents[2]
