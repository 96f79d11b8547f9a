"""Pace, repetition, and what counts as an answer."""

from __future__ import annotations

import datetime as dt
import email.utils
import itertools

import pytest
from support.arxiv_server import ArxivServer, Reply, Request
from support.clock import FakeTime

from updater.errors import RefusedError, SettingsError, SourceError
from updater.fetch.transport import ATOM, XML, Manners, Transport, Unusable, manners, user_agent
from updater.settings import Settings


def text(body: bytes) -> str:
    if not body.endswith(b">"):
        raise Unusable("cut off")
    return body.decode()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


def transport(time: FakeTime, **changes: object) -> Transport:
    values = {"user_agent": "Test/1 (+https://example.org)", "connect_timeout": 2.0, "read_timeout": 2.0, **changes}
    return Transport(Manners(**values), clock=time.clock, sleep=time.sleep, now=time.now)  # type: ignore[arg-type]


def always(reply: Reply):
    return lambda request, honest: reply


def first(number: int, reply: Reply):
    """Misbehave for the first requests."""
    return lambda request, honest: reply if request.number <= number else honest


def test_never_two_requests_within_the_delay(arxiv_server: ArxivServer, time: FakeTime) -> None:
    starts: list[float] = []

    def note(request: Request, reply: Reply) -> Reply:
        starts.append(time.seconds)
        return Reply(b"<a/>", 503) if request.number in (2, 3, 7) else Reply(b"<a/>")

    arxiv_server.script = note
    line = transport(time)
    one, two = line.channel(text, XML), line.channel(text, XML)
    for number in range(8):
        (one if number % 2 else two).get(f"{arxiv_server.url}/x")
        time.seconds += number * 0.7  # what the caller does meanwhile
    assert len(starts) == 11
    assert min(b - a for a, b in itertools.pairwise(starts)) >= 3.0
    assert line.requests == 11
    assert line.retries == 3


def test_a_slow_answer_does_not_shorten_the_pause(arxiv_server: ArxivServer, time: FakeTime) -> None:
    starts: list[float] = []

    def slow(request: Request, reply: Reply) -> Reply:
        starts.append(time.seconds)
        time.seconds += 20
        return Reply(b"<a/>")

    arxiv_server.script = slow
    channel = transport(time).channel(text, XML)
    channel.get(f"{arxiv_server.url}/x")
    channel.get(f"{arxiv_server.url}/x")
    assert starts[1] - starts[0] >= 23.0


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_waits_longer_each_time(arxiv_server: ArxivServer, time: FakeTime, status: int) -> None:
    arxiv_server.script = first(3, Reply(b"busy", status, "text/plain"))
    assert transport(time).channel(text, ATOM).get(f"{arxiv_server.url}/api/query", {"id_list": "x"})
    assert time.slept == [3.0, 6.0, 12.0]


def test_honours_retry_after_in_seconds_and_as_date(arxiv_server: ArxivServer, time: FakeTime) -> None:
    date = email.utils.formatdate(time.now() + 40, usegmt=True)
    headers = {1: "17", 2: date, 3: "1", 4: "nonsense"}

    def script(request: Request, reply: Reply) -> Reply:
        if request.number in headers:
            return Reply(b"", 429, "text/plain", {"Retry-After": headers[request.number]})
        return Reply(b"<a/>")

    arxiv_server.script = script
    transport(time, patience=1000.0).channel(text, XML).get(f"{arxiv_server.url}/x")
    assert time.slept[0] == 17.0
    assert 21.0 <= time.slept[1] <= 23.0  # the date, 17 seconds and a rounding later
    assert time.slept[2:] == [12.0, 24.0]  # a second is less than our own patience asks for


def test_a_wish_to_wait_too_long_is_a_refusal(arxiv_server: ArxivServer, time: FakeTime) -> None:
    arxiv_server.script = always(Reply(b"", 503, headers={"Retry-After": "3600"}))
    with pytest.raises(RefusedError, match="asks to wait 3,600 seconds"):
        transport(time).channel(text, XML).get(f"{arxiv_server.url}/x")
    assert len(arxiv_server.requests) == 1


