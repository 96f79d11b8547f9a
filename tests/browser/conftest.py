"""A real browser on the made-up index: Playwright driving Debian's Chromium.

Where there is no Chromium the tests are skipped, but not in CI (CI=true), where it must be there.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import made_up_site
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from updater.render.build import SITE, build
from updater.render.search import PART, Document, Index
from updater.render.serve import server

# --no-sandbox since CI runs as root; the others keep Chromium from calling home
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing; .ci/run installs it")
        pytest.skip("no Chromium (apt-get install chromium, or name one by CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served(folder: Path, part: int) -> Iterator[str]:
    """Address of the made-up index's website, whose search index has parts of so many documents."""
    repository = made_up_site.write(folder / "index")
    build(repository, part=part)
    mount = urlsplit(repository.settings.project.site).path
    with server(repository.root / SITE, mount) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}{mount}"
        running.shutdown()


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the made-up index's website."""
    with served(tmp_path_factory.mktemp("browser"), PART) as address:
        yield address


@pytest.fixture(scope="session")
def base_in_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the same website, with a search index in several parts, as a large index has."""
    with served(tmp_path_factory.mktemp("parts"), 40) as address:
        yield address


@pytest.fixture(scope="session")
def base_of_words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a website whose search holds 400 documents, each with 60 words of its own that begin with "wo"."""
    repository = made_up_site.write(tmp_path_factory.mktemp("words") / "index")
    build(repository)
    site = repository.root / SITE
    with Index(site.with_name("search")) as index:
        index.add(
            Document(
                f"/papers/{number}/",
                f"Paper {number}",
                " ".join(f"wo{letters(60 * number + word)}" for word in range(60)),
                filters={"kind": ["paper"]},
                place=number,
            )
            for number in range(1, 401)
        )
        index.write(site)
    assert len(list((site / "pagefind/index").iterdir())) > 1
    with server(site, "/") as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()


def letters(number: int) -> str:
    """A number below a million written with five letters, the last digit first."""
    out = ""
    for _ in range(5):
        number, rest = divmod(number, 26)
        out += chr(ord("a") + rest)
    return out


@dataclass
class Tab:
    """A page that notes whatever goes wrong in it."""

    page: Page
    base: str
    problems: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on(
            "console", lambda m: self.problems.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self._failed(request.url, request.failure))
        self.page.on("response", lambda r: self.problems.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _failed(self, url: str, failure: str | None) -> None:
        if failure != "net::ERR_ABORTED":  # left the page while it was under way
            self.problems.append(f"failed: {url} {failure}")

    def open(self, path: str = "") -> Page:
        """Go to a page of the site."""
        self.page.goto(self.base + path)
        return self.page


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser profile, which may use the clipboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def tab(context: BrowserContext, base: str) -> Iterator[Tab]:
    """A tab; the test fails if anything went wrong in it, or if it asked another host for anything."""
    tab = Tab(context.new_page(), base)
    yield tab
    assert tab.problems == []
    assert tab.hosts <= {urlsplit(base).netloc, ""}


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, if it is installed beside the tests (`npm ci` in tests/browser)."""
    file = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
    if not file.exists():
        if os.environ.get("CI") == "true" and shutil.which("npm"):
            pytest.fail("axe-core is missing; .ci/run installs it")
        pytest.skip("no axe-core (npm ci in tests/browser)")
    return file.read_text(encoding="utf-8")
