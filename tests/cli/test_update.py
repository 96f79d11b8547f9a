"""`mi-index update` end to end, against the stand-in for arXiv: what it writes, what it keeps, when it stops."""

from __future__ import annotations

import ctypes
import dataclasses
import datetime as dt
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from support.arxiv_server import ArxivServer, Reply, Request
from support.fixtures import TODAY
from support.victim import Judge
from support.works import work

from tests.conftest import PROJECT, Command
from updater.errors import SourceError
from updater.index.repository import Repository
from updater.index.transaction import lock
from updater.records import Record
from updater.verdict import Verdict

FIRST, LAST = dt.date(2026, 3, 2), dt.date(2026, 3, 15)
"""The days of the stand-in's works."""


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("updater.classify.load", lambda root: Judge())


@pytest.fixture
def root(root: Path) -> Path:
    """The small index with the templates, reading the days of the stand-in."""
    (root / "site").mkdir()
    (root / "site/templates").symlink_to(PROJECT / "site/templates")
    change(root / "resources/settings.yml", r"first_day: \S+", f"first_day: {FIRST}")
    change(root / "resources/settings.yml", r"(?m)^  delay: .*$", "  delay: 0\n  patience: 0.2\n  tries: 2")
    return root


def change(file: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new, file.read_text(encoding="utf-8"))
    assert count == 1
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def update(mi_index: Command, arxiv_server: ArxivServer) -> Command:
    """`mi-index update --today …` on the small index, which must succeed unless a code is given."""

    def run(*args: str, code: int = 0, today: dt.date = TODAY) -> Result:
        result = mi_index("update", "--today", str(today), *args)
        assert result.exit_code == code, result.stderr
        return result

    return run


def files(root: Path) -> dict[str, bytes]:
    """All files of the index but the lock."""
    found = (p for p in sorted(root.rglob("*")) if p.is_file() and p.name != ".mi-index.lock")
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in found}


def copy_of(root: Path, tmp_path: Path) -> Command:
    return Command(shutil.copytree(root, tmp_path / f"copy{len(list(tmp_path.iterdir()))}", symlinks=True))


def days(root: Path) -> set[str]:
    state = Repository(root).load().state
    return {span for spans in state.read.values() for span in spans}


def explicit(first: dt.date, last: dt.date) -> tuple[str, ...]:
    return "--since", str(first), "--until", str(last)


# --- what is read, and what is remembered -----------------------------------------------------------------------------


def test_the_whole_record_is_read_remembered_and_valid(root: Path, mi_index: Command, update: Command) -> None:
    update()
    index = Repository(root).load()
    assert len(index.papers) > 40 and len(index.queue) > 20
    assert days(root) == {f"{FIRST}/{TODAY - dt.timedelta(days=5)}"}
    assert mi_index("check").exit_code == 0
    assert mi_index("fmt", "--check").exit_code == 0


def test_a_second_run_changes_nothing(root: Path, update: Command) -> None:
    update()
    before = files(root)
    assert "Nothing is new" in update().stdout
    assert files(root) == before


def test_explicit_days_are_exactly_these_and_move_no_watermark(
    root: Path, update: Command, arxiv_server: ArxivServer
) -> None:
    update(*explicit(FIRST, FIRST + dt.timedelta(days=1)))
    index = Repository(root).load()
    new = [p for p in index.papers.values() if p.status == "auto"]
    assert {p.date for p in new} <= {str(FIRST), str(FIRST + dt.timedelta(days=1))} and new
    assert index.state.read == {}
    asked = {r.query["search_query"].partition("submittedDate")[2] for r in arxiv_server.requests}
    assert asked == {":[202603020000 TO 202603030000]", ":[202603030000 TO 202603040000]"}


