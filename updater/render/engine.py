"""Build the hand-written pages and the frame with MkDocs or Zensical, both from the same mkdocs.yml."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
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
    site.parent.mkdir(parents=True, exist_ok=True)
    if engine == "mkdocs":
        _run(engine, root, ["build", "--strict", "--clean", "--site-dir", str(site)])
        return
    # Zensical takes the folder to write to from the configuration only, and wants it below the configuration's own
    with tempfile.TemporaryDirectory(dir=site.parent, prefix="zensical-") as folder:
        shutil.copy(root / CONFIG, folder)
        shutil.copytree(root / "site", Path(folder) / "site")
        output = _run(
            engine, Path(folder), ["build", "--strict", "--clean", "--config-file", str(Path(folder) / CONFIG)]
        )
        built = Path(folder) / "build/site"
        if not built.is_dir():
            raise EngineError(f"zensical wrote no {built.relative_to(folder)}:\n{output}")
        built.replace(site)


def _run(engine: str, where: Path, arguments: list[str]) -> str:
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore", "SOURCE_DATE_EPOCH": "0"}
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", engine, *arguments], cwd=where, env=env, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UsageError(f"{engine} cannot be started: {error.strerror}") from error
    output = f"{done.stdout}\n{done.stderr}".strip()
    if done.returncode and f"No module named {engine}" in output:
        raise UsageError(f"{engine} is not installed (pip install {engine})")
    if done.returncode:
        raise EngineError(f"{engine} could not build the pages:\n{output}")
    return output
