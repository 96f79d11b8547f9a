"""Serve the built website on this machine, mounted where it will be published, and rebuild it when a source changes."""

from __future__ import annotations

import functools
import gzip
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from updater.errors import MiIndexError, UsageError
from updater.index.repository import Repository
from updater.render.build import SITE, build

WATCHED: Final = ("resources", "site", "mkdocs.yml")
INTERVAL: Final = 1.0
"""Seconds between two looks at the sources."""
_COMPRESSED: Final = frozenset({".html", ".css", ".js", ".json", ".xml", ".svg", ".txt"})
_TYPES: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".bib": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder below a path, compressed as GitHub Pages does, with the site's own page for what is missing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    """Head and body leave together: sent apart, the second waits 40 ms for the first to be acknowledged."""
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **_TYPES}  # noqa: RUF012 - as the base class has it

    def __init__(self, *args: Any, mount: str = "/", **kwargs: Any) -> None:
        self.mount = mount
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        """Answer with the file, compressed if it is text and the browser takes it so."""
        path = urlsplit(self.path).path
        if not path.startswith(self.mount):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self.mount)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.path = "/" + self.path[len(self.mount) :]
        file = Path(self.translate_path(self.path))
        if file.is_dir() and urlsplit(self.path).path.endswith("/"):
            file /= "index.html"
        if file.is_file() and file.suffix in _COMPRESSED:
            self._send(HTTPStatus.OK, file)
        else:
            super().do_GET()

    def _send(self, status: HTTPStatus, file: Path) -> None:
        body = file.read_bytes()
        self.send_response(status)
        self.send_header("Content-Type", self.guess_type(str(file)))
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 6, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with the site's own 404 page."""
        page = Path(self.directory) / "404.html"
        if code == HTTPStatus.NOT_FOUND and page.is_file():
            self._send(HTTPStatus.NOT_FOUND, page)
        else:
            super().send_error(code, message, explain)

    def send_head(self) -> Any:
        """A folder without a slash at its end is sent to the one with it, below the mount."""
        path = urlsplit(self.path).path
        if not path.endswith("/") and Path(self.translate_path(path)).is_dir():
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", f"{self.mount}{path.lstrip('/')}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        """Folders without a page are not there."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing of each request."""


def server(site: Path, mount: str = "/", port: int = 0) -> ThreadingHTTPServer:
    """A server of a built site on the loopback address; `serve_forever` starts it.

    Raises
    ------
    UsageError
        The port is taken.
    """
    handler = functools.partial(Handler, directory=str(site), mount=mount)
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise UsageError(f"port {port} cannot be used: {error.strerror} (choose another with --port)") from error


def state(root: Path) -> dict[Path, int]:
    """When each source was changed last; files that editors keep beside what they edit (`.name`, `name~`) are none."""
    files = [f for name in WATCHED for f in ([root / name] if (root / name).is_file() else (root / name).rglob("*"))]
    out = {}
    for file in files:
        with suppress(FileNotFoundError):  # an editor's own file, gone before it was looked at
            if file.is_file() and not file.name.startswith(".") and not file.name.endswith("~"):
                out[file] = file.stat().st_mtime_ns
    return out


def serve(
    repository: Repository,
    engine: str,
    port: int,
    *,
    watch: bool,
    say: Callable[[str], None],
    stop: threading.Event | None = None,
) -> None:
    """Build, serve until interrupted, and rebuild when a source changed; a build that fails leaves the site as it was."""
    stop = stop or threading.Event()
    root = repository.root
    seen = state(root)
    build(repository, engine_name=engine)
    mount = urlsplit(repository.settings.project.site).path or "/"
    with server(root / SITE, mount, port) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        say(f"http://127.0.0.1:{running.server_address[1]}{mount}  (Ctrl+C ends it)")
        try:
            while not stop.wait(INTERVAL):
                if not watch or (now := state(root)) == seen:
                    continue
                seen = now
                try:
                    build(Repository(root), engine_name=engine)
                    say("rebuilt")
                except (MiIndexError, OSError) as error:
                    say(f"not rebuilt: {error}")
        except KeyboardInterrupt:
            pass
        finally:
            running.shutdown()
