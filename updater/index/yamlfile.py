"""YAML as the index keeps it: read with line numbers, written in one canonical form, comments kept.

Reading goes through libyaml (the C loader) and keeps every scalar a string, so that `2401.10020` stays an id and `no` a
word; pydantic gives types afterwards. Writing is by entry: an entry that did not change keeps its bytes, so that the diff of
a run is no larger than what the run did.

The format is a subset of YAML 1.2 (https://yaml.org/spec/1.2.2/) that YAML 1.1 readers understand in the same way: block
mappings at the outside, flow lists and mappings inside, plain scalars where both versions read a string, double quotes
elsewhere. Anchors, aliases, tags and several documents in a file are refused.
"""

from __future__ import annotations

import contextlib
import gc
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from updater.errors import DataError

Value = str | list["Value"] | dict[str, "Value"]

_BREAK: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
"""What counts as the end of a line in YAML 1.1 beside the line feed (https://yaml.org/spec/1.1/#b-char)."""
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_MAX_BYTES: Final = 32 * 1024 * 1024


@contextlib.contextmanager
def no_gc() -> Iterator[None]:
    """Pause cyclic garbage collection: building a million small objects is three times quicker without it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(slots=True)
class Problem:
    """One thing wrong in a file, in the form that editors and CI understand."""

    path: str
    line: int
    message: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.path}:{self.line}: {self.message}{hint}"


@dataclass(slots=True)
class Parsed:
    """A file's value together with the nodes it came from, so that any part of it can be traced to its line."""

    value: Any
    node: yaml.Node | None
    problems: list[Problem]

    def line(self, *loc: str | int) -> int:
        """Line (from 1) of the part at `loc`, or of the nearest part above it that exists."""
        return line_of(self.node, loc)


def line_of(node: yaml.Node | None, loc: Sequence[str | int]) -> int:
    """Line (from 1) of the part of `node` at `loc`; of the last part that exists where `loc` leads nowhere."""
    line = node.start_mark.line + 1 if node is not None else 1
    for step in loc:
        below: yaml.Node | None = None
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
            below = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    line, below = key.start_mark.line + 1, value
                    break
        if below is None:
            return line
        node = below
        if not isinstance(step, str):
            line = node.start_mark.line + 1
    return line


def parse(text: str, path: str) -> Parsed:
    """Parse one file.

    Raises
    ------
    DataError
        The text is not YAML, or not of the subset described above; the message starts with `path:line:`.
    """
    if len(text) > _MAX_BYTES:
        raise DataError(f"{path}:1: the file is larger than {_MAX_BYTES // 2**20} MiB (split it by month)")
    try:
        with no_gc():
            node = yaml.compose(text, Loader=_LOADER)
            problems: list[Problem] = []
            value = _construct(node, path, problems, set()) if node is not None else []
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = str(error.problem or error.context or "not YAML")
        raise DataError(f"{path}:{line}: YAML syntax error: {what}{_syntax_hint(text, line)}") from error
    except yaml.YAMLError as error:  # a character that YAML forbids
        raise DataError(f"{path}:{_bad_character_line(text)}: not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise DataError(f"{path}:1: nested too deeply (the format needs three levels at the most)") from error
    return Parsed(value, node, problems)


def _syntax_hint(text: str, line: int) -> str:
    lines = text.splitlines()
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in here:
        return " (indent with spaces, not with a tab)"
    if re.search(r":\s+[^\"'\[{].*:\s", here):
        return ' (a text with a colon in it needs quotes: title: "A: B")'
    return " (look at this line and the one above it: a quote, bracket or indentation is off)"


def _bad_character_line(text: str) -> int:
    lines = text.split("\n")
    return next((n for n, line in enumerate(lines, 1) if yaml.reader.Reader.NON_PRINTABLE.search(line)), 1)


def _construct(node: yaml.Node, path: str, problems: list[Problem], seen: set[int]) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if id(node) in seen:
        raise DataError(
            f"{path}:{node.start_mark.line + 1}: an alias (*name) is not allowed here (write the value out)"
        )
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, path, problems, seen) for item in node.value]
    out: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DataError(
                f"{path}:{key.start_mark.line + 1}: a key must be one word (a list or mapping cannot be a key)"
            )
        if key.value in out:
            problems.append(
                Problem(path, key.start_mark.line + 1, f"the key {key.value!r} stands here twice", "remove one of them")
            )
            continue
        out[key.value] = _construct(value, path, problems, seen)
    return out


