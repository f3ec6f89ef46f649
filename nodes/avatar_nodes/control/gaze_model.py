"""Where a talking person looks: at the listener, away and back, by saccades ("Eyes Alive", Lee et al. 2002)."""

from __future__ import annotations

import math

import numpy as np

from avatar_nodes.motion.shapes_model import Floats, smoothstep

MUTUAL_S, AWAY_S = 3.1, 0.9  # means: at the listener; one glance away
AWAY_SHARE = 0.59  # of the time, at wander 1
MOST_AWAY = 0.8
AMPLITUDE_DEG, LARGEST_DEG = 6.9, 20.0  # P(A) falls with exp(-A / 6.9)
SMALLEST_DEG = 1.5
VERTICAL = 0.55  # up and down less than left and right
SACCADE_S, SACCADE_S_A_DEG = 0.025, 0.0024
MICRO_DEG, MICRO_S = 0.3, 0.7  # small shifts during a fixation: mean size, mean interval
SETTLED_DEG = 0.01


class Eyes:
    """A command (yaw, pitch in degrees) plus what the eyes do around it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._away = np.zeros(2)  # of the glance, from the command
        self._micro = np.zeros(2)
        self._glances = 0  # that are still to come before the eyes return
        self._glance_ends = 0.0
        self._glancing = False
        self._next_micro = 0.0
        self._from = self._to = np.zeros(2)
        self._saccade = (-1.0, 0.0)  # start, duration
        self._begun = False

    def at(self, now: float, command: Floats, wander: float) -> Floats:
        """Where they look at `now` (s), in rising order; wander 0: at the command, nowhere else."""
        if not self._begun:
            self._begin(now, command)
        if wander == 0.0:
            self._away, self._micro, self._glancing, self._glances = np.zeros(2), np.zeros(2), False, 0
        elif now >= self._glance_ends:
            self._look_elsewhere(now, wander)
        elif now >= self._next_micro:
            self._micro = self._rng.normal(0.0, MICRO_DEG / 1.25, 2) * min(wander, 1.0)
            self._next_micro = now + self._rng.exponential(MICRO_S) + 0.15
        goal = command + self._away + self._micro
        if np.hypot(*(goal - self._to)) > SETTLED_DEG:
            self._jump(now, goal)
        return self._position(now)

    def _begin(self, now: float, command: Floats) -> None:
        self._begun = True
        self._from = self._to = command
        self._glance_ends = now + self._rng.gamma(2.0, MUTUAL_S / 2.0)
        self._next_micro = now + self._rng.exponential(MICRO_S)

    def _look_elsewhere(self, now: float, wander: float) -> None:
        if self._glancing and self._glances == 0:
            self._glancing, self._away = False, np.zeros(2)
            self._glance_ends = now + self._rng.gamma(2.0, MUTUAL_S / 2.0)
            return
        if not self._glancing:
            share = min(AWAY_SHARE * wander, MOST_AWAY)
            glances = MUTUAL_S * share / (1.0 - share) / AWAY_S  # mean number in a row
            self._glances = int(glances + self._rng.random())  # a whole number with that mean
        if self._glances == 0:
            self._glance_ends = now + self._rng.gamma(2.0, MUTUAL_S / 2.0)
            return
        self._glancing, self._glances = True, self._glances - 1
        self._away = self._glance()
        self._glance_ends = now + self._rng.gamma(3.0, AWAY_S / 3.0)

    def _glance(self) -> Floats:
        amplitude = min(self._rng.exponential(AMPLITUDE_DEG) + SMALLEST_DEG, LARGEST_DEG)
        direction = self._rng.uniform(0.0, 2.0 * math.pi)
        return amplitude * np.array([math.cos(direction), VERTICAL * math.sin(direction)])

    def _jump(self, now: float, goal: Floats) -> None:
        self._from, self._to = self._position(now), goal
        self._saccade = (now, SACCADE_S + SACCADE_S_A_DEG * float(np.hypot(*(goal - self._from))))

    def _position(self, now: float) -> Floats:
        start, duration = self._saccade
        done = smoothstep((now - start) / duration) if duration else 1.0
        position: Floats = self._from + (self._to - self._from) * done
        return position
