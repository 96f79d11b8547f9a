"""Merging: nothing lost, repeated or invented, whatever order and pieces the records come in."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.index.model import Borderline, Gone, Links, Paper, Rejected
from updater.index.repository import Index
from updater.index.traces import render as render_traces
from updater.merge.merge import Changes, Merger
from updater.merge.venues import Venue, Venues
from updater.merge.venues import load as load_venues
from updater.records import Record
from updater.verdict import Verdict

VENUES = Venues(
    accepted=("accepted",),
    not_accepted=("submitted",),
    workshop=("workshop",),
    venues=(Venue(name="ICLR", yearly=True), Venue(name="ICLR Workshop", yearly=True)),
)


def record(id_: str = "2501.00001", version: int = 1, title: str = "A circuit", **more: object) -> Record:
    fields = {"authors": ("Ann Lee", "Bo Ng"), "published": dt.date(2025, 1, 2), "abstract": "x", **more}
    return Record(id=id_, title=title, version=version, **fields)


def verdict(id_: str = "2501.00001", decision: str = "accept", probability: float = 0.9) -> Verdict:
    return Verdict(id_, probability, decision, "circuits", (("circuits", 0.8),), terms=(("circuit", 0.5),))


def merge(index: Index, *candidates: tuple[Record, Verdict], rejudge: bool = False) -> Changes:
    return Merger(index, VENUES, rejudge=rejudge).run(candidates)


def curated(id_: str = "2501.00001", **more: object) -> Paper:
    fields = {"title": "By hand", "date": "2025-01", "categories": ["probing"], "status": "curated", **more}
    return Paper(id=id_, **fields)


def state(index: Index) -> tuple[object, ...]:
    """Everything that would be written."""
    return (
        {i: p.to_data() for i, p in sorted(index.papers.items())},
        {i: q.to_data() for i, q in sorted(index.queue.items())},
        {i: g.to_data() for i, g in sorted(index.gone.items())},
        index.state.model_dump(),
        render_traces(index.traces.values()),
    )


IDS = [f"2501.0000{n}" for n in range(1, 7)]
RECORDS = st.builds(
    lambda id_, version, title, decision: (
        record(id_, version, f"{title} of {id_}", comment=f"version {version}"),
        verdict(id_, decision, {"accept": 0.9, "review": 0.5, "reject": 0.1}[decision]),
    ),
    st.sampled_from(IDS),
    st.integers(1, 3),
    st.sampled_from(["Heads", "Probes"]),
    st.sampled_from(["accept", "review", "reject"]),
)


@given(st.lists(RECORDS, max_size=12, unique_by=lambda c: (c[0].id, c[0].version)), st.randoms(use_true_random=False))
def test_order_pieces_and_repetition_do_not_matter(
    candidates: list[tuple[Record, Verdict]], rng: random.Random
) -> None:
    whole = Index()
    merge(whole, *candidates)
    pieces = Index()
    stream = candidates * 2
    rng.shuffle(stream)
    while stream:
        size = rng.randint(1, 4)
        merge(pieces, *stream[:size])
        del stream[:size]
    assert state(pieces) == state(whole)


@given(st.permutations(IDS[:4]), st.integers(1, 3))
def test_one_work_under_several_ids_is_one_entry_the_smallest_id(order: list[str], size: int) -> None:
    index = Index()
    for start in range(0, len(order), size):
        merge(index, *((record(i, title="Same title"), verdict(i)) for i in order[start : start + size]))
    assert list(index.papers) == [IDS[0]]
    assert {g.id: (g.reason, g.see) for g in index.gone.values()} == dict.fromkeys(IDS[1:4], ("duplicate", IDS[0]))


def test_the_same_title_by_other_authors_is_another_work() -> None:
    index = Index()
    merge(index, (record(IDS[0]), verdict(IDS[0])), (record(IDS[1], authors=("Cy Xu", "Di Wu")), verdict(IDS[1])))
    assert set(index.papers) == set(IDS[:2])


def test_decisions_of_the_model_lead_to_list_queue_and_nothing() -> None:
    index = Index()
    changes = merge(
        index, *((record(i, title=i), verdict(i, d)) for i, d in zip(IDS, ("accept", "review", "reject"), strict=False))
    )
    assert (set(index.papers), set(index.queue)) == ({IDS[0]}, {IDS[1]})
    assert changes.skipped == {"out of scope": 1}


def test_names_that_are_looked_for_later_are_filled_in_when_the_same_version_is_read_again() -> None:
    index = Index(papers={"2501.00001": curated()})
    merge(index, (record(), verdict()))
    assert index.papers["2501.00001"].models == []
    again = dataclasses.replace(verdict(), models=("GPT-2",), keywords=("induction head",))
    merge(index, (record(), again))
    once = state(index)
    assert (index.papers["2501.00001"].models, index.papers["2501.00001"].keywords) == (["GPT-2"], ["induction head"])
    merge(index, (record(), again))
    assert state(index) == once
    index.papers["2501.00001"] = index.papers["2501.00001"].model_copy(update={"models": []})  # a person took it out
    merge(index, (record(), again))
    assert index.papers["2501.00001"].models == []


def test_what_people_wrote_is_completed_but_never_changed() -> None:
    index = Index(papers={IDS[0]: curated(venue="TMLR")})
    seen = record(comment="Accepted at ICLR 2025. https://github.com/a/b", title="Other title")
    merge(index, (seen, verdict()))
    paper = index.papers[IDS[0]]
    assert (paper.title, paper.venue, paper.categories) == ("By hand", "TMLR", ["probing"])
    assert (paper.date, paper.links.code, paper.authors) == (
        "2025-01-02",
        "https://github.com/a/b",
        ["Ann Lee", "Bo Ng"],
    )


def test_what_a_person_took_out_does_not_come_back_with_the_same_version() -> None:
    index = Index(papers={IDS[0]: curated()})
    seen = (record(comment="https://github.com/a/b"), verdict())
    merge(index, seen)
    index.papers[IDS[0]] = index.papers[IDS[0]].model_copy(update={"links": Links()})
    assert merge(index, seen).empty


def test_an_automatic_entry_that_a_person_changed_is_left_alone() -> None:
    index = Index()
    merge(index, (record(), verdict()))
    index.papers[IDS[0]] = index.papers[IDS[0]].model_copy(update={"categories": ["steering"]})
    changes = merge(index, (record(version=2, title="Retitled"), verdict()))
    assert changes.empty
    assert index.papers[IDS[0]].categories == ["steering"]
    assert changes.skipped == {"changed by a person": 1}


def test_a_new_version_updates_title_venue_and_links_of_an_automatic_entry() -> None:
    index = Index()
    merge(index, (record(), verdict()))
    changes = merge(
        index, (record(version=2, title="Retitled", comment="accepted at ICLR 2026", doi="10.1000/x"), verdict())
    )
    paper = index.papers[IDS[0]]
    assert (paper.title, paper.venue, paper.links.doi) == ("Retitled", "ICLR 2026", "https://doi.org/10.1000/x")
    assert set(changes.updated) == {IDS[0]}


def test_an_entry_stays_when_a_new_version_looks_out_of_scope() -> None:
    index = Index()
    merge(index, (record(), verdict()))
    assert merge(index, (record(version=2), verdict(decision="reject"))).empty
    assert set(index.papers) == {IDS[0]}


def test_judging_anew_leaves_a_tombstone() -> None:
    index = Index()
    merge(index, (record(), verdict()))
    changes = merge(index, (record(), verdict(decision="reject")), rejudge=True)
    assert not index.papers
    assert set(changes.removed) == {IDS[0]}
    assert index.gone[IDS[0]].reason == "out-of-scope"


@pytest.mark.parametrize("first", [0, 1])
def test_a_withdrawal_is_marked_before_or_after(first: int) -> None:
    both = [(record(), verdict()), (record(version=2, withdrawn=True), verdict(decision="reject"))]
    index = Index()
    merge(index, both[first])
    merge(index, both[1 - first])
    assert index.papers[IDS[0]].withdrawn
    assert merge(index, *both).empty


def test_the_rejected_the_borderline_and_the_gone_never_come_back() -> None:
    index = Index(
        rejected={IDS[0]: Rejected(id=IDS[0]), "lee-2024-x": Rejected(id="lee-2024-x", title="A {LaTeX} title")},
        borderline={IDS[1]: Borderline(id=IDS[1], categories=["probing"])},
        gone={IDS[2]: Gone(id=IDS[2], title="x", reason="out-of-scope")},
    )
    ids = IDS[:4]
    changes = merge(index, *((record(i, title="A LaTeX title" if i == IDS[3] else i), verdict(i)) for i in ids))
    assert not index.papers
    assert sum(changes.skipped.values()) == 4


def test_an_arxiv_version_of_a_listed_work_becomes_a_link() -> None:
    slug = curated("lee-2024-circuit", title="A Circuit", authors=["Ann Lee"], date="2024")
    index = Index(papers={slug.id: slug})
    merge(index, (record(), verdict()))
    assert set(index.papers) == {slug.id}
    assert index.papers[slug.id].links.arxiv == f"https://arxiv.org/abs/{IDS[0]}"
    assert index.gone[IDS[0]].see == slug.id


def test_a_record_that_cannot_be_an_entry_is_told_and_the_rest_goes_on() -> None:
    index = Index()
    changes = merge(index, (record(title="x" * 1000), verdict()), (record(IDS[1], title="Fine"), verdict(IDS[1])))
    assert set(index.papers) == {IDS[1]}
    assert set(changes.unusable) == {IDS[0]}


def test_merging_again_changes_nothing() -> None:
    index = Index(papers={IDS[1]: curated(IDS[1])})
    candidates = [(record(i, title=i), verdict(i)) for i in IDS]
    merge(index, *candidates)
    before = copy.deepcopy(state(index))
    assert merge(index, *candidates).empty
    assert state(index) == before


def test_only_http_links_come_out() -> None:
    index = Index()
    hostile = record(
        comment="javascript:alert(1) https://github.com/a/b<script> http://x.github.io/ok", doi='10.1000/x" onload='
    )
    merge(index, (hostile, verdict()))
    links = index.papers[IDS[0]].links.model_dump(exclude_none=True)
    assert links == {
        "arxiv": f"https://arxiv.org/abs/{IDS[0]}",
        "code": "https://github.com/a/b",
        "page": "https://x.github.io/ok",
    }


def test_the_shipped_venues_file_is_read(pytestconfig: pytest.Config) -> None:
    venues = load_venues(Path(pytestconfig.rootpath))
    assert venues.from_comment("Accepted to ICLR 2025 (oral)") == "ICLR 2025"
    assert venues.from_comment("Submitted to ICLR 2025") == ""
    assert venues.from_comment("Accepted at the CVPR 2025 Workshop on X") == "CVPR Workshop 2025"
    assert venues.from_bibliography("Nat Commun", "2022") == "Nature Communications"
    assert venues.from_bibliography("CoRR", "2022") == ""
