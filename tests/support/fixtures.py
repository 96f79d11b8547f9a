"""Fixtures around the stand-in for arXiv; `tests/conftest.py` makes them known to every folder."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from updater.settings import Settings, load

from .arxiv_server import ArxivServer
from .works import fortnight

TODAY = dt.date(2026, 3, 23)


@pytest.fixture(scope="session")
def project_settings() -> Settings:
    """The project's own settings."""
    return load(Path(__file__).parents[2])


@pytest.fixture
def arxiv_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ArxivServer]:
    """The stand-in with two weeks of made-up works, to which the environment points; no delay between requests."""
    with ArxivServer(fortnight(), TODAY).running() as server:
        monkeypatch.setenv("MI_INDEX_ARXIV_URL", server.url)
        monkeypatch.setenv("MI_INDEX_ARXIV_DELAY", "0")
        monkeypatch.setenv("MI_INDEX_CACHE", str(tmp_path / "cache"))
        yield server
