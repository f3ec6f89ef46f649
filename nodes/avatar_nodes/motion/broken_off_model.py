"""Lips when speech is broken off: they fall to rest, and stay there until what comes after it."""

from __future__ import annotations

from avatar_nodes.motion.coarticulation_model import Lips
from avatar_nodes.motion.shapes_model import smoothstep

FALL_S = 0.08  # as quick as lips close; two video frames at least, so that the jaw does not jump
RISE_S = 0.08
FADING_NS = 80_000_000  # so long a voice that has ended may still be heard


class BrokenOff:
    """Passes lips on, in rising order of time; while speech is broken off, those at rest instead."""

    def __init__(self, frame_s: float) -> None:
        self._frame_ns = 1e9 * frame_s
        self._fall_ns = 1e9 * frame_s * max(int(FALL_S / frame_s + 1e-6), 2)
        self._shown: tuple[int, Lips] | None = None  # the newest, and its time
        self._fallen: tuple[int, Lips] | None = None  # those from which they fall
        self._until_ns = -1

    def begin(self, until_ns: int) -> None:
        """From the next lips on they fall; what is of `until_ns` or later is shown again."""
        self._fallen, self._until_ns = self._shown, until_ns

    def lips(self, moment_ns: int, lips: Lips) -> Lips:
        """Those that are shown at a time, where these were drawn for it."""
        risen = smoothstep(moment_ns - self._until_ns, 0.0, RISE_S * 1e9) if self._until_ns >= 0 else 1.0
        if risen < 1.0:
            closes = moment_ns + self._frame_ns / 2 >= self._until_ns  # a first word's p closes in whole
            lips = Lips(lips.amounts * risen, lips.closure if closes else 0.0)
            if self._fallen is not None and (left := self._left(moment_ns - self._fallen[0])) > 0.0:
                lips = _faded(self._fallen[1], left)
        self._shown = moment_ns, lips
        return lips

    def _left(self, since_ns: int) -> float:
        return 1.0 - smoothstep(since_ns, 0.0, self._fall_ns - 1.0)  # by whole frames: rounding must not add one


def _faded(lips: Lips, share: float) -> Lips:
    return Lips(lips.amounts * share, lips.closure * share)
