"""The model: from vectors to verdicts. Inference needs numpy and scipy only.

Every figure is linear in a vector of the record: `score = intercept + Σ weight(term)·value(term)`. Scores of the relevance
head are calibrated log-odds, so the probability is their logistic function; a category's probability likewise. There are two
vectors over the same terms: one for relevance, one for filing (categories and facets), which weigh the zones of a record
differently.

The file is a zip of arrays in numpy's own format (no pickle) and two texts: `meta.json` and `terms.txt`, one term a line.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import scipy.sparse as sp

from updater.classify.features import Emphasis, Floats, Vectorizer, Vocabulary, Voice, batches, occurrences
from updater.classify.names import Finder, Names
from updater.errors import UsageError, WriteError
from updater.files import put
from updater.records import Record
from updater.verdict import Decision, Verdict

DEFAULT: Final = Path(__file__).parent / "data" / "model.zip"
BATCH: Final = 1000
MAX_CATEGORIES: Final = 4
MAX_TERMS: Final = 24
MAX_BECAUSE: Final = 8
FORMAT: Final = 2
_STEPS: Final = 127
_PLACES: Final = (1 << 32) - 1
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


Terms = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A group of linear scores over the same vectors: one column each."""

    weights: Floats
    """Terms by columns."""
    intercepts: Floats

    def scores(self, vectors: sp.csr_matrix) -> Floats:
        """Records by columns."""
        return np.asarray(vectors @ self.weights + self.intercepts, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Model:
    """All that is learnt. Columns of `categories` and `primary` are in the order of `slugs`."""

    terms: tuple[str, ...]
    idf: Floats
    voice: tuple[str, ...]
    """Words and pairs by which authors begin to speak of their own work."""
    aim_words: int
    emphases: tuple[Emphasis, Emphasis]
    """Of the vectors for relevance, and of those for filing."""
    relevance: Head
    """One column: log-odds of being in scope."""
    categories: Head
    """Log-odds of belonging to each category, given that the record is in scope."""
    category_thresholds: Floats
    """Log-odds from which a category is given."""
    primary: Head
    """The category with the largest score is the primary one."""
    facets: Head
    facet_thresholds: Floats
    slugs: tuple[str, ...]
    facet_values: tuple[tuple[str, str], ...]
    """(facet, value) of each column of `facets`."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What it was trained on: counts, parameters, thresholds of that day."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities from which a record is accepted, and from which a person should look at it."""

    accept: float
    review: float

    def decide(self, probability: float) -> Decision:
        """The decision that a probability leads to."""
        if probability >= self.accept:
            return "accept"
        return "review" if probability >= self.review else "reject"


class Classifier:
    """A model with the names that it looks for and the thresholds that it decides by."""

    def __init__(self, model: Model, thresholds: Thresholds, names: Names | None = None) -> None:
        self.model = model
        self.thresholds = thresholds
        voice = Voice(model.voice, model.aim_words)
        self.vectorizer = Vectorizer(Vocabulary(model.terms), model.idf, voice, model.emphases)
        self._names = Finder(names or Names((), ()))
        self._relevance = np.ascontiguousarray(model.relevance.weights[:, 0])
        heads = (model.categories, model.primary, model.facets)
        self._weights = np.concatenate(
            [head.weights for head in heads], axis=1
        )  # one pass over the terms for all heads
        self._intercepts = np.concatenate([head.intercepts for head in heads])
        self._facets = tuple(dict.fromkeys(facet for facet, _ in model.facet_values))

    def classify(self, records: Iterable[Record], batch: int = BATCH) -> Iterator[Verdict]:
        """Verdicts in the order of the records; memory is bounded by `batch`, on which the answer does not depend."""
        for part in batches(records, batch):
            yield from self.verdicts(part)

    def verdicts(self, records: Sequence[Record], *, with_terms: bool = True) -> list[Verdict]:
        """Verdicts of one batch; without the records' own terms if nobody wants them."""
        words = occurrences(records)
        vectors, filing = self.vectorizer.vectors(words, len(records))
        model = self.model
        scores = exact_scores(vectors, model.relevance)
        probabilities = logistic(scores)
        categories, primary, facet_scores = self._scores(filing)
        chosen = self._categories(categories, primary)
        category_probabilities = logistic(categories)
        facets = self._facet_values(facet_scores)
        named = self._names.find(words, len(records))
        because = self._strongest(vectors, vectors.data * self._relevance[vectors.indices], MAX_BECAUSE)
        terms = self._strongest(filing, filing.data, MAX_TERMS) if with_terms else [()] * len(records)
        intercept = float(model.relevance.intercepts[0])
        return [
            Verdict(
                id=record.id,
                probability=float(probabilities[n]),
                decision=self.thresholds.decide(float(probabilities[n])),
                primary=model.slugs[chosen[n][0]],
                categories=tuple((model.slugs[k], float(category_probabilities[n, k])) for k in chosen[n]),
                facets=facets[n],
                keywords=named[n].keywords,
                models=named[n].models,
                because=because[n],
                score=float(scores[n]),
                intercept=intercept,
                terms=terms[n],
            )
            for n, record in enumerate(records)
        ]

    def contributions(self, record: Record) -> Terms:
        """Every term of the record with its part in the score, strongest first; with the intercept they add up to it."""
        return self._parts(self.vectorizer.matrices([record])[0], self.model.relevance, 0)

    def filing_reasons(self, record: Record) -> tuple[Floats, list[Terms]]:
        """Scores of all categories, and for each of them every term of the record with its part in that score."""
        vector = self.vectorizer.matrices([record])[1]
        head = self.model.categories
        return head.scores(vector)[0], [self._parts(vector, head, k) for k in range(len(self.model.slugs))]

    def _parts(self, vector: sp.csr_matrix, head: Head, column: int) -> Terms:
        values = vector.data.astype(np.float64) * head.weights[vector.indices, column]
        order = np.lexsort((vector.indices, -np.abs(values)))
        return tuple((self.model.terms[vector.indices[n]], float(values[n])) for n in order)

    def _scores(self, vectors: sp.csr_matrix) -> tuple[Floats, Floats, Floats]:
        """Scores of categories, primary and facets."""
        scores = np.asarray(vectors @ self._weights + self._intercepts, dtype=np.float32)
        number = len(self.model.slugs)
        return scores[:, :number], scores[:, number : 2 * number], scores[:, 2 * number :]

    def _categories(self, scores: Floats, primary: Floats) -> list[list[int]]:
        """Columns of the categories given, the primary one first, the others by how far they pass their threshold."""
        margin = scores - self.model.category_thresholds
        order = np.argsort(-margin, axis=1, kind="stable")
        first = np.argmax(primary, axis=1)
        counts = (margin > 0).sum(axis=1)
        return [
            [top, *[k for k in ranked[:count] if k != top][: MAX_CATEGORIES - 1]]
            for top, ranked, count in zip(first.tolist(), order.tolist(), counts.tolist(), strict=True)
        ]

    def _facet_values(self, scores: Floats) -> list[dict[str, tuple[str, ...]]]:
        out: list[dict[str, tuple[str, ...]]] = [dict.fromkeys(self._facets, ()) for _ in range(len(scores))]
        for n, k in np.argwhere(scores > self.model.facet_thresholds).tolist():
            facet, value = self.model.facet_values[k]
            out[n][facet] = (*out[n][facet], value)
        return out

    def _strongest(self, vectors: sp.csr_matrix, values: npt.NDArray[Any], number: int) -> list[Terms]:
        """The terms with the largest values (by size) in every row, at most `number` of them; of equal ones the first.

        Size and place are packed into one whole number each, so that a partition of a table is all the work.
        """
        count = vectors.shape[0]
        lengths = np.diff(vectors.indptr)
        begin = vectors.indptr[:-1].astype(np.int64)
        row = np.repeat(np.arange(count), lengths)
        place = np.arange(len(values)) - begin[row]
        size = (
            np.abs(values).astype(np.float32).view(np.int32).astype(np.int64)
        )  # the bits of positive floats are in order
        keys = np.full((count, max(int(lengths.max(initial=0)), number)), -1, np.int64)
        keys[row, place] = (size << 32) | (_PLACES - place)
        top = np.sort(np.partition(keys, -number, axis=1)[:, -number:], axis=1)[:, ::-1]
        found = (top >= 0).sum(axis=1).tolist()
        at = np.where(top >= 0, begin[:, None] + (_PLACES - (top & _PLACES)), 0)
        if not len(values):
            return [()] * count
        names = vectors.indices[at].tolist()
        weights = np.round(values[at].astype(np.float64), 4).tolist()
        terms = self.model.terms
        return [
            tuple([(terms[t], w) for t, w in zip(which[:n], by[:n], strict=True)])
            for which, by, n in zip(names, weights, found, strict=True)
        ]


def exact_scores(vectors: sp.csr_matrix, head: Head) -> npt.NDArray[np.float64]:
    """Scores of a head's first column, summed in double precision, so that they equal the sum of the parts shown."""
    parts = vectors.data.astype(np.float64) * head.weights[vectors.indices, 0]
    out = np.full(vectors.shape[0], float(head.intercepts[0]))
    full = np.flatnonzero(np.diff(vectors.indptr))
    if len(full):
        out[full] += np.add.reduceat(parts, vectors.indptr[full])
    return out


def logistic(scores: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Probabilities from log-odds."""
    return 1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -40, 40)))


def load(path: Path | None = None, *, root: Path | None = None) -> Classifier:
    """Read a model.

    Parameters
    ----------
    path
        The model's file; the one that the package ships if left out.
    root
        Folder of the index, whose settings give the thresholds and whose resources give the names to look for. Without it the
        thresholds are those of the day of training, and no names are looked for.

    Raises
    ------
    UsageError
        The file is missing or is no model of this version; the remedy is in the message.
    SettingsError
        The settings or the names of the index are wrong.
    """
    model = read(path or DEFAULT)
    if root is None:
        return Classifier(model, Thresholds(float(model.about["accept"]), float(model.about["review"])))
    from updater.classify.names import load as load_names  # noqa: PLC0415 - pydantic, only where there is an index
    from updater.settings import load as load_settings  # noqa: PLC0415

    settings = load_settings(root).classifier
    return Classifier(model, Thresholds(settings.accept, settings.review), load_names(root))


def write(model: Model) -> bytes:
    """The model's file; same model, same bytes."""
    columns = [model.relevance, model.categories, model.primary, model.facets]
    arrays: dict[str, npt.NDArray[Any]] = {"idf": model.idf.astype(np.float16)}
    for name, head in zip(("relevance", "categories", "primary", "facets"), columns, strict=True):
        scale = np.abs(head.weights).max(axis=0, initial=1e-12).astype(np.float32)
        packed = _packed(head.weights / scale)
        rows = np.flatnonzero(packed.any(axis=1)).astype(np.uint32)
        arrays[f"{name}_rows"] = rows
        arrays[f"{name}_weights"] = packed[rows].T  # columns apart pack better
        arrays[f"{name}_scale"] = scale
        arrays[f"{name}_intercepts"] = head.intercepts.astype(np.float32)
    arrays["category_thresholds"] = model.category_thresholds.astype(np.float32)
    arrays["facet_thresholds"] = model.facet_thresholds.astype(np.float32)
    meta = {
        "format": FORMAT,
        "voice": model.voice,
        "aim_words": model.aim_words,
        "emphases": [asdict(emphasis) for emphasis in model.emphases],
        "slugs": model.slugs,
        "facet_values": model.facet_values,
        "about": dict(model.about),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        _put(archive, "meta.json", orjson.dumps(meta, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        _put(archive, "terms.txt", "\n".join(model.terms).encode())
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
            _put(archive, f"{name}.npy", buffer.getvalue())
    return out.getvalue()


def _packed(shares: Floats) -> npt.NDArray[np.int8]:
    """Values from -1 to 1 in eight bits; the square root keeps small ones apart (companding, as in ITU-T G.711)."""
    return np.asarray(np.rint(np.sign(shares) * np.sqrt(np.abs(shares)) * _STEPS), dtype=np.int8)


def _unpacked(packed: npt.NDArray[np.int8]) -> Floats:
    share = packed.astype(np.float32) / np.float32(_STEPS)
    return np.asarray(share * np.abs(share), dtype=np.float32)


def save(model: Model, path: Path) -> int:
    """Write the model's file, all or nothing, and return its size in bytes; WriteError if that is not possible."""
    content = write(model)
    try:
        put(path, content)
    except OSError as error:
        raise WriteError(f"{path}: the model cannot be written ({error.strerror}); nothing was changed") from error
    return len(content)


def stored(model: Model) -> Model:
    """The model as it comes back from its file: weights rounded to eight bits."""
    return replace(parse(write(model)), about=model.about)


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, content, compresslevel=9)


def read(path: Path) -> Model:
    """Read a model's file; UsageError if that is not possible."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: the model cannot be read ({error.strerror}); make one with `mi-index train`"
        ) from error
    try:
        return parse(content)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UsageError(f"{path}: this is not a model ({error}); make one with `mi-index train`") from error


def parse(content: bytes) -> Model:
    """A model from its bytes; BadZipFile, KeyError or ValueError if they are none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        meta = orjson.loads(archive.read("meta.json"))
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']} where {FORMAT} is expected")
        text = archive.read("terms.txt").decode()
        arrays = {
            name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.namelist()
            if name.endswith(".npy")
        }
    terms = tuple(text.split("\n")) if text else ()
    if len(arrays["idf"]) != len(terms):
        raise ValueError(f"{len(terms)} terms, but {len(arrays['idf'])} idf values")

    def head(name: str) -> Head:
        packed, scale = arrays[f"{name}_weights"], arrays[f"{name}_scale"]
        weights = np.zeros((len(terms), packed.shape[0]), np.float32)
        weights[arrays[f"{name}_rows"]] = _unpacked(packed.T) * scale
        return Head(weights, arrays[f"{name}_intercepts"])

    voice, emphases = meta["voice"], meta["emphases"]
    if not isinstance(voice, list) or not all(isinstance(term, str) for term in voice):
        raise ValueError("the voice is not a list of words")
    Voice(voice, int(meta["aim_words"]))  # refuses what is no term
    try:  # the unpacking refuses what are not two
        relevance_emphasis, filing_emphasis = (Emphasis(**emphasis) for emphasis in emphases)
        if min(*relevance_emphasis.by_zone(), *filing_emphasis.by_zone()) < 1:
            raise ValueError("a word counts less than once")
    except TypeError as error:
        raise ValueError(f"an emphasis names other parts of a record ({error})") from error
    return Model(
        terms=terms,
        idf=arrays["idf"].astype(np.float32),
        voice=tuple(voice),
        aim_words=int(meta["aim_words"]),
        emphases=(relevance_emphasis, filing_emphasis),
        relevance=head("relevance"),
        categories=head("categories"),
        category_thresholds=arrays["category_thresholds"],
        primary=head("primary"),
        facets=head("facets"),
        facet_thresholds=arrays["facet_thresholds"],
        slugs=tuple(meta["slugs"]),
        facet_values=tuple((facet, value) for facet, value in meta["facet_values"]),
        about=meta["about"],
    )
