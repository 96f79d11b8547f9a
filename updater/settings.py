"""The one settings file, resources/settings.yml, typed and checked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Final

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


class Settings(Section):
    """All of resources/settings.yml."""

    project: Project
    arxiv: Arxiv
    update: Update = Field(default_factory=Update)
    contribute: Contribute = Field(default_factory=Contribute)


def load(root: Path) -> Settings:
    """Read the settings of the index at `root`.

    Raises
    ------
    SettingsError
        The file is missing, is not YAML, or has a key or value that is not understood; the message names file, line and
        remedy.
    """
    return load_model(root, FILE, Settings)
