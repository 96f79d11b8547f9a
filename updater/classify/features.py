"""From texts to vectors: TF-IDF over words and pairs of words, each counting as often as its place in the record says.

Places are zones after Teufel and Moens ("Summarizing scientific articles: experiments with relevance and rhetorical status",
Computational Linguistics 2002): an abstract begins with what is known, until its authors begin to speak of their own work
("we", "this paper"); the words from there on tell the aim, the rest the methods and findings.

A vector has one entry for each term of the vocabulary that the record holds, (1 + ln n)·idf with n the weighted count
(sublinear term frequency, Manning, Raghavan and Schütze, "Introduction to Information Retrieval", 2008, section 6.4), and
has the Euclidean length 1. A record without any known word has the zero vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from updater.classify.text import Hashes, Ints, Words, pair_hash, words
from updater.records import Record

Floats = npt.NDArray[np.float32]


BEFORE: Final = 0
"""Zone of an abstract up to where its authors begin to speak of their own work."""
OWN: Final = 1
"""Zone behind the aim, and the whole of an abstract in which they never begin."""
AIM: Final = 2
"""Zone of the first words from where they begin."""
TITLE: Final = 3
_ZONE_BITS: Final = 2
_NEVER: Final = np.iinfo(np.int64).max // 2


@dataclass(frozen=True, slots=True)
class Emphasis:
    """How often a word or pair counts in each zone."""

    title: float = 1
    before: float = 1
    aim: float = 1
    own: float = 1

    def by_zone(self) -> Floats:
        """The same as an array, by the number of the zone."""
        out = np.ones(1 << _ZONE_BITS, np.float32)
        out[[BEFORE, OWN, AIM, TITLE]] = self.before, self.own, self.aim, self.title
        return out


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every word and every pair of neighbouring words of a batch of records."""

    record: Ints
    hash: Hashes
    title: npt.NDArray[np.bool_]
    """Whether it stands in the title."""
    first: Ints
    """Index of the (first) word in `words`."""
    length: npt.NDArray[np.int8]
    """1 for a word, 2 for a pair."""
    words: Words


def occurrences(records: Sequence[Record]) -> Occurrences:
    """Words and pairs of all records; a pair never reaches from a title into an abstract or from a record into the next."""
    found = words([text for record in records for text in (record.title, record.abstract)])
    together = np.flatnonzero(found.text[1:] == found.text[:-1])
    pairs = pair_hash(found.hash[together], found.hash[together + 1])
    first = np.concatenate([np.arange(len(found.text)), together])
    text = found.text[first]
    length = np.ones(len(first), np.int8)
    length[len(found.text) :] = 2
    return Occurrences(text >> 1, np.concatenate([found.hash, pairs]), (text & 1) == 0, first, length, found)


class Voice:
    """Finds the place where the authors of an abstract begin to speak of their own work.

    Parameters
    ----------
    terms
        Words and pairs of words by which they do.
    aim_words
        So many words from the first of these on are the aim.

    Raises
    ------
    ValueError
        A term has no word or more than two.
    """

    def __init__(self, terms: Sequence[str], aim_words: int) -> None:
        distinct = {int(term_hashes([term])[0]): term for term in terms}  # a plural is one with its singular
        self._terms = Vocabulary(tuple(distinct.values()))
        self._aim_words = aim_words

    def zones(self, found: Occurrences, number: int) -> npt.NDArray[np.int8]:
        """Zone of every word and pair of `number` records; a pair is where its first word is."""
        begins = np.full(number, _NEVER)
        if len(self._terms):
            spoken = np.flatnonzero(~found.title & (self._terms.find(found.hash) >= 0))
            np.minimum.at(begins, found.record[spoken], found.first[spoken])
        begin = begins[found.record]
        since = found.first - begin
        zone = np.where(since < 0, np.where(begin == _NEVER, OWN, BEFORE), np.where(since < self._aim_words, AIM, OWN))
        zone[found.title] = TITLE
        return zone.astype(np.int8)


