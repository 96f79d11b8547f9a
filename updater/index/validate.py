"""From YAML values to pydantic models, with every error traced to its line and told with a remedy."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from updater.errors import DataError, SettingsError
from updater.index.yamlfile import Problem, flow, line_of, parse

_PLAIN_WORDS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "list_type": "is expected to be a list, such as [a, b]",
    "dict_type": "is expected to be a mapping, such as {key: value}",
    "model_type": "is expected to be a mapping of keys and values",
    "string_type": "is expected to be text",
}


def model_problems(error: ValidationError, model: type[BaseModel], node: yaml.Node | None, path: str) -> list[Problem]:
    """One problem for each finding of pydantic, at the line of the value it is about."""
    out = []
    for item in error.errors(include_url=False):
        loc = tuple(step for step in item["loc"] if isinstance(step, str | int))
        name = ".".join(map(str, loc)) or "entry"
        message, hint = item["msg"], ""
        if item["type"] == "extra_forbidden":
            known = _known_keys(model, loc[:-1])
            near = difflib.get_close_matches(str(loc[-1]), known, 1)
            message = f"the key {loc[-1]!r} is not known here"
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}"
        elif item["type"] == "missing":
            message, hint = f"the key {name!r} is missing", "add it"
        elif item["type"] in _PLAIN_WORDS:
            message = f"{name!r} {_PLAIN_WORDS[item['type']]}"
            if item["type"] == "list_type" and isinstance(item.get("input"), str):
                parts = [part.strip() for part in item["input"].split(",") if part.strip()]
                hint = f"write {loc[-1]}: {flow(parts)}"
        else:
            message = f"{name}: {message.removeprefix('Value error, ')}"
            if "ctx" in item and "hint" in item["ctx"]:
                hint = str(item["ctx"]["hint"])
        out.append(Problem(path, line_of(node, loc), message, hint))
    return out


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Keys of the model found by walking down `loc`; of `model` itself where the walk does not end at a model."""
    here: Any = model
    for step in loc:
        if isinstance(step, int):
            continue
        fields: Mapping[str, Any] = getattr(here, "model_fields", {})
        annotation = fields[step].annotation if step in fields else None
        for candidate in (annotation, *getattr(annotation, "__args__", ())):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                here = candidate
                break
    return list(here.model_fields)


M = TypeVar("M", bound=BaseModel)


def load_model(root: Path, name: str, model: type[M]) -> M:
    """Read one settings-like file (a mapping) under `root` into a model.

    Raises
    ------
    SettingsError
        The file is missing or wrong; one `file:line: problem (remedy)` a line.
    """
    try:
        text = (root / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(
            f"{root / name}:1: the file is missing (is {root} a checkout of the index? see --root)"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{root / name}:1: cannot be read: {error}") from error
    try:
        parsed = parse(text, name)
    except DataError as error:
        raise SettingsError(str(error)) from error
    problems = list(parsed.problems)
    try:
        value = model.model_validate({} if parsed.node is None else parsed.value)
    except ValidationError as error:
        problems += model_problems(error, model, parsed.node, name)
    else:
        if not problems:
            return value
    raise SettingsError("\n".join(map(str, problems)))
