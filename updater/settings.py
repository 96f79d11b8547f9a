"""The one settings file, resources/settings.yml, typed and checked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from updater.index.validate import load_model

FILE: Final = "resources/settings.yml"


def _http(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("an address that begins with https:// is expected")
    return url


Url = Annotated[str, AfterValidator(_http)]


class Section(BaseModel):
    """Base of all settings: immutable, and a key that nobody reads is an error rather than a surprise."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Project(Section):
    """Who we are: used in the README, the site, the feeds and the User-Agent."""

    name: str
    short_name: str
    tagline: str
    subject: str
    """The field in its usual words, as used in sentences."""
    repository: Url
    branch: str = "main"
    site: Url
    contact: Url


class Withdrawn(Section):
    """Phrases, in any case, by which a new version says that the work was withdrawn."""

    comment_is: tuple[str, ...] = ()
    """Comments that say nothing else."""
    comment_has: tuple[str, ...] = ()
    """Phrases inside a comment."""
    abstract_begins: tuple[str, ...] = ()
    """First words of an abstract."""


class Arxiv(Section):
    """What is read from arXiv."""

    categories: tuple[str, ...] = Field(min_length=1)
    first_day: dt.date
    """The first submission day of the record; the first update without `--since` begins here."""
    delay: float = Field(default=3.0, ge=0, le=600)
    """Seconds between two requests; MI_INDEX_ARXIV_DELAY comes before it."""
    connect_timeout: float = Field(default=10.0, gt=0, le=60)
    read_timeout: float = Field(default=30.0, gt=0, le=300)
    tries: int = Field(default=6, ge=1, le=20)
    """Tries of one request."""
    patience: float = Field(default=75.0, ge=0, le=3600)
    """Seconds after which a request is not tried again; three times this must stay below five minutes."""
    max_megabytes: int = Field(default=16, ge=1, le=256)
    """Largest answer that is read."""
    page_size: int = Field(default=1000, ge=1, le=2000)
    """Results on a page of the search API."""
    api_days: int = Field(default=21, ge=0)
    """Windows of up to so many days are read from the search API first, longer ones over OAI-PMH."""
    oai_stretch_days: int = Field(default=92, ge=1)
    """Days of changes that are listed in one go: what is read again when a resumption token is lost."""
    api_url: Url = "https://export.arxiv.org/api/query"
    oai_url: Url = "https://oaipmh.arxiv.org/oai"
    feeds_url: Url = "https://rss.arxiv.org"
    withdrawn: Withdrawn = Field(default_factory=Withdrawn)


class OutsideSource(Section):
    """A place outside arXiv where works of the field appear first; what is found there waits in the queue."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    """Stable; MI_INDEX_NAME_URL replaces the address."""
    title: str
    kind: Literal["feed", "openreview"]
    url: Url
    """Of a feed (RSS or Atom), or of OpenReview's API."""
    queries: tuple[str, ...] = ()
    """What OpenReview is searched for."""
    limit: int = Field(default=100, ge=1, le=1000)
    """Results that are read for one query."""


class Update(Section):
    """How a run behaves."""

    settle_days: int = Field(default=5, ge=1, le=30)
    overlap_days: int = Field(default=7, ge=0, le=60)
    demo_days: int = Field(default=3, ge=1, le=14)
    shrink_fraction: float = Field(default=0.4, ge=0, le=1)
    max_removed: int = Field(default=0, ge=0)
    stale_days: int = Field(default=4, ge=1)
    """A source is stale when it lags so many days behind what could be read to the end."""


class Contribute(Section):
    """How contributions are received."""

    kinds: dict[str, str] = Field(default_factory=dict)
    """Host (without `www.`) to the kind of resource that is usually found there; `mi-index add` proposes it."""


class Emphasis(Section):
    """How often a word counts, by the part of a record that it stands in."""

    title: float = Field(default=2.0, ge=1, le=20)
    before: float = Field(default=1.0, ge=1, le=20)
    """In the abstract before its authors begin to speak of their own work."""
    aim: float = Field(default=1.0, ge=1, le=20)
    """In the first words from there on."""
    own: float = Field(default=1.0, ge=1, le=20)
    """In the rest."""


