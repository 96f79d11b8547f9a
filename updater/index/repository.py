"""The index as a whole: where its files are, how they are read, how a change is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from updater.errors import DataError
from updater.index import counts
from updater.index import state as state_file
from updater.index import taxonomy as taxonomy_file
from updater.index import traces as traces_file
from updater.index.model import Borderline, Gone, Model, Paper, Queued, Rejected, Resource, Snapshot
from updater.index.state import State
from updater.index.taxonomy import Taxonomy
from updater.index.traces import Trace
from updater.index.transaction import Transaction, settle
from updater.index.validate import load_model, model_problems
from updater.index.yamlfile import ListFile, Problem, flow, no_gc, parse, scalar
from updater.settings import Settings
from updater.settings import load as load_settings

PAPERS: Final = "resources/papers"
REJECTED: Final = "resources/rejected.yml"
BORDERLINE: Final = "resources/borderline.yml"
BACKGROUND: Final = "resources/background.yml"
QUEUE: Final = "resources/queue.yml"
GONE: Final = "resources/gone.yml"
SNAPSHOTS: Final = "resources/snapshots.yml"
COMPACT: Final = frozenset({REJECTED, BORDERLINE, BACKGROUND, GONE})
"""Files with one entry a line."""

M = TypeVar("M", bound=Model)


@dataclass(slots=True)
class Place:
    """Where an entry stands."""

    path: str
    line: int


@dataclass(slots=True)
class Index:
    """Everything under resources/, by id."""

    papers: dict[str, Paper] = field(default_factory=dict)
    resources: dict[str, list[Resource]] = field(default_factory=dict)
    """By the kind's slug, in the order of the file."""
    rejected: dict[str, Rejected] = field(default_factory=dict)
    borderline: dict[str, Borderline] = field(default_factory=dict)
    background: frozenset[str] = frozenset()
    queue: dict[str, Queued] = field(default_factory=dict)
    gone: dict[str, Gone] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    state: State = field(default_factory=State)
    traces: dict[str, Trace] = field(default_factory=dict)
    citations: dict[str, int] = field(default_factory=dict)
    """How often papers are cited, where it is known."""
    places: dict[str, Place] = field(default_factory=dict)
    """Where each paper and resource stands."""

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Id and address of everything known, listed or not, one pair for each address."""
        links = [(id_, paper.links) for id_, paper in self.papers.items()]
        links += [(id_, queued.links) for id_, queued in self.queue.items()]
        yield from ((id_, url) for id_, found in links for url in found.model_dump(exclude_none=True).values())
        yield from ((entry.id, entry.url) for entries in self.resources.values() for entry in entries)
        urls = [(id_, rejected.url) for id_, rejected in self.rejected.items()]
        urls += [(id_, borderline.url) for id_, borderline in self.borderline.items()]
        urls += [(id_, gone.url) for id_, gone in self.gone.items()]
        yield from ((id_, url) for id_, url in urls if url)

    def touched(self, paper: Paper) -> bool:
        """Whether a person wrote or changed the entry: it is curated, or not what the machine last wrote."""
        if paper.status == "curated":
            return True
        trace = self.traces.get(paper.id)
        return trace is None or trace.fingerprint != traces_file.fingerprint(paper.to_data())


class Repository:
    """The index at one folder (`--root`)."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @cached_property
    def settings(self) -> Settings:
        """resources/settings.yml; SettingsError if it is wrong."""
        return load_settings(self.root)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """resources/taxonomy.yml; SettingsError if it is wrong."""
        return taxonomy_file.load(self.root)

    def load(self) -> Index:
        """Read everything.

        Raises
        ------
        DataError
            Something under resources/ is wrong; every problem stands in the message, one a line.
        SettingsError
            The settings or the taxonomy are wrong.
        """
        index, problems = self.read()
        if problems:
            raise DataError("\n".join(map(str, problems)))
        return index

    def read(self) -> tuple[Index, list[Problem]]:
        """Read everything that can be read, and tell what could not be."""
        settle(self.root)
        index = Index()
        problems: list[Problem] = []
        with no_gc():
            for path in self.paper_files():
                for paper, line in self._entries(path, Paper, problems):
                    self._unique(index, paper.id, Place(path, line), problems)
                    index.papers.setdefault(paper.id, paper)
            for kind in self.taxonomy.kinds:
                path = f"resources/{kind.file}.yml"
                index.resources[kind.slug] = []
                for resource, line in self._entries(path, Resource, problems):
                    self._unique(index, resource.id, Place(path, line), problems)
                    index.resources[kind.slug].append(resource)
            index.rejected = {e.id: e for e, _ in self._entries(REJECTED, Rejected, problems)}
            index.borderline = {e.id: e for e, _ in self._entries(BORDERLINE, Borderline, problems)}
            index.queue = {e.id: e for e, _ in self._entries(QUEUE, Queued, problems)}
            index.gone = {e.id: e for e, _ in self._entries(GONE, Gone, problems)}
            index.snapshots = {e.id: e for e, _ in self._entries(SNAPSHOTS, Snapshot, problems)}
            index.background = frozenset(self._ids(BACKGROUND, problems))
            if (self.root / state_file.FILE).exists():
                index.state = load_model(self.root, state_file.FILE, State)
            for file in sorted((self.root / traces_file.FOLDER).glob("*.jsonl")):
                path = file.relative_to(self.root).as_posix()
                index.traces.update(traces_file.parse(file.read_bytes(), path))
            index.citations = counts.citations(self.root)
        return index, problems

    def paper_files(self) -> list[str]:
        """Paths of the month files, in order."""
        return sorted(p.relative_to(self.root).as_posix() for p in (self.root / PAPERS).glob("*.yml"))

    def _text(self, path: str, problems: list[Problem]) -> str | None:
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            problems.append(
                Problem(path, 1, f"not UTF-8: {error.reason} at byte {error.start}", "save the file as UTF-8")
            )
        except OSError as error:
            problems.append(Problem(path, 1, f"cannot be read: {error.strerror}"))
        return None

    def _parse(self, path: str, problems: list[Problem]) -> tuple[list[Any], list[Any]]:
        """Values and nodes of the list in a file; both empty, and a problem noted, if it cannot be read."""
        text = self._text(path, problems)
        if text is None:
            return [], []
        try:
            parsed = parse(text, path)
        except DataError as error:
            path_, line, message = str(error).split(":", 2)
            problems.append(Problem(path_, int(line), message.strip()))
            return [], []
        problems += parsed.problems
        if not isinstance(parsed.value, list):
            problems.append(Problem(path, 1, "a list is expected here", "begin each entry with `- `"))
            return [], []
        return parsed.value, (parsed.node.value if parsed.node is not None else [])

    def _entries(self, path: str, model: type[M], problems: list[Problem]) -> Iterator[tuple[M, int]]:
        values, nodes = self._parse(path, problems)
        context = {"taxonomy": self.taxonomy}
        for value, node in zip(values, nodes, strict=True):
            try:
                yield model.model_validate(value, context=context), node.start_mark.line + 1
            except ValidationError as error:
                problems += model_problems(error, model, node, path)

    def _ids(self, path: str, problems: list[Problem]) -> list[str]:
        values, nodes = self._parse(path, problems)
        for value, node in zip(values, nodes, strict=True):
            if not isinstance(value, str):
                problems.append(
                    Problem(path, node.start_mark.line + 1, "an id is expected here", 'write - "2211.00593"')
                )
        return [value for value in values if isinstance(value, str)]

    @staticmethod
    def _unique(index: Index, id_: str, place: Place, problems: list[Problem]) -> None:
        if (first := index.places.get(id_)) is not None:
            where = f"{first.path}:{first.line}"
            problems.append(
                Problem(place.path, place.line, f"the id {id_!r} is taken already at {where}", "merge the two")
            )
        else:
            index.places[id_] = place

    def edit(self) -> Editor:
        """Begin a change."""
        return Editor(self)