def test_only_settled_days_are_remembered_and_the_overlap_is_read_again(
    root: Path, update: Command, arxiv_server: ArxivServer
) -> None:
    arxiv_server.today = dt.date(2026, 3, 10)
    update(today=arxiv_server.today)
    assert days(root) == {f"{FIRST}/2026-03-05"}
    arxiv_server.requests.clear()
    late = work(997, dt.date(2026, 3, 4), announced=dt.date(2026, 3, 12), categories=("cs.LG",))
    arxiv_server.works.append(late)
    arxiv_server.today = dt.date(2026, 3, 12)
    update("--source", "api", today=arxiv_server.today)
    assert days(root) == {f"{FIRST}/2026-03-07"}
    index = Repository(root).load()
    assert late.id in index.papers or late.id in index.queue


def test_a_gap_is_filled(root: Path, update: Command, tmp_path: Path) -> None:
    update()
    want = files(root)
    index = Repository(root).load()
    lost = [p for p in index.papers.values() if p.date == "2026-03-04" and p.status == "auto"]
    editor = Repository(root).edit()
    for paper in lost:
        editor.drop_paper(paper)
    for category in index.state.read:
        index.state.read[category] = [f"{FIRST}/2026-03-03", "2026-03-05/2026-03-18"]
    editor.put_state(index.state)
    editor.commit()
    assert lost and files(root) != want
    update()
    assert files(root) == want


@pytest.mark.parametrize("source", ["api", "oai", "auto"])
def test_every_source_leaves_the_same_bytes(root: Path, update: Command, tmp_path: Path, source: str) -> None:
    other = copy_of(root, tmp_path)
    args = (*explicit(FIRST, LAST), "--today", str(TODAY))
    update(*args, "--source", "oai" if source == "auto" else "auto")
    assert other("update", *args, "--source", source).exit_code == 0
    assert files(other.root) == files(root)


def test_day_by_day_is_all_at_once(root: Path, update: Command, tmp_path: Path) -> None:
    other = copy_of(root, tmp_path)
    update(*explicit(FIRST, FIRST + dt.timedelta(days=4)))
    for offset in (3, 0, 4, 1, 2, 0):
        day = FIRST + dt.timedelta(days=offset)
        assert other("update", "--today", str(TODAY), *explicit(day, day)).exit_code == 0
    assert files(other.root) == files(root)


def test_nightly_runs_end_where_one_long_run_ends(
    root: Path, update: Command, arxiv_server: ArxivServer, tmp_path: Path
) -> None:
    """But for what a later version says: the long run never saw the first one."""
    arxiv_server.works = [w for w in arxiv_server.works if not w.replaced]
    other = copy_of(root, tmp_path)
    update()
    for today in (dt.date(2026, 3, 6), dt.date(2026, 3, 9), dt.date(2026, 3, 16), TODAY):
        arxiv_server.today = today
        result = other("update", "--today", str(today))
        assert result.exit_code == 0, result.stderr
    assert files(other.root) == files(root)


# --- failures ---------------------------------------------------------------------------------------------------------


def down(request: Request, reply: Reply) -> Reply:
    return Reply(b"", hang_up=True)


def test_a_dead_service_changes_no_byte(root: Path, update: Command, arxiv_server: ArxivServer) -> None:
    update(*explicit(FIRST, FIRST))
    before = files(root)
    arxiv_server.script = down
    result = update(code=3)
    assert files(root) == before
    assert "no connection" in result.stderr


def test_partial_success_keeps_the_finished_days(root: Path, update: Command, arxiv_server: ArxivServer) -> None:
    whole = Command(root)
    arxiv_server.script = lambda request, reply: (
        reply
        if request.path == "/api/query" and "submittedDate:[20260302" in request.query["search_query"]
        else Reply(b"", hang_up=True)
    )
    result = update(code=3)
    assert days(root) == {f"{FIRST}/{FIRST}"}
    assert "Not read to the end" in result.stdout
    assert whole("check").exit_code == 0
    arxiv_server.script = lambda _, reply: reply
    update()
    assert days(root) == {f"{FIRST}/2026-03-18"}


