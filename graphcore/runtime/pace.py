"""Whether a live run keeps up with the clock, as one of its sinks sees it."""

from __future__ import annotations

from collections.abc import Callable

from graphcore.clock import NS_PER_S

BEHIND_NS = 1 * NS_PER_S  # beyond this the user is told
SMOOTH = 8  # calls: one slow call is no trend


class Pace:
    """Follows the latency of a sink's calls; `tell` is called once, with the ns that it has fallen behind.

    A run has the latency of its nodes' work and lookahead: only what comes on top of the least one seen is behind.
    """

    __slots__ = ("_latency", "_least", "_tell", "_told", "worst_ns")

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.worst_ns = 0
        self._tell = tell
        self._told = False
        self._latency: int | None = None  # a running mean
        self._least = 0

    @property
    def fell_behind(self) -> bool:
        """Whether it was told."""
        return self._told

    def see(self, latency_ns: int) -> None:
        """Take the latency of one more call."""
        if self._latency is None:
            self._latency = self._least = latency_ns
        self._latency += (latency_ns - self._latency) // SMOOTH
        self._least = min(self._least, self._latency)
        behind = self._latency - self._least
        self.worst_ns = max(self.worst_ns, behind)
        if behind > BEHIND_NS and not self._told:
            self._told = True
            self._tell(behind)
