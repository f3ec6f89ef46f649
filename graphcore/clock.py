"""The only source of "now": nothing in graphcore or a node asks the system for the time."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(ABC):
    """Time in integer ns since time zero, which is when every node of a run has opened."""

    @abstractmethod
    def start(self) -> None:
        """Make this moment time zero."""

    @abstractmethod
    def now(self) -> int:
        """The time since time zero, in ns."""


class LiveClock(Clock):
    """Real, monotonic time."""

    def __init__(self) -> None:
        self._zero = time.monotonic_ns()

    def start(self) -> None:
        self._zero = time.monotonic_ns()

    def now(self) -> int:
        return time.monotonic_ns() - self._zero


class VirtualClock(Clock):
    """Time that stands still until somebody moves it: a run with it never waits.

    A run steps every chain on one thread and jumps to the next event.
    """

    def __init__(self) -> None:
        self._now = 0

    def start(self) -> None:
        self._now = 0

    def now(self) -> int:
        return self._now

    def jump_to(self, timestamp: int) -> None:
        """Move to a later time, in ns; an earlier one changes nothing."""
        self._now = max(self._now, timestamp)


def timestamp_of(index: int, rate_num: int, rate_den: int = 1) -> int:
    """Media time of item `index` at `rate_num / rate_den` items a second, in ns: never accumulated."""
    return index * NS_PER_S * rate_den // rate_num