class Vocabulary:
    """The terms of a model, found by hash.

    The table is one array with open addressing and linear probing (Knuth, "The Art of Computer Programming", volume 3, section
    6.4), so that millions of look-ups are a few array operations.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self._hash = term_hashes(self.terms)
        bits = max(12, (len(self.terms) * 4).bit_length())
        self._mask = np.uint64((1 << bits) - 1)
        self._slots = np.full(1 << bits, -1, np.int32)
        waiting = np.arange(len(self.terms), dtype=np.int32)
        at = (self._hash & self._mask).astype(np.int64)
        while len(waiting):
            free = self._slots[at] < 0
            self._slots[at[free][::-1]] = waiting[free][::-1]  # of several that want one place, the first gets it
            placed = self._slots[at] == waiting
            waiting, at = waiting[~placed], (at[~placed] + 1) & int(self._mask)

    def __len__(self) -> int:
        return len(self.terms)

    def find(self, hashes: Hashes) -> npt.NDArray[np.int32]:
        """Number of each term, -1 for those that are not in the vocabulary."""
        out = np.full(len(hashes), -1, np.int32)
        if not len(self.terms):
            return out
        at = (hashes & self._mask).view(np.int64)
        found = self._slots[at]
        left = np.flatnonzero(found >= 0)
        found = found[left]
        while len(left):
            hit = self._hash[found] == hashes[left]
            out[left[hit]] = found[hit]
            left = left[~hit]
            at[left] = (at[left] + 1) & int(self._mask)
            found = self._slots[at[left]]
            taken = found >= 0
            left, found = left[taken], found[taken]
        return out


def term_hashes(terms: Sequence[str]) -> Hashes:
    """Hashes of terms of one or two words.

    Raises
    ------
    ValueError
        A term has no word or more than two, or two terms are one to the hash.
    """
    found = words(terms)
    counts = np.bincount(found.text, minlength=len(terms))
    if len(terms) and not (counts.min() >= 1 and counts.max() <= 2):
        raise ValueError("a term of the vocabulary does not have one or two words")
    first = np.cumsum(counts) - counts
    out = found.hash[first].copy() if len(terms) else np.empty(0, np.uint64)
    two = np.flatnonzero(counts == 2)
    out[two] = pair_hash(found.hash[first[two]], found.hash[first[two] + 1])
    if len(np.unique(out)) != len(out):
        raise ValueError("two terms of the vocabulary have the same hash")
    return out


class Vectorizer:
    """Turns records into vectors over a vocabulary, once for each way to weigh the zones."""

    def __init__(self, vocabulary: Vocabulary, idf: Floats, voice: Voice, emphases: Sequence[Emphasis]) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.voice = voice
        self._emphases = [emphasis.by_zone() for emphasis in emphases]

    def matrices(self, records: Sequence[Record]) -> list[sp.csr_matrix]:
        """One matrix for each emphasis: a row for each record, a column for each term.

        All have the same places filled; float32, indices sorted, rows of length 1 (or 0).
        """
        return self.vectors(occurrences(records), len(records))

    def vectors(self, found: Occurrences, number: int) -> list[sp.csr_matrix]:
        """The same from words that were looked for already, in `number` records."""
        term = self.vocabulary.find(found.hash)
        at = np.flatnonzero(term >= 0)
        zone = self.voice.zones(found, number)[at]
        size = max(len(self.vocabulary), 1)
        # One sort of whole numbers takes the place of building, sorting and summing a sparse matrix.
        keys = np.sort(((found.record[at] * size + term[at]) << _ZONE_BITS) | zone)
        cell, zone = keys >> _ZONE_BITS, keys & ((1 << _ZONE_BITS) - 1)
        first = np.flatnonzero(np.diff(cell, prepend=-1))
        record, column = np.divmod(cell[first], size)
        indices = column.astype(np.int32)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(record, minlength=number))])
        out = []
        for weights in self._emphases:
            weight = weights[zone]
            counts = np.add.reduceat(weight, first) if len(first) else weight
            matrix = sp.csr_matrix((counts, indices, indptr), shape=(number, len(self.vocabulary)))
            matrix.has_sorted_indices = True
            out.append(scaled(matrix, self.idf))
        return out


def scaled(counts: sp.csr_matrix, idf: Floats) -> sp.csr_matrix:
    """Counts (float32, at least 1 where present) as TF-IDF rows of length 1."""
    data = (1 + np.log(counts.data)) * idf[counts.indices]
    squares = np.zeros(counts.shape[0], np.float64)
    lengths = np.diff(counts.indptr)
    full = np.flatnonzero(lengths)
    if len(full):
        squares[full] = np.add.reduceat(data.astype(np.float64) ** 2, counts.indptr[full])
    norm = np.sqrt(np.where(squares > 0, squares, 1))
    out = sp.csr_matrix(
        ((data / np.repeat(norm, lengths)).astype(np.float32), counts.indices, counts.indptr), shape=counts.shape
    )
    out.has_sorted_indices = True
    return out


def batches(records: Iterable[Record], size: int) -> Iterable[list[Record]]:
    """Cut a stream into lists of `size` (the last one shorter)."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
