"""Time that passes only when somebody sleeps."""

from __future__ import annotations


class FakeTime:
    """A clock for `updater.fetch.transport.Transport`."""

    def __init__(self, start: float = 1_000.0) -> None:
        self.seconds = start
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.seconds

    def now(self) -> float:
        """Seconds since the epoch."""
        return 1_772_000_000.0 + self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
