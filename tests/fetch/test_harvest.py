"""Three ways to read the same days, and what happens when they misbehave."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import re

import pytest
from support.arxiv_server import ArxivServer, Reply, Request, Script
from support.clock import FakeTime
from support.works import work

from updater.errors import RefusedError, SourceError, UsageError
from updater.fetch import Harvest, Progress, Window, harvest
from updater.fetch.transport import Manners, Transport, manners
from updater.index.state import Days
from updater.settings import Settings

WEEK = Window(dt.date(2026, 3, 2), dt.date(2026, 3, 15))
TODAY = dt.date(2026, 3, 23)


def read(settings: Settings, source: str = "auto", window: Window | Days = WEEK, **changes: object) -> Harvest:
    """Harvest with time that costs nothing."""
    time = FakeTime()
    line = Transport(Manners("Test/1", **changes), clock=time.clock, sleep=time.sleep, now=time.now)  # type: ignore[arg-type]
    return harvest(settings, window, source=source, today=TODAY, transport=line)


def expected(server: ArxivServer, settings: Settings, window: Window = WEEK) -> set[str]:
    wanted = set(settings.arxiv.categories)
    return {w.id for w in server.visible() if wanted & set(w.categories) and w.submitted.date() in window}


# --- the same records whatever the way -----------------------------------------------------------------------------------


def test_api_and_oai_give_the_same_records(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    api, oai = read(project_settings, "api"), read(project_settings, "oai")
    assert api.records == oai.records
    assert {r.id for r in api.records} == expected(arxiv_server, project_settings)
    assert [r.id for r in api.records] == sorted(r.id for r in api.records)
    assert (
        api.read
        == oai.read
        == dict.fromkeys(sorted(project_settings.arxiv.categories), Days([(WEEK.first, WEEK.last)]))
    )
    assert not api.missing() and not oai.missing()
    assert api.failure is None and api.notices == ()


def test_records_say_what_the_works_say(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    works = {w.id: w for w in arxiv_server.works}
    for record in read(project_settings, "api").records:
        made = works[record.id].now(TODAY)
        assert record.title == made.title
        assert record.abstract == made.abstract
        assert record.published == made.submitted.date()
        assert record.version == made.version(TODAY)
        assert record.updated == (made.replaced if record.version == 2 and made.replaced else made.submitted).date()
        assert record.categories == (made.categories[0], *sorted(made.categories[1:]))
        assert record.authors == tuple(a.partition(" (")[0] for a in made.authors)
        assert record.withdrawn == (made.withdrawn and record.version == 2)
        assert record.doi == made.doi
        assert record.comment == ("" if record.withdrawn else made.comment)
        assert record.url == ""


def test_the_feed_adds_its_announcement(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.today = dt.date(2026, 3, 11)
    everything = read(project_settings, "api").records
    feed = read(project_settings, "feed")
    assert feed.records
    assert set(feed.records) <= set(everything)
    assert feed.announced == arxiv_server.today
    assert {r.id for r in feed.records} == {
        w.id
        for w, _, _ in arxiv_server.announcement("+".join(project_settings.arxiv.categories))
        if w.submitted.date() in WEEK
    }
    assert {r.version for r in feed.records} == {1, 2}
    assert feed.missing() == Days([(WEEK.first, WEEK.last)])
    assert feed.failure is None


def test_rss_and_atom_are_the_same(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.today = dt.date(2026, 3, 11)
    rss = read(project_settings, "feed")
    arxiv_server.script = lambda request, reply: Reply(b"", 503) if request.path.startswith("/rss/") else reply
    assert read(project_settings, "feed").records == rss.records


def test_a_full_feed_is_read_by_category(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.today = dt.date(2026, 3, 11)
    whole = read(project_settings, "feed")
    arxiv_server.works += [work(90000 + n, dt.date(2026, 3, 10), announced=arxiv_server.today) for n in range(1995)]
    everything = read(project_settings, "feed")
    assert len(arxiv_server.announcement("+".join(project_settings.arxiv.categories))) == 2000
    assert len(everything.records) == len(whole.records) + 1995
    assert any("cut off" in n for n in everything.notices) is False


@pytest.mark.parametrize("more", [0, 40])
def test_a_feed_without_the_api_is_completed_over_oai(
    arxiv_server: ArxivServer, project_settings: Settings, more: int
) -> None:
    """A few works one by one, many as a list."""
    arxiv_server.today = dt.date(2026, 3, 11)
    arxiv_server.works += [work(80000 + n, dt.date(2026, 3, 10), announced=arxiv_server.today) for n in range(more)]
    whole = read(project_settings, "feed")
    assert len(whole.records) > more
    arxiv_server.requests.clear()
    arxiv_server.script = lambda request, reply: Reply(b"", 406) if request.path == "/api/query" else reply
    assert read(project_settings, "feed").records == whole.records
    verbs = {r.query["verb"] for r in arxiv_server.requests if r.path == "/oai"}
    assert verbs == ({"ListRecords"} if more else {"GetRecord"})


def test_deleted_records(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    gone = arxiv_server.works[5]
    arxiv_server.works[5] = dataclasses.replace(gone, deleted=dt.date(2026, 3, 20))
    oai = read(project_settings, "oai")
    assert oai.deleted == (gone.id,)
    assert oai.records == read(project_settings, "api").records
    assert gone.id not in {r.id for r in oai.records}


def test_cut_into_pieces_it_is_the_same(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    whole = read(project_settings, "api").records
    arxiv_server.page = 7
    arxiv = project_settings.arxiv.model_copy(update={"page_size": 5, "oai_stretch_days": 3})
    small = project_settings.model_copy(update={"arxiv": arxiv})
    assert read(small, "api").records == whole
    assert read(small, "oai").records == whole
    days = [Window(day, day) for day in WEEK.days()]
    single = [r for day in days for r in read(small, "oai", day).records]
    assert tuple(sorted(single, key=lambda r: r.id)) == whole


# --- days ----------------------------------------------------------------------------------------------------------------


def test_days_without_papers_are_read(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    saturday = Window(dt.date(2026, 3, 7), dt.date(2026, 3, 7))
    for source in ("api", "oai"):
        result = read(project_settings, source, saturday)
        assert result.records == ()
        assert not result.missing()


def test_nothing_after_today(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    result = read(project_settings, "api", Window(dt.date(2026, 3, 20), dt.date(2026, 4, 20)))
    assert result.window == Days([(dt.date(2026, 3, 20), TODAY)])
    assert not result.missing()


def test_several_stretches(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    days = Days([(dt.date(2026, 3, 3), dt.date(2026, 3, 4)), (dt.date(2026, 3, 10), dt.date(2026, 3, 10))])
    api, oai = read(project_settings, "api", days), read(project_settings, "oai", days)
    assert api.records == oai.records
    assert {r.published for r in api.records} == {dt.date(2026, 3, d) for d in (3, 4, 10)}
    assert api.window == days and not api.missing()


def test_windows(project_settings: Settings) -> None:
    with pytest.raises(UsageError, match="comes after"):
        Window(dt.date(2026, 3, 2), dt.date(2026, 3, 1))
    with pytest.raises(UsageError, match="no source 'web'"):
        harvest(project_settings, WEEK, source="web")


def test_which_source_first(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    assert read(project_settings).sources == ("api",)
    assert read(project_settings, window=Window(dt.date(2026, 1, 1), dt.date(2026, 3, 15))).sources == ("oai",)


@pytest.mark.parametrize("source", ["api", "oai", "feed"])
def test_progress(arxiv_server: ArxivServer, project_settings: Settings, source: str) -> None:
    arxiv = project_settings.arxiv.model_copy(update={"oai_stretch_days": 5})
    small = project_settings.model_copy(update={"arxiv": arxiv})
    arxiv_server.today = dt.date(2026, 3, 11)
    steps: list[Progress] = []
    line = Transport(Manners("Test/1", delay=0.0))
    result = harvest(small, WEEK, source=source, today=arxiv_server.today, transport=line, listener=steps.append)
    done = [s.done for s in steps]
    assert done and done == sorted(done)
    assert all(s.total is None or s.done <= s.total for s in steps)
    assert steps[-1].records >= len(result.records)
    assert steps[-1].total is not None


# --- faults --------------------------------------------------------------------------------------------------------------


def every(number: int, at: int, bend: Script) -> Script:
    return lambda request, reply: bend(request, reply) if request.number % number == at else reply


def short(reply: Reply, *, told: bool) -> Reply:
    return dataclasses.replace(reply, cut=len(reply.body) // 2, tell_length=told)


def emptied(request: Request, reply: Reply) -> Reply:
    """An Atom page with the right total and no entries, as the search API gives on a bad day."""
    head, _, rest = reply.body.partition(b"<ns0:entry>")
    return dataclasses.replace(
        reply, body=head + b"</ns0:feed>" if rest and request.path == "/api/query" else reply.body
    )


def as_other_type(_: Request, reply: Reply) -> Reply:
    return Reply(b"<html><body>Down for maintenance</body></html>", type="text/html")


FAULTS: dict[str, Script] = {
    "429": every(3, 1, lambda request, reply: Reply(b"Rate exceeded.", 429, "text/plain", {"Retry-After": "2"})),
    "503": every(4, 2, lambda request, reply: Reply(b"<html/>", 503, "text/html", {"Retry-After": "1"})),
    "406": lambda request, reply: Reply(b"", 406) if request.path == "/api/query" else reply,
    "403": lambda request, reply: Reply(b"", 403) if request.path == "/api/query" else reply,
    "empty": every(3, 2, emptied),
    "truncate": every(4, 3, lambda request, reply: short(reply, told=request.number % 8 == 3)),
    "html": every(5, 3, as_other_type),
    "xhtml": every(5, 3, lambda request, reply: dataclasses.replace(reply, body=b"<html><body/></html>")),
    "slow": lambda request, reply: dataclasses.replace(reply, seconds=0.001),
    "flaky": every(3, 0, lambda request, reply: dataclasses.replace(reply, hang_up=True)),
}
PAIRS = [(name,) for name in FAULTS] + list(itertools.combinations(FAULTS, 2))


@pytest.mark.parametrize("faults", PAIRS, ids="+".join)
def test_no_fault_changes_the_harvest(
    arxiv_server: ArxivServer, project_settings: Settings, faults: tuple[str, ...]
) -> None:
    window = Window(dt.date(2026, 3, 4), dt.date(2026, 3, 8))
    calm = read(project_settings, window=window)
    arxiv_server.requests.clear()

    def script(request: Request, reply: Reply) -> Reply:
        for name in faults:
            bent = FAULTS[name](request, reply)
            if bent != reply and name != "slow":
                return bent
        return reply

    arxiv_server.script = script
    stormy = read(project_settings, window=window)
    assert stormy.records == calm.records
    assert stormy.read == calm.read
    assert stormy.failure is None
    assert len(arxiv_server.requests) <= 40
    if {"406", "403"} & set(faults):
        assert stormy.sources == ("oai",)
        assert "the search API could not be read" in stormy.notices[0]
        assert "going on with OAI-PMH" in stormy.notices[0]
    else:
        assert stormy.notices == ()


@pytest.mark.parametrize("source", ["auto", "api", "oai", "feed"])
def test_down_ends_within_five_minutes(
    arxiv_server: ArxivServer, project_settings: Settings, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MI_INDEX_ARXIV_DELAY")
    arxiv_server.script = lambda request, reply: dataclasses.replace(reply, hang_up=True)
    time = FakeTime()
    line = Transport(manners(project_settings), clock=time.clock, sleep=time.sleep, now=time.now)
    begin = time.seconds
    with pytest.raises(SourceError):
        harvest(project_settings, WEEK, source=source, today=TODAY, transport=line)
    assert time.seconds - begin < 300
    assert 3 <= len(arxiv_server.requests) <= 24


@pytest.mark.parametrize("source", ["auto", "api", "oai", "feed"])
def test_hanging_ends_within_five_minutes(
    arxiv_server: ArxivServer, project_settings: Settings, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request takes as long as it may, and then fails."""
    monkeypatch.delenv("MI_INDEX_ARXIV_DELAY")
    time = FakeTime()
    line = Transport(manners(project_settings), clock=time.clock, sleep=time.sleep, now=time.now)

    def script(request: Request, reply: Reply) -> Reply:
        time.seconds += project_settings.arxiv.connect_timeout + project_settings.arxiv.read_timeout
        return dataclasses.replace(reply, hang_up=True)

    arxiv_server.script = script
    begin = time.seconds
    with pytest.raises(SourceError):
        harvest(project_settings, WEEK, source=source, today=TODAY, transport=line)
    assert time.seconds - begin < 300


