"""Text as identity: normalized titles, slugs, author names, ids and addresses."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import urlsplit

ARXIV_ID: Final = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})")
"""arXiv's identifier scheme, new and old (https://info.arxiv.org/help/arxiv_identifier.html), without version."""

_TRANSLITERATE: Final = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ð": "d",
        "þ": "th",
    }
)
COPIED: Final = 8
"""So many words in a row in common with an abstract are a copy."""


def ascii_fold(text: str) -> str:
    """The text in lower-case ASCII: accents dropped, other scripts left out."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_TRANSLITERATE))
    return decomposed.encode("ascii", "ignore").decode().lower()


def slugify(text: str, max_length: int = 60) -> str:
    """Lower-case ASCII words joined by hyphens, cut at a word; empty if the text has none."""
    words = re.findall(r"[a-z0-9]+", ascii_fold(text.replace("'", "").replace("’", "")))
    out = ""
    for word in words:
        joined = f"{out}-{word}" if out else word
        if out and len(joined) > max_length:
            break
        out = joined[:max_length]
    return out


def normal_title(title: str) -> str:
    """A title's identity: letters and digits only, case and accents folded, LaTeX commands dropped.

    Titles in other scripts keep their letters, so that two of them do not fall together as empty.
    """
    text = re.sub(r"\\[a-zA-Z]+|[$\\{}^_]", "", title)
    if text.isascii():  # the same, and four times as fast
        return re.sub(r"[^a-z0-9]+", "", text.lower())
    text = unicodedata.normalize("NFKD", text.translate(_TRANSLITERATE)).casefold()
    return "".join(c for c in text if c.isalnum())


SUFFIXES: Final = frozenset({"jr", "sr", "ii", "iii", "iv"})
"""What follows a family name, folded and without a dot."""


def surname(author: str) -> str:
    """A name's last word, folded, a `Jr.` or `III` left out; good enough to compare the authors of two records of one work."""
    words = re.findall(r"[a-z0-9]+", ascii_fold(author.split(",", maxsplit=1)[0] if "," in author else author))
    while len(words) > 1 and words[-1] in SUFFIXES:
        words.pop()
    return words[-1] if words else author.strip().casefold()


_LITTLE_WORDS: Final = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how", "in", "into", "is", "it", "its",
     "not", "of", "on", "or", "that", "the", "this", "to", "via", "was", "what", "when", "where", "which", "who", "why", "with",
     "without")
)  # fmt: skip
_MOST_WORDS: Final = 12


def work_slugs(author: str, year: str, title: str) -> Iterator[str]:
    """Ids for a work without an arXiv id, the best first: author-year-word, then with more words of the title, then numbered.

    `author` is a name or empty; little words of the title do not count. Never ends: take the first that is free.
    """
    words = [w for w in slugify(title, 200).split("-") if w and w not in _LITTLE_WORDS] or ["work"]
    begin = [part for part in ((slugify(surname(author), 30) if author else "") or "anonymous", year) if part]
    for count in range(1, min(len(words), _MOST_WORDS) + 1):
        yield (name := "-".join([*begin, *words[:count]]))
    yield from (f"{name}-{number}" for number in itertools.count(2))


def common_run(text: str, source: str) -> str:
    """The first `COPIED` words in a row that `text` has in common with `source`; empty if it is in its own words."""
    words, others = (re.findall(r"[^\W_]+", t.casefold()) for t in (text, source))
    known = {tuple(others[n : n + COPIED]) for n in range(len(others) - COPIED + 1)}
    runs = (words[n : n + COPIED] for n in range(len(words) - COPIED + 1))
    return next((" ".join(run) for run in runs if tuple(run) in known), "")


def author_overlap(a: Iterable[str], b: Iterable[str]) -> float:
    """Share of the shorter author list whose surnames are in the longer one, 0 to 1; 0 if either is empty."""
    first, second = {surname(x) for x in a}, {surname(x) for x in b}
    if not first or not second:
        return 0.0
    return len(first & second) / min(len(first), len(second))


def normal_doi(doi: str) -> str:
    """A DOI in lower case without resolver or prefix; empty if it is none (https://www.doi.org/the-identifier/)."""
    match = re.search(r"10\.\d{4,9}/\S+", doi.strip())
    return match.group().rstrip(".,;)").lower() if match else ""


def arxiv_id(text: str) -> str:
    """The arXiv id (without version) in an id, `arXiv:` reference or arxiv.org address; empty if there is none."""
    match = re.fullmatch(
        rf"(?:(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|arxiv:)?({ARXIV_ID.pattern})(?:v\d+)?(?:\.pdf)?/?",
        text.strip(),
        re.IGNORECASE,
    )
    return match.group(1) if match else ""


_UNSEEN: Final = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff"
UNSEEN: Final = re.compile(f"[{_UNSEEN}]")
"""Control characters, zero-width and bidirectional ones, lone surrogates: nothing that a title or a name needs."""


def visible(text: str, limit: int = 600) -> str:
    """Text of unknown origin on one line, without what cannot be seen, no longer than `limit`."""
    text = " ".join(UNSEEN.sub(" ", text[: 4 * limit]).split())
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


_NOT_IN_ADDRESS: Final = re.compile(rf"[\s<>\"`\\{{}}|^\ufffe\uffff{_UNSEEN}]")
"""Spaces, quotes and brackets, and what no reader sees."""


def is_http(url: str) -> bool:
    """An absolute http or https address with a host, without spaces, control characters or user name."""
    if _NOT_IN_ADDRESS.search(url) or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def normal_url(url: str) -> str:
    """An address as identity: no scheme, `www.`, fragment, trailing slash; host in lower case."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = (parts.hostname or "").removeprefix("www.")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{parts.path.rstrip('/')}{query}"


def plain_tex(text: str) -> str:
    r"""Text without stray LaTeX: `$K$-means` becomes `K-means`, `\textit{can}` `can`, `$\neq$` `≠`, `Dupr\'e` `Dupré`.

    Only what looks like LaTeX is converted, so that a price in dollars or a per cent sign stays. Converted by pylatexenc
    (https://pylatexenc.readthedocs.io/).
    """
    if "\\" not in text and text.count("$") < 2:
        return " ".join(text.split())
    out = _TEX.sub(lambda m: _convert_tex(m.group()), text)
    return " ".join(out.replace("\\$", "$").replace("\\%", "%").replace("\\&", "&").replace("\\_", "_").split())


_TEX: Final = re.compile(
    r"\$[^$]{1,120}\$"  # mathematics
    r"|\\(?:[\"'`^~=.]|[Hckuvbdrt](?=\{|\s\w))\s?\{?\\?[A-Za-z]?\}?"  # accents
    r"|\\[A-Za-z]+(?:\{[^{}]*\})*"  # commands
)


def _convert_tex(piece: str) -> str:
    from pylatexenc.latex2text import LatexNodes2Text  # noqa: PLC0415 - slow to import, seldom needed

    if piece.startswith("$") and re.fullmatch(r"\$\s?[\d.,]+\s.*", piece):  # two prices, not a formula
        return piece
    try:
        text = LatexNodes2Text(math_mode="text").latex_to_text(piece).strip("\n")
    except (ValueError, IndexError, AttributeError):  # not LaTeX after all
        return piece
    # A command that the library does not know gives nothing: its argument is the text. NFKC takes styled letters back.
    return unicodedata.normalize("NFKC", text or "".join(re.findall(r"\{([^{}]*)\}", piece)))
