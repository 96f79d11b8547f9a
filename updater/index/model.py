"""Every kind of resource, defined once: the YAML format, the JSON Schemas and the checks all follow from these models.

Validation needs the taxonomy, passed as pydantic's context: `Paper.model_validate(data, context={"taxonomy": taxonomy})`.
Field order is the canonical order of keys in the files.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from updater.index.taxonomy import Taxonomy
from updater.index.text import ARXIV_ID, UNSEEN, arxiv_id, is_http, normal_doi, slugify

SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _shown(text: str) -> str:
    """What should be written, folded and quoted; cut where it is long."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 120 else f"{text[:119]}…")


def _text(value: str) -> str:
    if found := UNSEEN.search(value):
        raise ValueError(
            f"holds the invisible character U+{ord(found.group()):04X} (remove it: {_shown(UNSEEN.sub(' ', value))})"
        )
    if value != " ".join(value.split()):
        raise ValueError(f"has white space at an end or twice in a row (run `mi-index fmt`, or write {_shown(value)})")
    return value


def _url(value: str) -> str:
    if not is_http(value):
        raise ValueError(
            f"{value[:80]!r} is not a web address (it must begin with https:// or http:// and hold no spaces)"
        )
    return value


def _date(value: str) -> str:
    parts = value.split("-")
    if not re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", value):
        other = re.fullmatch(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?", value)
        meant = "-".join(f"{int(part):02}" for part in other.groups() if part) if other else ""
        remedy = f"{meant}; the form is YYYY-MM-DD" if meant else "YYYY-MM-DD, YYYY-MM or YYYY, as far as it is known"
        raise ValueError(f"{value!r} is not a date (write {remedy})")
    try:
        dt.date(int(parts[0]), *([int(p) for p in parts[1:]] + [1, 1])[:2])
    except ValueError as error:
        raise ValueError(f"{value!r} is not a day of the calendar") from error
    return value


def _paper_id(value: str) -> str:
    if not (ARXIV_ID.fullmatch(value) or SLUG.fullmatch(value)):
        meant = arxiv_id(value) or slugify(value)
        remedy = f"write {meant!r}" if meant else "2211.00593, without version, or author-year-word, lower case"
        raise ValueError(f"{value!r} is neither an arXiv id nor a slug ({remedy})")
    return value


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        meant = slugify(value)
        remedy = f": write {meant!r}" if meant else ""
        raise ValueError(f"{value!r} is not a slug (lower-case letters, digits and single hyphens{remedy})")
    return value


def _as_list(value: Any) -> Any:
    return [] if value == "" else value


Text = Annotated[str, Field(min_length=1, max_length=600), AfterValidator(_text)]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_url)]
PartialDate = Annotated[
    str, Field(json_schema_extra={"examples": ["2022-11-01", "2022-11", "2022"]}), AfterValidator(_date)
]
PaperId = Annotated[str, AfterValidator(_paper_id)]
Slug = Annotated[str, AfterValidator(_slug)]
TextList = Annotated[list[Text], BeforeValidator(_as_list)]


class Model(BaseModel):
    """Base of everything kept in a list file."""

    model_config = ConfigDict(extra="forbid", validate_assignment=False)

    keep_empty: ClassVar[frozenset[str]] = frozenset()
    """Keys that are written even when they are empty, because empty is an answer."""

    def to_data(self) -> dict[str, Any]:
        """The entry as the canonical file has it: keys in field order, unknown ones left out."""
        out: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, BaseModel):
                value = value.model_dump(exclude_defaults=True)
            if value or name in self.keep_empty:
                out[name] = value
        return out


def _taxonomy(info: ValidationInfo) -> Taxonomy | None:
    return info.context.get("taxonomy") if info.context else None


