"""What a source yields: one work as its publisher describes it, before the index has an opinion of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One candidate. All text is as the source gave it, decoded and with white space folded, but otherwise untrusted.

    Raises nothing by itself: sources validate before they build one (see `updater.fetch`).
    """

    id: str
    """arXiv id without version (`2211.00593`, `hep-th/9901001`), or a stable slug for a work outside arXiv."""
    title: str
    abstract: str = ""
    """Only ever in memory and in the user's cache, never written to the repository."""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """arXiv's categories, the primary one first."""
    published: dt.date | None = None
    """UTC day on which version 1 was submitted; None where the source does not say."""
    updated: dt.date | None = None
    """UTC day of the newest version."""
    version: int = 1
    comment: str = ""
    doi: str = ""
    journal_ref: str = ""
    withdrawn: bool = False
    """The newest version says that the work was withdrawn."""
    url: str = ""
    """Address of a work outside arXiv; empty for arXiv records, whose address follows from the id."""
