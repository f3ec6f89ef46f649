"""What followers say, to be looked up by time."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Held(Generic[T]):
    """The packets of one input, in the order of time; each holds until the next one."""

    def __init__(self) -> None:
        self._packets: deque[tuple[int, T]] = deque()

    def take(self, timestamps: Sequence[int], payloads: Sequence[T]) -> None:
        """Take a window of packets (ns); those that are known are passed over."""
        newest = self._packets[-1][0] if self._packets else None
        for timestamp, payload in zip(timestamps, payloads, strict=True):
            if newest is None or timestamp > newest:
                self._packets.append((timestamp, payload))

    def at(self, moment_ns: int) -> T | None:
        """The newest at or before this time."""
        found: T | None = None
        for timestamp, payload in self._packets:
            if timestamp > moment_ns:
                break
            found = payload
        return found

    def forget_before(self, moment_ns: int) -> None:
        """Drop what no later time will find."""
        while len(self._packets) > 1 and self._packets[1][0] <= moment_ns:
            self._packets.popleft()
