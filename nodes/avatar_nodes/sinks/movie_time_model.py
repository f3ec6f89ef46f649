"""The time of a movie: where it begins, and how far it has come."""

from __future__ import annotations

import math
from fractions import Fraction

NS_PER_S = 1_000_000_000
MOST_GAP_NS = 600 * NS_PER_S  # without a frame and without sound: a longer one is a wrong timestamp


class GapError(ValueError):
    """Something came long after everything else."""


class MovieTime:
    """Media time, counted from the start of the movie, which is on the grid of the frame rate."""

    def __init__(self, frame_rate: Fraction) -> None:
        self._frame_rate = frame_rate
        self._zero: int | None = None  # ns; the media time at which the movie begins
        self._newest = 0  # ns after that: the end of what came

    @property
    def begun(self) -> bool:
        """Whether something has come."""
        return self._zero is not None

    def offset(self, timestamp: int, what: str, lasts: int = 0) -> int:
        """How long after the start of the movie something comes that lasts so long; all in ns.

        The first that comes is the start. Raises GapError where it is too far from what came before.
        """
        if self._zero is None:
            index = math.floor(timestamp * self._frame_rate / NS_PER_S + Fraction(1, 1000))
            self._zero = math.floor(index * NS_PER_S / self._frame_rate)
        offset = timestamp - self._zero
        if offset - self._newest > MOST_GAP_NS:
            before = (self._zero + self._newest) / NS_PER_S
            raise GapError(
                f"{what} at {timestamp / NS_PER_S:.3f} s, after nothing since {before:.3f} s; expected gaps of"
                f" {MOST_GAP_NS // NS_PER_S} s at most"
            )
        self._newest = max(self._newest, offset + lasts)
        return offset
