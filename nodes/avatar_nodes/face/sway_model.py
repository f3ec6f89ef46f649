"""What moves by itself when a head moves and a person lives: hair that lags behind, shoulders that breathe."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.payloads import FaceMotion

Array = NDArray[np.float64]

STEP_NS = 5_000_000  # the spring is integrated in steps that do not depend on the frame rate
PAUSE_NS = 1_000_000_000  # after this long without motion, or a jump back, all starts from rest
HAIR_HZ, HAIR_DAMPING = 2.5, 0.35  # the hair's own frequency and its share of critical damping
HAIR_LEVER = 1.5  # inter-pupil distances from the axes of the head to the hair
FURTHEST = 0.08  # inter-pupil distances
BREATH_S = 4.2  # one breath: 14 a minute, and 12 to 17 as it wanders
BREATH_WANDERS, WANDER_S = 0.12, 23.0  # of a breath, to and fro in this time
INHALE, EXHALE = 0.38, 0.52  # shares of a breath; what is left is rest
_GROWS_S = 0.6  # how fast sway follows the motion's distance from the photo's
_NOTICED = 0.05  # a motion nearer to the photo's than this has hardly any sway, whatever it was before
_FAR = np.array([10.0, 10.0, 10.0, 0.3, 0.3, 0.5])  # of head poses: as far from the photo's as one coefficient is


@dataclass(frozen=True, slots=True)
class Sway:
    """Hair and breath at one moment."""

    hair: tuple[float, float] = (0.0, 0.0)  # how far its ends lag: to the viewer's right, up; inter-pupil distances
    breath: float = 0.0  # 0: exhaled, as in the photo, to 1

    def scaled(self, amount: float) -> Sway:
        """So much of it."""
        return Sway((self.hair[0] * amount, self.hair[1] * amount), self.breath * amount)


STILL = Sway()


def away_from(photo: FaceMotion, motion: FaceMotion) -> float:
    """How far a motion is from the photo's: 0, and about 1 for a head turned by 10 degrees or a mouth wide open."""
    head = float(np.abs((motion.head - photo.head) / _FAR).max())
    expression = float(np.abs(motion.expression - photo.expression).max())
    gaze = 0.0 if motion.gaze is None or photo.gaze is None else float(np.abs(motion.gaze - photo.gaze).max()) / 20.0
    return max(head, expression, gaze, abs(motion.closure - photo.closure))


@dataclass(slots=True)
class SwayModel:
    """One session's hair and breath. The same moments and heads give the same sway, at nearly any frame rate."""

    _start: int | None = None
    _steps: int = 0  # taken since the start
    _before: tuple[int, Array, float] | None = None  # what was asked last: timestamp, where the hair's root is, away
    _ends: Array = field(default_factory=lambda: np.zeros(2))  # of the hair
    _speed: Array = field(default_factory=lambda: np.zeros(2))
    _amount: float = 0.0

    def at(self, timestamp_ns: int, head: NDArray[np.float32], away: float) -> Sway:
        """The sway at a timestamp, for a head pose (6,) that is `away_from` the photo's; ask with rising timestamps."""
        root = _root(head)
        if self._before is None or not 0 <= timestamp_ns - self._before[0] <= PAUSE_NS:
            self._start, self._steps, self._amount = timestamp_ns, 0, 0.0
            self._ends, self._speed = root, np.zeros(2)
            self._before = (timestamp_ns, root, away)
        assert self._start is not None
        while self._start + (self._steps + 1) * STEP_NS <= timestamp_ns:
            self._steps += 1
            self._step(*self._between(self._start + self._steps * STEP_NS, (timestamp_ns, root, away)))
        self._before = (timestamp_ns, root, away)
        amount = self._amount * min(away / _NOTICED, 1.0)
        lag = (self._ends - root) * amount
        reach = float(np.hypot(*lag)) / FURTHEST
        lag = lag * (np.tanh(reach) / reach if reach > 0 else 1.0)
        return Sway((float(lag[0]), float(lag[1])), amount * breath_at((timestamp_ns - self._start) * 1e-9))

    def _between(self, moment: int, now: tuple[int, Array, float]) -> tuple[Array, float]:
        """Root of the hair and distance from the photo at a moment since what was asked last."""
        assert self._before is not None
        then, root, away = self._before
        share = (moment - then) / max(now[0] - then, 1)
        return root + (now[1] - root) * share, away + (now[2] - away) * share

    def _step(self, root: Array, away: float) -> None:
        """Semi-implicit Euler: the ends are drawn to the root, and slowed by the air."""
        seconds, pull = STEP_NS * 1e-9, 2 * np.pi * HAIR_HZ
        self._speed = self._speed + seconds * (pull**2 * (root - self._ends) - 2 * HAIR_DAMPING * pull * self._speed)
        self._ends = self._ends + seconds * self._speed
        self._amount += (float(np.tanh(2.0 * away)) - self._amount) * seconds / _GROWS_S


def breath_at(seconds: float) -> float:
    """How full the lungs are, 0 to 1, so long after a first breath begins."""
    breaths = seconds / BREATH_S + BREATH_WANDERS * np.sin(2 * np.pi * seconds / WANDER_S)
    phase = float(breaths % 1.0)
    share = phase / INHALE if phase < INHALE else max(1.0 - (phase - INHALE) / EXHALE, 0.0)
    return share * share * (3.0 - 2.0 * share)


def _root(head: NDArray[np.float32]) -> Array:
    """Where the hair grows, seen from in front: to the viewer's right, up; inter-pupil distances."""
    yaw, pitch, roll = np.radians(head[:3].astype(np.float64))
    return np.array([HAIR_LEVER * (yaw - 0.6 * roll) + head[3], -HAIR_LEVER * pitch + head[4]])
