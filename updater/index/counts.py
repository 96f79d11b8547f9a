"""How often papers are cited, as the last `mi-index enrich` found it at OpenAlex: ids and numbers, machine-written.

Kept in resources/generated/citations.json, apart from the papers, since the numbers change by themselves. Without the file
nothing is known, and nothing is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

FILE: Final = "resources/generated/citations.json"


def citations(root: Path) -> dict[str, int]:
    """Citation counts by id of a paper; empty where there is no file, or one that is no table of counts."""
    try:
        data = orjson.loads((root / FILE).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {id_: n for id_, n in data.items() if isinstance(n, int) and not isinstance(n, bool) and n >= 0}
