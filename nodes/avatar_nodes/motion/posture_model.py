"""What of a head is slow: postures that are held and left at the borders of phrases, breath, a listener's nods.

Tracks of sentences are too short to learn this from; sizes and times are those that longer tracks show.
"""

from __future__ import annotations

import math

import numpy as np

from avatar_nodes.motion.head_motion_model import Pulses, Turn, breath_rise, neck_shift
from avatar_nodes.motion.shapes_model import Floats

FRAME_S = 0.04
POSTURE_DEG = np.array([3.4, 1.5, 2.5])  # standard deviation of yaw, pitch, roll of what is aimed at
MOST = 2.0  # standard deviations: no posture is further out
HOLD_S, IDLE_HOLD_S = 2.0, 6.0  # mean, while talking and in silence
SHORTEST_HOLD_S = 0.7
FIRST_HOLD_S = (0.2, 1.0)
ACCENT, MOST_WAITING_S = 0.4, 0.8  # a posture that is due waits for a rise of the loudness
AT_A_BORDER = 0.8  # chance that the posture changes where a phrase starts or ends
IDLE_SIZE = 0.55  # of postures in silence
SHIFT_S = (0.06, 0.12)  # of each of three low passes in a row: a shift takes some six times as long
TILT = (-0.8, 0.4)  # how a person's roll goes with the yaw: a correlation
ACTIVITY_S = 0.5

BREATHS_HZ = (13.0 / 60.0, 17.0 / 60.0)
BREATH_DEG, BREATH_RISE = 0.35, 0.012

QUIET_S = 2.5  # after so long a silence the person listens
NOD_EVERY_S, NOD_DEG = 7.0, (0.8, 2.2)
NOD_S = (0.22, 0.34)

CAMERA = 11.0  # inter-pupil distances from the camera to the head at distance 1, as the renderer has it
NEAREST, FARTHEST = 1.2, -1.2  # inter-pupil distances of z that one photo bears
APPROACH_S = 0.5


class Posture:
    """The slow part of one person's head; its chances come from `rng`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._goal = np.zeros(3)
        self._stages = np.zeros((3, 3))  # three low passes in a row, each yaw, pitch, roll
        self._shift_s = rng.uniform(*SHIFT_S)
        self._tilt = rng.uniform(*TILT)
        self._held_s, self._hold_s = 0.0, rng.uniform(*FIRST_HOLD_S)
        self._speaks = False
        self._quiet_s = 0.0
        self.activity = 0.0  # 0 silent to 1 talking, slowly
        self._breaths = rng.random()
        self._breath_hz = rng.uniform(*BREATHS_HZ)
        self._nods = Pulses(*NOD_S)
        self._next_nod_s = self._draw_nod()
        self._turn = Turn()
        self._z: float | None = None
        self._now = 0.0

    def step(self, speech: float, rise: float, command: Floats, distance: float) -> Floats:
        """The pose (6,) of the next frame: degrees, then inter-pupil distances.

        `speech`: whether somebody speaks, 0 to 1; `rise`: of the loudness (10 dB a frame); `command`: gaze (yaw,
        pitch); `distance`: of the camera.
        """
        self._now += FRAME_S
        self.activity += FRAME_S / ACTIVITY_S * (speech - self.activity)
        self._change(speech > 0.5, rise > ACCENT)
        angles = self._settle()
        breath = self._breathe()
        angles[1] += self._listen(speech > 0.5) - BREATH_DEG * breath
        angles[:2] += self._turn.towards(command, FRAME_S)
        shift = neck_shift(angles, BREATH_RISE * breath)
        shift[2] += self._approach(distance)
        return np.concatenate([angles, shift])

    def _change(self, speaks: bool, accent: bool) -> None:
        """Take another posture at an accent when the hold is over, or at the border of a phrase."""
        self._held_s += FRAME_S * (self.activity + HOLD_S / IDLE_HOLD_S * (1.0 - self.activity))
        border = speaks != self._speaks and self._held_s > SHORTEST_HOLD_S and self._rng.random() < AT_A_BORDER
        self._speaks = speaks
        due = self._held_s > self._hold_s and (accent or not speaks)
        if border or due or self._held_s > self._hold_s + MOST_WAITING_S:
            size = IDLE_SIZE + (1.0 - IDLE_SIZE) * max(self.activity, float(speaks))
            yaw, pitch, roll = np.clip(self._rng.normal(0.0, 1.0, 3), -MOST, MOST)
            tilt = self._tilt * yaw + math.sqrt(1.0 - self._tilt**2) * roll
            self._goal = size * POSTURE_DEG * np.array([yaw, pitch, tilt])
            self._held_s, self._hold_s = 0.0, self._draw_hold()

    def _settle(self) -> Floats:
        """Ease towards the posture: three equal low passes start and end without a jerk."""
        gain = 1.0 - math.exp(-FRAME_S / self._shift_s)
        target = self._goal
        for stage in self._stages:
            stage += gain * (target - stage)
            target = stage
        return target.copy()

    def _breathe(self) -> float:
        self._breaths += FRAME_S * self._breath_hz
        return breath_rise(self._breaths)

    def _listen(self, speaks: bool) -> float:
        """Nods (degrees of pitch) of somebody who has not spoken for a while."""
        self._quiet_s = 0.0 if speaks else self._quiet_s + FRAME_S
        if self._quiet_s > QUIET_S:
            self._next_nod_s -= FRAME_S
            if self._next_nod_s <= 0.0:
                self._next_nod_s = self._draw_nod()
                self._nods.start(self._now, self._rng.uniform(*NOD_DEG))
        return self._nods.at(self._now)

    def _approach(self, distance: float) -> float:
        """How far the head is towards the camera (z)."""
        goal = min(max(CAMERA * (1.0 - distance), FARTHEST), NEAREST)
        self._z = goal if self._z is None else self._z + FRAME_S / APPROACH_S * (goal - self._z)
        return self._z

    def _draw_hold(self) -> float:
        return SHORTEST_HOLD_S + float(self._rng.gamma(2.0, (HOLD_S - SHORTEST_HOLD_S) / 2.0))

    def _draw_nod(self) -> float:
        return 1.0 + float(self._rng.gamma(2.0, NOD_EVERY_S / 2.0))
