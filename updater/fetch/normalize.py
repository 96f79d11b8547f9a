"""The one place where what a service says becomes the text of a Record.

arXiv's interfaces describe the same work in different dress: the search API gives one element an author, OAI-PMH one
line of free text; one wraps abstracts at white space, the other also after hyphens; one lists subject classes of other
schemes among the categories, the other does not. Everything here maps both to one form, so that a record does not
depend on the way it came. It is also where hostile text is made harmless for whatever follows: no control, bidirectional
or surrogate characters, no unbounded lengths. Escaping for a format is the business of whoever writes that format.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

MAX_TITLE: Final = 1_000
MAX_ABSTRACT: Final = 20_000
MAX_COMMENT: Final = 2_000
MAX_REFERENCE: Final = 500
MAX_NAME: Final = 200
MAX_AUTHORS: Final = 5_000
MAX_CATEGORIES: Final = 40
_LINE: Final = 80

_UNSAFE: Final = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1 controls but white space, which is folded before
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, zero width space, direction marks
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidirectional embeddings and isolates, invisible operators
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates, noncharacters
    "\U000e0000-\U000e0fff"  # tags: invisible text
    "]"
)
_BROKEN_AT_HYPHEN: Final = re.compile(r"(?<=[\w}])- (?=[\w\\%])")
_AROUND_DASHES: Final = re.compile(r" ?(-{2,}) ?")

_ARXIV_ID: Final = re.compile(
    r"(?:(?P<new>\d{4}\.\d{4,5})|(?P<archive>[a-z][a-z-]{1,18})(?:\.[A-Za-z-]{2,20})?/(?P<old>\d{7}))"
    r"(?:v(?P<version>[1-9]\d{0,2}))?",
    re.ASCII,
)
_ID_PREFIX: Final = re.compile(
    r"(?:https?://(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html)/|oai:arxiv\.org:|arxiv:)", re.IGNORECASE | re.ASCII
)
_TERMS: Final = re.compile(r"[\s,;]+")
_CATEGORY: Final = re.compile(r"[a-z][a-z-]{1,18}\.(?:[A-Z]{2}|[a-z][a-z-]{2,18})", re.ASCII)
# The archives that arXiv groups under physics (https://arxiv.org/category_taxonomy).
PHYSICS: Final = frozenset(
    [
        "astro-ph",
        "cond-mat",
        "gr-qc",
        "hep-ex",
        "hep-lat",
        "hep-ph",
        "hep-th",
        "math-ph",
        "nlin",
        "nucl-ex",
        "nucl-th",
        "quant-ph",
    ]
)
# Archives that have, or once had, no subject classes.
UNDIVIDED: Final = PHYSICS | frozenset(
    [
        "acc-phys",
        "adap-org",
        "alg-geom",
        "ao-sci",
        "atom-ph",
        "bayes-an",
        "chao-dyn",
        "chem-ph",
        "cmp-lg",
        "comp-gas",
        "dg-ga",
        "funct-an",
        "mtrl-th",
        "patt-sol",
        "plasm-ph",
        "q-alg",
        "solv-int",
        "supr-con",
    ]
)
_DOI: Final = re.compile(r"10\.\d{4,9}/[^\s\"<>{}|\\^`]{1,300}", re.ASCII)


def fold(text: str | None, limit: int) -> str:
    """Return `text` on one line: entities decoded, white space folded, unsafe characters gone, at most `limit` long.

    Text that arrives with entities was escaped twice by whoever submitted it. NFC is what search and sorting expect.
    What is cut ends in an ellipsis; it never was a title or a name that a person wrote.
    """
    if not text:
        return ""
    if len(text) > 8 * limit:
        text = text[: 8 * limit]  # so that a hostile megabyte costs no more than a long abstract
    if "&" in text:
        text = html.unescape(text)
    text = " ".join(text.split())
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = " ".join(_UNSAFE.sub("", text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def title(text: str | None) -> str:
    """Return a title as it is shown and compared."""
    return _accents(fold(text, MAX_TITLE))


def abstract(text: str | None) -> str:
    """Return an abstract; line breaks that fell after a hyphen or beside a dash leave no gap.

    OAI-PMH breaks lines inside hyphenated words, the search API does not, and what authors pasted from a PDF
    ("high- dimensional") shows the same trace.
    """
    folded = _accents(fold(text, MAX_ABSTRACT))
    if "- " in folded:
        folded = _BROKEN_AT_HYPHEN.sub("-", folded)
    if "--" in folded:
        folded = _AROUND_DASHES.sub(r"\1", folded)
    return folded


def unwrap(text: str | None) -> str | None:
    """Join words that were longer than a line and were broken at its end; other line breaks stay.

    OAI-PMH sends abstracts in lines of at most 80 characters. A line that is full to the last column was broken inside a
    word if that word, joined with what follows, is longer than a line: most often an address. It was not if another
    address, a formula's command, or text after a closing bracket begins on the next line.
    """
    if not text or len(text) > 8 * MAX_ABSTRACT:
        return text
    lines = text.strip().split("\n")
    out = lines[0]
    for above, line in pairwise(lines):
        out += line if len(above) == _LINE and _broken(above.rpartition(" ")[2], line) else f"\n{line}"
    return out


def _broken(end: str, line: str) -> bool:
    begin, gap, _ = line.partition(" ")
    if (begin.startswith(("http", "\\")) and not end.endswith("~")) or (
        end.endswith((")", "}")) and begin[:1].isalnum()
    ):
        return False
    # A line that is one word up to a hyphen goes on after it.
    return len(end) + len(begin) > _LINE or (not gap and begin.endswith("-"))


def comment(text: str | None) -> str:
    """Return the authors' comment."""
    return fold(text, MAX_COMMENT)


