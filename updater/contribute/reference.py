"""What a contributor may name: an arXiv id, a DOI, or the address of a paper, a repository or a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qs, urlsplit

from updater.errors import UsageError
from updater.index.text import arxiv_id, is_http, normal_doi

Kind = Literal["arxiv", "doi", "openreview", "github", "page"]

_MIRROR: Final = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co/papers|alphaxiv\.org/\w+|ar5iv(?:\.labs\.arxiv)?\.org/\w+|arxiv\.org/(?:abs|pdf|html))"
    r"/(?P<id>[^?#]+)",
    re.IGNORECASE,
)
"""Sites whose addresses carry an arXiv id."""
_ARXIV_DOI: Final = "10.48550/arxiv."
_GITHUB: Final = re.compile(r"https?://(?:www\.)?github\.com/(?P<owner>[A-Za-z0-9-]{1,39})/(?P<name>[\w.-]{1,100})")
_OPENREVIEW_ID: Final = re.compile(r"[\w-]{5,40}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A work or resource, named in the one way that its publisher understands."""

    kind: Kind
    id: str
    """arXiv id, DOI, OpenReview's forum id, owner/name, or the address itself."""
    url: str
    """Where a reader would go."""


def parse(text: str) -> Reference:
    """Understand what a contributor wrote.

    Raises
    ------
    UsageError
        It is none of the things that are understood.
    """
    text = text.strip().strip("<>").strip()
    mirror = _MIRROR.match(text)
    if id_ := arxiv_id(text) or (arxiv_id(mirror["id"]) if mirror else ""):
        return Reference("arxiv", id_, f"https://arxiv.org/abs/{id_}")
    if re.match(r"(?i)(doi:\s*|https?://(dx\.)?doi\.org/)?10\.\d{4,9}/", text) and (doi := normal_doi(text)):
        if doi.startswith(_ARXIV_DOI) and (id_ := arxiv_id(doi.removeprefix(_ARXIV_DOI))):
            return Reference("arxiv", id_, f"https://arxiv.org/abs/{id_}")
        return Reference("doi", doi, f"https://doi.org/{doi}")
    if not is_http(text):
        raise UsageError(
            f"{_shown(text)} is not understood (name an arXiv id such as 2211.00593, a DOI, or an address that begins with https://)"
        )
    if match := _GITHUB.match(text):
        name = f"{match['owner']}/{match['name'].removesuffix('.git')}"
        return Reference("github", name, f"https://github.com/{name}")
    parts = urlsplit(text)
    if parts.hostname in ("openreview.net", "www.openreview.net"):
        ids = parse_qs(parts.query).get("id", [""])
        if _OPENREVIEW_ID.fullmatch(ids[0]):
            return Reference("openreview", ids[0], f"https://openreview.net/forum?id={ids[0]}")
    return Reference("page", text, text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
