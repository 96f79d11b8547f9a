"""Catalogue, neighbours, map and charts: the numbers are those of the data, whatever their order."""

from __future__ import annotations

import copy
import random
from collections import Counter

import made_up_site
import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from updater.index.repository import Index, Repository
from updater.render import charts, layout, related
from updater.render.catalogue import Catalogue, venue_series


def shuffled(made_up: Repository) -> Catalogue:
    index: Index = copy.copy(made_up.load())
    ids = list(index.papers)
    random.Random(5).shuffle(ids)
    index.papers = {id_: index.papers[id_] for id_ in ids}
    return Catalogue(index, made_up.taxonomy, made_up.settings)


def test_the_order_of_the_files_does_not_matter(made_up: Repository, catalogue: Catalogue) -> None:
    assert [e.id for e in shuffled(made_up).entries] == [e.id for e in catalogue.entries]


def test_newest_first_and_a_date_known_to_the_year_comes_after_its_days(catalogue: Catalogue) -> None:
    ids = [entry.id for entry in catalogue.entries]
    assert ids[:3] == [made_up_site.REFUSAL, "2604.00101", "evil-2026-script"] and ids[-1] == made_up_site.OLD


def test_this_week_is_counted_from_the_newest_day_in_the_data(catalogue: Catalogue) -> None:
    assert [entry.id for entry in catalogue.this_week] == [made_up_site.REFUSAL, "2604.00101"]
    assert str(catalogue.last_day) == "2026-04-20"


def test_every_paper_stands_in_each_of_its_lists(catalogue: Catalogue) -> None:
    for entry in catalogue.entries:
        assert all(entry in catalogue.categories[slug].entries for slug in entry.paper.categories)
        assert entry in catalogue.years[entry.paper.date[:4]].entries
    assert sum(shelf.primary for shelf in catalogue.categories.values()) == len(catalogue.entries)
    assert set(catalogue.authors) == {"ann-lee"}
    assert len(catalogue.venues["iclr"]) == 13
    assert next(iter(catalogue.models)) == "gpt-2"


def test_venues_lose_their_year() -> None:
    assert [venue_series(v) for v in ("ICLR 2023", "ICML Workshop (2024)", "TMLR", "2023")] == [
        "ICLR",
        "ICML Workshop",
        "TMLR",
        "2023",
    ]


def test_chart_counts_are_those_of_the_papers(catalogue: Catalogue) -> None:
    chart = charts.stacked(catalogue)
    assert [stack.month for stack in chart.stacks] == catalogue.months[-charts.SHOWN_MONTHS :]
    for stack in chart.stacks:
        assert stack.total == sum(entry.paper.date.startswith(stack.month) for entry in catalogue.entries)
        assert stack.total == sum(bar.count for bar in stack.bars)
        assert all(0 <= bar.y and bar.y + bar.height <= chart.height for bar in stack.bars)


def test_the_matrix_counts_papers(catalogue: Catalogue) -> None:
    cells = charts.matrix(catalogue)
    assert cells["safety"]["causal-attribution", "vector-arithmetic"] == 1
    both = [e for e in catalogue.entries if "probing" in e.paper.localize and "vector-arithmetic" in e.paper.steer]
    assert cells[""]["probing", "vector-arithmetic"] == len(both)


@given(st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4), min_size=1, max_size=24))
def test_names_of_streams_lie_inside_their_bands(rows: list[list[int]]) -> None:
    values = {"a": "Short", "b": "A rather longer name", "c": "Name", "d": "Another one"}
    counts = {
        f"{2000 + i // 4} Q{i % 4 + 1}": Counter(dict(zip(values, row, strict=True))) for i, row in enumerate(rows)
    }
    made = charts.streams(values, counts)
    floor = np.zeros(len(rows))
    at = np.linspace(0, made.width, len(rows))
    for band in made.bands:
        ceiling = floor + np.array(band.shares)
        if band.label is not None:
            half = len(band.title) * charts.LETTER / 2
            x = np.linspace(band.label[0] - half, band.label[0] + half, 50)
            middle = band.label[1] - 4
            upper, lower = (np.interp(x, at, made.height * (1 - edge)) for edge in (ceiling, floor))
            # shares and places are rounded
            assert x[0] >= -0.1 and x[-1] <= made.width + 0.1
            assert (upper - 0.5 <= middle - charts.LABEL / 2 + 0.1).all()
            assert (middle + charts.LABEL / 2 - 0.1 <= lower + 0.5).all()
        floor = ceiling


@given(st.integers(1, 10**6))
def test_steps_of_an_axis_are_round_and_few(top: int) -> None:
    step = charts.nice_step(top)
    assert str(step).rstrip("0") in ("1", "2", "5") and step * 4 >= top and (step == 1 or step * 4 < top * 2.6)


def test_neighbours_share_terms_and_nobody_is_its_own(catalogue: Catalogue) -> None:
    found, nearness = related.nearest(related.vectors(catalogue.entries))
    rows = np.arange(len(found))[:, None]
    assert not (found == rows).any()
    assert ((nearness >= 0) & (nearness <= 1 + 1e-9)).all()
    assert (np.diff(nearness, axis=1) <= 1e-12).all()


@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_neighbours_are_those_of_a_full_comparison(seed: int, count: int) -> None:
    from scipy import sparse  # noqa: PLC0415

    generator = np.random.default_rng(seed)
    dense = generator.random((count, 12)) * (generator.random((count, 12)) < 0.4)
    norm = np.linalg.norm(dense, axis=1, keepdims=True)
    dense = dense / np.where(norm == 0, 1, norm)
    _found, nearness = related.nearest(sparse.csr_array(dense), 3)
    full = np.round(dense @ dense.T, 9)
    np.fill_diagonal(full, -1)
    expected = -np.sort(-full, axis=1)[:, :3]
    expected = np.where(expected > 0, expected, 0)[:, : nearness.shape[1]]
    assert np.allclose(nearness[:, : expected.shape[1]], expected, atol=1e-8)


def test_the_map_is_the_same_whenever_it_is_made(made_up: Repository, catalogue: Catalogue) -> None:
    def points(one: Catalogue) -> bytes:
        found, nearness = related.nearest(related.vectors(one.entries))
        return layout.points(one, layout.positions(one, found, nearness))

    assert points(catalogue) == points(shuffled(made_up))
    data = orjson.loads(points(catalogue))
    assert len(data["x"]) == len(data["id"]) == len(catalogue.entries)
    assert all(0 <= value <= 10_000 for value in [*data["x"], *data["y"]])


def test_an_empty_index_still_has_pictures(made_up: Repository) -> None:
    empty = Catalogue(Index(), made_up.taxonomy, made_up.settings)
    matrix = related.vectors(empty.entries)
    assert layout.positions(empty, *related.nearest(matrix)).papers.shape == (0, 2)
    assert charts.stacked(empty).stacks == ()
    assert charts.sparks(empty)[0].total == 0
