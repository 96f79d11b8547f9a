"""Progress of long work: a line that rewrites itself on a terminal, nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from updater.fetch import Progress


@contextlib.contextmanager
def progress() -> Iterator[Callable[[Progress], None] | None]:
    """Give a listener that shows how far a source has come, with rate and time left; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()

    def show(step: Progress) -> None:
        seconds = max(0.001, time.monotonic() - started)
        left = ""
        if step.total and step.done:
            left = f", {seconds / step.done * (step.total - step.done):.0f} s left"
        share = f"{step.done}/{step.total}" if step.total else str(step.done)
        line = f"{step.source}: {step.what} {share}, {step.records:,} records, {step.records / seconds:,.0f}/s{left}"
        click.echo(f"\r{line[:118]:<118}", nl=False, err=True)

    try:
        yield show
    finally:
        click.echo(f"\r{'':<118}\r", nl=False, err=True)
