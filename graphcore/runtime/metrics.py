"""What is counted while a graph runs: packets, times, depths, drops. Written by one thread each."""

from __future__ import annotations

from collections import deque
from typing import Any

RECENT = 1024  # calls that percentiles are taken over: 40 s of frames


class NodeMetrics:
    """Calls of one node. The hot path only appends to `pending` (ns); `fold` does the rest now and then."""

    __slots__ = ("_calls", "_recent", "_total_ns", "latencies", "pending", "unmatched")

    def __init__(self) -> None:
        self.pending: list[int] = []
        self.latencies: deque[int] = deque(maxlen=RECENT)  # live: ns from the media time of what it made
        self.unmatched = 0  # packets of a driver that found no partner
        self._calls = 0
        self._total_ns = 0
        self._recent: deque[int] = deque(maxlen=RECENT)

    def fold(self) -> None:
        """Sum up what is pending; called by the thread that appends."""
        self._calls += len(self.pending)
        self._total_ns += sum(self.pending)
        self._recent.extend(self.pending)
        self.pending.clear()

    def snapshot(self) -> dict[str, Any]:
        """The figures, with times in microseconds; percentiles are of the most recent calls."""
        pending = self.pending.copy()
        recent = [*self._recent.copy(), *pending][-RECENT:]
        recent.sort()
        latencies = list(self.latencies.copy())
        newest_us = latencies[-1] / 1e3 if latencies else None
        latencies.sort()
        return {
            "calls": self._calls + len(pending),
            "total_ms": round((self._total_ns + sum(pending)) / 1e6, 3),
            "p50_us": _percentile_us(recent, 0.50),
            "p99_us": _percentile_us(recent, 0.99),
            "latency_us": newest_us,
            "latency_p50_us": _percentile_us(latencies, 0.50),
            "latency_p99_us": _percentile_us(latencies, 0.99),
            "unmatched": self.unmatched,
        }


class LinkMetrics:
    """Packets of one link; a fused link hands over at once and has neither depth nor drops."""

    __slots__ = ("dropped", "grown", "late", "max_depth", "packets")

    def __init__(self) -> None:
        self.packets = 0
        self.dropped = 0
        self.grown = 0  # packets taken beyond the queue's length, for a sibling's sake
        self.max_depth = 0
        self.late = 0  # live: came when its time had been answered already


def _percentile_us(ordered: list[int], share: float) -> float | None:
    """The nearest-rank percentile, in microseconds; None where there is nothing."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e3, 3)
