"""The map of the field: a place in the plane for every paper, near what it is about.

Topics are laid out first, by how often they are given together; each paper begins near its own topics and is then drawn
towards its nearest neighbours by shared terms and pushed away from where it is crowded, as in force-directed layout
(Fruchterman and Reingold 1991, doi:10.1002/spe.4380211102; sampled repulsion as in UMAP, arXiv:1802.03426). Every step is
elementwise arithmetic in a fixed order with a seeded generator, so that the same data gives the same map whatever the number
of threads or processes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

from updater.render.catalogue import Catalogue

Array = npt.NDArray[np.float64]

_SEED: Final = 20221101
_STEPS: Final = 120
_SAMPLES: Final = 5
"""Papers that each paper is pushed away from in a step."""
_MANY: Final = 20_000
"""From here on fewer steps are made, so that the time grows in proportion to the papers only."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything lies. Unit: the longer side of the map is 1; y grows downwards."""

    papers: Array
    """Shape (papers, 2), in the order of the catalogue."""
    topics: dict[str, tuple[float, float]]
    """The middle of each topic's papers."""


def positions(catalogue: Catalogue, neighbours: npt.NDArray[np.int32], nearness: Array) -> Places:
    """Places of all papers; `neighbours` and `nearness` as `related.nearest` gives them."""
    count = len(catalogue.entries)
    slugs = list(catalogue.taxonomy.category_slugs)
    if not count:
        return Places(np.zeros((0, 2)), {})
    anchors = _anchors(catalogue, slugs)
    number = {slug: i for i, slug in enumerate(slugs)}
    start = np.zeros((count, 2))
    for row, entry in enumerate(catalogue.entries):
        weights = np.array([1.0 / (1 + rank) for rank in range(len(entry.paper.categories))])
        weights[0] += 1
        at = np.array([anchors[number[slug]] for slug in entry.paper.categories])
        start[row] = (at * weights[:, None]).sum(axis=0) / weights.sum() + _jitter(entry.id)
    place = _settle(start, neighbours, nearness)
    low, high = np.quantile(place, 0.002, axis=0), np.quantile(place, 0.998, axis=0)
    place = (np.clip(place, low, high) - low) / max(float((high - low).max()), 1e-9)
    place = np.round(place, 4)
    topics = {}
    for slug in slugs:
        mine = [row for row, entry in enumerate(catalogue.entries) if entry.paper.primary == slug]
        if mine:
            x, y = np.median(place[mine], axis=0)
            topics[slug] = (round(float(x), 4), round(float(y), 4))
    return Places(place, topics)


def _jitter(id_: str) -> Array:
    """A small offset that depends on the id alone."""
    value = zlib.crc32(id_.encode())
    angle, radius = 2 * np.pi * (value & 0xFFFF) / 0x10000, np.sqrt((value >> 16) / 0x10000)
    return np.array([np.cos(angle) * radius, np.sin(angle) * radius]) * 0.12


def _anchors(catalogue: Catalogue, slugs: list[str]) -> Array:
    """A place for each topic, shape (topics, 2): those often given together lie near each other, none on another."""
    number = {slug: i for i, slug in enumerate(slugs)}
    together = np.zeros((len(slugs), len(slugs)))
    for entry in catalogue.entries:
        for a in entry.paper.categories:
            for b in entry.paper.categories:
                together[number[a], number[b]] += 1
    size = np.sqrt(np.maximum(together.diagonal(), 1))
    tie = together / size[:, None] / size[None, :]
    np.fill_diagonal(tie, 0)
    angle = 2 * np.pi * np.arange(len(slugs)) / len(slugs)
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for step in range(400):
        away = place[:, None, :] - place[None, :, :]
        distance = np.sqrt((away**2).sum(axis=2)) + 1e-6
        push = (away / distance[:, :, None] ** 2 * 0.05).sum(axis=1)
        pull = (away * tie[:, :, None]).sum(axis=1)
        place = place + (push - pull - 0.04 * place) * (0.4 * (1 - step / 400))
    return np.asarray(place / np.abs(place).max(), dtype=np.float64)


def _settle(place: Array, neighbours: npt.NDArray[np.int32], nearness: Array) -> Array:
    count = len(place)
    steps = _STEPS if count <= _MANY else max(40, _STEPS * _MANY // count)
    rows = np.repeat(np.arange(count), neighbours.shape[1])
    columns, weight = neighbours.ravel(), nearness.ravel()
    known = columns >= 0
    rows, columns, weight = rows[known], columns[known], weight[known]
    generator = np.random.default_rng(_SEED)
    home = place.copy()
    near = 1.2 / np.sqrt(count)
    for step in range(steps):
        speed = 1 - step / steps
        pull = (place[columns] - place[rows]) * weight[:, None]
        move = (
            np.stack([_sum(rows, pull[:, k], count) - _sum(columns, pull[:, k], count) for k in (0, 1)], axis=1) * 0.12
        )
        for _ in range(_SAMPLES):
            other = generator.integers(0, count, count)
            away = place - place[other]
            square = (away**2).sum(axis=1) + near**2
            move += away / square[:, None] * near**2 * 4
        # the nearest neighbours are the ones most likely to lie on top of each other
        away = place[rows] - place[columns]
        square = (away**2).sum(axis=1)
        push = away * np.maximum(0, near / np.sqrt(square + 1e-9) - 1)[:, None] * 0.25
        move += np.stack([_sum(rows, push[:, k], count) - _sum(columns, push[:, k], count) for k in (0, 1)], axis=1)
        move += (home - place) * 0.03
        length = np.sqrt((move**2).sum(axis=1)) + 1e-12
        place = place + move * (np.minimum(length, 0.08) / length * speed)[:, None]
    return place


def _sum(index: npt.NDArray[np.int64] | npt.NDArray[np.int32], values: Array, count: int) -> Array:
    """Sums of `values` by index, added in their order."""
    return np.bincount(index, weights=values, minlength=count).astype(np.float64)


def points(catalogue: Catalogue, places: Places) -> bytes:
    """What the map's script reads: columns, so that it stays small."""
    number = {slug: i for i, slug in enumerate(catalogue.taxonomy.category_slugs)}
    return orjson.dumps(
        {
            "topics": [
                {
                    "slug": c.slug,
                    "title": c.title,
                    "hue": catalogue.hue[c.group],
                    "at": places.topics.get(c.slug),
                    "count": catalogue.categories[c.slug].primary,
                }
                for c in catalogue.taxonomy.categories
            ],
            "id": [entry.id for entry in catalogue.entries],
            "title": [entry.paper.title for entry in catalogue.entries],
            "date": [entry.paper.date for entry in catalogue.entries],
            "topic": [number[entry.paper.primary] for entry in catalogue.entries],
            "x": [round(x * 10_000) for x in places.papers[:, 0].tolist()],
            "y": [round(y * 10_000) for y in places.papers[:, 1].tolist()],
            "landmark": [i for i, entry in enumerate(catalogue.entries) if entry.paper.featured],
        }
    )