# ---------------------------------------------------------------------------------------------------------------------
# Writing

# What both YAML 1.1 and 1.2 would read as something other than a string when it stands plain.
_SPECIAL: Final = re.compile(
    r"(?:~|null|true|false|yes|no|on|off|y|n|[-+]?(?:\.inf|\.nan)|\.nan|=|<<"
    r"|[-+]?[0-9][0-9_,]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|[-+]?\.[0-9_]+(?:e[-+]?[0-9]+)?"
    r"|0x[0-9a-f_]+|0o?[0-7_]+|0b[01_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?)",
    re.IGNORECASE,
)
_PLAIN_START: Final = re.compile(r"[^\W_]|[(]")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def _is_plain(text: str, *, flow: bool) -> bool:
    if not text or text != text.strip() or not _PLAIN_START.match(text):
        return False
    if any(
        ord(c) < 32 or 0x7F <= ord(c) <= 0xA0 or c in "\u2028\u2029\ufeff" or 0xD800 <= ord(c) <= 0xDFFF for c in text
    ):
        return False
    if ": " in text or " #" in text or text.endswith(":") or _SPECIAL.fullmatch(text):
        return False
    if "\U00010000" <= max(text) or "\ufffe" in text or "\uffff" in text:
        return False
    return not (flow and re.search(r"[,\[\]{}?]|:(?!//)", text))


def scalar(text: str, *, flow: bool = False, day: bool = False) -> str:
    """One string as YAML: plain where every reader sees a string, in double quotes elsewhere.

    `flow` is for places inside `[...]` or `{...}`; `day` lets a full date stand plain, as in `date: 2022-11-01`.
    """
    if _is_plain(text, flow=flow) or (day and _DAY.fullmatch(text)):
        return text
    # JSON strings are YAML double-quoted strings, but for characters that YAML wants escaped.
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x84\x86-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]", lambda m: f"\\u{ord(m.group()):04x}", quoted
    ).replace("\x85", "\\u0085")


def flow(value: Any) -> str:
    """A string, list or mapping in flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(k), flow=True)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(_text(value), flow=True)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _line(key: str, value: Any) -> str:
    if isinstance(value, Mapping | list | tuple):
        return f"{key}: {flow(value)}"
    if isinstance(value, bool):
        return f"{key}: {_text(value)}"
    return f"{key}: {scalar(_text(value), day=key == 'date')}"


def entry_lines(data: Mapping[str, Any]) -> list[str]:
    """The canonical lines of one entry of a list file, one line a key, without a line end."""
    return [("- " if n == 0 else "  ") + _line(key, value) for n, (key, value) in enumerate(data.items())]


# ---------------------------------------------------------------------------------------------------------------------
# List files with their comments


@dataclass(slots=True)
class Entry:
    """One entry of a list file: its data, the comments above it, and its text as it stands in the file."""

    data: dict[str, Any] | str
    above: list[str] = field(default_factory=list)
    source: list[str] | None = None
    """The lines of the file; None once the entry was changed or if it is new."""
    comments: dict[str, list[str]] = field(default_factory=dict)
    """Comment lines inside the entry, by the key above which they stand."""
    trailing: dict[str, str] = field(default_factory=dict)
    """Comments behind a value, by key."""
    below: list[str] = field(default_factory=list)
    line: int = 0

    @property
    def id(self) -> str:
        """The entry's id: the entry itself in files that list nothing but ids."""
        return self.data if isinstance(self.data, str) else str(self.data.get("id", ""))

    def replace(self, data: dict[str, Any]) -> None:
        """Give the entry new data; comments stay with their keys, those of a key that is gone move above the entry."""
        if isinstance(self.data, dict) and list(data.items()) == list(self.data.items()):
            return
        self.data, self.source = data, None

    def lines(self, *, compact: bool, canonical: bool = False) -> list[str]:
        """The entry's lines; as they stand in the file unless it changed or `canonical` asks for the one form."""
        if self.source is not None and not canonical:
            return [*self.above, *self.source]
        if isinstance(self.data, str):
            tail = f"  {self.trailing['']}" if "" in self.trailing else ""
            return [*self.above, f"- {scalar(self.data)}{tail}"]
        gone = [c for key, lines in self.comments.items() if key not in self.data for c in lines]
        gone += [c for key, c in self.trailing.items() if key not in self.data]
        if compact:
            inner = [c for key in self.data for c in self.comments.get(key, [])]
            tails = " ".join(self.trailing[key] for key in self.data if key in self.trailing)
            text = f"- {flow(self.data)}" + (f"  {tails}" if tails else "")
            return [*self.above, *gone, *inner, text, *self.below]
        out = [*self.above, *gone]
        for n, (key, value) in enumerate(self.data.items()):
            notes = self.comments.get(key, [])
            out += notes if n == 0 else [f"  {note}" for note in notes]
            tail = f"  {self.trailing[key]}" if key in self.trailing else ""
            out.append(("- " if n == 0 else "  ") + _line(key, value) + tail)
        return out + [f"  {note}" for note in self.below]


