"""Build the hand-written pages and the frame with MkDocs or Zensical, both from the same mkdocs.yml."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from updater.errors import MiIndexError, UsageError

ENGINES: Final = ("mkdocs", "zensical")
CONFIG: Final = "mkdocs.yml"


class EngineError(MiIndexError):
    """MkDocs or Zensical found something wrong with the pages; what it said is in the message."""


def build(root: Path, site: Path, engine: str = "mkdocs") -> None:
    """Build the pages under site/docs of the index at `root` into the folder `site`, strictly: a warning is an error.

    Raises
    ------
    EngineError
        The pages cannot be built.
    UsageError
        mkdocs.yml is missing, or the engine is not installed.
    """
    if not (root / CONFIG).is_file():
        raise UsageError(f"{root / CONFIG} is missing: building needs a checkout of the project (see --root)")
    if engine == "mkdocs":
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean", "--site-dir", str(site)]
        where = root
    else:
        # Zensical takes the folder from the configuration only
        command = [
            sys.executable,
            "-m",
            "zensical",
            "build",
            "--strict",
            "--clean",
            "--config-file",
            str(root / CONFIG),
        ]
        where = root
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore", "SOURCE_DATE_EPOCH": "0"}
    try:
        done = subprocess.run(command, cwd=where, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise UsageError(f"{engine} cannot be started: {error.strerror}") from error
    output = f"{done.stdout}\n{done.stderr}".strip()
    if done.returncode and f"No module named {engine}" in output:
        raise UsageError(f"{engine} is not installed (pip install {engine})")
    if done.returncode:
        raise EngineError(f"{engine} could not build the pages:\n{output}")
    built = root / "build/site"
    if engine == "zensical" and built.resolve() != site.resolve():
        site.parent.mkdir(parents=True, exist_ok=True)
        built.rename(site)
