"""When a person blinks, and how the lids move."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from avatar_nodes.motion.shapes_model import smoothstep

TALKING_A_MINUTE, RESTING_A_MINUTE = 26.0, 17.0
SIGMA = 0.55  # of the logarithm of an interval
SHORTEST_S = 0.6  # from one blink to the next
AT_A_PAUSE = 0.3  # chance of a blink where speech pauses
WITH_A_SHIFT = 0.85  # chance of a blink with a large gaze shift
SHIFT_DEG = 33.0
SHIFT_S = 0.15  # within that time
CLOSE_S, OPEN_S = 0.090, 0.225


class Blink:
    """One blink: `at` gives how far the lids are shut; the first frame after closing shows them shut, at any rate."""

    def __init__(self, start: float) -> None:
        self._start = start
        self._shut: float | None = None  # when a frame showed it

    def at(self, now: float) -> float:
        """0 open to 1 shut, at `now` (s) in rising order."""
        if self._shut is None:
            if now - self._start < CLOSE_S:
                return smoothstep((now - self._start) / CLOSE_S)
            self._shut = now
        opened = min((now - self._shut) / OPEN_S, 1.0)
        # Lids fall fast and rise slower and slower.
        return (1.0 - smoothstep(opened)) * math.sqrt(1.0 - opened)

    def over(self, now: float) -> bool:
        """Whether the lids are open again."""
        return self._shut is not None and now - self._shut >= OPEN_S


class Lids:
    """A point process with log-normal intervals; pauses and large gaze shifts bring a blink forward."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._blink: Blink | None = None
        self._newest = 0.0  # when the newest blink began; at first, when the face was first seen
        self._interval = self._draw()  # in units of the mean interval
        # Somewhere within the first interval, and never due at once.
        self._waited = rng.random() * self._interval - SHORTEST_S * TALKING_A_MINUTE / 60.0
        self._now: float | None = None
        self._looks: deque[tuple[float, float, float]] = deque()  # when, yaw, pitch

    def shut_at(self, now: float, *, activity: float, paused: bool, look: tuple[float, float], rate: float) -> float:
        """How far the lids are shut at `now` (s), in rising order.

        `activity`: talking, 0 to 1; `paused`: speech has just paused; `look`: yaw and pitch of head and eyes
        (degrees); `rate`: 1 is usual, 0 never blinks.
        """
        if self._now is None:
            self._now = self._newest = now
        elapsed, self._now = now - self._now, now
        a_minute = RESTING_A_MINUTE + (TALKING_A_MINUTE - RESTING_A_MINUTE) * activity
        self._waited += elapsed * rate * a_minute / 60.0
        due = self._waited >= self._interval
        due |= paused and self._rng.random() < AT_A_PAUSE * min(rate, 1.0)
        due |= self._shifted(now, look) and self._rng.random() < WITH_A_SHIFT * min(rate, 1.0)
        if due and rate > 0.0 and now - self._newest >= SHORTEST_S:
            self._start(now)
        if self._blink is not None and self._blink.over(now):
            self._blink = None
        return self._blink.at(now) if self._blink is not None else 0.0

    def _start(self, now: float) -> None:
        self._blink = Blink(now)
        self._newest, self._waited, self._interval = now, 0.0, self._draw()

    def _draw(self) -> float:
        """An interval of mean 1."""
        return float(self._rng.lognormal(-0.5 * SIGMA**2, SIGMA))

    def _shifted(self, now: float, look: tuple[float, float]) -> bool:
        """Whether the gaze went more than SHIFT_DEG within SHIFT_S; a shift counts once."""
        self._looks.append((now, *look))
        while self._looks[0][0] < now - SHIFT_S - 1e-9:
            self._looks.popleft()
        _, yaw, pitch = self._looks[0]
        if np.hypot(look[0] - yaw, look[1] - pitch) <= SHIFT_DEG:
            return False
        self._looks.clear()
        return True
