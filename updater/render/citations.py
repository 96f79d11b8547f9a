"""Bibliographic formats: BibTeX, RIS, CSL-JSON, CSV.

BibTeX as BibLaTeX's manual describes it (https://ctan.org/pkg/biblatex), RIS by the specification of Research Information
Systems as Zotero reads it, CSL-JSON by its schema (https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html),
CSV by RFC 4180.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Any, Final

from updater.index.model import Paper
from updater.index.text import SUFFIXES, ascii_fold, surname

_TEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "%": r"\%",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)
_STOP: Final = frozenset(
    re.findall(r"\w+", "a an the on in of for to from and with by at how what why do does is are can towards toward")
)
_VERBATIM: Final = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C"})
CSV_COLUMNS: Final = (
    "id", "title", "authors", "date", "venue", "url", "code", "categories", "object", "localize", "steer", "goal",
    "models", "keywords", "summary", "status", "featured", "withdrawn",
)  # fmt: skip


def tex(text: str) -> str:
    """Text with everything escaped that TeX would take for a command; letters of all scripts stay as they are."""
    return text.translate(_TEX)


def key(paper: Paper) -> str:
    """Citation key: surname, year, first word of the title that says something, as Google Scholar makes them."""
    words = re.findall(r"[a-z0-9]+", ascii_fold(paper.title))
    word = next((w for w in words if w not in _STOP), "")
    name = surname(paper.authors[0]) if paper.authors else ""
    return re.sub(r"[^a-z0-9]", "", ascii_fold(name)) + paper.date[:4] + word or re.sub(r"\W", "", paper.id)


def keys(papers: Iterable[Paper]) -> dict[str, str]:
    """Citation keys by id, unique among these papers: where two would be alike, all of them get their id as a suffix."""
    first = {paper.id: key(paper) for paper in papers}
    seen: dict[str, int] = {}
    for name in first.values():
        seen[name] = seen.get(name, 0) + 1
    return {
        id_: name if seen[name] == 1 else f"{name}-{re.sub(r'[^A-Za-z0-9]', '', id_)}" for id_, name in first.items()
    }


def split_name(name: str) -> tuple[str, str, str]:
    """Family name, given name and suffix of a name.

    `Laurens van der Maaten` is (`van der Maaten`, `Laurens`, ``), `Hal Daumé III` (`Daumé`, `Hal`, `III`); one word is a
    family name.
    """
    if "," in name:
        family, _, given = name.partition(",")
        return family.strip(), given.strip(), ""
    words = name.split()
    suffix = words.pop() if len(words) > 2 and words[-1].rstrip(".").casefold() in SUFFIXES else ""
    if len(words) < 2:
        return name, "", ""
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return " ".join(words[at:]), " ".join(words[:at]), suffix


def _bibtex_name(name: str) -> str:
    family, given, suffix = split_name(name)
    if re.search(r"\band\b", name) or not given:
        return "{" + tex(name) + "}"
    return ", ".join(tex(part) for part in (family, suffix, given) if part)


def bibtex(paper: Paper, cite_key: str | None = None) -> str:
    """One BibTeX entry, ending with a line feed. A published paper is @inproceedings or @article, a preprint @misc."""
    journal = _is_journal(paper)
    kind = "misc" if not paper.venue else "article" if journal else "inproceedings"
    fields: list[tuple[str, str]] = [("title", "{" + tex(paper.title) + "}")]
    if paper.authors:
        fields.append(("author", " and ".join(map(_bibtex_name, paper.authors))))
    fields.append(("year", paper.date[:4]))
    if len(paper.date) > len("2022"):
        fields.append(("month", str(int(paper.date[5:7]))))
    if paper.venue:
        fields.append(("journal" if journal else "booktitle", tex(paper.venue)))
    if paper.is_arxiv:
        fields += [("eprint", paper.id), ("archiveprefix", "arXiv")]
    if paper.links.doi:
        fields.append(("doi", paper.links.doi.removeprefix("https://doi.org/").translate(_VERBATIM)))
    if paper.url:
        fields.append(("url", paper.url.translate(_VERBATIM)))
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields)
    return f"@{kind}{{{cite_key or key(paper)},\n{body}}}\n"


def _is_journal(paper: Paper) -> bool:
    return bool(paper.venue) and not re.search(r"\d{4}", paper.venue or "")


def ris(paper: Paper) -> str:
    """One RIS record, lines ended by CR LF as the format wants them."""
    kind = "UNPB" if not paper.venue else "JOUR" if _is_journal(paper) else "CPAPER"
    lines = [("TY", kind), ("ID", paper.id), ("TI", paper.title)]
    lines += [("AU", ", ".join(part for part in split_name(name) if part)) for name in paper.authors]
    lines += [("PY", paper.date[:4]), ("DA", "/".join([*paper.date.split("-"), "", ""][:3]) + "/")]
    if paper.venue:
        lines.append(("JO" if kind == "JOUR" else "T2", paper.venue))
    if paper.links.doi:
        lines.append(("DO", paper.links.doi.removeprefix("https://doi.org/")))
    lines += [("KW", word) for word in paper.keywords]
    if paper.url:
        lines.append(("UR", paper.url))
    lines.append(("ER", ""))
    return "".join(f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in lines)


def _csl_name(name: str) -> dict[str, str]:
    family, given, suffix = split_name(name)
    if not given:
        return {"literal": family}
    return {"family": family, "given": given, **({"suffix": suffix} if suffix else {})}


def csl(paper: Paper) -> dict[str, Any]:
    """One CSL-JSON item."""
    out: dict[str, Any] = {
        "id": paper.id,
        "type": "article" if not paper.venue else "article-journal" if _is_journal(paper) else "paper-conference",
        "title": paper.title,
        "author": [_csl_name(name) for name in paper.authors],
        "issued": {"date-parts": [[int(part) for part in paper.date.split("-")]]},
    }
    if not paper.authors:
        del out["author"]
    if paper.venue:
        out["container-title"] = paper.venue
    if paper.is_arxiv:
        out |= (
            {"number": f"arXiv:{paper.id}", "publisher": "arXiv"}
            if not paper.venue
            else {"number": f"arXiv:{paper.id}"}
        )
    if paper.links.doi:
        out["DOI"] = paper.links.doi.removeprefix("https://doi.org/")
    if paper.url:
        out["URL"] = paper.url
    return out


def csv_head() -> str:
    """The header row of a table of papers."""
    return _csv_line(CSV_COLUMNS)


def csv_row(paper: Paper) -> str:
    """A paper's row; lists are joined by semicolons.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    row: list[str] = []
    for column in CSV_COLUMNS:
        value: Any = paper.links.code if column == "code" else getattr(paper, column)
        if isinstance(value, list):
            value = "; ".join(value)
        elif isinstance(value, bool):
            value = "true" if value else ""
        text = value or ""
        row.append(f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text)
    return _csv_line(row)


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
