"""The way to strangers' pages: bounded, polite, and never into the local network."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.world import World
from updater.errors import RefusedError, SettingsError, SourceError
from updater.index.repository import Repository
from updater.web import Web


def web_over(
    repository: Repository, handler: Any, slept: list[float] | None = None, address: str = "93.184.216.34"
) -> Web:
    def resolve(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(2, 1, 6, "", ("10.0.0.8" if host.startswith("inside") else address, 0))]

    sleep = (slept if slept is not None else []).append
    return Web(repository.settings, transport=httpx.MockTransport(handler), sleep=sleep, resolve=resolve)


def moved(to: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"Location": to})


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/x",
        "http://127.0.0.1/latest/meta-data",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://10.1.2.3/",
        "http://printer/",
        "http://a.internal/",
        "https://inside.example.org/",
        "file:///etc/passwd",
        "ftp://example.org/x",
        "https://user:secret@example.org/",
        "javascript:alert(1)",
        "https://example.org/\r\nHost: evil",
    ],
)
def test_what_is_not_the_public_web_is_never_asked(repository: Repository, url: str) -> None:
    asked: list[str] = []
    web = web_over(repository, lambda request: asked.append(str(request.url)) or httpx.Response(200))
    with pytest.raises(RefusedError):
        web.page(url)
    assert asked == []


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "https://inside.example.org/", "file:///etc/passwd"])
def test_a_redirect_into_the_local_network_is_not_followed(repository: Repository, target: str) -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return moved(target)

    with pytest.raises(RefusedError):
        web_over(repository, handler).page("https://example.org/")
    assert asked == ["https://example.org/"]


def test_redirects_are_followed_and_permanent_ones_remembered(repository: Repository) -> None:
    pages = {
        "https://a.org/": moved("https://b.org/x", 301),
        "https://b.org/x": moved("/y"),
        "https://b.org/y": httpx.Response(200),
    }
    answer = web_over(repository, lambda request: pages[str(request.url)]).page("https://a.org/")
    assert (answer.status, answer.url, answer.moved_for_good) == (200, "https://b.org/y", "https://b.org/x")


def test_a_circle_of_redirects_ends(repository: Repository) -> None:
    with pytest.raises(RefusedError, match="redirects"):
        web_over(repository, lambda _: moved("https://a.org/")).page("https://a.org/")


def test_bodies_are_cut(repository: Repository) -> None:
    web = web_over(repository, lambda _: httpx.Response(200, content=b"x" * 100_000))
    assert len(web.page("https://a.org/", max_bytes=1000).body) == 1000


def test_a_busy_server_is_asked_again_after_the_time_it_names_and_not_for_ever(repository: Repository) -> None:
    slept: list[float] = []
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(503), httpx.Response(200, text="ok")]
    web = web_over(repository, lambda _: answers.pop(0), slept)
    assert web.page("https://a.org/").text() == "ok"
    assert 7.0 in slept
    down = web_over(repository, lambda _: httpx.Response(503))
    assert down.page("https://a.org/").status == 503
    assert down.requests == 3


def test_who_asks_to_wait_an_hour_is_not_waited_for(repository: Repository) -> None:
    slept: list[float] = []
    web = web_over(repository, lambda _: httpx.Response(429, headers={"Retry-After": "3600"}), slept)
    assert web.page("https://a.org/").status == 429
    assert web.requests == 1


def test_no_connection_is_a_source_error(repository: Repository) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(SourceError, match=r"a\.org"):
        web_over(repository, handler).page("https://a.org/")


def test_a_host_gets_a_pause_between_two_requests(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MI_INDEX_WEB_DELAY", "2")
    slept: list[float] = []
    web = Web(
        repository.settings,
        transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        sleep=slept.append,
        clock=lambda: 100.0,
        resolve=lambda *_, **__: [(2, 1, 6, "", ("93.184.216.34", 0))],
    )
    for url in ("https://a.org/1", "https://b.org/1", "https://a.org/2"):
        web.page(url)
    assert slept == [2.0]


def test_a_token_goes_to_its_service_only(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str | None] = {}

    def handler(request: httpx.Request) -> httpx.Response:
        seen[request.url.host] = request.headers.get("Authorization")
        if request.url.host == "api.github.com":
            return moved("https://elsewhere.org/x")
        return httpx.Response(200, json={})

    monkeypatch.delenv("MI_INDEX_GITHUB_URL", raising=False)
    web_over(repository, handler).json("github", "/repos/a/b", token="secret")
    assert seen == {"api.github.com": "Bearer secret", "elsewhere.org": None}


def test_services_answer_with_data_or_not_at_all(repository: Repository, world: World) -> None:
    world.service("crossref", "/works/1", {"a": 1})
    world.page("crossref:/works/2", "<html>busy</html>")
    world.service("crossref", "/works/3", {}, status=403)
    web = Web(repository.settings)
    assert web.json("crossref", "/works/1") == {"a": 1}
    assert web.json("crossref", "/works/none") is None
    with pytest.raises(RefusedError, match="not JSON"):
        web.json("crossref", "/works/2")
    with pytest.raises(RefusedError, match="403"):
        web.json("crossref", "/works/3")
    assert world.headers[0]["User-Agent"].startswith("MIIndex/")


@pytest.mark.parametrize(("name", "value"), [("MI_INDEX_WEB_DELAY", "soon"), ("MI_INDEX_GITHUB_URL", "file:///etc")])
def test_a_wrong_environment_is_wrong_configuration(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        Web(repository.settings)
