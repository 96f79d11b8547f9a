"""`mi-index serve` rebuilds what it shows when a source changes, and outlives sources that are broken for a while."""

from __future__ import annotations

import queue
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import made_up_site
import pytest

from updater.index.repository import Repository
from updater.render import serve

PATIENCE = 120
"""Seconds until a rebuild on a machine with much else to do is taken for one that never comes."""
DATA = "resources/papers/2026-04.yml"
TEMPLATE = "site/templates/pages/paper.html.j2"


class Running:
    """A server with its sources, what it says, and what it shows."""

    def __init__(self, repository: Repository) -> None:
        self.root = repository.root
        self._said: queue.Queue[str] = queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=serve.serve,
            args=(repository, "mkdocs", 0),
            kwargs={"watch": True, "say": self._said.put, "stop": self._stop},
        )
        self._thread.start()
        self.address = self.hears().split()[0]

    def hears(self) -> str:
        """The next thing that the server says."""
        return self._said.get(timeout=PATIENCE)

    def page(self) -> str:
        """The page of one paper."""
        with urllib.request.urlopen(f"{self.address}papers/{made_up_site.REFUSAL}/", timeout=PATIENCE) as answer:
            text: str = answer.read().decode()
        return text

    def change(self, file: str, before: str, after: str) -> None:
        """Replace a piece of a source at one stroke, as editors save."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        beside = path.with_name(f".{path.name}.swp")
        beside.write_text(text.replace(before, after), encoding="utf-8")
        beside.replace(path)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(serve, "INTERVAL", 0.05)
    running = Running(made_up_site.write(tmp_path / "index"))
    yield running
    running.end()


def test_serve_shows_what_changed_and_tells_what_is_broken(running: Running) -> None:
    assert "Refusal turns on one dial" in running.page()

    running.change(DATA, "Refusal turns on one dial", "Refusal turns on two dials")
    assert running.hears() == "rebuilt"
    assert "Refusal turns on two dials" in running.page()

    running.change(DATA, "- id:", "- [id:")
    assert re.match(rf"not rebuilt: {re.escape(DATA)}:\d+: YAML syntax error", running.hears())
    assert "Refusal turns on two dials" in running.page()
    running.change(DATA, "- [id:", "- id:")
    assert running.hears() == "rebuilt"

    running.change(TEMPLATE, '<h2 id="cite">Cite</h2>', '<h2 id="cite">Quote</h2>{% if %}')
    said = running.hears()
    assert said.startswith(f"not rebuilt: {TEMPLATE}:") and "Expected an expression" in said
    assert '<h2 id="cite">Cite</h2>' in running.page()
    running.change(TEMPLATE, "Quote</h2>{% if %}", "Quote</h2>{{ p.weather }}")
    said = running.hears()
    assert said.startswith(f"not rebuilt: {TEMPLATE}:") and "weather" in said
    running.change(TEMPLATE, "Quote</h2>{{ p.weather }}", "Quote</h2>")
    assert running.hears() == "rebuilt"
    assert '<h2 id="cite">Quote</h2>' in running.page()


def test_files_that_vanish_while_they_are_looked_at_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    for name in ("kept.css", "gone.css", ".kept.css", "kept.css~"):
        (tmp_path / "site" / name).write_text("", encoding="utf-8")
    stat = Path.stat

    def vanished(path: Path, **how: bool) -> object:
        if path.name == "gone.css":
            raise FileNotFoundError(path)
        return stat(path, **how)

    monkeypatch.setattr(Path, "is_file", lambda path: ".css" in path.name)
    monkeypatch.setattr(Path, "stat", vanished)
    assert [file.name for file in serve.state(tmp_path)] == ["kept.css"]