class Editor:
    """One change of the index: entries put into and taken out of its files, then written together.

    Only files that an entry was put into or dropped from are read and written, and only the entries concerned change their
    bytes.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.transaction = Transaction(repository.root)
        self._files: dict[str, ListFile] = {}
        self._changed: set[str] = set()

    def file(self, path: str) -> ListFile:
        """The list file at `path`, read when first asked for; a new one with its schema line if there is none."""
        if path not in self._files:
            full = self.repository.root / path
            compact = path in COMPACT
            if full.exists():
                self._files[path] = ListFile.parse(full.read_text(encoding="utf-8"), path, compact=compact)
            else:
                self._files[path] = ListFile(path, header=[schema_line(path)], compact=compact)
        return self._files[path]

    def put(self, path: str, entry: Model | str) -> None:
        """Add or replace an entry of a list file; the file is kept sorted by id."""
        self.file(path).put(entry if isinstance(entry, str) else entry.to_data())
        self._changed.add(path)

    def drop(self, path: str, id_: str) -> None:
        """Remove an entry, if it is there."""
        self.file(path).drop(id_)
        self._changed.add(path)

    def put_paper(self, paper: Paper) -> None:
        """Add or replace a paper in its month's file."""
        self.put(paper_file(paper), paper)

    def drop_paper(self, paper: Paper) -> None:
        """Remove a paper from its month's file."""
        self.drop(paper_file(paper), paper.id)

    def put_traces(self, traces: dict[str, Trace], new: dict[str, Trace]) -> None:
        """Replace the generated files that hold any of `new` so that they say what `traces` (all of them) says."""
        by_file: dict[str, list[Trace]] = {traces_file.file_of(id_): [] for id_ in new}
        for id_, trace in traces.items():
            if (path := traces_file.file_of(id_)) in by_file:
                by_file[path].append(trace)
        for path, content in by_file.items():
            self.transaction.put(path, traces_file.render(content) if content else None)

    def put_state(self, state: State) -> None:
        """Replace the state; where there is nothing to remember, there is no file."""
        known = state.model_dump(exclude_defaults=True)
        self.transaction.put(state_file.FILE, mapping_file(state, state_file.FILE) if known else None)

    def commit(self) -> list[str]:
        """Write everything; returns the paths that changed. WriteError if that is not possible (nothing changed then)."""
        self.stage()
        return self.transaction.commit()

    def stage(self) -> Transaction:
        """Hand everything to the transaction without writing yet."""
        for path in sorted(self._changed):
            file = self._files[path]
            file.sort()
            said = [line for line in (*file.header, *file.footer) if "yaml-language-server" not in line]
            self.transaction.put(path, file.render() if file.entries or said else None)
        return self.transaction


def paper_file(paper: Paper) -> str:
    """Path of the month file that a paper belongs into."""
    return f"{PAPERS}/{paper.month}.yml"


def schema_name(path: str) -> str:
    """File name of the JSON Schema that describes the file at `path`."""
    return f"{'papers' if path.startswith(PAPERS) else Path(path).stem}.schema.json"


def schema_line(path: str) -> str:
    """The comment by which editors find the schema of a file (https://github.com/redhat-developer/yaml-language-server)."""
    up = "../" * (path.count("/") - 1)
    return f"# yaml-language-server: $schema={up}schemas/{schema_name(path)}"


def mapping_file(model: BaseModel, path: str) -> str:
    """A machine-written file whose top is a mapping: one key a line, list items and inner keys one a line too."""
    lines = [schema_line(path)]
    for key, value in model.model_dump(exclude_defaults=True).items():
        if isinstance(value, dict):
            lines.append(f"{key}:")
            lines += [f"  {scalar(k)}: {flow(v)}" for k, v in sorted(value.items())]
        elif isinstance(value, list):
            lines.append(f"{key}:")
            lines += [f"- {scalar(str(item))}" for item in value]
        else:
            lines.append(f"{key}: {scalar(str(value))}")
    return "\n".join(lines) + "\n"
