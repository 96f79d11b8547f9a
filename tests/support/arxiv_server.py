"""A small stand-in for arXiv's search API, OAI-PMH and daily feeds, in this process, over made-up works.

It answers as arXiv does and can be told to misbehave: `server.script` is asked about every request and returns a
`Reply` to send instead of, or a function to bend, the honest one. Beyond arXiv's common faults it plays deleted records,
lists that change while they are read, lost resumption tokens, refusals, and answers that never end.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import textwrap
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .works import Work

ATOM = "http://www.w3.org/2005/Atom"
ARXIV = "http://arxiv.org/schemas/atom"
SEARCH = "http://a9.com/-/spec/opensearch/1.1/"
OAI = "http://www.openarchives.org/OAI/2.0/"
RAW = "http://arxiv.org/OAI/arXivRaw/"
DC = "http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True)
class Reply:
    """What goes over the wire."""

    body: bytes
    status: int = 200
    type: str = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Send so many bytes of the body and hang up."""
    tell_length: bool = True
    chunked: bool = False
    """Send the body in chunks, as a server does that does not know the length."""
    hang_up: bool = False
    """Close the connection without a word."""
    seconds: float = 0.0
    """Sleep before answering."""
    drip: float = 0.0
    """Sleep between bytes."""


@dataclass(frozen=True)
class Request:
    """One request as the script sees it."""

    number: int
    """Counted from 1."""
    path: str
    query: dict[str, str]
    agent: str


Script = Callable[[Request, Reply], Reply]


