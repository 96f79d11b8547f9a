"""The words of the index, by which the search proposes another spelling where it finds little or nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from updater.render.catalogue import Catalogue

FILE: Final = "search/words.txt"
"""One word a line, the most frequent first; loaded by a page only when it is needed."""
MOST: Final = 20_000
"""Words at most: about 200 KB, half of that as it is sent."""
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_ONCE: Final = 2
"""Words that stand in fewer entries are as likely to be wrong themselves."""


def words(catalogue: Catalogue) -> list[str]:
    """Words of titles, keywords and authors' names in lower case, by the number of entries that have them, then by alphabet.

    What names a landmark, a topic or a resource counts even if it stands nowhere else.
    """
    counts: Counter[str] = Counter()
    sure: set[str] = set()
    for entry in catalogue.entries:
        paper = entry.paper
        found = _words([paper.title, *paper.keywords, *paper.authors])
        counts.update(found)
        if paper.featured:
            sure |= _words([paper.title, *paper.keywords])
    for item in catalogue.items:
        counts.update(_words([item.resource.name, *item.resource.keywords, *item.resource.authors]))
        sure |= _words([item.resource.name])
    for category in catalogue.taxonomy.categories:
        counts.update(named := _words([category.title]))
        sure |= named
    known = [word for word, count in counts.items() if count >= _ONCE or word in sure]
    return sorted(known, key=lambda word: (-counts[word], word))[:MOST]


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in _WORD.findall(text.lower())}
