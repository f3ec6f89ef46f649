"""Motion at the times at which it was seen, put on the grid of the graph's frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from avatar_nodes.payloads import FaceMotion
from graphcore import timestamp_of

_SAME_NS = 1_000_000  # what containers round times by: so near to a time of the grid is on it


class OnGrid:
    """For every motion that comes, those on the grid since the one before: mixed from both."""

    def __init__(self, frame_rate: Fraction) -> None:
        self._rate = frame_rate
        self._before: tuple[int, FaceMotion] | None = None
        self._index = 0  # of the grid's next time

    def add(self, timestamp: int, motion: FaceMotion) -> Iterator[tuple[int, FaceMotion]]:
        """The motions up to this time (ns), in order; times must rise."""
        before = self._before or (timestamp, motion)
        if self._before is None:
            self._index = -((_SAME_NS - timestamp) * self._rate.numerator // (self._rate.denominator * 1_000_000_000))
        self._before = (timestamp, motion)
        while (now := self._next()) <= timestamp + _SAME_NS:
            self._index += 1
            yield now, _at(now, before, (timestamp, motion))

    def _next(self) -> int:
        return timestamp_of(self._index, self._rate.numerator, self._rate.denominator)


def _at(now: int, before: tuple[int, FaceMotion], after: tuple[int, FaceMotion]) -> FaceMotion:
    if after[0] - now <= _SAME_NS:
        return after[1]
    weight = (now - before[0]) / (after[0] - before[0])
    return before[1].between(after[1], min(max(weight, 0.0), 1.0))
