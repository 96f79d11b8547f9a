"""From a record and its verdict to an entry: every field of a machine-written paper is made here."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
        authors=[name for name in map(plain_tex, record.authors) if name],
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


def trace_of(record: Record, verdict: Verdict, entry: Paper | Queued | None) -> Trace:
    """What the model saw, with the fingerprint of the entry as the machine writes it; rounded as the file has it."""
    return Trace(
        record.id,
        record.version,
        round(verdict.probability, 4),
        tuple((term, round(weight, 3)) for term, weight in verdict.because),
        tuple((term, round(weight, 3)) for term, weight in verdict.terms),
        fingerprint(entry.to_data()) if entry is not None else "",
    )


def queued_of(paper: Paper, trace: Trace) -> Queued:
    """The queue's entry for a doubtful work, from what would be its entry on the list and what the model saw."""
    fields = {name: getattr(paper, name) for name in _SHARED}
    because = [f"{term} {weight:+.2f}" for term, weight in trace.because]
    return Queued(**fields, probability=trace.probability, because=because)


def paper_from_queue(queued: Queued, status: str = "auto", *, withdrawn: bool = False) -> Paper:
    """The entry for something that waited in the queue and is accepted now; `curated` when a person accepted it."""
    fields = {name: getattr(queued, name) for name in _SHARED}
    return Paper(**{**fields, "date": queued.date or ""}, status=status, withdrawn=withdrawn)


def complete(paper: Paper, record: Record, verdict: Verdict, venues: Venues) -> Paper:
    """A person's entry with what it left empty filled in; nothing that stands there is changed."""
    return fill(paper, record, verdict, venues, {})[0]


def fill(
    paper: Paper, record: Record, verdict: Verdict, venues: Venues, before: Mapping[str, str]
) -> tuple[Paper, dict[str, str]]:
    """A person's entry with what it leaves empty filled in from a newer version of the record.

    Parameters
    ----------
    before
        What the machine filled in earlier: key to fingerprint of the value. Such values give way to the newer version's, so
        that it does not matter which versions were seen. Where one is gone, a person took it out, and it stays out.

    Returns
    -------
    The entry, and what is filled in now.
    """
    data = _flat(paper)
    taken_out = {key: mark for key, mark in before.items() if key not in data}
    for key, mark in before.items():
        if key in data and _mark(data[key]) == mark:
            del data[key]
    found: dict[str, object] = {
        "authors": [name for name in map(plain_tex, record.authors) if name],
        "venue": venues.from_comment(record.comment, record.journal_ref),
        "models": list(verdict.models),
        "keywords": list(verdict.keywords)[:8],
    }
    found |= {f"links.{key}": url for key, url in links_of(record).model_dump(exclude_none=True).items()}
    new = {key: value for key, value in found.items() if value and key not in data and key not in taken_out}
    data |= new
    if record.published and len(paper.date) < len("2022-11-01"):
        # The same in every version, and only made more precise, so it needs no note.
        day = record.published.isoformat()
        data["date"] = day if day.startswith(paper.date) else paper.date
    return _unflat(paper, data), taken_out | {key: _mark(value) for key, value in new.items()}


def fill_link(paper: Paper, key: str, url: str, before: Mapping[str, str]) -> tuple[Paper, dict[str, str]]:
    """As `fill`, for one link (key of `links`); an empty address takes back what was filled in."""
    data, name = _flat(paper), f"links.{key}"
    if name in data and _mark(data[name]) != before.get(name):  # a person's
        return paper, dict(before)
    if name not in data and name in before:  # a person took it out
        return paper, dict(before)
    data.pop(name, None)
    marks = {k: m for k, m in before.items() if k != name}
    if url:
        data[name] = url
        marks[name] = _mark(url)
    return _unflat(paper, data), marks


def _flat(paper: Paper) -> dict[str, object]:
    """What an entry says, by key; links by `links.key`; without what it leaves empty."""
    data = {key: value for key, value in paper.model_dump(exclude_none=True).items() if value}
    links = data.pop("links", {})
    return data | {f"links.{key}": url for key, url in links.items()}


def _unflat(paper: Paper, data: Mapping[str, object]) -> Paper:
    links = {key.removeprefix("links."): value for key, value in data.items() if key.startswith("links.")}
    plain = {key: value for key, value in data.items() if not key.startswith("links.")}
    return Paper.model_validate({**plain, "links": links, "status": paper.status})


def _mark(value: object) -> str:
    return fingerprint({"": value})