@dataclass(slots=True)
class ListFile:
    """A YAML file that is a list of entries, the form of everything a contributor touches."""

    path: str
    entries: list[Entry] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    footer: list[str] = field(default_factory=list)
    compact: bool = False
    """One entry a line, no blank lines between (id lists); otherwise one key a line."""
    _by_id: dict[str, Entry] | None = None
    """The entries by id; None before it is asked for and after something was dropped."""

    @classmethod
    def parse(cls, text: str, path: str, *, compact: bool = False) -> ListFile:
        """Read a list file with its comments.

        Raises
        ------
        DataError
            It is not YAML, or not a list; the message names file and line.
        """
        text = _BREAK.sub("\n", text.removeprefix("\ufeff"))
        parsed = parse(text, path)
        out = cls(path, compact=compact)
        lines = text.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        node = parsed.node
        if node is None:
            out.header = [line for line in lines if line.strip()]
            return out
        if not isinstance(node, yaml.SequenceNode):
            raise DataError(f"{path}:{node.start_mark.line + 1}: a list is expected here (each entry begins with `- `)")
        if node.flow_style:
            if node.value:
                raise DataError(f"{path}:{node.start_mark.line + 1}: write one entry a line, each beginning with `- `")
            out.header = [line for line in lines if line.lstrip().startswith("#")]
            return out
        notes = _comments(text)
        starts = _starts(lines, node)
        first = starts[0] if starts else len(lines)
        out.header, above = _split_header(lines[:first])
        for n, item in enumerate(node.value):
            stop = starts[n + 1] if n + 1 < len(starts) else len(lines)
            own = lines[starts[n] : stop]
            rest: list[str] = []
            while own and (not own[-1].strip() or own[-1].startswith("#") or own[-1].rstrip() == "..."):
                rest.insert(0, own.pop())
            rest = [
                line for line in rest if line.strip() and line.rstrip() != "..."
            ]  # the end of the document goes without
            indented = not lines[starts[n]].startswith("-")  # would not fit beside new entries
            entry = Entry(parsed.value[n], above=above, source=None if indented else own, line=starts[n] + 1)
            _place_comments(entry, item, notes, starts[n], starts[n] + len(own))
            out.entries.append(entry)
            above = rest
        out.footer = above
        return out

    def render(self, *, canonical: bool = False) -> str:
        """The file's text. Entries that did not change keep their bytes unless `canonical` is set."""
        blocks: list[str] = []
        if self.header:
            blocks.append("\n".join(self.header) + "\n")
        bodies = ["\n".join(e.lines(compact=self.compact, canonical=canonical)) + "\n" for e in self.entries]
        if self.compact:
            blocks += ["".join(bodies)] if bodies else []
        else:
            blocks += bodies
        if not self.entries:
            blocks.append("[]\n")
        if self.footer:
            blocks.append("\n".join(self.footer) + "\n")
        return "\n".join(blocks)

    def find(self, id_: str) -> Entry | None:
        """The entry with this id, if there is one; the first if there are several."""
        if self._by_id is None:
            self._by_id = {}
            for entry in self.entries:
                self._by_id.setdefault(entry.id, entry)
        return self._by_id.get(id_)

    def put(self, data: dict[str, Any] | str) -> None:
        """Add an entry, or change the one with the same id."""
        id_ = data if isinstance(data, str) else str(data["id"])
        if (entry := self.find(id_)) is None:
            self.entries.append(new := Entry(data))
            if self._by_id is not None:
                self._by_id[id_] = new
        elif isinstance(data, dict):
            entry.replace(data)

    def drop(self, id_: str) -> None:
        """Remove the entry with this id, if there is one; comments above it go with it."""
        if self.find(id_) is not None:
            self.entries = [e for e in self.entries if e.id != id_]
            self._by_id = None

    def sort(self, key: Any = None) -> None:
        """Put the entries in canonical order: by id."""
        self.entries.sort(key=key or (lambda e: e.id))


