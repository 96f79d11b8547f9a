"""One polite way to the network for everything that is fetched.

All requests go through `requests`, because the `arxiv` package does: one adapter mounted on its session and on ours
gives one queue, one pace and one idea of what an answer is. Per process there is one request at a time, and from the end
of one to the start of the next pass at least `delay` seconds (https://info.arxiv.org/help/api/tou.html asks for three).

An answer counts only if the status is 200, the type is one that was asked for, the body arrived whole and within bounds,
and the caller's `check` can read it. Everything else is tried again, later each time and never before the time that
`Retry-After` names, until tries or patience run out; then `RefusedError` (the service answered, but not with data) or
`SourceError` (it did not answer). With the default settings a request is given up after 75 seconds, and when all fail,
all together after 225, so that a dead arXiv is known within five minutes, however many ways to it are tried.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.utils
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from updater import __version__
from updater.errors import RefusedError, SettingsError, SourceError

if TYPE_CHECKING:
    from updater.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

ATOM: Final = ("application/atom+xml", "application/xml", "text/xml")
XML: Final = ("text/xml", "application/xml", "application/rss+xml", "application/atom+xml", "application/rdf+xml")
JSON: Final = ("application/json",)

_OK: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_COME_BACK: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 529, 530})
_SERVICES: Final = 3
"""So many times the patience with one request is spent on all of them, while none succeeds."""
_FORBIDDEN: Final = frozenset({401, 403, 406, 451})
"""A policy, or a bad day: asked once more, not five times."""


_CONNECTION: Final = re.compile(r"^<?[\w.]*Connection(?:\(.*?\)| object at \w+>): ")
"""How urllib3 begins its messages."""


class Unusable(Exception):  # noqa: N818 - a verdict on an answer, turned into an error of ours before anybody sees it
    """An answer that is not the data asked for. `final` says that asking again cannot help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclasses.dataclass(frozen=True, slots=True)
class Manners:
    """How a service is asked. Times in seconds."""

    user_agent: str
    delay: float = 3.0
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    tries: int = 6
    patience: float = 75.0
    """No new try of one request begins when it would begin later than this after the first."""
    longest_wait: float = 60.0
    """Longest pause between two tries, `Retry-After` included; who asks for more has refused."""
    max_bytes: int = 64 * 1024 * 1024


def user_agent(settings: Settings) -> str:
    """Return the name under which the index introduces itself, with the project's address."""
    name = "".join(c for c in settings.project.short_name if c.isascii() and c.isalnum()) or "index"
    return f"{name}/{__version__} (+{settings.project.repository}; {settings.project.contact})"


def manners(settings: Settings) -> Manners:
    """Return how arXiv is asked: the settings, with MI_INDEX_ARXIV_DELAY before them.

    Raises
    ------
    SettingsError
        MI_INDEX_ARXIV_DELAY is not a number from 0 to 600.
    """
    arxiv = settings.arxiv
    delay = arxiv.delay
    if raw := os.environ.get("MI_INDEX_ARXIV_DELAY"):
        try:
            delay = float(raw)
        except ValueError:
            delay = -1.0
        if not 0 <= delay <= 600:
            raise SettingsError(
                f"MI_INDEX_ARXIV_DELAY={raw!r}: seconds between two requests are expected, a number from 0 to 600"
            )
    return Manners(
        user_agent=user_agent(settings),
        delay=delay,
        connect_timeout=arxiv.connect_timeout,
        read_timeout=arxiv.read_timeout,
        tries=arxiv.tries,
        patience=arxiv.patience,
        max_bytes=arxiv.max_megabytes * 1024 * 1024,
    )