class Classifier(Section):
    """How the model is fitted and what follows from its probabilities."""

    junk_cost: float = Field(default=1.5, gt=0)
    """A junk entry costs as much as so many missed ones; accepting is right from probability junk_cost / (1 + junk_cost) on."""
    accept: float = Field(default=0.6, gt=0, lt=1)
    """Probability from which a record is accepted."""
    review: float = Field(default=0.15, gt=0, lt=1)
    """Probability from which a person should look at it."""
    prevalence: float = Field(default=0.03, gt=0, lt=1)
    """Share of the stream that is in scope, to which probabilities are calibrated."""
    voice: tuple[Annotated[str, Field(pattern=r"^[a-z]+( [a-z]+)?$")], ...] = ()
    """Words and pairs of words by which the authors of an abstract begin to speak of their own work; without any, all is own."""
    aim_words: int = Field(default=25, ge=0, le=1000)
    """So many words from where they begin tell the aim."""
    relevance_emphasis: Emphasis = Emphasis()
    """How often a word counts for relevance."""
    filing_emphasis: Emphasis = Emphasis()
    """How often a word counts for categories and facets."""
    min_documents: int = Field(default=3, ge=1)
    """Terms that stand in fewer labelled records are not learnt."""
    cost: float = Field(default=0.5, gt=0)
    """C of the relevance machine: larger follows the examples more closely."""
    rarity: float = Field(default=0.75, ge=0, le=3)
    """Power of the inverse document frequency by which the relevance machine sees rare terms enlarged once more."""
    odds_cost: float = Field(default=10.0, gt=0)
    """C of the regression that judges relevance beside the machine, on terms enlarged by how much they tell."""
    odds_floor: float = Field(default=0.3, ge=0, le=1)
    """Least factor of a term that tells nothing, where terms are enlarged by how much they tell; 1 enlarges none."""
    category_cost: float = Field(default=0.5, gt=0)
    """C of the machines for categories and facets."""
    category_odds_cost: float = Field(default=0.3, gt=0)
    """C of the machines beside them, on terms enlarged by how much they tell."""
    stack_cost: float = Field(default=0.05, gt=0)
    """C of the layer that combines the scores of all categories."""
    threshold_pull: float = Field(default=800.0, ge=0)
    """The threshold of a category or facet value is drawn towards the common one as by so many examples."""
    title_only_weight: float = Field(default=0.1, ge=0, le=1)
    """Weight for relevance of a work whose abstract is not at hand."""
    category_title_only_weight: float = Field(default=0.3, ge=0, le=1)
    """The same for categories and facets."""
    borderline_as_out: float = Field(default=0.2, ge=0, le=1)
    """Weight with which borderline works teach relevance, as works out of scope."""
    borderline_weight: float = Field(default=1.0, ge=0, le=1)
    """Weight with which borderline works teach categories and facets."""


class Content(Section):
    """What the content must have, checked by `mi-index check`; zero asks for nothing."""

    min_landmarks: int = Field(default=0, ge=0)
    """Landmark papers of every category."""
    method_papers: int = Field(default=0, ge=0)
    """Landmark papers of every method guide."""
    method_libraries: int = Field(default=0, ge=0)
    """Libraries of every method guide."""


class Settings(Section):
    """All of resources/settings.yml."""

    project: Project
    arxiv: Arxiv
    sources: tuple[OutsideSource, ...] = ()
    update: Update = Field(default_factory=Update)
    content: Content = Field(default_factory=Content)
    contribute: Contribute = Field(default_factory=Contribute)
    classifier: Classifier = Field(default_factory=Classifier)


def load(root: Path) -> Settings:
    """Read the settings of the index at `root`.

    Raises
    ------
    SettingsError
        The file is missing, is not YAML, or has a key or value that is not understood; the message names file, line and
        remedy.
    """
    return load_model(root, FILE, Settings)
