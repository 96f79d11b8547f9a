"""Deciding what belongs in the index, and where.

text.py       words out of titles and abstracts, a batch at once
features.py   vocabulary, TF-IDF vectors
model.py      the model and its verdicts (numpy and scipy only)
names.py      models studied and keywords, from data
examples.py   labels with their records
train.py      fitting (scikit-learn)
explain.py    why a record is where it is
evaluate.py   how good it is, against peers
active.py     which record to read next
jsonl.py      the `classify` stream
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from updater.verdict import Verdict

if TYPE_CHECKING:
    from updater.classify.active import Suggestion, suggest
    from updater.classify.model import Classifier, load

__all__ = ["Classifier", "Suggestion", "Verdict", "load", "suggest"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    import importlib  # noqa: PLC0415

    modules = {"Classifier": "model", "load": "model", "Suggestion": "active", "suggest": "active"}
    if name not in modules:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"updater.classify.{modules[name]}"), name)
