"""The `mi-index` command: one click group, one module for each part of the work.

Only this package puts the stages together. Modules are imported when their command runs, so that `--help` and `classify`
start at once.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

import click

from updater import __version__
from updater.index.repository import Repository

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    # name: (module, function)
    "update": ("update", "update"),
    "classify": ("classifier", "classify"),
    "train": ("classifier", "train"),
    "evaluate": ("classifier", "evaluate"),
    "explain": ("classifier", "explain"),
    "review": ("review", "review"),
    "add": ("contribute", "add"),
    "enrich": ("contribute", "enrich"),
    "summarize": ("contribute", "summarize"),
    "check": ("data", "check"),
    "fmt": ("data", "fmt"),
    "stats": ("data", "stats"),
    "render": ("site", "render"),
    "build": ("site", "build"),
    "serve": ("site", "serve"),
    "export": ("site", "export"),
    "snapshot": ("site", "snapshot"),
    "demo": ("demo", "demo"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in the order of the work."""
        return [name for name in COMMANDS if self.get_command(ctx, name) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name]
        try:
            command: Any = getattr(importlib.import_module(f"updater.cli.{module}"), function, None)
        except ModuleNotFoundError as error:
            if error.name != f"updater.cli.{module}":
                raise
            return None
        return command if isinstance(command, click.Command) else None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Folder of the index (a checkout or a copy of it); default: the current folder.",
)
@click.version_option(__version__, prog_name="mi-index")
@click.pass_context
def main(ctx: click.Context, root: Path) -> None:
    """Keep an index of a research field: fetch, classify, merge, render."""
    ctx.obj = Repository(root)
