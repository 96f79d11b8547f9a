"""A polite, bounded way to pages and services other than arXiv: bibliographies, code hosts, whatever a contributor names.

Why not `updater.fetch.transport`: there an answer is data or an error, and the address is ours. Here the address may come from
a stranger, and the status itself is often the answer (is this link dead?). So every hop is checked before it is asked: only
http and https, only public addresses (a form could otherwise make a runner read its own metadata service); bodies are cut
at a limit; there are few redirects, few tries, one request at a time, and a pause between two requests to one host.

Each service's base address can be pointed at a stand-in by MI_INDEX_<NAME>_URL, and all other pages by MI_INDEX_WEB_URL,
which is then asked for `<base>?url=<address>`. MI_INDEX_WEB_DELAY sets the pause in seconds.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpx
import orjson

from updater import __version__
from updater.errors import RefusedError, SettingsError, SourceError
from updater.index.text import is_http

if TYPE_CHECKING:
    from updater.settings import Settings

SERVICES: Final = {
    "crossref": "https://api.crossref.org",
    "github": "https://api.github.com",
    "openalex": "https://api.openalex.org",
    "openreview": "https://api2.openreview.net",
}
"""Base addresses of the services that are asked by name."""

_TRIES: Final = 3
_REDIRECTS: Final = 5
_LONGEST_WAIT: Final = 60.0
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK, _MOVED, _CLIENT_ERROR, _NOT_FOUND, _GONE = 200, 300, 400, 404, 410
_SECONDS: Final = 60.0
"""After so long a body is taken as it is: a server that sends a byte a minute must not hold a run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, after redirects."""

    url: str
    """The address that answered."""
    status: int
    kind: str
    """Media type, in lower case, without parameters."""
    body: bytes
    charset: str = "utf-8"
    moved_for_good: str = ""
    """Where the first permanent redirect (301, 308) led, if there was one."""

    @property
    def ok(self) -> bool:
        """Whether the status is a success."""
        return _OK <= self.status < _MOVED

    @property
    def missing(self) -> bool:
        """Whether the server says that there is nothing at this address."""
        return self.status in (_NOT_FOUND, _GONE)

    def text(self) -> str:
        """The body as text, whatever is no text replaced."""
        try:
            return self.body.decode(self.charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


class Web:
    """A client with manners. Not safe for use by several threads at once.

    `clock` (monotonic seconds), `sleep`, `resolve` (as `socket.getaddrinfo`) and `transport` (httpx's) can be replaced by tests.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Callable[..., Any] = socket.getaddrinfo,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Open it.

        Raises
        ------
        SettingsError
            MI_INDEX_WEB_DELAY is not a number from 0 to 600, or a MI_INDEX_*_URL is not a web address.
        """
        name = "".join(c for c in settings.project.short_name if c.isascii() and c.isalnum()) or "index"
        agent = f"{name}/{__version__} (+{settings.project.repository}; {settings.project.contact})"
        self._client = httpx.Client(
            headers={"User-Agent": agent, "Accept-Language": "en"},
            timeout=httpx.Timeout(20.0, connect=10.0),
            follow_redirects=False,
            transport=transport,
            trust_env=transport is None,
        )
        self._clock, self._sleep, self._resolve = clock, sleep, resolve
        self._free: dict[str, float] = {}
        self.delay = _delay()
        self.bases = {key: _base(key, default) for key, default in SERVICES.items()}
        self._gateway = _base("web", "")
        self._trusted = {_origin(base) for base in [*self.bases.values(), self._gateway] if base}
        self.requests = 0
        """Requests sent so far."""

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    def json(
        self,
        service: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        token: str = "",
        max_bytes: int = 8 << 20,
    ) -> Any:
        """Ask a service of `SERVICES`; None if it says that there is no such thing.

        Raises
        ------
        RefusedError
            It answered with something else than data.
        SourceError
            It did not answer.
        """
        url = f"{self.bases[service]}{path}" + (f"?{urlencode(query)}" if query else "")
        answer = self._get(url, "application/json", token, max_bytes, "GET")
        if answer.missing:
            return None
        if not answer.ok:
            raise RefusedError(f"{service}: HTTP {answer.status}")
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise RefusedError(f"{service}: an answer that is not JSON (type {_plain(answer.kind)})") from error

    def page(self, url: str, *, method: str = "GET", max_bytes: int = 2 << 20) -> Answer:
        """Read a page that somebody named, at most `max_bytes` of it; any status is an answer.

        Raises
        ------
        RefusedError
            The address is not one that may be asked, or redirects without end.
        SourceError
            Nobody answers there.
        """
        return self._get(url, "text/html,application/xhtml+xml,*/*;q=0.5", "", max_bytes, method)

    # -- one address ----------------------------------------------------------------------------------------------------

    def _get(self, url: str, accept: str, token: str, max_bytes: int, method: str) -> Answer:
        first, moved = url, ""
        for _ in range(_REDIRECTS + 1):
            headers = {"Accept": accept}
            if token and _origin(url) == _origin(first):
                headers["Authorization"] = f"Bearer {token}"
            response, body = self._patiently(method, url, headers, max_bytes)
            target = response.headers.get("Location", "")
            if not (response.is_redirect and target):
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return Answer(url, response.status_code, kind, body, response.charset_encoding or "utf-8", moved)
            url = urljoin(url, target)
            if response.status_code in (301, 308):
                moved = moved or url
        raise RefusedError(f"{_host(first)}: more than {_REDIRECTS} redirects")

    def _patiently(
        self, method: str, url: str, headers: Mapping[str, str], max_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        address = self._checked(url)
        for number in range(1, _TRIES + 1):
            last = number == _TRIES
            try:
                response, body = self._once(method, address, headers, max_bytes)
            except httpx.HTTPError as error:
                if last:
                    raise SourceError(f"{_host(url)}: no answer ({_plain(error) or type(error).__name__})") from error
                wait = self.delay * 2**number
            else:
                if response.status_code not in _AGAIN or last:
                    return response, body
                asked = response.headers.get("Retry-After", "")
                wait = float(asked) if asked.isascii() and asked.isdigit() else self.delay * 2**number
                if wait > _LONGEST_WAIT:
                    return response, body
            self._sleep(wait)
        raise AssertionError("unreachable")

    def _once(
        self, method: str, address: str, headers: Mapping[str, str], max_bytes: int
    ) -> tuple[httpx.Response, bytes]:
        host = _origin(address)
        if (wait := self._free.get(host, 0.0) - self._clock()) > 0:
            self._sleep(wait)
        self.requests += 1
        begin, parts, size = self._clock(), [], 0
        try:
            with self._client.stream(method, address, headers=dict(headers)) as response:
                for part in response.iter_bytes(64 * 1024):
                    parts.append(part[: max_bytes - size])
                    size += len(part)
                    if size >= max_bytes or self._clock() - begin > _SECONDS:
                        break
                return response, b"".join(parts)
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise RefusedError(f"{_host(address)}: cannot be asked ({_plain(error)})") from error
        finally:
            self._free[host] = self._clock() + self.delay

    def _checked(self, url: str) -> str:
        """The address to ask for `url`; RefusedError if it must not be asked."""
        if _origin(url) in self._trusted:
            return url
        if not is_http(url):
            raise RefusedError(f"{_plain(url)[:80]}: not a web address that can be read")
        host = urlsplit(url).hostname or ""
        try:
            numbers = [ipaddress.ip_address(host.strip("[]"))]
        except ValueError:
            numbers = [] if self._gateway else self._numbers(host)
        inside = "." not in host and ":" not in host  # `localhost`, or a name of the local network
        inside = inside or host.endswith((".localhost", ".local", ".internal"))
        if inside or any(not n.is_global or n.is_multicast for n in numbers):
            raise RefusedError(f"{host}: not an address of the public web")
        return f"{self._gateway}?url={quote(url, safe='')}" if self._gateway else url

    def _numbers(self, host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
            return []  # the proxy resolves names, and decides what may be reached
        try:
            found = self._resolve(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise SourceError(f"{host}: the name is not known") from error
        return [ipaddress.ip_address(item[4][0].partition("%")[0]) for item in found]


def _delay() -> float:
    raw = os.environ.get("MI_INDEX_WEB_DELAY") or "1"
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 600:
        raise SettingsError(
            f"MI_INDEX_WEB_DELAY={raw!r}: seconds between two requests are expected, a number from 0 to 600"
        )
    return value


def _base(name: str, default: str) -> str:
    variable = f"MI_INDEX_{name.upper()}_URL"
    base = (os.environ.get(variable) or default).rstrip("/")
    if base and not is_http(base):
        raise SettingsError(f"{variable}={base!r}: an address that begins with https:// or http:// is expected")
    return base


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        return ""


def _host(url: str) -> str:
    try:
        return _plain(urlsplit(url).netloc or url)
    except ValueError:
        return _plain(url)


def _plain(text: object, limit: int = 160) -> str:
    """Text of others so that it can stand in a message: one line, printable, short."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"
