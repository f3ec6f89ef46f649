"""What is counted while a graph runs: packets, times, depths, drops. Written by one thread each."""

from __future__ import annotations

from collections import deque
from typing import Any

RECENT = 4096  # calls that percentiles are taken over


class NodeMetrics:
    """Calls of one node; `durations` are the times of the most recent calls, in ns."""

    __slots__ = ("calls", "durations", "latencies", "total_ns", "unmatched")

    def __init__(self) -> None:
        self.calls = 0
        self.total_ns = 0
        self.durations: deque[int] = deque(maxlen=RECENT)
        self.latencies: deque[int] = deque(maxlen=RECENT)  # live: from media time to the end of the call
        self.unmatched = 0  # packets of a driver that found no partner

    def snapshot(self) -> dict[str, Any]:
        """The figures, with times in microseconds."""
        return {
            "calls": self.calls,
            "total_ms": round(self.total_ns / 1e6, 3),
            "p50_us": _percentile_us(self.durations, 0.50),
            "p99_us": _percentile_us(self.durations, 0.99),
            "latency_p50_us": _percentile_us(self.latencies, 0.50),
            "latency_p99_us": _percentile_us(self.latencies, 0.99),
            "unmatched": self.unmatched,
        }


class OutputMetrics:
    """Packets of one output."""

    __slots__ = ("late", "packets")

    def __init__(self) -> None:
        self.packets = 0
        self.late = 0


class LinkMetrics:
    """Packets of one link; a fused link hands over at once and has neither depth nor drops."""

    __slots__ = ("dropped", "grown", "max_depth", "packets")

    def __init__(self) -> None:
        self.packets = 0
        self.dropped = 0
        self.grown = 0  # packets taken beyond the queue's length, for a sibling's sake
        self.max_depth = 0


def _percentile_us(values: deque[int], share: float) -> float | None:
    """The nearest-rank percentile, in microseconds; None where there is nothing."""
    ordered = sorted(values.copy())
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e3, 3)
