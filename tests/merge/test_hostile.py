"""Records that mean harm go through merge, files, README, report and exports: nothing breaks, only web links come out."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import PROJECT
from tests.merge.test_order import ARXIV, files, index
from updater.index.canonical import canonical
from updater.index.check import check
from updater.index.text import plain_tex
from updater.merge.merge import Changes, Merger, stage
from updater.merge.report import MAX_BYTES, Run, markdown, report
from updater.merge.venues import load as load_venues
from updater.records import Record
from updater.render import exports
from updater.render.catalogue import Catalogue
from updater.render.markup import environment
from updater.render.readme import render as render_readme
from updater.verdict import Verdict

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1))",
    "![x](data:text/html;base64,PHN2Zz4=)",
    "<https://evil.example>",
    "*/ & | ` # ~~~ ```\n\n# heading\n- list",
    "key: value\n- id: x",
    "!!python/object/apply:os.system [id]",
    "&anchor *alias %TAG --- ...",
    "{{ 7*7 }} {% include '/etc/passwd' %} {# x #}",
    r"\input{/etc/passwd} $x^{2}$ \textbf{\textit{deep}} {\"o} \write18{id}",
    "$" * 121 + "{" * 50,
    "\\" * 99 + "{}" * 40,
    "\x00\x07\x1b[31mred\x7f\x85\u2028\u2029\ufeff\ufffe\uffff",
    "\u202eevil\u202c\u2066\u2069\u200b\u200d",
    "\ud800 \udfff",
    "=HYPERLINK(\"http://evil.example\")",
    "@mention www.evil.example a@b.example #1 GH-1",
    "😀𝔸ﬁ\u0301\u0345",
    "~", "null", "no", "1e3", "0x1f", "2025-01-01", "12:30:00", "- x", "? x", ": x", "'", '"', "",
]  # fmt: skip
ADDRESSES = [
    "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.b/c", "vbscript:x", "//evil.example/x",
    "http://user:pass@evil.example/", "https://[::1", "https://a.b/<script>", "https://a.b/x y", "https://a.b/\u202e",
    "HTTPS://A.B/C", "https://github.com/a/b", "http://x.github.io/p)", "https://a.b/\")onclick=", "https://",
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(ATTACKS),
    st.lists(st.sampled_from(ATTACKS), max_size=3).map(" ".join),
    st.text(st.characters(), max_size=40),
    st.text("\\{}$^_\"'`~=.aco {}", max_size=60),
    st.sampled_from(ATTACKS[:6]).map(lambda text: (text * 50_000)[:50_000]),
)
ADDRESS = st.one_of(st.sampled_from(ADDRESSES), TEXT)
RECORDS = st.builds(
    lambda id_, title, authors, comment, reference, doi, url, words, decision: (
        Record(
            id=id_,
            title=title,
            abstract=comment,
            authors=tuple(authors),
            categories=("cs.LG",),
            published=dt.date(2025, 1, 3),
            comment=comment,
            journal_ref=reference,
            doi=doi,
            url=url,
        ),
        Verdict(
            id_,
            {"accept": 0.9, "review": 0.5}[decision],
            decision,
            "circuits",
            (("circuits", 0.8),),
            keywords=tuple(words),
            because=tuple((word, 1.0) for word in words),
            terms=tuple((word.encode("utf-8", "replace").decode(), 0.5) for word in words),
        ),
    ),
    id_=st.sampled_from([*ARXIV, "evil-2025-post", "'; DROP", "../../etc", "<b>"]),
    title=TEXT,
    authors=st.lists(TEXT, max_size=3),
    comment=st.lists(ADDRESS, max_size=3).map(" ".join),
    reference=TEXT,
    doi=st.one_of(TEXT, st.sampled_from(["10.1000/x", '10.1000/x" onload=', "10.1000/<script>", "10.1000/\u202ex"])),
    url=ADDRESS,
    words=st.lists(TEXT, max_size=2),
    decision=st.sampled_from(["accept", "review"]),
)
UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
LINK = re.compile(r"(?<!\\)\]\((?P<to>[^)]*)\)")


def harmless(text: str) -> None:
    """Markdown without unseen characters, without tags that the templates do not write, with web links only."""
    assert not UNSEEN.search(text)
    assert not re.search(r"(?i)(?<!\\)<(?:script|img|https|b>|svg)", re.sub(r"(?m)^<.*$|\\\\", "", text))
    for link in LINK.finditer(text):
        assert re.match(r"https?://|#|[\w./-]+$", link["to"]), link.group()


@given(st.lists(RECORDS, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_hostile_records_break_nothing(candidates: list[tuple[Record, Verdict]]) -> None:
    with index() as repository:
        loaded = repository.load()
        changes = Merger(loaded, load_venues(repository.root)).run(candidates)
        written_report(loaded, changes, repository.taxonomy)
        editor = repository.edit()
        stage(editor, loaded, changes)
        editor.commit()
        assert check(repository)[1] == []
        assert canonical(repository).changed == []
        for text in files(repository).values():
            assert not UNSEEN.search(text)
        again = repository.load()
        assert {i: p.to_data() for i, p in again.papers.items()} == {i: p.to_data() for i, p in loaded.papers.items()}
        for entry in (*again.papers.values(), *again.queue.values()):
            for url in entry.links.model_dump(exclude_none=True).values():
                assert re.match(r"https?://[^\s<>\"]+$", url)
        assert Merger(again, load_venues(repository.root)).run(candidates).empty
        (repository.root / "site").mkdir()
        (repository.root / "site/templates").symlink_to(PROJECT / "site/templates")
        harmless(render_readme(repository, again))
        exported(Catalogue.of(repository, again))


def written_report(loaded: object, changes: Changes, taxonomy: object) -> None:
    data = report(loaded, changes, Run("2025-01-03", "api", 4, notices=ATTACKS), taxonomy)
    text = markdown(data, environment(PROJECT))
    assert len(text.encode()) <= MAX_BYTES
    json.dumps(data, ensure_ascii=False).encode()
    harmless(text)


def exported(catalogue: Catalogue) -> None:
    out = {form: exports.render(form, catalogue.entries).decode() for form in exports.FORMATS}
    ids = {entry.paper.id for entry in catalogue.entries}
    assert {p["id"] for p in json.loads(out["json"])} == ids
    assert {json.loads(line)["id"] for line in out["jsonl"].splitlines()} == ids
    assert len(json.loads(out["csl-json"])) == len(ids)
    rows = list(csv.DictReader(io.StringIO(out["csv"])))
    assert len(rows) == len(ids)
    assert not [v for row in rows for v in row.values() if v and v.startswith(("=", "+", "@", "\t"))]
    assert out["bibtex"].count("\n}") == len(ids)
    assert len(re.findall(r"(?m)^TY  - ", out["ris"])) == len(ids)


@pytest.mark.parametrize("text", ATTACKS)
def test_latex_is_taken_out_without_failing_or_growing(text: str) -> None:
    assert len(plain_tex(text * 20)) <= 30 * len(text) + 100
