"""Related papers: the nearest neighbours by shared terms.

Each paper is a sparse unit vector over terms: those of its trace (TF-IDF of title and abstract, made when it was read) or,
where there is none, the words and pairs of words of its title and summary, weighted here by TF-IDF. Nearness is the cosine.
No dense linear algebra, so that the result does not depend on a BLAS or its number of threads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from updater.render.catalogue import Entry

NEIGHBOURS: Final = 6
_BLOCK: Final = 1024
_COMMON: Final = (0.03, 30, 400)
"""Terms in more than this share of the papers, but at least and at most so many, say little and cost most of the time."""
_MAX_TERMS: Final = 40
_STOP: Final = frozenset(
    re.findall(
        r"\w+",
        "a about across after all also an and are as at be been between both but by can do does for from has have how in into "
        "is it its more most no not of on only or other our over show shows than that the their them then there these they this "
        "to under up use used uses using via was we what when where whether which while who why will with within without",
    )
)


def _terms(entry: Entry) -> dict[str, float]:
    """Terms of a paper with weights; those of its title and summary count once each if there is no trace."""
    if entry.trace and entry.trace.terms:
        return dict(entry.trace.terms[:_MAX_TERMS])
    paper = entry.paper
    words = [
        w for w in re.findall(r"[a-z][a-z0-9-]+", f"{paper.title} {paper.summary or ''}".lower()) if w not in _STOP
    ]
    counts = Counter(words)
    counts.update(f"{a} {b}" for a, b in pairwise(words))
    counts.update(k.lower() for k in paper.keywords)
    return {term: 1.0 + np.log(n) for term, n in counts.items()}


def vectors(entries: Sequence[Entry]) -> sparse.csr_array:
    """One row of unit length for each paper, one column for each term that at least two papers share."""
    bags = [_terms(entry) for entry in entries]
    frequency = Counter(term for bag in bags for term in bag)
    share, least, most = _COMMON
    limit = min(max(share * len(entries), least), most)
    columns = {term: i for i, term in enumerate(sorted(t for t, n in frequency.items() if 2 <= n <= limit))}
    idf = np.log((1 + len(entries)) / (1 + np.array([frequency[t] for t in columns], dtype=np.float64))) + 1
    rows, cols, values = [], [], []
    for row, bag in enumerate(bags):
        for term, weight in bag.items():
            if (column := columns.get(term)) is not None:
                rows.append(row)
                cols.append(column)
                # the trace's weights are TF-IDF already
                values.append(weight if entries[row].trace else weight * idf[column])
    matrix = sparse.csr_array(
        (np.array(values, dtype=np.float64), (np.array(rows, dtype=np.int32), np.array(cols, dtype=np.int32))),
        shape=(len(entries), len(columns)),
    )
    norm = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    norm[norm == 0] = 1
    return sparse.csr_array(sparse.diags_array(1 / norm) @ matrix)


def nearest(matrix: sparse.csr_array, count: int = NEIGHBOURS) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """The `count` nearest rows of every row, nearest first, and their cosines (0 to 1).

    Both arrays have shape (rows, count); places without a neighbour hold -1 and 0. Ties go to the earlier row.
    """
    rows = matrix.shape[0]
    found = np.full((rows, count), -1, dtype=np.int32)
    cosine = np.zeros((rows, count))
    transposed = sparse.csr_array(matrix.T)
    for start in range(0, rows, _BLOCK):
        block = sparse.csr_array(matrix[start : start + _BLOCK] @ transposed)
        block.sort_indices()
        for i in range(block.shape[0]):
            low, high = block.indptr[i], block.indptr[i + 1]
            index, value = block.indices[low:high], block.data[low:high]
            keep = index != start + i
            index, value = index[keep], np.round(value[keep], 9)
            if len(index) > 4 * count:
                best = np.partition(value, len(value) - count)[len(value) - count]
                top = value >= best
                index, value = index[top], value[top]
            order = np.lexsort((index, -value))[:count]
            found[start + i, : len(order)] = index[order]
            cosine[start + i, : len(order)] = value[order]
    return found, cosine


def link(entries: Sequence[Entry], neighbours: npt.NDArray[np.int32]) -> None:
    """Give every entry its related ones."""
    for entry, row in zip(entries, neighbours, strict=True):
        entry.related = [entries[i] for i in row if i >= 0]
