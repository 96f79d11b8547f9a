"""Any order, any split, any repetition of the same records leaves the same files, and data in which check finds nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import PROJECT
from updater.index import schema
from updater.index.check import check
from updater.index.model import Borderline, Gone, Links, Paper, Rejected
from updater.index.repository import BACKGROUND, BORDERLINE, GONE, REJECTED, Repository
from updater.index.text import author_overlap
from updater.index.transaction import Transaction
from updater.merge.decide import Decision, Desk
from updater.merge.identity import similar
from updater.merge.merge import Changes, Merger, stage
from updater.merge.venues import load as load_venues
from updater.records import Record
from updater.verdict import Verdict

ARXIV = [f"2501.0000{n}" for n in range(1, 8)]
SLUG = "lee-2024-probes"
CURATED, REJECTED_ID, BORDERLINE_ID, GONE_ID, ORDINARY = ARXIV[1], ARXIV[3], ARXIV[4], ARXIV[5], ARXIV[6]
Candidate = tuple[Record, Verdict]

RECORDS = st.builds(
    lambda id_, version, title, authors, doi, comment, decision, withdrawn: (
        Record(
            id=id_,
            title=title,
            abstract="x",
            authors=authors,
            version=version,
            doi=doi,
            comment=comment,
            published=dt.date(2025, 1, int(id_[-1])),
            withdrawn=withdrawn,
        ),
        Verdict(
            id=id_,
            probability={"accept": 0.90004, "review": 0.5, "reject": 0.1}[decision],
            decision=decision,
            primary="circuits",
            categories=(("circuits", 0.8), ("probing", 0.3))[: 1 + version % 2],
            keywords=(f"word {version}",),
            models=("GPT-2",) if version > 1 else (),
            because=(("circuit", 1.23456), ("cake", -0.4)),
            terms=(("circuit", 0.55555),),
        ),
    ),
    id_=st.sampled_from(ARXIV),
    version=st.integers(1, 3),
    title=st.sampled_from(["Heads", "Probes", "How $x$ counts", "?!"]),
    authors=st.sampled_from([("Ann Lee", "Bo Ng"), ("Cy Xu",), ()]),
    doi=st.sampled_from(["", "", "10.1000/a", "10.1000/B"]),
    comment=st.sampled_from(["", "Accepted at ICLR 2025", "code at https://github.com/a/b", "https://a.github.io/x"]),
    decision=st.sampled_from(["accept", "accept", "review", "reject"]),
    withdrawn=st.sampled_from([False] * 9 + [True]),
)
STREAMS = st.lists(RECORDS, max_size=10, unique_by=lambda c: (c[0].id, c[0].version))


@contextmanager
def index() -> Iterator[Repository]:
    """A small index with works that people wrote, rejected, called borderline or took off the list."""
    # Flushing to the disk is what test_transaction.py is about; here it would only take time.
    with tempfile.TemporaryDirectory() as folder, mock.patch("updater.index.transaction.os.fsync"):
        root = Path(folder)
        (root / "resources/papers").mkdir(parents=True)
        for name in ("taxonomy.yml", "settings.yml", "venues.yml"):
            shutil.copy(PROJECT / "resources" / name, root / "resources" / name)
        of_project = root / "resources/settings.yml"
        text = of_project.read_text(encoding="utf-8").replace("min_landmarks: 8", "min_landmarks: 0")
        of_project.write_text(text, encoding="utf-8")
        repository = Repository(root)
        editor = repository.edit()
        link = Links(arxiv=f"https://arxiv.org/abs/{CURATED}")
        editor.put_paper(
            Paper(id=CURATED, title="By hand", date="2025-01", links=link, categories=["probing"], status="curated")
        )
        editor.put_paper(
            Paper(
                id=SLUG,
                title="Probes",
                authors=["Ann Lee"],
                date="2024",
                links=Links(page="https://lee.org/probes"),
                categories=["probing"],
                status="curated",
            )
        )
        editor.put(REJECTED, Rejected(id=REJECTED_ID))
        editor.put(REJECTED, Rejected(id="xu-2023-heads", title="How x counts!"))
        editor.put(BORDERLINE, Borderline(id=BORDERLINE_ID, categories=["probing"]))
        editor.put(GONE, Gone(id=GONE_ID, title="x", reason="out-of-scope"))
        editor.put(BACKGROUND, ORDINARY)
        editor.commit()
        schemas = Transaction(root)
        for path, content in schema.all_schemas(repository).items():
            schemas.put(path, content)
        schemas.commit()
        yield repository


def merge(repository: Repository, candidates: Sequence[Candidate]) -> Changes:
    """One run, as `update` makes it."""
    loaded = repository.load()
    changes = Merger(loaded, load_venues(repository.root)).run(candidates)
    editor = repository.edit()
    stage(editor, loaded, changes)
    editor.commit()
    return changes


def files(repository: Repository) -> dict[str, str]:
    found = (p for p in sorted((repository.root / "resources").rglob("*")) if p.is_file())
    return {p.relative_to(repository.root).as_posix(): p.read_text(encoding="utf-8") for p in found}


def pieces(stream: list[Candidate], rng: random.Random) -> Iterator[list[Candidate]]:
    twice = stream * 2
    rng.shuffle(twice)
    while twice:
        size = rng.randint(1, 8)
        yield twice[:size]
        del twice[:size]


@given(stream=STREAMS, rng=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_order_split_and_repetition_leave_the_same_bytes(stream: list[Candidate], rng: random.Random) -> None:
    with index() as whole, index() as cut:
        merge(whole, stream)
        for piece in pieces(stream, rng):
            merge(cut, piece)
        assert files(cut) == files(whole)
        assert check(whole)[1] == []
        assert merge(whole, stream).empty
        assert files(cut) == files(whole)


def one(id_: str, version: int = 1, title: str = "Heads", decision: str = "accept", **more: object) -> Candidate:
    facts = {"authors": ("Ann Lee",), "published": dt.date(2025, 1, 2), **more}
    return (
        Record(id=id_, title=title, version=version, **facts),
        Verdict(
            id_, {"accept": 0.9, "review": 0.5, "reject": 0.1}[decision], decision, "circuits", (("circuits", 0.8),)
        ),
    )


A, B = ARXIV[0], ARXIV[2]


def test_a_work_kept_aside_comes_back_when_a_new_version_shows_another_work() -> None:
    with index() as repository:
        merge(repository, [one(A), one(B)])
        loaded = repository.load()
        assert (loaded.gone[B].see, B in loaded.papers) == (A, False)
        changes = merge(repository, [one(A, version=2, title="Tails")])
        loaded = repository.load()
        assert (set(changes.added), changes.back, changes.lost) == ({B}, {B}, [])
        assert {A, B} <= loaded.papers.keys() and B not in loaded.gone


def test_a_smaller_id_takes_over_and_nothing_is_lost() -> None:
    with index() as repository:
        merge(repository, [one(B)])
        changes = merge(repository, [one(A)])
        assert (set(changes.removed), changes.lost, repository.load().gone[B].see) == ({B}, [], A)


def test_an_older_version_that_waited_elsewhere_does_not_decide() -> None:
    with index() as repository:
        merge(repository, [one(B)])
        merge(repository, [one(A, decision="review")])
        assert repository.load().gone[A].see == B
        merge(repository, [one(A, version=2)])
        loaded = repository.load()
        assert (A in loaded.papers, loaded.gone[B].see) == (True, A)


def test_what_the_machine_filled_in_gives_way_to_a_newer_version_and_stays_out_where_a_person_took_it_out() -> None:
    with index() as repository:
        merge(repository, [one(CURATED, comment="https://github.com/a/old", doi="10.1000/x")])
        merge(repository, [one(CURATED, version=2, comment="https://github.com/a/new", doi="10.1000/x")])
        paper = repository.load().papers[CURATED]
        assert (paper.title, paper.date, paper.links.code) == ("By hand", "2025-01-02", "https://github.com/a/new")
        editor = repository.edit()
        editor.put_paper(paper.model_copy(update={"links": Links(arxiv=paper.links.arxiv)}))
        editor.commit()
        merge(repository, [one(CURATED, version=3, comment="https://github.com/a/new", doi="10.1000/x")])
        assert repository.load().papers[CURATED].links == Links(arxiv=f"https://arxiv.org/abs/{CURATED}")


def test_a_date_that_a_person_wrote_is_made_more_precise_but_not_contradicted() -> None:
    with index() as repository:
        editor = repository.edit()
        editor.put_paper(Paper(id=A, title="Later", date="2025-02", categories=["probing"], status="curated"))
        editor.commit()
        merge(repository, [one(A), one(CURATED)])
        papers = repository.load().papers
        assert (papers[A].date, papers[CURATED].date) == ("2025-02", "2025-01-02")


def test_a_mark_of_withdrawal_that_a_person_took_out_stays_out() -> None:
    with index() as repository:
        merge(repository, [one(A), one(A, version=2, withdrawn=True)])
        paper = repository.load().papers[A]
        assert paper.withdrawn
        editor = repository.edit()
        editor.put_paper(paper.model_copy(update={"withdrawn": False}))
        editor.commit()
        assert merge(repository, [one(A, version=2, withdrawn=True)]).empty


def test_a_queue_entry_that_a_person_changed_is_left_to_the_person() -> None:
    with index() as repository:
        merge(repository, [one(A, decision="review")])
        queued = repository.load().queue[A]
        editor = repository.edit()
        editor.put("resources/queue.yml", queued.model_copy(update={"categories": ["steering"]}))
        editor.commit()
        merge(repository, [one(A, version=2)])
        loaded = repository.load()
        assert (loaded.queue[A].categories, A in loaded.papers) == (["steering"], False)


def test_an_ordinary_paper_that_turns_out_to_be_of_the_field_is_no_negative_any_more() -> None:
    with index() as repository:
        merge(repository, [one(ORDINARY)])
        loaded = repository.load()
        assert (ORDINARY in loaded.papers, ORDINARY in loaded.background) == (True, False)
        assert check(repository)[1] == []


@pytest.mark.parametrize("link", [{"arxiv": f"https://arxiv.org/abs/{A}"}, {"doi": "https://doi.org/10.1000/Same"}])
def test_a_common_address_is_enough_whatever_the_title(link: dict[str, str]) -> None:
    with index() as repository:
        editor = repository.edit()
        editor.put_paper(
            Paper(id="ng-2024-x", title="Other", date="2024", links=link, categories=["probing"], status="curated")
        )
        editor.commit()
        merge(repository, [one(A, doi="10.1000/same")])
        loaded = repository.load()
        assert (A in loaded.papers, loaded.gone[A].see) == (False, "ng-2024-x")


def test_titles_of_signs_only_are_no_common_title() -> None:
    with index() as repository:
        merge(repository, [one(A, title="?"), one(B, title="!!")])
        assert {A, B} <= repository.load().papers.keys()


@pytest.mark.parametrize("decision", ["reject", "borderline"])
@pytest.mark.parametrize("first", ["accept", "review"])
def test_what_a_person_takes_off_the_list_does_not_come_back_under_another_id(decision: str, first: str) -> None:
    with index() as repository:
        merge(repository, [one(A, decision=first), one(B, decision=first)])
        desk = Desk(repository, repository.load(), lambda _: [])
        desk.decide([Decision(id=A, decision=decision)])
        desk.editor.commit()
        assert check(repository)[1] == []
        assert merge(repository, [one(A), one(B), one(B, version=2)]).empty
        loaded = repository.load()
        assert not {A, B} & (loaded.papers.keys() | loaded.queue.keys())


TITLES = st.lists(
    st.sampled_from(["heads", "probes", "of", "in", "the", "circuits", "sparse", "we", "count"]), max_size=6
).map(" ".join)


@given(st.lists(st.tuples(TITLES, st.lists(st.sampled_from(["A Lee", "B Ng", "C Xu"]), max_size=3)), max_size=8))
def test_similar_works_are_those_that_comparing_all_pairs_finds(facts: list[tuple[str, list[str]]]) -> None:
    papers = [
        Paper(
            id=f"2501.{n:05}",
            title=f"x {title}".strip(),
            authors=names,
            date="2025-01-01",
            categories=["probing"],
            status="auto",
        )
        for n, (title, names) in enumerate(facts)
    ]
    want = set()
    for a, b in itertools.combinations(papers, 2):
        words, others = set(a.title.split()), set(b.title.split())
        if len(words & others) / len(words | others) >= 0.75 and author_overlap(a.authors, b.authors) >= 0.5:
            want.add((a.id, b.id))
    assert {(a.id, b.id) for a, b, _ in similar(papers, papers)} == want