def reference(text: str | None) -> str:
    """Return a journal reference."""
    return _accents(fold(text, MAX_REFERENCE))


def doi(text: str | None) -> str:
    """Return the first DOI in `text`, without resolver or prefix, or nothing if there is none.

    Syntax after the DOI handbook, section 2.2, with the characters left out that no registrant uses in practice and that
    would be unsafe in an address.
    """
    found = _DOI.search(fold(text, MAX_REFERENCE)) if text else None
    return found.group().rstrip(".,;)") if found else ""


def identifier(text: str | None) -> tuple[str, int | None]:
    """Return the arXiv id without version, and the version if `text` names one; `("", None)` if it is no arXiv id.

    Takes bare ids of both styles, abs and pdf addresses, and OAI identifiers. The subject class of an old-style id
    (`math.GT/0309136`) is dropped, as arXiv does (https://info.arxiv.org/help/arxiv_identifier.html).
    """
    if not text or len(text) > 200:
        return "", None
    bare = text.strip()
    if prefix := _ID_PREFIX.match(bare):
        bare = bare[prefix.end() :].removesuffix(".pdf")
    found = _ARXIV_ID.fullmatch(bare)
    if not found:
        return "", None
    name = found["new"] or f"{found['archive']}/{found['old']}"
    return name, int(found["version"]) if found["version"] else None


