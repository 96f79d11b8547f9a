"""The categories, facets and kinds of the index, from resources/taxonomy.yml."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from updater.index.validate import load_model

FILE: Final = "resources/taxonomy.yml"
_SLUG: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(_Part):
    """What is in, what is borderline and what is out, in one paragraph each."""

    in_: str = Field(alias="in")
    borderline: str
    out: str


class Group(_Part):
    """A heading under which categories stand together."""

    slug: str = Field(pattern=_SLUG)
    title: str


class Category(_Part):
    """One category; a paper has one primary and up to three more."""

    slug: str = Field(pattern=_SLUG)
    title: str
    group: str
    definition: str


class FacetValue(_Part):
    """One value that a facet can take."""

    slug: str = Field(pattern=_SLUG)
    title: str


class Facet(_Part):
    """A question asked of every paper, answered with any number of values."""

    slug: str = Field(pattern=_SLUG)
    title: str
    question: str
    values: tuple[FacetValue, ...] = Field(min_length=1)


class Kind(_Part):
    """A kind of resource other than papers, kept in `resources/<file>.yml` and shown at `/<file>/`."""

    slug: str = Field(pattern=_SLUG)
    file: str = Field(pattern=_SLUG)
    title: str
    plural: str
    definition: str


class Pictures(_Part):
    """Which facets the page of pictures draws; where it names none, that picture is left out."""

    over_time: tuple[str, ...] = ()
    """The share of each value, quarter by quarter: a chart for each of these facets."""
    matrix: tuple[str, ...] = Field(default=(), max_length=3)
    """Two facets that are counted together, rows and columns; a third gives a matrix for each of its values too."""


class Taxonomy(_Part):
    """All of resources/taxonomy.yml."""

    scope: Scope
    groups: tuple[Group, ...]
    categories: tuple[Category, ...] = Field(min_length=1)
    facets: tuple[Facet, ...] = ()
    kinds: tuple[Kind, ...] = ()
    pictures: Pictures = Pictures()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, slugs in (
            ("group", [g.slug for g in self.groups]),
            ("category", [c.slug for c in self.categories]),
            ("facet", [f.slug for f in self.facets]),
            ("kind", [k.slug for k in self.kinds]),
            *((f"value of {f.slug}", [v.slug for v in f.values]) for f in self.facets),
        ):
            if twice := {s for s in slugs if slugs.count(s) > 1}:
                raise ValueError(f"the {name} {sorted(twice)[0]!r} stands here twice")
        groups = {g.slug for g in self.groups}
        for category in self.categories:
            if category.group not in groups:
                raise ValueError(f"category {category.slug!r}: the group {category.group!r} is not among the groups")
        facets = {f.slug for f in self.facets}
        for slug in (*self.pictures.over_time, *self.pictures.matrix):
            if slug not in facets:
                raise ValueError(f"pictures: {slug!r} is not among the facets")
        if len(self.pictures.matrix) == 1:
            raise ValueError("pictures: a matrix needs two facets, or three")
        return self

    @cached_property
    def category_slugs(self) -> tuple[str, ...]:
        """Slugs of all categories, in the order of the file."""
        return tuple(c.slug for c in self.categories)

    @cached_property
    def by_slug(self) -> dict[str, Category]:
        """Categories by slug."""
        return {c.slug: c for c in self.categories}

    @cached_property
    def facet_values(self) -> dict[str, tuple[str, ...]]:
        """Slugs of each facet's values, by the facet's slug, in the order of the file."""
        return {f.slug: tuple(v.slug for v in f.values) for f in self.facets}

    @cached_property
    def kind_by_slug(self) -> dict[str, Kind]:
        """Kinds by slug."""
        return {k.slug: k for k in self.kinds}


def load(root: Path) -> Taxonomy:
    """Read the taxonomy of the index at `root`.

    Raises
    ------
    SettingsError
        The file is missing or wrong; the message names file, line and remedy.
    """
    return load_model(root, FILE, Taxonomy)
