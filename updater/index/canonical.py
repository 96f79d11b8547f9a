"""`mi-index fmt`: every file of resources/ in its one canonical form, each paper in its month's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from updater.errors import DataError
from updater.index import schema
from updater.index.model import Borderline, Gone, Model, Paper, Queued, Rejected, Resource, Snapshot
from updater.index.repository import (
    BACKGROUND,
    BORDERLINE,
    COMPACT,
    GONE,
    PAPERS,
    QUEUE,
    REJECTED,
    SNAPSHOTS,
    Repository,
    paper_file,
    schema_line,
)
from updater.index.transaction import Transaction
from updater.index.validate import model_problems
from updater.index.yamlfile import Entry, ListFile, parse

M = TypeVar("M", bound=Model)


def canonical(repository: Repository) -> Transaction:
    """Stage the canonical form of all list files and schemas; nothing is written before `commit`.

    Raises
    ------
    DataError
        A file cannot be read, or an entry is not valid: what is not understood cannot be put in order without loss.
    """
    root = repository.root
    transaction = Transaction(root)
    files = _papers(repository)
    kinds: dict[str, type[Model]] = {f"resources/{kind.file}.yml": Resource for kind in repository.taxonomy.kinds}
    kinds |= {QUEUE: Queued, REJECTED: Rejected, BORDERLINE: Borderline, GONE: Gone, SNAPSHOTS: Snapshot}
    for path, model in kinds.items():
        if (root / path).exists():
            files[path] = _read(root, path)
            for entry in files[path].entries:
                entry.data = _validated(repository, model, entry.data, path, entry.line).to_data()
    if (root / BACKGROUND).exists():
        files[BACKGROUND] = _read(root, BACKGROUND)
    for path, file in files.items():
        file.sort()
        if not any("yaml-language-server" in line for line in file.header):
            file.header.insert(0, schema_line(path))
        keep = file.entries or file.footer or not path.startswith(PAPERS)
        transaction.put(path, file.render(canonical=True) if keep else None)
    for path, content in schema.all_schemas(repository).items():
        transaction.put(path, content)
    return transaction


def _papers(repository: Repository) -> dict[str, ListFile]:
    """The month files, every entry validated and in the file that it belongs into."""
    files = {path: _read(repository.root, path) for path in repository.paper_files()}
    moved: list[tuple[str, Entry]] = []
    for path, file in files.items():
        entries, file.entries = file.entries, []
        for entry in entries:
            paper = _validated(repository, Paper, entry.data, path, entry.line)
            entry.data = paper.to_data()
            if (target := paper_file(paper)) == path:
                file.entries.append(entry)
            else:
                moved.append((target, entry))
    for target, entry in moved:
        files.setdefault(target, ListFile(target, header=[schema_line(target)])).entries.append(entry)
    return files


def _read(root: Path, path: str) -> ListFile:
    return ListFile.parse((root / path).read_text(encoding="utf-8"), path, compact=path in COMPACT)


def _validated(repository: Repository, model: type[M], data: Any, path: str, line: int) -> M:
    if isinstance(data, dict):
        data = {key: _squeeze(value) for key, value in data.items()}
    try:
        return model.model_validate(data, context={"taxonomy": repository.taxonomy})
    except ValidationError as error:
        full = parse((repository.root / path).read_text(encoding="utf-8"), path)
        nodes = full.node.value if full.node is not None else []
        node = next((n for n in nodes if abs(n.start_mark.line + 1 - line) <= 1), None)
        raise DataError("\n".join(map(str, model_problems(error, model, node, path)))) from error


def _squeeze(value: Any) -> Any:
    """White space folded, which is all that the canonical form changes inside a text."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return [_squeeze(item) for item in value]
    if isinstance(value, dict):
        return {key: _squeeze(item) for key, item in value.items()}
    return value