def test_a_refusing_api_is_told_and_fallen_over_from(root: Path, update: Command, arxiv_server: ArxivServer) -> None:
    arxiv_server.script = lambda request, reply: Reply(b"", 406) if request.path == "/api/query" else reply
    result = update(*explicit(FIRST, LAST))
    assert "the search API could not be read" in result.stdout and "OAI-PMH" in result.stdout


# --- looking without touching, and stopping ---------------------------------------------------------------------------


def test_a_dry_run_touches_nothing(root: Path, update: Command) -> None:
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    assert "new" in update("--dry-run").stdout
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


def usual(root: Path, update: Command, server: ArxivServer) -> None:
    """A week that was read, so that the next one can be compared with it; then the source dries up."""
    change(root / "resources/settings.yml", "overlap_days: 7", "overlap_days: 2")
    server.today = dt.date(2026, 3, 13)
    update(today=server.today)
    server.works = [w for w in server.works if w.submitted.date() < dt.date(2026, 3, 3)]


def test_far_fewer_papers_than_usual_stop_the_run_and_a_person_can_say_that_it_is_right(
    root: Path, update: Command, arxiv_server: ArxivServer, tmp_path: Path
) -> None:
    usual(root, update, arxiv_server)
    before = files(root)
    arxiv_server.today = TODAY
    report = tmp_path / "report.md"
    result = update("--report", str(report), code=1)
    assert "papers of the field came" in result.stderr and "--allow-shrink" in result.stderr
    assert "Stopped: only" in report.read_text(encoding="utf-8")
    assert files(root) == before
    assert update("--dry-run", code=1).stdout.startswith("#")
    update("--allow-shrink")
    assert days(root) == {f"{FIRST}/2026-03-18"}


def test_a_run_that_would_remove_entries_stops(root: Path, update: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    update()
    before = files(root)

    class Strict(Judge):
        def classify(self, records: Iterable[Record]) -> Iterator[Verdict]:
            for verdict in super().classify(records):
                yield dataclasses.replace(verdict, decision="reject") if verdict.decision == "accept" else verdict

    monkeypatch.setattr("updater.classify.load", lambda root: Strict())
    result = update("--rejudge", code=1)
    assert re.search(r"would remove \d+ entries", result.stderr)
    assert files(root) == before
    update("--rejudge", "--allow-shrink")
    index = Repository(root).load()
    assert {p.status for p in index.papers.values() if p.date >= "2026-03-12"} <= {"curated"}
    assert {g.reason for g in index.gone.values()} == {"out-of-scope"}
    assert Command(root)("check").exit_code == 0


def test_a_syntax_error_stops_before_anything_is_fetched(
    root: Path, update: Command, arxiv_server: ArxivServer
) -> None:
    month = root / "resources/papers/2025-01.yml"
    month.write_text(
        month.read_text(encoding="utf-8").replace("title: A circuit", 'title: "A circuit'), encoding="utf-8"
    )
    before = files(root)
    result = update(code=1)
    assert re.search(r"resources/papers/2025-01\.yml:\d+: YAML syntax error", result.stderr)
    assert (files(root), arxiv_server.requests) == (before, [])


@pytest.mark.parametrize("name", ["venues.yml", "taxonomy.yml", "settings.yml"])
def test_wrong_configuration_stops_before_anything_is_fetched(
    root: Path, update: Command, arxiv_server: ArxivServer, name: str
) -> None:
    with (root / "resources" / name).open("a", encoding="utf-8") as file:
        file.write("\nno_such_key: 1\n")
    assert name in update(code=2).stderr
    assert arxiv_server.requests == []


# --- two at once, no room, no right -----------------------------------------------------------------------------------


def test_a_second_run_leaves_with_a_clear_word_or_waits(root: Path, update: Command) -> None:
    before = files(root)
    with lock(root):
        assert "another run is changing" in update(code=1).stderr
        assert files(root) == before
    held = threading.Event()

    def hold() -> None:
        with lock(root):
            held.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    update("--wait", "20", *explicit(FIRST, FIRST))
    thread.join()
    assert files(root) != before


def alone(root: Path, *args: str, **more: object) -> subprocess.CompletedProcess[str]:
    """`mi-index` as a process of its own."""
    command = [sys.executable, "-m", "updater", "--root", str(root), *args]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False, **more)