def categories(primary: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return arXiv's categories, `primary` first and the rest in alphabetical order, each once.

    The search API mixes in classes of the ACM and of the Mathematics Subject Classification, and whatever else authors
    typed there, in no order worth keeping.
    """
    rest = {word for term in others for word in _TERMS.split(term) if _is_category(word)}
    if not _is_category(primary):
        return tuple(sorted(rest))[:MAX_CATEGORIES]
    return (primary, *sorted(rest - {primary})[: MAX_CATEGORIES - 1])


def _is_category(word: str) -> bool:
    return word in UNDIVIDED or _CATEGORY.fullmatch(word) is not None


# --- authors -----------------------------------------------------------------------------------------------------------

_SUFFIX: Final = re.compile(r"(?:jr|sr|i{1,3}|iv|esq|ph\.? ?d|m\.? ?d)\.?", re.IGNORECASE | re.ASCII)
_BETWEEN: Final = re.compile(r"\s*[,;]\s*(?:(?:and|&)\s+)?|\s+(?:and|&)\s+")
_LEADING: Final = re.compile(r"(?:and|&)\s+|[:,;.\s]+")
_WITH_COLON: Final = re.compile(r":\s+")
_TRAILING: Final = re.compile(r"(?:[ ,;:]|\s(?:and|&))+$")


def authors(names: str | Iterable[str]) -> tuple[str, ...]:
    r"""Split a line of authors, or a list of them, into names; both spellings of the same list give the same names.

    `Ann Lee, Bo Li (MIT) and Cy Day, Jr.` gives `("Ann Lee", "Bo Li", "Cy Day, Jr.")`. Affiliations in parentheses are
    dropped (nested ones too), accents in TeX (`J\"org`) are decoded, a collaboration before a colon is a name of its
    own. Rules after https://info.arxiv.org/help/prep.html#author.
    """
    line = names if isinstance(names, str) else ", ".join(n for n in names if n)
    line = fold(line, MAX_AUTHORS * 40)
    if "\\" in line:
        line = _accents(line)
    if "(" in line or ")" in line:
        line = _without_parentheses(line)
    if ":" in line:
        line = _WITH_COLON.sub(", ", line)
    out: list[str] = []
    for piece in _BETWEEN.split(line):
        name = piece
        while lead := _LEADING.match(name):
            name = name[lead.end() :]
        name = _TRAILING.sub("", name)
        if not name or name in ("and", "&"):
            continue
        if out and _SUFFIX.fullmatch(name):
            out[-1] = f"{out[-1]}, {name}"
        else:
            out.append(name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…")
    return tuple(out[:MAX_AUTHORS])


def _without_parentheses(line: str) -> str:
    """Drop what stands in parentheses; an unclosed one takes the rest of the line with it, as arXiv reads it."""
    out, depth = [], 0
    for part in re.split(r"([()])", line):
        if part == "(":
            depth += 1
        elif part == ")":
            depth = max(0, depth - 1)
        elif depth == 0:
            out.append(part)
    return " ".join("".join(out).split())


# --- accents in TeX ----------------------------------------------------------------------------------------------------

# TeX's accent commands and the combining character of each (The TeXbook, chapter 9), then its letters of their own.
_COMBINING: Final = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip
_LETTERS: Final = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å",
    "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
}  # fmt: skip
_ACCENT: Final = re.compile(
    r"""(?P<open>\{)?\\(?:
        (?P<sign>[`'^~=."])\s?(?:\{(?P<a>\\?[^\W\d_])\s?\}|(?P<b>\\[ij](?![A-Za-z])\s?|[^\W\d_]))
      | (?P<word>[uvHrdckb])(?:\s?\{(?P<c>\\?[^\W\d_])\s?\}|\s(?P<d>[^\W\d_]))
    )(?(open)\})""",
    re.VERBOSE,
)
_LETTER: Final = re.compile(r"\{\\(%s)\s?\}|\\(%s)(?:\{\}|\s|(?![A-Za-z]))" % (("|".join(_LETTERS),) * 2))
_MATH: Final = re.compile(r"(\$[^$]*\$)")


def _accents(text: str) -> str:
    """Decode TeX's accents outside of formulas, as the search API does and OAI-PMH does not."""
    if "\\" not in text:
        return text
    return "".join(
        part if part.startswith("$") and part.endswith("$") and len(part) > 1 else _decode(part)
        for part in _MATH.split(text)
    )


def _decode(text: str) -> str:
    for _ in range(2):  # Vietnamese letters carry two
        text = unicodedata.normalize("NFC", _ACCENT.sub(_accented, text))
    text = _LETTER.sub(lambda m: _LETTERS[m[1] or m[2]], text)
    return unicodedata.normalize("NFC", text)


def _accented(found: re.Match[str]) -> str:
    letter = (found["a"] or found["b"] or found["c"] or found["d"]).strip("\\ ")
    return letter + _COMBINING[found["sign"] or found["word"]]


# --- days --------------------------------------------------------------------------------------------------------------

_MONTHS: Final = {
    m: n for n, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1)
}  # fmt: skip
_HTTP_DATE: Final = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) \d\d:\d\d:\d\d (?:GMT|UTC|\+0000)"
)


def day(text: str | None) -> dt.date | None:
    """Return the UTC day of an ISO 8601 or RFC 5322 time, or None if there is none.

    `2026-04-01T23:30:00-04:00` gives April 2.
    """
    if not text or len(text) > 60:
        return None
    text = text.strip()
    if found := _HTTP_DATE.fullmatch(text):
        return _from_parts(found[3], found[2], found[1])
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return _from_email(text)
    return _utc_day(moment)


def _from_email(text: str) -> dt.date | None:
    import email.utils  # noqa: PLC0415 - dates with another zone than GMT are rare

    try:
        return _utc_day(email.utils.parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _utc_day(moment: dt.datetime) -> dt.date | None:
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(dt.UTC)
        except OverflowError:
            return None
    return moment.date()


@lru_cache(maxsize=4096)
def _from_parts(year: str, month: str, number: str) -> dt.date | None:
    try:
        return dt.date(int(year), _MONTHS[month], int(number))
    except (KeyError, ValueError):
        return None
