"""demo: what `make site` runs. An update of a copy of the index, then its website; tracked files stay as they are."""

from __future__ import annotations

import datetime as dt
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import click

from updater.errors import MiIndexError, UsageError
from updater.index.repository import Repository

COPIED: Final = ("resources", "site", "mkdocs.yml", "README.md", "pyproject.toml")
FOLDER: Final = "build/demo"
SAMPLE: Final = "resources/sample/feed.atom"
LIVE_SECONDS: Final = 60
"""The live update is given up after so long; the bundled sample takes its place."""
PATIENCE_SECONDS: Final = 8
"""How long one interface is asked again when it refuses."""


class DemoError(MiIndexError):
    """The demonstration could not be built."""


@click.command()
@click.pass_obj
def demo(repository: Repository) -> int:
    """Update a copy of the index, from live arXiv or the bundled sample, and build its website."""
    from updater.render import build as site_build  # noqa: PLC0415

    root = repository.root
    if not (root / SAMPLE).is_file():
        raise UsageError(f"{root / SAMPLE} is missing: the demonstration needs a checkout of the project (see --root)")
    copy = root / FOLDER
    shutil.rmtree(copy, ignore_errors=True)
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns(".pending"))
        elif source.exists():
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy / name)
    days = repository.settings.update.demo_days
    newest = dt.datetime.now(dt.UTC).date()
    click.echo(f"asking arXiv for the newest {days} days …", err=True)
    if _update(copy, newest - dt.timedelta(days=days - 1), newest):
        click.echo("updated from live arXiv", err=True)
    else:
        click.echo(f"arXiv did not answer; updating from the bundled sample, {SAMPLE}", err=True)
        _update_from_sample(copy, root / SAMPLE)
    built = site_build.build(Repository(copy), root / "build/site")
    click.echo(f"{built.pages:,} pages. The website is at {built.site / 'index.html'}")
    click.echo("To read it with search: mi-index serve (or python3 -m http.server --directory build/site)")
    return 0


def _update(copy: Path, since: dt.date, until: dt.date, **environment: str) -> bool:
    """Run the real update on the copy, with more in its environment; whether it read everything in time."""
    command = [
        sys.executable, "-m", "updater", "--root", str(copy), "update",
        "--since", str(since), "--until", str(until), "--patience", str(PATIENCE_SECONDS),
        "--report", str(copy / "build/report.md"),
    ]  # fmt: skip
    env = {**os.environ, **environment}
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIVE_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 3):
        raise DemoError(f"the update failed: {done.stderr.strip()}")
    first = next((line for line in done.stdout.splitlines() if line.startswith(("**", "Nothing"))), "")
    if first and not done.returncode:
        click.echo(first.replace("*", ""), err=True)
    return done.returncode == 0


def _update_from_sample(copy: Path, sample: Path) -> None:
    """Serve the sample on loopback as the search API would, so that it goes through the same code as the live one."""
    content = sample.read_bytes()
    day = dt.date.fromisoformat(re.findall(rb"<published>(\d{4}-\d\d-\d\d)", content)[0].decode())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/atom+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        ok = _update(copy, day, day, MI_INDEX_ARXIV_URL=address, MI_INDEX_ARXIV_DELAY="0")
        server.shutdown()
    if not ok:
        raise DemoError(f"the bundled sample, {sample}, could not be read (restore it from git)")
