"""A single file outside the index's data, written all or nothing (the data itself is written by `index.transaction`)."""

from __future__ import annotations

import tempfile
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there, making the folder if need be; OSError if that is not possible."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(content)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