class ArxivServer:
    """The stand-in. Use `running()`."""

    def __init__(self, works: list[Work], today: dt.date) -> None:
        self.works = list(works)
        self.today = today
        self.responded = dt.datetime.combine(today, dt.time(12), dt.UTC)
        """The time that OAI-PMH puts into its answers."""
        self.script: Script = lambda _, reply: reply
        self.requests: list[Request] = []
        self.page = 1000
        """Records on a page of OAI-PMH."""
        self.feed_limit = 2000
        self.lost_tokens: set[str] = set()
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[ArxivServer]:
        """Serve on a free port of the loopback address until the block ends."""
        handler = type("Handler", (_Handler,), {"arxiv": self})
        server = _Server(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        path = request.path
        if path == "/api/query":
            reply = self.api(request.query)
        elif path == "/oai":
            reply = self.oai(request.query)
        elif path.startswith(("/rss/", "/atom/")):
            _, kind, categories = path.split("/", 2)
            reply = self.rss(categories) if kind == "rss" else self.atom(categories)
        else:
            reply = Reply(b"not found", 404, "text/plain")
        return self.script(request, reply)

    # --- the search API --------------------------------------------------------------------------------------------

    def visible(self) -> list[Work]:
        gone = [w for w in self.works if w.deleted and w.deleted <= self.today]
        return [w for w in self.works if w.announced <= self.today and w not in gone]

    def api(self, query: dict[str, str]) -> Reply:
        start, size = int(query.get("start", "0")), int(query.get("max_results", "10"))
        if size > 2000 or start >= 30000:
            return Reply(_feed([], 0, start, error="out of range"), 400, "application/atom+xml")
        works = sorted(self.visible(), key=lambda w: (w.submitted, w.id))
        if ids := [i for i in query.get("id_list", "").split(",") if i]:
            works = [w for w in works if w.id in ids]
        else:
            search = query["search_query"]
            categories = {t.removeprefix("cat:") for t in search.replace("(", " ").replace(")", " ").split()}
            first, last = search.partition("submittedDate:[")[2].rstrip("]").split(" TO ")
            works = [
                w for w in works if categories & set(w.categories) and first <= f"{w.submitted:%Y%m%d%H%M}" <= last
            ]
        page = works[start : start + size]
        return Reply(
            _feed([self._entry(w) for w in page], len(works), start), type="application/atom+xml; charset=utf-8"
        )

    def _entry(self, work: Work) -> ET.Element:
        version, shown = work.version(self.today), work.now(self.today)
        entry = ET.Element(f"{{{ATOM}}}entry")
        _add(entry, ATOM, "id", f"http://arxiv.org/abs/{work.id}v{version}")
        changed = work.replaced if version == 2 and work.replaced else work.submitted
        _add(entry, ATOM, "updated", f"{changed:%Y-%m-%dT%H:%M:%SZ}")
        _add(entry, ATOM, "published", f"{work.submitted:%Y-%m-%dT%H:%M:%SZ}")
        _add(entry, ATOM, "title", textwrap.fill(shown.title, 30, break_on_hyphens=False, subsequent_indent="  "))
        _add(entry, ATOM, "summary", f"  {textwrap.fill(shown.abstract, 80, break_on_hyphens=False)}\n")
        for name in work.authors:
            _add(_add(entry, ATOM, "author"), ATOM, "name", name.partition(" (")[0])
        comment = "withdrawn" if work.withdrawn and version == 2 else work.comment
        for tag, text in (("doi", work.doi), ("comment", comment), ("journal_ref", work.journal_ref)):
            if text:
                _add(entry, ARXIV, tag, text)
        _add(entry, ARXIV, "primary_category").set("term", work.categories[0])
        for term in (*reversed(work.categories), "68T50", "I.2.7"):
            _add(entry, ATOM, "category").set("term", term)
        return entry

    # --- OAI-PMH -----------------------------------------------------------------------------------------------------

    def oai(self, query: dict[str, str]) -> Reply:
        root = ET.Element(f"{{{OAI}}}OAI-PMH")
        _add(root, OAI, "responseDate", f"{self.responded:%Y-%m-%dT%H:%M:%SZ}")
        verb = query.get("verb", "")
        if verb == "GetRecord":
            name = query["identifier"].removeprefix("oai:arXiv.org:")
            works = [w for w in self.visible() if w.id == name]
            if not works:
                return _error(root, "idDoesNotExist")
            _add(root, OAI, verb).append(self._record(works[0]))
            return Reply(ET.tostring(root))
        if verb != "ListRecords":
            return _error(root, "badVerb")
        if token := query.get("resumptionToken"):
            if token in self.lost_tokens:
                return _error(root, "badResumptionToken")
            first, last, name, at = token.split("|")
        else:
            first, last, name, at = query.get("from", ""), query.get("until", ""), query.get("set", ""), "0"
        listed = [w for w in self.works if w.announced <= self.today and _in_set(w, name)]
        listed = [w for w in listed if (first or "0") <= f"{w.stamp(self.today)}" <= (last or "9")]
        listed.sort(key=lambda w: (w.stamp(self.today), w.id))
        if not listed:
            return _error(root, "noRecordsMatch")
        start = int(at)
        answer = _add(root, OAI, verb)
        for work in listed[start : start + self.page]:
            answer.append(self._record(work))
        if start + self.page < len(listed) or start:
            more = f"{first}|{last}|{name}|{start + self.page}" if start + self.page < len(listed) else ""
            element = _add(answer, OAI, "resumptionToken", more)
            element.set("completeListSize", str(len(listed)))
        return Reply(ET.tostring(root))

    def _record(self, work: Work) -> ET.Element:
        version, shown = work.version(self.today), work.now(self.today)
        record = ET.Element(f"{{{OAI}}}record")
        header = _add(record, OAI, "header")
        _add(header, OAI, "identifier", f"oai:arXiv.org:{work.id}")
        _add(header, OAI, "datestamp", f"{work.stamp(self.today)}")
        if work.deleted and work.deleted <= self.today:
            header.set("status", "deleted")
            return record
        raw = _add(_add(record, OAI, "metadata"), RAW, "arXivRaw")
        _add(raw, RAW, "id", work.id)
        for number, moment in enumerate([work.submitted, work.replaced][:version], start=1):
            assert moment is not None
            element = _add(raw, RAW, "version")
            element.set("version", f"v{number}")
            _add(element, RAW, "date", email.utils.format_datetime(moment, usegmt=True))
        _add(raw, RAW, "title", shown.title)
        *before, last = work.authors
        _add(raw, RAW, "authors", f"{', '.join(before)} and {last}" if before else last)
        _add(raw, RAW, "categories", " ".join(work.categories))
        for tag, text in (("comments", work.comment), ("journal-ref", work.journal_ref), ("doi", work.doi)):
            if text:
                _add(raw, RAW, tag, text)
        _add(raw, RAW, "abstract", f"  {textwrap.fill(shown.abstract, 80)}\n")
        return record

    # --- feeds -------------------------------------------------------------------------------------------------------

    def announcement(self, categories: str) -> list[tuple[Work, int, str]]:
        wanted = set(categories.split("+"))
        out = []
        for work in self.visible():
            if not wanted & set(work.categories):
                continue
            own = work.categories[0] in wanted
            if work.announced == self.today:
                out.append((work, 1, "new" if own else "cross"))
            elif work.version(self.today) == 2 and work.replaced_announced == self.today:
                out.append((work, 2, "replace" if own else "replace-cross"))
        return out[: self.feed_limit]

    def rss(self, categories: str) -> Reply:
        root = ET.Element("rss", version="2.0")
        channel = ET.SubElement(root, "channel")
        when = f"{self.today:%a, %d %b %Y} 00:00:00 -0400"
        ET.SubElement(channel, "title").text = f"{categories} updates on arXiv.org"
        ET.SubElement(channel, "pubDate").text = when
        for work, version, kind in self.announcement(categories):
            item = ET.SubElement(channel, "item")
            ET.SubElement(item, "title").text = work.now(self.today).title
            ET.SubElement(item, "link").text = f"https://arxiv.org/abs/{work.id}"
            text = f"arXiv:{work.id}v{version} Announce Type: {kind} \nAbstract: {work.abstract}"
            ET.SubElement(item, "description").text = text
            ET.SubElement(item, "guid", isPermaLink="false").text = f"oai:arXiv.org:{work.id}v{version}"
            ET.SubElement(item, f"{{{ARXIV}}}announce_type").text = kind
            ET.SubElement(item, f"{{{DC}}}creator").text = ", ".join(work.authors)
        return Reply(ET.tostring(root), type="application/rss+xml")

    def atom(self, categories: str) -> Reply:
        root = ET.Element(f"{{{ATOM}}}feed")
        _add(root, ATOM, "updated", f"{self.today}T00:00:00-04:00")
        for work, version, kind in self.announcement(categories):
            entry = _add(root, ATOM, "entry")
            _add(entry, ATOM, "id", f"oai:arXiv.org:{work.id}v{version}")
            _add(entry, ATOM, "title", work.now(self.today).title)
            _add(entry, ATOM, "link").set("href", f"https://arxiv.org/abs/{work.id}")
            _add(entry, ATOM, "summary", f"arXiv:{work.id}v{version} Announce Type: {kind} \nAbstract: {work.abstract}")
            _add(entry, ARXIV, "announce_type", kind)
        return Reply(ET.tostring(root), type="application/atom+xml")


def _add(parent: ET.Element, space: str, tag: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, f"{{{space}}}{tag}")
    element.text = text
    return element


def _feed(entries: list[ET.Element], total: int, start: int, error: str = "") -> bytes:
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, SEARCH, "totalResults", str(total))
    _add(root, SEARCH, "startIndex", str(start))
    _add(root, SEARCH, "itemsPerPage", str(len(entries)))
    if error:
        entry = _add(root, ATOM, "entry")
        _add(entry, ATOM, "id", "http://arxiv.org/api/errors#made_up")
        _add(entry, ATOM, "title", "Error")
        _add(entry, ATOM, "summary", error)
    root.extend(entries)
    return ET.tostring(root, xml_declaration=True, encoding="UTF-8")