class Transport:
    """The queue at the counter: hands out channels, keeps the pace across all of them, counts requests.

    `clock` (monotonic seconds), `sleep` and `now` (seconds since the epoch, for dates in `Retry-After`) can be replaced
    by tests.
    """

    def __init__(
        self,
        manners: Manners,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.manners = manners
        self.requests = 0
        """Requests sent so far."""
        self.retries = 0
        """How many of them were repetitions."""
        self.waited = 0.0
        """Seconds spent waiting: between requests, and because a service asked for it."""
        self.fruitless = 0.0
        """Seconds spent on requests that failed for good, since the last one that did not."""
        self._clock, self._sleep, self._now = clock, sleep, now
        self._free_at = clock()
        self._busy = False

    def channel(
        self,
        check: Callable[[bytes], T],
        types: tuple[str, ...],
        mend: Callable[[bytes], bytes] | None = None,
    ) -> Channel[T]:
        """Return a channel whose answers have one of the media `types` and are read by `check`.

        `check` gets a complete body and returns what it makes of it, or raises `Unusable`. Before that, `mend` may change
        the body, for `check` and for whoever uses the channel's session.
        """
        return Channel(self, check, types, mend)

    def pause(self, seconds: float) -> None:
        """Let at least `seconds` pass before the next request, on whichever channel."""
        self._free_at = max(self._free_at, self._clock() + seconds)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn; while the block runs, the request under way is the only one.

        Raises
        ------
        RuntimeError
            A second request was begun inside a first: a mistake in the program.
        """
        if self._busy:
            raise RuntimeError("one request at a time")
        wait = self._free_at - self._clock()
        if wait > 0:
            self.waited += wait
            self._sleep(wait)
        self._busy = True
        self.requests += 1
        try:
            yield
        finally:
            self._busy = False
            self._free_at = self._clock() + self.manners.delay

    def seconds(self) -> float:
        """Return the reading of the clock."""
        return self._clock()

    def retry_after(self, value: str | None) -> float | None:
        """Return the seconds that a `Retry-After` header asks for (number or date, RFC 9110 section 10.2.3)."""
        if not value or len(value) > 60:
            return None
        value = value.strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, moment.timestamp() - self._now())


class Channel(Generic[T]):
    """A requests session whose every answer has been checked; `session` is what the `arxiv` package gets.

    Not safe for use by several threads at once.
    """

    def __init__(
        self,
        transport: Transport,
        check: Callable[[bytes], T],
        types: tuple[str, ...],
        mend: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._transport, self._check, self._types, self._mend = transport, check, types, mend
        self._last: T | None = None
        self.session: requests.Session = _Session()
        adapter = _Adapter(self)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, adapter)

    @property
    def last(self) -> T:
        """What `check` made of the newest answer.

        Raises
        ------
        LookupError
            Nothing was answered yet.
        """
        if self._last is None:
            raise LookupError("nothing was fetched yet")
        return self._last

    def get(self, url: str, query: Mapping[str, str] | None = None) -> T:
        """Fetch `url` with `query` and return what `check` makes of the answer.

        Raises
        ------
        RefusedError
            The service answered, but not with data.
        SourceError
            It did not answer.
        """
        if query:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
        self._last = None
        self.session.get(url)
        return self.last

    def exchange(self, request: requests.PreparedRequest, send: Callable[..., requests.Response]) -> requests.Response:
        """Send `request` until the answer is usable, and return it with its body read."""
        request.headers["User-Agent"] = self._transport.manners.user_agent
        request.headers["Accept"] = ", ".join(self._types)
        effort = _Effort(self._transport, request.url or "")
        while True:
            try:
                with self._transport.turn():
                    response = self._once(request, send, effort)
            except _Failure as failure:
                effort.wait(failure)
            else:
                effort.succeed()
                return response

    def _once(
        self, request: requests.PreparedRequest, send: Callable[..., requests.Response], effort: _Effort
    ) -> requests.Response:
        manners = self._transport.manners
        limit = max(1.0, min(manners.read_timeout, effort.time_left()))
        try:
            response = send(request, stream=True, timeout=(manners.connect_timeout, limit))
        except requests.Timeout as error:
            raise _Failure("no answer in time") from error
        except requests.RequestException as error:
            raise _Failure(f"no connection ({_cause(error)})") from error
        with response:
            if response.status_code in _REDIRECTS:
                response._content = b""
                return response
            body = self._body(response, self._transport.seconds() + 2 * limit)
        if self._mend:
            body = self._mend(body)
        self._judge(response, body)
        response._content = body
        return response

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        """Read the body, decoded: no more than allowed, and not longer than allowed."""
        manners, parts, size = self._transport.manners, [], 0
        try:
            # read1, since read waits for all that it asked for: a body of single bytes would outlast any deadline.
            while part := response.raw.read1(256 * 1024, decode_content=True):
                size += len(part)
                if size > manners.max_bytes:
                    raise _Failure(f"an answer of more than {manners.max_bytes:,} bytes", refused=True, tries=1)
                if self._transport.seconds() > deadline:
                    raise _Failure("an answer that does not end")
                parts.append(part)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if response.status_code == _OK:
                raise _Failure(f"an answer that breaks off ({_cause(error)})") from error
        return b"".join(parts)

    def _judge(self, response: requests.Response, body: bytes) -> None:
        status = response.status_code
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if status == _OK and kind not in self._types:
            raise _Failure(f"an answer of type {_plain(kind or 'unknown')} in place of data", refused=True)
        if status == _OK:
            try:
                self._last = self._check(body)
            except Unusable as problem:
                raise _Failure(_plain(problem), refused=True, tries=1 if problem.final else 99) from problem
            return
        after = self._transport.retry_after(response.headers.get("Retry-After"))
        if status in _COME_BACK:
            raise _Failure(f"HTTP {status}", refused=True, after=after)
        if status in _FORBIDDEN:
            raise _Failure(f"HTTP {status}", refused=True, after=after, tries=2)
        raise _Failure(f"HTTP {status}{self._explained(body)}", refused=True, tries=1)

    def _explained(self, body: bytes) -> str:
        """Return what the body of an error says, if the channel's check can read it."""
        try:
            self._check(body)
        except Unusable as problem:
            return f": {_plain(problem)}" if problem.final else ""
        return ""


class _Session(requests.Session):
    """A session that speaks http and https only, and whose failures outside of the adapter are ours."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 3
        self.adapters.clear()

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request.

        Raises
        ------
        RefusedError
            Redirects do not end, or lead where nothing is to be had.
        """
        try:
            return super().request(method, url, *args, **kwargs)
        except (requests.RequestException, ValueError) as error:  # urllib raises ValueError for some targets
            raise RefusedError(f"{_host(str(url))}: {_cause(error)}") from error


class _Adapter(HTTPAdapter):
    """What requests calls to send something: the channel, which calls the real thing."""

    def __init__(self, channel: Channel[Any]) -> None:
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)
        self._channel = channel

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send `request` politely; the caller's wishes for streaming and time limits are not heard."""

        def really(prepared: requests.PreparedRequest, *, stream: bool, timeout: Any) -> requests.Response:
            return super(_Adapter, self).send(prepared, stream, timeout, verify, cert, proxies)

        return self._channel.exchange(request, really)


