"""Templates and escaping: one Jinja2 environment for everything that is rendered.

Templates lie in site/templates. Those whose name says HTML, XML or SVG escape every value; the others are plain text or
Markdown and use the filters below.
"""

from __future__ import annotations

import datetime as dt
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, select_autoescape
from jinja2 import TemplateError as JinjaError
from markupsafe import Markup

from updater.errors import MiIndexError, UsageError

TEMPLATES: Final = "site/templates"
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>#|~$&!+])")
_MONTHS: Final = tuple(
    re.findall(r"\w+", "January February March April May June July August September October November December")
)
_SAFE_JSON: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_YEAR, _MONTH = 4, 7


class TemplateError(MiIndexError):
    """A template is wrong, or asks for something that there is not; the message names its file and line."""


@contextmanager
def told(root: Path) -> Iterator[None]:
    """Turn errors in templates into ones that name the template's file, as seen from the index at `root`, and the line.

    Jinja2's own errors, and whatever else a template's expression raises; what our code raises goes through as it is.

    Raises
    ------
    TemplateError
        Whatever is done in the context met a faulty template.
    """
    try:
        yield
    except MiIndexError:
        raise
    except Exception as error:
        # Jinja2 makes the frames of a traceback look like lines of the template: the last of them is the place.
        folder = str(root / TEMPLATES)
        frames = traceback.extract_tb(error.__traceback__)
        places = [(frame.filename, frame.lineno) for frame in frames if frame.filename.startswith(folder)]
        if isinstance(error, TemplateSyntaxError) and error.filename:
            places.append((error.filename, error.lineno))
        if not isinstance(error, JinjaError) and not frames[-1].filename.startswith(folder):
            raise
        where = "".join(f"{Path(file).relative_to(root)}:{line}: " for file, line in places[-1:])
        raise TemplateError(f"{where or f'{TEMPLATES}: '}{error}") from error


def environment(root: Path) -> Environment:
    """The environment over site/templates of the index at `root`.

    Raises
    ------
    UsageError
        There are no templates: `--root` is not a checkout.
    """
    folder = root / TEMPLATES
    if not folder.is_dir():
        raise UsageError(f"{folder} is missing: rendering needs a checkout of the project (see --root)")
    env = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(enabled_extensions=("html.j2", "xml.j2", "svg.j2"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    env.filters.update(
        md=markdown,
        quiet=quiet_markdown,
        mdurl=markdown_url,
        date=long_date,
        thousands=thousands,
        json=json_script,
        query=query,
        host=host,
        path=path_quote,
        rfc3339=rfc3339,
    )
    return env


def markdown(text: str) -> str:
    """Text for the middle of a line of Markdown (CommonMark and GitHub's): nothing in it is markup, nor becomes a link."""
    text = " ".join(text.split())
    text = _MARKDOWN.sub(r"\\\1", text)
    return re.sub(r"(?i)(https?|ftp|mailto|xmpp)(:)|(www)(\.)|(?<=\w)(@)(?=\w)", _break_autolink, text)


def _break_autolink(match: re.Match[str]) -> str:
    found = match.group()
    return f"{found[:-1]}\\{found[-1]}"


def quiet_markdown(text: str) -> str:
    """Like `markdown`, for pull requests and issues: nothing in it calls a person (`@name`) or refers to an issue (`#1`).

    GitHub does both wherever the sign and the name touch, however they are escaped; a space of no width keeps them apart.
    """
    return re.sub(r"([@#])(?=\w)", "\\1&#8203;", markdown(text))


def markdown_url(url: str) -> str:
    """An address for the round brackets of a Markdown link; only http(s) comes through, anything else becomes `#`."""
    if not url.startswith(("https://", "http://")):
        return "#"
    return quote(url, safe="!#$%&'*+,/:;=?@~._-")


def long_date(value: str) -> str:
    """A date as read aloud, as precise as it is known: 1 November 2022, November 2022, 2022."""
    if len(value) <= _YEAR:
        return value
    month = _MONTHS[int(value[5:7]) - 1]
    return f"{month} {value[:4]}" if len(value) <= _MONTH else f"{int(value[8:])} {month} {value[:4]}"


def rfc3339(value: str | dt.date) -> str:
    """The beginning of a day (month, year) as RFC 3339 wants it."""
    text = str(value)
    return f"{text}{'0000-01-01'[len(text) :]}T00:00:00Z"


def thousands(value: int) -> str:
    """A whole number with commas: 12,345."""
    return f"{value:,}"


def json_script(value: Any) -> Markup:
    """JSON that may stand inside a script element: nothing in it can end the element."""
    return Markup(orjson.dumps(value).decode().translate(_SAFE_JSON))  # noqa: S704 - <, > and & are escaped above


def query(values: dict[str, str]) -> str:
    """The query part of an address."""
    return urlencode(values)


def path_quote(text: str) -> str:
    """A piece of a path, percent-encoded; slashes stay."""
    return quote(text, safe="/")


def host(url: str) -> str:
    """The host of an address without www, to tell the reader where a link goes."""
    return re.sub(r"^https?://(?:www\.)?([^/]+).*$", r"\1", url, flags=re.DOTALL)