def check_slugs(values: list[str], known: tuple[str, ...], what: str) -> list[str]:
    """Raise ValueError with the nearest known slug if one is unknown or stands twice."""
    for value in values:
        if value not in known:
            near = difflib.get_close_matches(value, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise ValueError(f"{value!r} is not a {what} of the taxonomy ({hint})")
    if len(set(values)) < len(values):
        twice = next(v for v in values if values.count(v) > 1)
        raise ValueError(f"{twice!r} stands here twice (remove one)")
    return values


class Categorized(Model):
    """Something with categories, the primary one first."""

    @field_validator("categories", check_fields=False)
    @classmethod
    def _known_categories(cls, value: list[str], info: ValidationInfo) -> list[str]:
        taxonomy = _taxonomy(info)
        return check_slugs(value, taxonomy.category_slugs, "category") if taxonomy else value


class Faceted(Categorized):
    """Something with categories and the four facets."""

    @field_validator("object", "localize", "steer", "goal", check_fields=False)
    @classmethod
    def _known_facets(cls, value: list[str], info: ValidationInfo) -> list[str]:
        taxonomy = _taxonomy(info)
        name = info.field_name or ""
        return check_slugs(value, taxonomy.facet_values.get(name, ()), f"value of {name}") if taxonomy else value


class Links(Model):
    """Where a paper, or what belongs to it, can be found. All are web addresses."""

    arxiv: Url | None = None
    doi: Url | None = None
    openreview: Url | None = None
    page: Url | None = None
    pdf: Url | None = None
    code: Url | None = None
    data: Url | None = None
    demo: Url | None = None
    video: Url | None = None

    @model_validator(mode="after")
    def _hosts(self) -> Self:
        if self.arxiv and not re.fullmatch(r"https://arxiv\.org/abs/\S+", self.arxiv):
            raise ValueError(f"arxiv: {self.arxiv!r} should read https://arxiv.org/abs/{arxiv_id(self.arxiv) or 'ID'}")
        if self.doi and not re.fullmatch(r"https://doi\.org/10\.\S+", self.doi):
            raise ValueError(f"doi: {self.doi!r} should read https://doi.org/{normal_doi(self.doi) or '10.…'}")
        return self


Facets = Annotated[list[Slug], BeforeValidator(_as_list)]


class Work(Faceted):
    """What is known of a paper, listed or not."""

    keep_empty: ClassVar[frozenset[str]] = frozenset(
        {"authors", "object", "localize", "steer", "goal", "models", "keywords"}
    )

    id: PaperId
    """arXiv id without version, or author-year-word for a work that is not on arXiv. Never changes."""
    title: Text
    authors: TextList = Field(default_factory=list)
    date: PartialDate | None = None
    """UTC day of the first version, as far as it is known."""
    venue: Text | None = None
    """Where it was published, in the spelling of resources/venues.yml; left out for preprints."""
    links: Links = Field(default_factory=Links)
    categories: list[Slug] = Field(min_length=1, max_length=4)
    object: Facets = Field(default_factory=list)
    localize: Facets = Field(default_factory=list)
    steer: Facets = Field(default_factory=list)
    goal: Facets = Field(default_factory=list)
    models: TextList = Field(default_factory=list)
    """Models studied, in the spelling of resources/models.yml."""
    keywords: Annotated[TextList, Field(max_length=8)] = Field(default_factory=list)


class Paper(Work):
    """A paper of the index, in resources/papers/YYYY-MM.yml."""

    date: PartialDate
    summary: Text | None = None
    """One sentence of our own."""
    status: Literal["curated", "auto"]
    """curated: a person read it; auto: the model sorted it."""
    featured: Text | None = None
    """Landmark papers only: the ground, in one clause."""
    withdrawn: bool = False
    """The authors withdrew the work."""

    @property
    def primary(self) -> str:
        """The primary category."""
        return self.categories[0]

    @property
    def is_arxiv(self) -> bool:
        """Whether the id is arXiv's."""
        return bool(ARXIV_ID.fullmatch(self.id))

    @property
    def year(self) -> int:
        """Year of the first version."""
        return int(self.date[:4])

    @property
    def url(self) -> str:
        """Where a reader should go first; empty if no address is known."""
        order = (
            self.links.arxiv,
            self.links.page,
            self.links.openreview,
            self.links.doi,
            self.links.pdf,
            self.links.code,
        )
        return next((link for link in order if link), "")

    @property
    def month(self) -> str:
        """Stem of the file that holds it: the month of the arXiv id, else of publication, as far as it is known."""
        if match := re.match(r"(\d\d)(\d\d)\.", self.id):
            return f"20{match.group(1)}-{match.group(2)}"
        if match := re.match(r"[a-z.A-Z-]+/(\d\d)(\d\d)", self.id):
            century = "19" if match.group(1) > "90" else "20"
            return f"{century}{match.group(1)}-{match.group(2)}"
        return self.date[:7]


class ResourceLinks(Model):
    """Further addresses of a resource."""

    code: Url | None = None
    docs: Url | None = None
    paper: Url | None = None
    page: Url | None = None
    demo: Url | None = None
    data: Url | None = None
    video: Url | None = None


class Resource(Categorized):
    """Anything that is not a paper: library, platform, model suite, benchmark, course, article, video, …"""

    id: Slug
    """Stable, unique over all kinds; the entry's address."""
    name: Text
    url: Url
    """Where a reader should go first."""
    links: ResourceLinks = Field(default_factory=ResourceLinks)
    authors: TextList = Field(default_factory=list)
    """People or organisations."""
    date: PartialDate | None = None
    categories: list[Slug] = Field(min_length=1, max_length=4)
    hooks: Text | None = None
    """Libraries: what it hooks into."""
    models: TextList = Field(default_factory=list)
    """Models it supports or contains."""
    licence: Annotated[str, Field(pattern=r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$")] | None = None
    """SPDX identifier (https://spdx.org/licenses/); left out where it is not known."""
    keywords: TextList = Field(default_factory=list)
    description: Text
    """One sentence of our own, 10 to 30 words."""
    featured: Text | None = None
    """Landmarks only: the ground, in one clause."""
    stars: Annotated[int, Field(ge=0)] | None = None
    """Stars on GitHub, written by `mi-index enrich`."""
    released: PartialDate | None = None
    """Day of the newest release on GitHub, written by `mi-index enrich`."""
    archived: bool = False
    """The repository is archived or the page is gone, written by `mi-index enrich`."""

    @field_validator("description")
    @classmethod
    def _description(cls, value: str, info: ValidationInfo) -> str:
        name = str(info.data.get("name", ""))
        if name and value.casefold().startswith(name.casefold()):
            raise ValueError("the description begins with the name (say what it is for instead)")
        if not value.endswith((".", "!", "?")):
            raise ValueError("the description is not a sentence (end it with a full stop)")
        return value


class Rejected(Model):
    """A work that a person looked at and left out; it never comes back."""

    id: PaperId
    title: Text | None = None
    url: Url | None = None
    reason: Text | None = None


class Borderline(Faceted):
    """A work judged borderline: not listed, but training data."""

    id: PaperId
    title: Text | None = None
    url: Url | None = None
    categories: list[Slug] = Field(min_length=1, max_length=4)
    object: Facets = Field(default_factory=list)
    localize: Facets = Field(default_factory=list)
    steer: Facets = Field(default_factory=list)
    goal: Facets = Field(default_factory=list)


class Gone(Model):
    """An address that once led to an entry, or would be another entry's: it says so and where to go."""

    id: PaperId
    title: Text
    reason: Literal["duplicate", "out-of-scope", "merged"]
    see: Slug | PaperId | None = None
    """Id of the entry to go to."""
    url: Url | None = None
    """The work itself."""


class Snapshot(Model):
    """A released state of the data that can be cited; its archive is kept with the release and never changes."""

    keep_empty: ClassVar[frozenset[str]] = frozenset({"papers", "resources"})

    id: Annotated[PartialDate, Field(min_length=10)]
    """Day up to which arXiv had been read; the snapshot's address."""
    papers: Annotated[int, Field(ge=0)]
    resources: Annotated[int, Field(ge=0)]
    """Entries that are not papers."""
    bytes: Annotated[int, Field(gt=0)]
    """Size of the archive."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Checksum of the archive."""


class Queued(Work):
    """A candidate that waits for a person: the model was in doubt, or the work came from outside arXiv."""

    probability: Annotated[float, Field(ge=0, le=1)]
    because: TextList = Field(default_factory=list)
    """The model's strongest terms for and against, each with its weight."""