class _Failure(Exception):  # noqa: N818 - never leaves this module
    """One try went wrong."""

    def __init__(self, reason: str, *, refused: bool = False, after: float | None = None, tries: int = 99) -> None:
        super().__init__(reason)
        self.refused, self.after, self.tries = refused, after, tries


class _Effort:
    """The tries of one request."""

    def __init__(self, transport: Transport, url: str) -> None:
        self._transport, self._url = transport, url
        self._begin = transport.seconds()
        self._tries = 0

    def time_left(self) -> float:
        """Seconds in which a new try may begin: patience with this request, and with a service that answers nothing."""
        patience, spent = self._transport.manners.patience, self._transport.seconds() - self._begin
        return min(patience, _SERVICES * patience - self._transport.fruitless) - spent

    def wait(self, failure: _Failure) -> None:
        """Make the next try wait, or give up.

        Raises
        ------
        RefusedError, SourceError
            Tries or patience are used up.
        """
        manners = self._transport.manners
        self._tries += 1
        # One client that waits its turn needs no jitter. A floor keeps a delay of zero from meaning "at once, for ever".
        pause = min(max(manners.delay, 0.02) * 2 ** (self._tries - 1), manners.longest_wait)
        pause = max(pause, failure.after or 0.0)
        why = f"{_host(self._url)}: {failure}"
        if pause > manners.longest_wait:
            raise RefusedError(f"{why}, and asks to wait {pause:,.0f} seconds; run again later")
        if self._tries >= min(manners.tries, failure.tries) or self.time_left() < pause:
            self._transport.fruitless += self._transport.seconds() - self._begin
            kind = RefusedError if failure.refused else SourceError
            raise kind(f"{why} ({self._tries} {'try' if self._tries == 1 else 'tries'})") from failure
        log.warning("%s; trying again in %.1f s (try %d of %d)", why, pause, self._tries + 1, manners.tries)
        self._transport.retries += 1
        self._transport.pause(pause)

    def succeed(self) -> None:
        self._transport.fruitless = 0.0
        log.debug("read %s", _plain(self._url))


def _host(url: str) -> str:
    """Return host and path of an address, for messages."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return _plain(url)
    return _plain(f"{parts.netloc}{parts.path}", 80)


def _cause(error: BaseException) -> str:
    """Return what lies at the bottom of the exceptions that requests and urllib3 wrap around each other."""
    for _ in range(10):
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return _CONNECTION.sub("", _plain(error)) or type(error).__name__


def _plain(text: object, limit: int = 200) -> str:
    """Return text of others so that it can stand in a message: one line, printable, short."""
    line = " ".join(str(text).split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"