def test_a_full_disk_is_told_and_changes_nothing(root: Path, arxiv_server: ArxivServer) -> None:
    """The system refuses to write more than a few bytes into a file, as a full disk does."""
    before = files(root)
    args = ("update", "--today", str(TODAY), *explicit(FIRST, FIRST))
    result = alone(root, *args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)))
    assert result.returncode == 1, result.stderr
    assert "cannot write under" in result.stderr and "nothing was changed" in result.stderr
    assert "Traceback" not in result.stderr
    assert files(root) == before


def no_override() -> None:
    """Take from root the right to write where nobody may: PR_CAPBSET_DROP, CAP_DAC_OVERRIDE (prctl(2), capabilities(7))."""
    assert ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) == 0


def test_a_read_only_folder_is_told_before_anything_is_fetched(root: Path, arxiv_server: ArxivServer) -> None:
    nobody = {"preexec_fn": no_override} if os.geteuid() == 0 else {}
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    before = files(root)
    try:
        result = alone(root, "update", "--today", str(TODAY), **nobody)
        told = alone(root, "stats", **nobody)
    finally:
        for path in (root, *root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
    assert result.returncode == 1, result.stderr
    assert "cannot write to" in result.stderr and "read-only" in result.stderr and "Traceback" not in result.stderr
    assert (arxiv_server.requests, files(root)) == ([], before)
    assert told.returncode == 0, told.stderr


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_record_that_cannot_be_an_entry_is_told_and_the_rest_goes_on(
    root: Path, update: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sloppy(Judge):
        def classify(self, records: Iterable[Record]) -> Iterator[Verdict]:
            for n, verdict in enumerate(super().classify(records)):
                yield dataclasses.replace(verdict, decision="accept", keywords=("x\u200by",) if n == 0 else ())

    monkeypatch.setattr("updater.classify.load", lambda root: Sloppy())
    data = json.loads(update("--json", *explicit(FIRST, FIRST)).stdout)
    assert list(data["unusable"].values()) and "U+200B" in next(iter(data["unusable"].values()))
    assert data["figures"]["added"] + sum(data["skipped"].values()) == data["figures"]["candidates"] - 1


def test_the_report_is_a_newsletter_and_the_same_as_data(root: Path, update: Command, tmp_path: Path) -> None:
    file = tmp_path / "deep/report.md"
    data = json.loads(update("--json", "--report", str(file)).stdout)
    text = file.read_text(encoding="utf-8")
    index = Repository(root).load()
    auto = {p.id for p in index.papers.values() if p.status == "auto"}
    assert {p["id"] for group in data["added"] for p in group["papers"]} == auto
    assert {q["id"] for q in data["queued"]} == set(index.queue)
    assert all(f"https://arxiv.org/abs/{id_}" in text for id_ in auto | set(index.queue))
    assert "## Waiting for a person" in text and "probe +1.50" in text.replace("\\+", "+")
    assert data["figures"]["candidates"] == sum(n for k, n in data["figures"].items() if k.startswith("model_"))


def test_a_report_that_cannot_be_written_is_told(root: Path, update: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = update("--report", str(tmp_path / "file/report.md"), *explicit(FIRST, FIRST), code=1)
    assert "its report cannot be written" in result.stderr


def test_new_versions_update_what_no_person_touched_and_withdrawals_are_marked(
    root: Path, update: Command, arxiv_server: ArxivServer
) -> None:
    arxiv_server.works = [
        dataclasses.replace(w, replaced=w.submitted + dt.timedelta(days=9), title2=f"{w.title} (revised)")
        if w.replaced
        else w
        for w in arxiv_server.works
    ]
    changed = [w for w in arxiv_server.works if w.replaced]
    arxiv_server.today = dt.date(2026, 3, 10)
    update(*explicit(FIRST, LAST), today=arxiv_server.today)
    papers = Repository(root).load().papers
    mine = [w for w in changed if w.id in papers]
    retitled, withdrawn = ([w for w in mine if w.withdrawn == is_] for is_ in (False, True))
    assert len(retitled) > 1 and withdrawn
    by_hand = retitled.pop()
    month = root / "resources/papers/2026-03.yml"
    change(month, rf'(?s)(- id: "{by_hand.id}"\n  title: [^\n]+)', r"\1 by hand")
    curated = (root / "resources/papers/2025-01.yml").read_bytes()
    arxiv_server.today = TODAY
    data = json.loads(update("--json").stdout)
    papers = Repository(root).load().papers
    assert {w.id: papers[w.id].title for w in retitled} == {w.id: w.title2 for w in retitled}
    assert {papers[w.id].withdrawn for w in withdrawn} == {True}
    assert papers[by_hand.id].title == f"{by_hand.title} by hand"
    assert {w["id"] for w in data["withdrawn"]} == {w.id for w in withdrawn}
    assert {u["id"] for u in data["updated"]} == {w.id for w in (*retitled, *withdrawn)}
    assert (root / "resources/papers/2025-01.yml").read_bytes() == curated


def test_a_failure_is_a_source_error_for_programs_too(update: Command, arxiv_server: ArxivServer) -> None:
    arxiv_server.script = down
    assert isinstance(update("--json", code=3).exception, SourceError)


# --- outside arXiv ----------------------------------------------------------------------------------------------------

THREAD = b"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>A thread</title>
<entry><title>Probe heads in a thread</title><link href="https://thread.example/2026/heads"/>
<published>2026-03-03T00:00:00Z</published><author><name>Cy Ng</name></author><content>Heads.</content></entry></feed>"""


@pytest.fixture
def thread(arxiv_server: ArxivServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal outside arXiv with one post that the model would accept at once."""

    def script(request: Request, reply: Reply) -> Reply:
        return Reply(THREAD, type="application/atom+xml") if request.path == "/thread" else reply

    arxiv_server.script = script
    monkeypatch.setenv("MI_INDEX_TRANSFORMER_CIRCUITS_URL", f"{arxiv_server.url}/thread")
    monkeypatch.setattr(Judge, "classify", lambda _, records: map(accepted, records))


def accepted(record: Record) -> Verdict:
    return Verdict(record.id, 0.9, "accept", "probing", (("probing", 0.8),))


@pytest.mark.usefixtures("thread")
def test_a_work_outside_arxiv_waits_for_a_person_however_sure_the_model_is(root: Path, update: Command) -> None:
    update()
    index = Repository(root).load()
    outside = [queued for queued in index.queue.values() if queued.links.arxiv is None]
    assert [(q.id, q.links.page, q.date) for q in outside] == [
        ("ng-2026-probe", "https://thread.example/2026/heads", "2026-03-03")
    ]
    assert index.state.feeds == {"transformer-circuits": "2026-03-03"}
    before = files(root)
    update()
    assert files(root) == before


@pytest.mark.usefixtures("thread")
def test_exact_days_or_one_source_leave_the_world_outside_alone(root: Path, update: Command) -> None:
    update(*explicit(FIRST, LAST))
    update("--source", "api")
    assert not Repository(root).load().state.feeds


@pytest.mark.usefixtures("thread")
def test_a_silent_journal_stops_nobody_and_is_told(
    root: Path, update: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("updater.fetch.beyond._PATIENCE", 0.1)
    monkeypatch.setenv("MI_INDEX_TRANSFORMER_CIRCUITS_URL", "http://127.0.0.1:1/thread")
    result = update()
    assert "could not be read" in result.stdout
    assert Repository(root).load().papers