def _starts(lines: list[str], node: yaml.SequenceNode) -> list[int]:
    """Index of the line on which each entry's dash stands (the node itself may begin a line later)."""
    out = []
    for item in node.value:
        n = item.start_mark.line
        while n > 0 and not re.match(r"\s*-(\s|$)", lines[n]):
            n -= 1
        out.append(n)
    return out


def _split_header(lines: list[str]) -> tuple[list[str], list[str]]:
    """Comments at the top of a file: what a blank line sets apart is the file's, what touches the entry is the entry's."""
    body = [line.rstrip() for line in lines]
    while body and not body[-1]:
        body.pop()
    if len(body) < len(lines):
        return [line for line in body if line], []
    for n in range(len(body) - 1, -1, -1):
        if not body[n]:
            return [line for line in body[:n] if line], body[n + 1 :]
    own = [line for line in body if "yaml-language-server" in line or line.startswith("%") or line == "---"]
    return own, [line for line in body if line not in own]


def _comments(text: str) -> list[tuple[int, int, str]]:
    """(line from 0, column, text) of every comment: what stands between two tokens of the scanner and begins with `#`."""
    if "#" not in text:
        return []
    lines = text.split("\n")
    out: list[tuple[int, int, str]] = []
    at = (0, 0)
    for token in yaml.scan(text, Loader=getattr(yaml, "CLoader", yaml.Loader)):
        start = (token.start_mark.line, token.start_mark.column)
        _gap(lines, at, start, out)
        at = max(at, (token.end_mark.line, token.end_mark.column))
    _gap(lines, at, (len(lines), 0), out)
    return out


def _gap(lines: list[str], start: tuple[int, int], stop: tuple[int, int], out: list[tuple[int, int, str]]) -> None:
    for n in range(start[0], min(stop[0] + 1, len(lines))):
        left = start[1] if n == start[0] else 0
        right = stop[1] if n == stop[0] else len(lines[n])
        column = lines[n].find("#", left, right)
        if column >= 0 and (column == 0 or lines[n][column - 1] in " \t") and (not out or out[-1][0] != n):
            out.append((n, column, lines[n][column:].rstrip()))


def _place_comments(
    entry: Entry, node: yaml.Node, notes: Iterable[tuple[int, int, str]], start: int, stop: int
) -> None:
    """Tie each comment inside the entry to a key: behind a value on its last line, else above the next key."""
    mine = [note for note in notes if start <= note[0] < stop]
    if not mine:
        return
    if not isinstance(node, yaml.MappingNode):
        entry.trailing[""] = " ".join(text for _, _, text in mine)
        return
    spans = [(key.value, key.start_mark.line, _end_line(value)) for key, value in node.value]
    for line, _, text in mine:
        behind = next((k for k, first, last in spans if last == line), None)
        if behind is not None and behind not in entry.trailing:
            entry.trailing[behind] = text
            continue
        after = next((k for k, first, last in spans if last >= line), None)
        if after is None:
            entry.below.append(text)
        else:
            entry.comments.setdefault(after, []).append(text)


def _end_line(node: yaml.Node) -> int:
    """The line on which a value ends; block scalars and block collections end before the line of their end mark."""
    mark = node.end_mark
    ends_before = mark.column == 0 or (isinstance(node, yaml.CollectionNode) and not node.flow_style)
    return max(node.start_mark.line, mark.line - 1) if ends_before else int(mark.line)
