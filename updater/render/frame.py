"""The frame: one empty page that MkDocs or Zensical built, into which every generated page is put.

site/docs/shell/frame.md is built like any other page, two folders below the site's root; the theme leaves a comment where
head and content go. A generated page is frame, head and content joined, with the links of the frame turned to its own depth.
Pages built from site/docs are completed in the same way: each `<!-- index:NAME … -->` is replaced by the part of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from updater.errors import MiIndexError

SHELL: Final = "shell/frame/index.html"
HEAD: Final = "<!-- frame:head -->"
CONTENT: Final = "<!-- frame:content -->"
BASE: Final = "\x01"
"""Stands in rendered parts for the way up to the site's root. Data cannot hold it: control characters are refused."""
_MARKER: Final = re.compile(r"<!--\s*index:([a-z][a-z0-9-]*)((?:\s+[^<>]*?)?)\s*-->")
_BETWEEN_TAGS: Final = re.compile(r">\s*\n\s*<")
_EMPTY_HEADING: Final = re.compile(r"<h1[^>]*>.*?</h1>\s*(?=<!-- frame:content -->)", re.DOTALL)


class FrameError(MiIndexError):
    """The built site does not hold the frame as it should: theme and site/docs/shell do not fit together."""


def up(path: str) -> str:
    """The way from a page or file to the site's root: `../../` for `papers/2211.00593/`, nothing for `index.html`."""
    return "../" * path.count("/")


@dataclass
class Frame:
    """The frame, turned to any depth."""

    text: str
    _turned: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, site: Path) -> Frame:
        """Take the frame from a built site.

        Raises
        ------
        FrameError
            The page is missing, or lacks the place for head or content.
        """
        try:
            text = (site / SHELL).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise FrameError(f"{site / SHELL} is missing: build the site first") from error
        if text.count(HEAD) != 1 or text.count(CONTENT) != 1:
            raise FrameError(f"{SHELL}: {HEAD} and {CONTENT} must stand there once each (see site/theme/main.html)")
        return cls(_BETWEEN_TAGS.sub(">\n<", _EMPTY_HEADING.sub("", text)))

    def complete(self, parts: Callable[[str, str, str], str], base: str = BASE) -> None:
        """Fill the markers of the frame itself (what stands on every page)."""
        self.text = fill(self.text, SHELL, parts).replace(base, "../../")

    def page(self, path: str, head: str, content: str) -> str:
        """The whole page at `path` (`papers/2211.00593/`); `BASE` in head and content is replaced by its way up."""
        way = up(path)
        before, between, after = self._turn(way)
        return f"{before}{head.replace(BASE, way)}{between}{content.replace(BASE, way)}{after}"

    def _turn(self, way: str) -> tuple[str, str, str]:
        turned = self._turned.get(way)
        if turned is None:
            root = way or "./"
            text = re.sub(r'((?:href|src|action)=")\.\./\.\.(?:/|(?="))', lambda m: m.group(1) + root, self.text)
            before, rest = text.split(HEAD)
            between, after = rest.split(CONTENT)
            turned = self._turned[way] = (before, between, after)
        return turned


def fill(text: str, path: str, parts: Callable[[str, str, str], str], mount: str = "") -> str:
    """Replace every marker in a built page.

    Parameters
    ----------
    parts
        `parts(name, arguments, path)` gives the part for `<!-- index:name arguments -->` on the page at `path`.
    mount
        For the page that is shown for missing addresses of any depth: the path of the site's root on its host (`/index/`),
        used in place of the way up.
    """
    way = mount or up(path) or "./"
    filled = _MARKER.sub(lambda m: parts(m.group(1), m.group(2).strip(), path), text)
    if not mount:
        # what a hand-written page calls /categories/steering/ lies below wherever the site is mounted
        filled = re.sub(r'((?:href|src|action)=")/(?!/)', lambda m: m.group(1) + way, filled)
    return filled.replace(BASE, way)
