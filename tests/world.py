"""A small web on this machine: services and pages that answer what a test tells them to, and count who asks."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from updater.records import Record
from updater.verdict import Verdict
from updater.web import SERVICES

SHEEP = Record(
    id="2502.00007",
    title="Circuits that count sheep",
    abstract="We find the very circuit with which small sleepy models count their sheep at night.",
    authors=("Di Wu", "Eva Zu"),
    categories=("cs.LG",),
    published=dt.date(2025, 2, 3),
    comment="Accepted at ICLR 2025. Code: https://github.com/diwu/sheep",
)
"""A work that arXiv knows and the small index does not."""


class World:
    """Addresses and what stands there. Pages are under their own address, services under `service:path`."""

    def __init__(self) -> None:
        self.things: dict[str, tuple[int, str, bytes, dict[str, str]]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.arxiv: dict[str, Record] = {}
        self.base = ""

    def page(
        self, url: str, body: str | bytes = "", status: int = 200, kind: str = "text/html", **headers: str
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.things[url] = (status, kind, content, headers)

    def service(self, name: str, path: str, data: Any, status: int = 200) -> None:
        self.page(f"{name}:{path}", json.dumps(data), status, "application/json")

    def lookup(self, ids: Sequence[str]) -> list[Record]:
        self.asked += [f"arxiv:{id_}" for id_ in ids]
        return [self.arxiv[id_] for id_ in ids if id_ in self.arxiv]


def classify(records: Sequence[Record]) -> list[Verdict]:
    """A stand-in for the model with a rule that a test can see through: it goes by words of title and abstract."""
    verdicts = []
    for record in records:
        text = f"{record.title} {record.abstract}".casefold()
        inside = 0.97 if "circuit" in text or "steer" in text else 0.04
        slug = "steering" if "steer" in text else "circuits"
        verdicts.append(
            Verdict(
                id=record.id,
                probability=inside,
                decision="accept" if inside > 0.5 else "reject",
                primary=slug,
                categories=((slug, 0.91), ("representations", 0.4)),
                facets={"object": ("residual-stream",)},
                keywords=("a keyword",),
                models=("GPT-2",),
                because=((slug, 2.1), ("banana", -0.3)),
                terms=((slug, 0.5),),
            )
        )
    return verdicts


@pytest.fixture(scope="session")
def web_server() -> Iterator[tuple[ThreadingHTTPServer, list[World]]]:
    current: list[World] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            world = current[-1]
            parts = urlsplit(self.path)
            first, _, rest = parts.path.lstrip("/").partition("/")
            if first == "web":
                key = parse_qs(parts.query)["url"][0]
            else:
                key = f"{first}:/{rest}" + (f"?{parts.query}" if parts.query else "")
            world.asked.append(key)
            world.headers.append(dict(self.headers))
            status, kind, body, headers = world.things.get(key, (404, "text/html", b"nothing here", {}))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the handler's own naming

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server, current
    server.shutdown()
    server.server_close()


@pytest.fixture
def world(web_server: tuple[ThreadingHTTPServer, list[World]], monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty web; `mi-index` reads it instead of the real one, arXiv and the model included."""
    server, current = web_server
    made = World()
    made.base = f"http://127.0.0.1:{server.server_address[1]}"
    for name in [*SERVICES, "web"]:
        monkeypatch.setenv(f"MI_INDEX_{name.upper()}_URL", f"{made.base}/{name}")
    monkeypatch.setenv("MI_INDEX_WEB_DELAY", "0")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setattr("updater.cli.contribute.lookup", lambda _repository: made.lookup)
    monkeypatch.setattr("updater.cli.contribute.classifier", lambda _repository: classify)
    current.append(made)
    made.arxiv[SHEEP.id] = SHEEP
    return made