@pytest.mark.parametrize("status", [401, 403, 406])
def test_a_policy_is_asked_twice(arxiv_server: ArxivServer, time: FakeTime, status: int) -> None:
    arxiv_server.script = always(Reply(b"<html/>", status, "text/html"))
    with pytest.raises(RefusedError, match=f"HTTP {status}"):
        transport(time).channel(text, XML).get(f"{arxiv_server.url}/x")
    assert len(arxiv_server.requests) == 2


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_mistake_of_ours_is_not_repeated(arxiv_server: ArxivServer, time: FakeTime, status: int) -> None:
    arxiv_server.script = always(Reply(b"<a/>", status))
    with pytest.raises(RefusedError, match=f"HTTP {status}"):
        transport(time).channel(text, XML).get(f"{arxiv_server.url}/x")
    assert len(arxiv_server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(b"<html>down</html>", type="text/html"), "type text/html"),
        (Reply(b"<a>", cut=2), "breaks off"),
        (Reply(b"<a></a", tell_length=False), "cut off"),
        (Reply(b"<a>" * 5000, chunked=True, cut=4000), "breaks off"),
        (Reply(b"", hang_up=True), "no connection"),
        (Reply(b"<a/>", headers={"Content-Encoding": "gzip"}), "breaks off"),
    ],
)
def test_what_is_no_answer_is_asked_again(
    arxiv_server: ArxivServer, time: FakeTime, reply: Reply, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    arxiv_server.script = lambda request, _: reply if request.number < 3 else Reply(b"<a/>")
    assert transport(time).channel(text, XML).get(f"{arxiv_server.url}/x") == "<a/>"
    assert caplog.text.count(reason) == 2


def test_a_body_in_chunks(arxiv_server: ArxivServer, time: FakeTime) -> None:
    body = b"<a>" * 50_000
    arxiv_server.script = always(Reply(body, chunked=True))
    assert transport(time).channel(text, XML).get(f"{arxiv_server.url}/x") == body.decode()


def test_gives_up_within_eighty_seconds(arxiv_server: ArxivServer, time: FakeTime) -> None:
    arxiv_server.script = always(Reply(b"", hang_up=True))
    begin = time.seconds
    with pytest.raises(SourceError, match="no connection") as caught:
        transport(time).channel(text, XML).get(f"{arxiv_server.url}/x")
    assert not isinstance(caught.value, RefusedError)
    assert time.seconds - begin <= 80
    assert 3 <= len(arxiv_server.requests) <= 6


def test_an_answer_has_a_largest_size(arxiv_server: ArxivServer, time: FakeTime) -> None:
    arxiv_server.script = always(Reply(b"<" + b"a" * 2_000_000 + b"/>"))
    with pytest.raises(RefusedError, match="more than 1,000,000 bytes"):
        transport(time, max_bytes=1_000_000).channel(text, XML).get(f"{arxiv_server.url}/x")
    assert len(arxiv_server.requests) == 1


def test_an_answer_that_drips_is_given_up(arxiv_server: ArxivServer) -> None:
    arxiv_server.script = always(Reply(b"<a/>" * 200, drip=0.02))
    line = Transport(Manners("x", delay=0.0, read_timeout=1.0, patience=0.0, tries=1))
    with pytest.raises(SourceError):
        line.channel(text, XML).get(f"{arxiv_server.url}/x")


def test_our_own_name_even_for_the_package(
    arxiv_server: ArxivServer, time: FakeTime, project_settings: Settings
) -> None:
    arxiv_server.script = always(Reply(b"<a/>"))
    name = user_agent(project_settings)
    channel = transport(time, user_agent=name).channel(text, XML)
    channel.session.get(f"{arxiv_server.url}/x", headers={"user-agent": "arxiv.py/4"})
    assert arxiv_server.requests[0].agent == name
    assert project_settings.project.repository in name
    assert name.isascii()


def test_follows_a_redirect_at_the_same_pace(arxiv_server: ArxivServer, time: FakeTime) -> None:
    arxiv_server.script = lambda request, _: (
        Reply(b"moved", 301, "text/html", {"Location": "/there"}) if request.path == "/here" else Reply(b"<a/>")
    )
    assert transport(time).channel(text, XML).get(f"{arxiv_server.url}/here") == "<a/>"
    assert [r.path for r in arxiv_server.requests] == ["/here", "/there"]
    assert time.slept == [3.0]


def test_redirects_end(arxiv_server: ArxivServer, time: FakeTime) -> None:
    arxiv_server.script = always(Reply(b"", 302, "text/html", {"Location": "/round"}))
    with pytest.raises(RefusedError):
        transport(time).channel(text, XML).get(f"{arxiv_server.url}/round")
    assert len(arxiv_server.requests) <= 5


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "//["])
def test_no_redirect_leaves_the_web(arxiv_server: ArxivServer, time: FakeTime, target: str) -> None:
    arxiv_server.script = always(Reply(b"", 302, "text/html", {"Location": target}))
    with pytest.raises(SourceError):
        transport(time).channel(text, XML).get(f"{arxiv_server.url}/x")


def test_nothing_listens() -> None:
    line = Transport(Manners("x", delay=0.0, tries=2))
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:9/x: no connection"):
        line.channel(text, XML).get("http://127.0.0.1:9/x")


def test_one_request_at_a_time(time: FakeTime) -> None:
    line = transport(time)
    with line.turn(), pytest.raises(RuntimeError), line.turn():
        pass


@pytest.mark.parametrize("value", ["fast", "-1", "nan", "1e9", "inf"])
def test_a_delay_that_is_none(monkeypatch: pytest.MonkeyPatch, project_settings: Settings, value: str) -> None:
    monkeypatch.setenv("MI_INDEX_ARXIV_DELAY", value)
    with pytest.raises(SettingsError, match="MI_INDEX_ARXIV_DELAY"):
        manners(project_settings)


def test_three_seconds_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch, project_settings: Settings) -> None:
    monkeypatch.delenv("MI_INDEX_ARXIV_DELAY", raising=False)
    assert manners(project_settings).delay == 3.0
    assert 3 * manners(project_settings).patience < 300
    monkeypatch.setenv("MI_INDEX_ARXIV_DELAY", "0.5")
    assert manners(project_settings).delay == 0.5


def test_dates_of_retry_after(time: FakeTime) -> None:
    line = transport(time)
    later = dt.datetime.fromtimestamp(time.now() + 5, dt.UTC)
    assert line.retry_after(email.utils.format_datetime(later, usegmt=True)) == pytest.approx(5, abs=1)
    assert line.retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert line.retry_after("soon") is None
    assert line.retry_after("-3") is None
    assert line.retry_after("9" * 50) == 999_999_999
