"""Vectors: zones of a record, and the same vectors in training as afterwards."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.field import text

from updater.classify.examples import Example, Label
from updater.classify.features import (
    AIM,
    BEFORE,
    OWN,
    TITLE,
    Emphasis,
    Vectorizer,
    Vocabulary,
    Voice,
    occurrences,
    scaled,
)
from updater.classify.train import count
from updater.records import Record

VOICE = Voice(("we", "our", "this paper"), 3)
EMPHASES = (Emphasis(), Emphasis(title=4, before=1, aim=3, own=2))


def zones(title: str, abstract: str, voice: Voice = VOICE) -> list[tuple[str, int]]:
    """Every word with its zone, in order."""
    found = occurrences([Record("x", title, abstract)])
    by_place = voice.zones(found, 1)
    return [
        (found.words.surface(int(first), int(first)), int(zone))
        for first, length, zone in zip(found.first, found.length, by_place, strict=True)
        if length == 1
    ]


def test_an_abstract_is_cut_where_its_authors_begin_to_speak() -> None:
    assert zones("How we look", "Models are large. We cut one open and look inside.") == [
        *((word, TITLE) for word in ("how", "we", "look")),
        *((word, BEFORE) for word in ("models", "are", "large")),
        *((word, AIM) for word in ("we", "cut", "one")),
        *((word, OWN) for word in ("open", "and", "look", "inside")),
    ]


def test_a_pair_of_words_begins_it_too_and_a_part_of_one_does_not() -> None:
    assert [zone for _, zone in zones("", "This is known. This paper shows more than this.")] == [
        *[BEFORE] * 3,
        *[AIM] * 3,
        *[OWN] * 3,
    ]


@pytest.mark.parametrize("voice", [VOICE, Voice((), 3)])
def test_where_nobody_speaks_all_is_their_own(voice: Voice) -> None:
    assert {zone for _, zone in zones("", "Circuits are found", voice)} == {OWN}


def test_without_words_of_aim_the_rest_is_their_own() -> None:
    assert [zone for _, zone in zones("", "Known. We look", Voice(("we",), 0))] == [BEFORE, OWN, OWN]


def test_singular_and_plural_of_a_term_are_one() -> None:
    assert [zone for _, zone in zones("", "known. results show", Voice(("result", "results"), 1))] == [BEFORE, AIM, OWN]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=120)), min_size=1, max_size=8))
def test_records_do_not_reach_into_one_another(texts: list[tuple[str, str]]) -> None:
    records = [Record(str(n), title, abstract) for n, (title, abstract) in enumerate(texts)]
    found = occurrences(records)
    together = VOICE.zones(found, len(records))
    for n, record in enumerate(records):
        alone = occurrences([record])
        assert together[found.record == n].tolist() == VOICE.zones(alone, 1).tolist()
    assert ((together == TITLE) == found.title).all()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 999), min_size=1, max_size=6))
def test_training_and_inference_make_the_same_vectors(seeds: list[int]) -> None:
    records = []
    for seed in seeds:
        rng = random.Random(seed)
        abstract = f"{text(rng, 'out', 8)}. {rng.choice(['We', 'this paper', 'They'])} {text(rng, 'circuits', 20)}"
        records.append(Record(str(seed), text(rng, "circuits", 5), abstract))
    counts = count([Example(Label(r.id, "in"), r) for r in records], VOICE, EMPHASES, 1)
    idf = np.linspace(1, 3, len(counts.terms), dtype=np.float32)
    vectors = Vectorizer(Vocabulary(counts.terms), idf, VOICE, EMPHASES).matrices(records)
    for trained, seen in zip(counts.matrices, vectors, strict=True):
        expected = scaled(trained, idf)
        assert (expected.indptr == seen.indptr).all() and (expected.indices == seen.indices).all()
        np.testing.assert_allclose(seen.data, expected.data, rtol=1e-6)


def test_emphasis_moves_weight_to_where_it_lies() -> None:
    record = Record("x", "", "hospital. We find circuits")
    terms = ("circuits", "hospital")
    plain, weighed = Vectorizer(Vocabulary(terms), np.ones(2, np.float32), VOICE, EMPHASES).matrices([record])
    assert plain.data[0] == plain.data[1]
    assert weighed.data[0] > weighed.data[1]
