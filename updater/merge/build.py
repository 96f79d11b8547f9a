"""From a record and its verdict to an entry: every field of a machine-written paper is made here."""

from __future__ import annotations

import re
from typing import Final

from updater.index.model import Links, Paper, Queued
from updater.index.text import arxiv_id, is_http, normal_doi, plain_tex
from updater.index.traces import Trace, fingerprint
from updater.merge.venues import Venues
from updater.records import Record
from updater.verdict import Verdict

_URL: Final = re.compile(r"https?://[^\s<>\"'{}|\\^`\])]+")
_CODE: Final = re.compile(
    r"https?://(?:www\.)?(?:github\.com|gitlab\.com|codeberg\.org|bitbucket\.org)/[\w.-]+/[\w.-]+"
)
_DATA: Final = re.compile(r"https?://(?:www\.)?huggingface\.co/(?:datasets/)?[\w.-]+/[\w.-]+")
_PAGE: Final = re.compile(r"https?://[\w.-]+\.github\.io(?:/[\w./-]*)?")


def found_links(record: Record) -> dict[str, str]:
    """Code, data and project page named in a record's comment or abstract; the first of each, cleaned of punctuation."""
    text = f"{record.comment} {record.abstract}"
    out: dict[str, str] = {}
    for key, pattern in (("code", _CODE), ("page", _PAGE), ("data", _DATA)):
        for match in pattern.finditer(text):
            url = match.group().rstrip(".,;:)/").removesuffix(".git")
            if is_http(url):
                out[key] = url.replace("http://", "https://", 1)
                break
    return out


def links_of(record: Record) -> Links:
    """All links that a record gives: its own address, DOI, and what its comment and abstract name."""
    links = found_links(record)
    if arxiv_id(record.id):
        links["arxiv"] = f"https://arxiv.org/abs/{record.id}"
    elif record.url and is_http(record.url):
        links["openreview" if re.match(r"https://openreview\.net/forum", record.url) else "page"] = record.url
    if (doi := normal_doi(record.doi)) and not doi.startswith("10.48550/"):  # arXiv's own DOIs say nothing new
        links["doi"] = f"https://doi.org/{doi}"
    return Links(**{key: value for key, value in links.items() if is_http(value)})


def paper_of(record: Record, verdict: Verdict, venues: Venues, *, withdrawn: bool) -> Paper:
    """The entry that the machine writes for an accepted record; pydantic's ValidationError if the record is unusable."""
    return Paper(
        id=record.id,
        title=plain_tex(record.title),
        authors=[plain_tex(name) for name in record.authors],
        date=record.published.isoformat() if record.published else "",
        venue=venues.from_comment(record.comment, record.journal_ref) or None,
        links=links_of(record),
        categories=[slug for slug, _ in verdict.categories],
        object=list(verdict.facets.get("object", ())),
        localize=list(verdict.facets.get("localize", ())),
        steer=list(verdict.facets.get("steer", ())),
        goal=list(verdict.facets.get("goal", ())),
        models=list(verdict.models),
        keywords=list(verdict.keywords)[:8],
        status="auto",
        withdrawn=withdrawn,
    )


_SHARED: Final = (
    "id", "title", "authors", "date", "venue", "links", "categories", "object", "localize", "steer", "goal", "models", "keywords",
)  # fmt: skip


def queued_of(record: Record, verdict: Verdict, venues: Venues) -> Queued:
    """The queue's entry for a doubtful record; ValidationError if the record is unusable."""
    fields = {name: getattr(paper_of(record, verdict, venues, withdrawn=False), name) for name in _SHARED}
    because = [f"{term} {weight:+.2f}" for term, weight in verdict.because]
    return Queued(**fields, probability=round(verdict.probability, 4), because=because)


def paper_from_queue(queued: Queued, status: str = "auto", *, withdrawn: bool = False) -> Paper:
    """The entry for something that waited in the queue and is accepted now; `curated` when a person accepted it."""
    fields = {name: getattr(queued, name) for name in _SHARED}
    return Paper(**{**fields, "date": queued.date or ""}, status=status, withdrawn=withdrawn)


def trace_of(record: Record, verdict: Verdict, entry: Paper | Queued | None) -> Trace:
    """What the model saw, with the fingerprint of the entry as the machine writes it."""
    mark = fingerprint(entry.to_data()) if entry is not None else ""
    return Trace(record.id, record.version, verdict.probability, verdict.because, verdict.terms, mark)


def complete(paper: Paper, record: Record, verdict: Verdict, venues: Venues) -> Paper:
    """A person's entry with what it left empty filled in; nothing that stands there is changed."""
    new: dict[str, object] = {}
    if record.published and len(paper.date) < len("2022-11-01"):
        new["date"] = record.published.isoformat()
    if not paper.authors:
        new["authors"] = [plain_tex(name) for name in record.authors]
    if not paper.venue and (venue := venues.from_comment(record.comment, record.journal_ref)):
        new["venue"] = venue
    known, found = paper.links.model_dump(exclude_none=True), links_of(record).model_dump(exclude_none=True)
    if missing := {key: value for key, value in found.items() if key not in known}:
        new["links"] = Links(**{**known, **missing})
    if not paper.models and verdict.models:
        new["models"] = list(verdict.models)
    if not paper.keywords and verdict.keywords:
        new["keywords"] = list(verdict.keywords)[:8]
    return paper.model_copy(update=new) if new else paper
