"""Entry point of `mi-index` and `python -m updater`: errors become one line and an exit code, never a traceback."""

from __future__ import annotations

import os
import sys

import click

from updater.cli import main as group
from updater.errors import MiIndexError


def main() -> None:
    """Run the command line; exit codes as in `updater.errors`."""
    try:
        code = group.main(standalone_mode=False)
    except MiIndexError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        click.echo("interrupted; nothing was changed", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("interrupted; nothing was changed", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
