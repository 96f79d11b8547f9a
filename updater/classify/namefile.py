"""resources/models.yml and resources/keywords.yml as typed data."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from updater.classify.names import Name
from updater.classify.text import words
from updater.errors import DataError, SettingsError
from updater.index.yamlfile import parse


class NameEntry(BaseModel):
    """One name; see `updater.classify.names`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80)
    aliases: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()


def read(root: Path, path: str) -> tuple[Name, ...]:
    """The names in a file, in its order; none if there is no such file.

    Raises
    ------
    SettingsError
        The file is wrong, or a name or spelling stands twice; the message names file, line and remedy.
    """
    try:
        text = (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}:1: cannot be read ({error}); save it as UTF-8") from error
    try:
        parsed = parse(text, path)
    except DataError as error:
        raise SettingsError(str(error)) from error
    if parsed.problems:
        raise SettingsError("\n".join(map(str, parsed.problems)))
    try:
        entries = TypeAdapter(tuple[NameEntry, ...]).validate_python(parsed.value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SettingsError(
            f"{path}:{parsed.line(*first['loc'][:1])}: {'.'.join(map(str, first['loc'][1:]))}: {first['msg']} "
            "(an entry has a name, and lists of aliases and exact spellings)"
        ) from error
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries):
        for spelling in {entry.name, *entry.aliases, *entry.exact}:
            if not len(words([spelling]).text):
                raise SettingsError(f"{path}:{parsed.line(number)}: {spelling!r} has no letter or digit (take it out)")
            if seen.setdefault(spelling, number) != number:
                raise SettingsError(f"{path}:{parsed.line(number)}: {spelling!r} stands here twice (merge the entries)")
    return tuple(Name(entry.name, entry.aliases, entry.exact) for entry in entries)
