"""The commands: export with filters, render, build, and the local server."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import made_up_site
import pytest
from click.testing import CliRunner

from updater.cli import main as group
from updater.errors import MiIndexError, UsageError
from updater.index.repository import Repository
from updater.render.serve import server


def export(root: Path, *args: str) -> tuple[int, list[dict[str, object]]]:
    result = CliRunner().invoke(
        group, ["--root", str(root), "export", "--format", "jsonl", *args], standalone_mode=False
    )
    if isinstance(result.exception, MiIndexError):
        return result.exception.exit_code, []
    assert result.exception is None, result.exception
    return 0, [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("args", "ids"),
    [
        (("--id", made_up_site.REFUSAL), [made_up_site.REFUSAL]),
        (("--model", "llama 3"), [made_up_site.REFUSAL]),
        (("--has-code",), [made_up_site.REFUSAL]),
        (("--kind", "course"), ["first-steps"]),
        (("--category", "steering", "--since", "2026"), [made_up_site.REFUSAL, "2604.00101"]),
        (("--category", "steering", "--since", "2026-04-19"), [made_up_site.REFUSAL]),
        (("--venue", "ICML 2026"), [made_up_site.REFUSAL]),
        (("--venue", "icml"), [made_up_site.REFUSAL]),
        (("--author", "Kevin Wang"), [made_up_site.WAITED]),
        (("--until", "2003"), [made_up_site.OLD]),
        (("--facet", "goal=safety", "--facet", "object=residual-stream"), [made_up_site.REFUSAL]),
        (("--featured", "--kind", "library"), ["hook-kit"]),
        (("--author", "Nobody"), []),
    ],
)
def test_filters_of_export(made_up: Repository, args: tuple[str, ...], ids: list[str]) -> None:
    code, found = export(made_up.root, *args)
    assert code == 0
    assert [value["id"] for value in found] == ids


@pytest.mark.parametrize(
    "args",
    [
        ("--category", "stearing"),
        ("--facet", "goal=x"),
        ("--facet", "weather=x"),
        ("--kind", "poem"),
        ("--since", "soon"),
    ],
)
def test_wrong_filters_are_wrong_usage(made_up: Repository, args: tuple[str, ...]) -> None:
    assert export(made_up.root, *args)[0] == UsageError.exit_code


def test_rendering_without_a_checkout_says_so(tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    for name in ("taxonomy.yml", "settings.yml"):
        (tmp_path / "resources" / name).write_bytes((made_up_site.PROJECT / "resources" / name).read_bytes())
    result = CliRunner().invoke(group, ["--root", str(tmp_path), "render"], standalone_mode=False)
    assert isinstance(result.exception, UsageError) and "checkout" in str(result.exception)


@pytest.fixture
def connection(site: Path) -> Iterator[http.client.HTTPConnection]:
    with server(site, "/index/") as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield http.client.HTTPConnection("127.0.0.1", running.server_address[1], timeout=10)
        running.shutdown()


def get(connection: http.client.HTTPConnection, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_server_serves_below_the_mount(connection: http.client.HTTPConnection) -> None:
    answer, body = get(connection, "/index/explore/?q=x")
    assert answer.status == 200 and b"data-explore" in body
    assert get(connection, "/")[0].headers["Location"] == "/index/"
    assert get(connection, "/index/explore")[0].headers["Location"] == "/index/explore/"
    answer, body = get(connection, "/index/explore/", **{"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip" and b"data-explore" in gzip.decompress(body)


@pytest.mark.parametrize(
    "path", ["/index/nothing/", "/index/../../etc/passwd", "/index/%2e%2e/%2e%2e/mkdocs.yml", "/index/api/"]
)
def test_the_server_shows_the_sites_own_page_for_what_is_missing(
    connection: http.client.HTTPConnection, path: str
) -> None:
    answer, body = get(connection, path)
    assert answer.status == 404 and b"This page is not here" in body