def _error(root: ET.Element, code: str) -> Reply:
    _add(root, OAI, "error", "made up").set("code", code)
    return Reply(ET.tostring(root))


def _in_set(work: Work, name: str) -> bool:
    *_, leaf = parts = name.split(":")
    if len(parts) < 3:
        return not name or any(c.partition(".")[0] == leaf for c in work.categories)
    return f"{parts[1]}.{leaf}" in work.categories


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    arxiv: ArxivServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        number = len(self.arxiv.requests) + 1
        reply = self.arxiv.answer(Request(number, parts.path, query, self.headers.get("User-Agent", "")))
        time.sleep(reply.seconds)
        if reply.hang_up or reply.cut is not None or not (reply.tell_length or reply.chunked):
            self.close_connection = True
        if reply.hang_up:
            self.connection.close()
            return
        self.send_response(reply.status)
        headers = {"Content-Type": reply.type, **reply.headers}
        if reply.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif reply.tell_length:
            headers["Content-Length"] = str(len(reply.body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):
            self._send(reply, reply.body if reply.cut is None else reply.body[: reply.cut])

    def _send(self, reply: Reply, body: bytes) -> None:
        if reply.chunked:
            for at in range(0, len(body), 1000):
                part = body[at : at + 1000]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n" if reply.cut is None else b"")
        elif reply.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(reply.drip)
        else:
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
