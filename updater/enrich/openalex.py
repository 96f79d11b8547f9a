"""What OpenAlex says of papers: where they were published, and how often they are cited.

Asked by DOI, fifty at a time: https://docs.openalex.org/api-entities/works/filter-works. A preprint is found by the DOI that
arXiv gives it (https://info.arxiv.org/help/doi.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from updater.index.model import Paper
from updater.merge.venues import Venues
from updater.web import Web

BATCH: Final = 50
_SELECT: Final = "doi,cited_by_count,locations"
_PUBLISHED: Final = "publishedVersion"


def dois_of(paper: Paper) -> list[str]:
    """DOIs under which a paper may be known: the publisher's, and arXiv's."""
    own = [paper.links.doi.removeprefix("https://doi.org/").lower()] if paper.links.doi else []
    return own + ([f"10.48550/arxiv.{paper.id.lower()}"] if paper.is_arxiv else [])


def ask(web: Web, dois: Sequence[str]) -> dict[str, dict[str, Any]]:
    """DOI to facts (citations, names of where it was published), for those of at most fifty DOIs that are known.

    Raises
    ------
    RefusedError, SourceError
        OpenAlex does not answer, or not with data.
    """
    safe = [doi for doi in dois if not set(doi) & set("|,&#%+ ")]
    if not safe:
        return {}
    query = {"filter": "doi:" + "|".join(safe), "per-page": str(BATCH), "select": _SELECT}
    data = web.json("openalex", "/works", query)
    results = data.get("results") if isinstance(data, Mapping) else None
    out: dict[str, dict[str, Any]] = {}
    for work in results if isinstance(results, list) else ():
        if not isinstance(work, Mapping) or not isinstance(doi := work.get("doi"), str):
            continue
        cited = work.get("cited_by_count")
        out[doi.removeprefix("https://doi.org/").lower()] = {
            "citations": cited if isinstance(cited, int) and not isinstance(cited, bool) and cited >= 0 else None,
            "venues": list(_venues(work.get("locations"))),
        }
    return {doi: out[doi] for doi in safe if doi in out}


def _venues(locations: Any) -> Iterable[str]:
    for location in locations if isinstance(locations, list) else ():
        if not isinstance(location, Mapping) or location.get("version") != _PUBLISHED:
            continue
        source = location.get("source")
        if not isinstance(source, Mapping) or source.get("type") not in ("journal", "conference"):
            continue
        if isinstance(name := source.get("display_name"), str):
            yield " ".join(name.split())[:300]


def venue_of(facts: Mapping[str, Any], venues: Venues) -> str:
    """The venue, if one of the names is known and says all that its spelling needs; the year of a conference is not guessed."""
    for name in facts.get("venues", ()):
        spelled = venues.from_bibliography(name)
        if venues.is_spelled(spelled) and (venues.series(spelled) != spelled or not venues.is_yearly(spelled)):
            return spelled
    return ""
