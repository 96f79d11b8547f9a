"""Making Records out of what arXiv's interfaces give: the last step of every source, the same for all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from updater.fetch import normalize
from updater.records import Record

if TYPE_CHECKING:
    from updater.settings import Settings


class Builder:
    """Makes Records of arXiv's works."""

    def __init__(self, settings: Settings) -> None:
        self._withdrawn = withdrawal_test(settings)

    def record(
        self,
        *,
        name: str,
        version: int,
        title: str | None,
        abstract: str | None,
        authors: str | Iterable[str],
        categories: tuple[str, ...],
        published: dt.date,
        updated: dt.date,
        comment: str | None = None,
        doi: str | None = None,
        journal_ref: str | None = None,
    ) -> Record | None:
        """Return the normalized record, or None if it has no title.

        `name` and `categories` are normalized already, since they decide whether a record is wanted at all. A withdrawn
        record carries no comment: the interfaces disagree on it, and it no longer says anything about a venue.
        """
        clean_title = normalize.title(title)
        if not clean_title:
            return None
        clean_abstract = normalize.abstract(abstract)
        clean_comment = normalize.comment(comment)
        withdrawn = self._withdrawn(version, clean_comment, clean_abstract)
        return Record(
            id=name,
            title=clean_title,
            abstract=clean_abstract,
            authors=normalize.authors(authors),
            categories=categories,
            published=published,
            updated=max(published, updated),
            version=version,
            comment="" if withdrawn else clean_comment,
            doi=normalize.doi(doi),
            journal_ref=normalize.reference(journal_ref),
            withdrawn=withdrawn,
        )


def withdrawal_test(settings: Settings) -> Callable[[int, str, str], bool]:
    """Return the test whether a version, by its number, comment and abstract, withdraws the work.

    The phrases are in the settings: comments that say nothing else, what comments contain, how abstracts begin. A first
    version is never taken for a withdrawal: there the words mean something else.
    """
    phrases = settings.arxiv.withdrawn
    whole = frozenset(p.casefold() for p in phrases.comment_is)
    inside = tuple(p.casefold() for p in phrases.comment_has)
    begin = tuple(p.casefold() for p in phrases.abstract_begins)

    def test(version: int, comment: str, abstract: str) -> bool:
        if version < 2:
            return False
        said = comment.casefold().rstrip(".! ")
        return said in whole or any(p in said for p in inside) or abstract[:200].casefold().startswith(begin)

    return test