def test_the_pace_of_a_whole_harvest(
    arxiv_server: ArxivServer, project_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never faster than one request in three seconds with the default setting, whatever goes wrong."""
    monkeypatch.delenv("MI_INDEX_ARXIV_DELAY")
    time, starts = FakeTime(), []

    def script(request: Request, reply: Reply) -> Reply:
        starts.append(time.seconds)
        return FAULTS["429"](request, FAULTS["flaky"](request, FAULTS["406"](request, reply)))

    arxiv_server.script = script
    for source in ("auto", "feed"):
        line = Transport(manners(project_settings), clock=time.clock, sleep=time.sleep, now=time.now)
        time.seconds += 3
        harvest(project_settings, WEEK, source=source, today=TODAY, transport=line)
    assert len(starts) > 15
    assert min(b - a for a, b in itertools.pairwise(starts)) >= 3.0


def test_days_finished_before_a_failure_stay(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    calm = read(project_settings, "api")
    arxiv_server.requests.clear()
    arxiv_server.script = lambda request, reply: Reply(b"", 403) if request.number > 4 else reply
    result = read(project_settings, "api")
    done = Days([(dt.date(2026, 3, 2), dt.date(2026, 3, 5))])
    assert isinstance(result.failure, RefusedError)
    assert result.read == dict.fromkeys(sorted(project_settings.arxiv.categories), done)
    assert result.missing() == Days([(dt.date(2026, 3, 6), WEEK.last)])
    assert result.records == tuple(r for r in calm.records if r.published in done)


def test_oai_keeps_the_newest_days(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv = project_settings.arxiv.model_copy(update={"oai_stretch_days": 7})
    small = project_settings.model_copy(update={"arxiv": arxiv})
    calm = read(small, "oai")
    per_stretch = len(arxiv_server.requests) // 4  # four stretches of seven days up to today
    arxiv_server.requests.clear()
    arxiv_server.script = lambda request, reply: Reply(b"", 403) if request.number > 3 * per_stretch else reply
    result = read(small, "oai")
    assert result.missing() == Days([(dt.date(2026, 3, 2), dt.date(2026, 3, 8))])
    assert result.failure is not None
    days = Days([(dt.date(2026, 3, 9), WEEK.last)])
    assert [r for r in result.records if r.published in days] == [r for r in calm.records if r.published in days]


def test_falls_over_in_the_middle(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    calm = read(project_settings, "api")
    arxiv_server.requests.clear()
    arxiv_server.script = lambda request, reply: (
        Reply(b"", 403) if request.path == "/api/query" and request.number > 4 else reply
    )
    result = read(project_settings)
    assert result.records == calm.records
    assert result.sources == ("api", "oai")
    assert result.failure is None and not result.missing()


def test_only_the_feed_answers(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.today = dt.date(2026, 3, 11)
    feed = read(project_settings, "feed")

    def script(request: Request, reply: Reply) -> Reply:
        listing = request.path == "/oai" or ("search_query" in request.query and request.query["search_query"])
        return Reply(b"", 403) if listing else reply

    arxiv_server.script = script
    result = read(project_settings)
    assert result.records == feed.records
    assert result.failure is not None
    assert result.missing() == Days([(WEEK.first, WEEK.last)])
    assert len(result.notices) == 2


def test_a_total_that_changes_while_paging(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv = project_settings.arxiv.model_copy(update={"page_size": 5})
    small = project_settings.model_copy(update={"arxiv": arxiv})
    day = Window(dt.date(2026, 3, 4), dt.date(2026, 3, 4))
    late = [work(500 + n, day.first, announced=dt.date(2026, 3, 5)) for n in range(3)]
    late = [dataclasses.replace(w, categories=("cs.LG",)) for w in late]

    def script(request: Request, reply: Reply) -> Reply:
        if request.number % 2 and late:
            arxiv_server.works.append(late.pop())
        return reply

    arxiv_server.script = script
    result = read(small, "api", day)
    assert not late
    assert {r.id for r in result.records} == expected(arxiv_server, project_settings, day)
    assert len(arxiv_server.requests) > 4


def test_totals_that_never_settle(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    day = Window(dt.date(2026, 3, 4), dt.date(2026, 3, 4))
    arxiv_server.script = lambda request, reply: dataclasses.replace(
        reply, body=reply.body.replace(b"totalResults>11<", b"totalResults>12<")
    )
    result = read(project_settings, window=day)
    assert result.sources in (("api",), ("oai",))
    assert {r.id for r in result.records} == expected(arxiv_server, project_settings, day)


def test_too_many_for_one_query(
    arxiv_server: ArxivServer, project_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("updater.fetch.search_api._DEEPEST", 5)
    day = Window(dt.date(2026, 3, 4), dt.date(2026, 3, 4))
    result = read(project_settings, "api", day)
    assert {r.id for r in result.records} == expected(arxiv_server, project_settings, day)
    assert len(arxiv_server.requests) > 3
    seen = result.counts.seen
    assert seen >= len(result.records)


def test_no_results_is_asked_twice(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    day = Window(dt.date(2026, 3, 4), dt.date(2026, 3, 4))
    nothing = arxiv_server.api({"search_query": "cat:none AND submittedDate:[1 TO 2]"})
    arxiv_server.script = lambda request, reply: nothing if request.number == 1 else reply
    assert {r.id for r in read(project_settings, "api", day).records} == expected(arxiv_server, project_settings, day)


def test_a_lost_token_means_reading_again(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.page = 20
    calm = read(project_settings, "oai")
    lost = {r.query["resumptionToken"] for r in arxiv_server.requests if "resumptionToken" in r.query}
    arxiv_server.lost_tokens = set(sorted(lost)[1:2])
    arxiv_server.requests.clear()

    def script(request: Request, reply: Reply) -> Reply:
        if request.query.get("resumptionToken") in arxiv_server.lost_tokens:
            arxiv_server.lost_tokens.clear()  # it works when the list is begun again
        return reply

    arxiv_server.script = script
    assert read(project_settings, "oai").records == calm.records
    begins = [r.query["set"] for r in arxiv_server.requests if "set" in r.query]
    assert len(begins) == len(set(begins)) + 1


def replace_overnight(server: ArxivServer, number: int) -> None:
    """A new version of a work comes in, and a day passes."""
    replaced = dt.datetime(2026, 3, 23, 9, tzinfo=dt.UTC)
    server.works[number] = dataclasses.replace(server.works[number], replaced=replaced)
    server.responded += dt.timedelta(days=1)
    server.today += dt.timedelta(days=1)


@pytest.mark.parametrize("moves", [1, 3])
def test_a_list_that_changes_while_it_is_read(
    arxiv_server: ArxivServer, project_settings: Settings, moves: int
) -> None:
    """A paper of the first page is replaced, which pulls one of the second page onto the first, or leaves the list."""
    arxiv_server.page = 20
    listed = sorted((w for w in arxiv_server.works if "cs" in w.categories[0]), key=lambda w: (w.stamp(TODAY), w.id))
    moving = [arxiv_server.works.index(w) for w in listed if not w.replaced][:moves]

    def script(request: Request, reply: Reply) -> Reply:
        if "resumptionToken" in request.query and moving:
            replace_overnight(arxiv_server, moving.pop())
        return reply

    arxiv_server.script = script
    result = read(project_settings, "oai")
    assert not moving
    assert {r.id for r in result.records} == expected(arxiv_server, project_settings)


def test_sizes_that_are_estimates(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.page = 20
    calm = read(project_settings, "oai")
    pattern = re.compile(rb'completeListSize="\d+"')
    arxiv_server.script = lambda request, reply: dataclasses.replace(
        reply, body=pattern.sub(b'completeListSize="%d"' % (100 + len(request.query)), reply.body)
    )
    result = read(project_settings, "oai")
    assert result.records == calm.records
    assert not result.missing()
    assert any("and announced" in notice for notice in result.notices)


def test_a_list_that_never_rests(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.page = 20

    def script(request: Request, reply: Reply) -> Reply:
        arxiv_server.responded += dt.timedelta(days=1)
        return reply

    arxiv_server.script = script
    with pytest.raises(RefusedError, match="changes"):
        read(project_settings, "oai")


def test_tokens_lost_for_ever(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.page = 20
    read(project_settings, "oai")
    arxiv_server.lost_tokens = {
        r.query["resumptionToken"] for r in arxiv_server.requests if "resumptionToken" in r.query
    }
    with pytest.raises(RefusedError, match="again and again"):
        read(project_settings, "oai")


def test_tokens_in_a_circle(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.page = 20
    read(project_settings, "oai")
    token = next(r.query["resumptionToken"] for r in arxiv_server.requests if "resumptionToken" in r.query)
    begin = arxiv_server.oai({"verb": "ListRecords", "from": "2026-03-02", "set": "cs"})
    assert token.encode() in begin.body
    arxiv_server.script = lambda request, reply: begin
    with pytest.raises(RefusedError, match="circle"):
        read(project_settings, "oai")


def test_a_list_that_is_short_is_read_again(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.page = 20
    calm = read(project_settings, "oai")
    arxiv_server.requests.clear()

    def script(request: Request, reply: Reply) -> Reply:
        if request.number != 1:
            return reply
        head, _, rest = reply.body.partition(b"<ns0:record>")
        return dataclasses.replace(reply, body=head + rest.partition(b"</ns0:record>")[2])

    arxiv_server.script = script
    result = read(project_settings, "oai")
    assert result.records == calm.records
    assert result.notices == ()


def test_midnight_in_the_middle_of_a_harvest(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    """A paper that changes while we read moves from a stretch that is still to be read to one that has been read."""
    arxiv = project_settings.arxiv.model_copy(update={"oai_stretch_days": 7})
    small = project_settings.model_copy(update={"arxiv": arxiv})
    moving = next(n for n, w in enumerate(arxiv_server.works) if w.submitted.date() == WEEK.first and not w.replaced)

    def script(request: Request, reply: Reply) -> Reply:
        if request.number == 5:
            replace_overnight(arxiv_server, moving)
        return reply

    arxiv_server.script = script
    result = read(small, "oai")
    assert {r.id for r in result.records} == expected(arxiv_server, project_settings)
    assert next(r for r in result.records if r.id == arxiv_server.works[moving].id).version == 2


def test_an_oai_error_is_told(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.script = lambda request, reply: arxiv_server.oai({"verb": "Nonsense"})
    with pytest.raises(RefusedError, match="badVerb"):
        read(project_settings, "oai")


def test_the_api_says_what_is_wrong(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.script = lambda request, reply: arxiv_server.api({"max_results": "5000"})
    with pytest.raises(RefusedError, match="out of range"):
        read(project_settings, "api")
    assert len(arxiv_server.requests) == 1


def test_an_unusable_record_is_left_out_and_named(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    strange = work(777, dt.date(2026, 3, 4), title=" \u202e\x7f ", categories=("cs.LG",))
    arxiv_server.works.append(strange)
    for source in ("api", "oai"):
        result = read(project_settings, source)
        assert strange.id not in {r.id for r in result.records}
        assert result.notices == (f"{strange.id} was left out: no title",)
        assert not result.missing()


def test_one_bad_character_hides_no_page(arxiv_server: ArxivServer, project_settings: Settings) -> None:
    arxiv_server.works.append(work(778, dt.date(2026, 3, 4), title="A MARK here", categories=("cs.LG",)))
    bad = itertools.cycle([b"A \x02 here", b"A &#0; here", b"A &#xD800; here", b"A \xed\xa0\x80 here", b"A \xff here"])
    arxiv_server.script = lambda request, reply: dataclasses.replace(
        reply, body=reply.body.replace(b"A MARK here", next(bad))
    )
    for source in ("api", "oai", "api", "oai", "api"):
        titles = {r.title for r in read(project_settings, source).records if r.id == "2603.00778"}
        assert len(titles) == 1
        assert titles.pop().replace("\ufffd", "") == "A  here"
