"""Coverage-guided fuzzing of everything that reads what others wrote, with atheris (https://github.com/google/atheris).

    python tests/fuzz/parsers.py TARGET [libFuzzer's options, e.g. -max_total_time=60]

TARGET is one of `TARGETS`. Ends with libFuzzer's report, and with an input in the current folder if one breaks a parser.
Needs `atheris`, which is not among the project's dependencies, since it is not built for every platform.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

with atheris.instrument_imports(include=["updater.fetch"]):
    from updater.fetch import beyond, corpus, feed, normalize, xml
    from updater.fetch.oai import OaiPmh
    from updater.fetch.search_api import SearchApi
    from updater.fetch.source import Addresses, Sieve, Window
    from updater.fetch.transport import Manners, Transport, Unusable

from support.arxiv_server import ArxivServer
from support.works import fortnight

from updater.errors import MiIndexError
from updater.settings import load

_SETTINGS = load(Path(__file__).parents[2])
_TODAY = dt.date(2026, 3, 11)
_ALWAYS = Window(dt.date(1990, 1, 1), dt.date(2100, 1, 1))
_SIEVE = Sieve(frozenset(_SETTINGS.arxiv.categories))
_PLACES = Addresses("http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9")
_LINE = Transport(Manners("fuzz"))
_API = SearchApi(_SETTINGS, _PLACES, _LINE, _SIEVE)
_OAI = OaiPmh(_SETTINGS, _PLACES, _LINE, _SIEVE, today=_TODAY)


def _text(body: bytes) -> None:
    text = body.decode("utf-16-le", "surrogatepass" if len(body) % 2 == 0 else "replace")
    for clean in (normalize.title, normalize.abstract, normalize.comment, normalize.doi):
        clean(text).encode()
    for name in normalize.authors(text):
        name.encode()
    normalize.identifier(text)
    normalize.day(text)
    beyond.excerpt(text).encode()


def _line(body: bytes) -> None:
    for line in body.splitlines():
        list(corpus._records([line], Path("x")))  # type: ignore[arg-type]


TARGETS: dict[str, Callable[[bytes], object]] = {
    "api": lambda body: _API._facts(xml.legal(body)),
    "oai": lambda body: _OAI._parse(_ALWAYS, body),
    "feed": feed.parse,
    "outside": beyond.parse_feed,
    "notes": beyond.parse_notes,
    "text": _text,
    "corpus": _line,
}


def seeds() -> list[bytes]:
    """Honest pages, as a beginning."""
    server = ArxivServer(fortnight(days=3, per_day=2), _TODAY)
    query = "cat:cs.LG OR cat:cs.CL AND submittedDate:[202603010000 TO 202603110000]"
    return [
        server.api({"search_query": query}).body,
        server.oai({"verb": "ListRecords", "from": "2026-03-01", "set": "cs"}).body,
        server.rss("cs.LG+cs.CL").body,
        server.atom("cs.LG+cs.CL").body,
        b'{"notes": [{"id": "a", "forum": "a", "cdate": 1, "content": {"title": {"value": "T"}, "authors": ["B"]}}]}',
    ]


def main(arguments: list[str]) -> None:
    """Fuzz the target that the first argument names."""
    target = TARGETS[arguments[1]]

    def one(body: bytes) -> None:
        # A verdict on the input is all that a parser may give beside data.
        with contextlib.suppress(Unusable, MiIndexError):
            target(body)

    atheris.Setup([arguments[0], *arguments[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
