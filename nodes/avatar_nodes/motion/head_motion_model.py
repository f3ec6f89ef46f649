"""How a head moves while its person talks: sway, nods on accents, breath, and its share of the gaze."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from avatar_nodes.motion.shapes_model import Floats, smoothstep

# Sway: low-pass noise as a sum of sinusoids, so that it is the same at every frame rate.
TONES = 28
SLOWEST_HZ, FASTEST_HZ, CORNER_HZ = 0.06, 1.9, 0.36
SWAY_DEG = np.array([3.6, 2.7, 2.5])  # standard deviation of yaw, pitch, roll while talking
CALM = 0.4  # of its size and speed in silence

NOD_DEG = 1.5  # for each standard deviation of prominence
NOD_S, BROW_S = (0.2, 0.36), (0.18, 0.45)  # of a nod, of raised brows: to the top, and back
BROW = 0.16

BREATHS_HZ = (13.0 / 60.0, 17.0 / 60.0)
INHALE = 0.4  # of a breath
BREATH_DEG, BREATH_RISE = 0.35, 0.012  # pitch; inter-pupil distances

NECK = 0.9  # inter-pupil distances from where the neck bends to the point between the ears

HEAD_JOINS_DEG = 15.0  # up to here the eyes go alone
HEAD_SHARE = 0.6  # of what is beyond
EYE_RANGE_DEG = 30.0
COMFORT_DEG = 22.0  # no further for long, so that sway does not reach the range's end
TURN_S = 0.09  # of a critically damped head: eyes lead it by some 30 ms


class Sway:
    """Three angles (degrees) as a function of time; power mostly below 1 Hz."""

    def __init__(self, rng: np.random.Generator) -> None:
        edges = np.geomspace(SLOWEST_HZ, FASTEST_HZ, TONES + 1)
        self._hz = rng.uniform(edges[:-1], edges[1:], (3, TONES))
        power = np.diff(edges) / (1.0 + (self._hz / CORNER_HZ) ** 2)
        amplitude = np.sqrt(2.0 * power / power.sum(axis=1, keepdims=True))
        self._amplitude = amplitude * SWAY_DEG[:, None]
        self._phase = rng.uniform(0.0, 2.0 * np.pi, (3, TONES))

    def at(self, seconds: float) -> Floats:
        """Yaw, pitch and roll."""
        waves: Floats = np.sin(2.0 * np.pi * self._hz * seconds + self._phase)
        made: Floats = (self._amplitude * waves).sum(axis=1)
        return made


@dataclass
class Pulses:
    """Movements that rise in `rise_s` and fall in `fall_s`, with flat ends: a head does not jerk."""

    rise_s: float
    fall_s: float
    running: list[tuple[float, float]] = field(default_factory=list)  # start (s), strength

    def start(self, now: float, strength: float) -> None:
        """Begin one."""
        self.running.append((now, strength))

    def at(self, now: float) -> float:
        """The sum of those that run; what has faded is forgotten."""
        self.running = [pulse for pulse in self.running if now - pulse[0] < self.rise_s + self.fall_s]
        return sum(strength * self._shape(now - start) for start, strength in self.running)

    def _shape(self, age: float) -> float:
        return smoothstep(age / self.rise_s) * (1.0 - smoothstep((age - self.rise_s) / self.fall_s))


class Turn:
    """The head's share of the gaze: a critically damped turn to where the eyes need help (degrees)."""

    def __init__(self) -> None:
        self._angle: Floats | None = None
        self._speed = np.zeros(2)

    def towards(self, command: Floats, elapsed_s: float) -> Floats:
        """Yaw and pitch after another `elapsed_s`; at first it is there already."""
        goal = head_share(command)
        if self._angle is None:
            self._angle = goal
        away, decay = self._angle - goal, math.exp(-elapsed_s / TURN_S)
        drift = (self._speed + away / TURN_S) * elapsed_s
        self._angle = goal + (away + drift) * decay
        self._speed = (self._speed - drift / TURN_S) * decay
        return self._angle


class Head:
    """The head of one talking person; its chances come from `rng`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._sway = Sway(rng)
        self._breath_hz = rng.uniform(*BREATHS_HZ)
        self._nods = Pulses(*NOD_S)
        self._brows = Pulses(*BROW_S)
        self._turn = Turn()
        self._size = CALM
        self._now: float | None = None

    def accent(self, now: float, strength: float) -> None:
        """An accent was heard at `now` (s): nod, and sometimes raise the brows."""
        raises, nods = self._rng.random(2)
        if nods < 0.7:
            self._nods.start(now, NOD_DEG * strength)
        if raises < 0.45:
            self._brows.start(now, BROW * strength)

    def brow_at(self, now: float) -> float:
        """How far the brows rise (0 to 1)."""
        return min(self._brows.at(now), 0.6)

    def pose_at(
        self, now: float, command: Floats, talked_s: float, activity: float, amount: float, nod: float
    ) -> Floats:
        """The pose (6,) at `now` (s), in rising order: degrees, then inter-pupil distances.

        `command`: gaze (yaw, pitch); `talked_s`: how long there was speech; `activity`: whether there is, 0 to 1.
        """
        elapsed, self._now = now - (now if self._now is None else self._now), now
        wanted = CALM + (1.0 - CALM) * activity
        self._size += (wanted - self._size) * (1.0 - math.exp(-elapsed / 0.4))
        angles = amount * self._size * self._sway.at(CALM * now + (1.0 - CALM) * talked_s)
        breath = amount * breath_rise(now * self._breath_hz)
        angles[1] += min(amount, 1.0) * nod * self._nods.at(now) - BREATH_DEG * breath
        angles[:2] += self._turn.towards(command, elapsed)
        return np.concatenate([angles, neck_shift(angles, BREATH_RISE * breath)])


def head_share(command: Floats) -> Floats:
    """How far the head turns for a gaze (yaw, pitch): not up to 15 degrees, and never so little that eyes strain."""
    size = float(np.hypot(*command))
    beyond = max(HEAD_SHARE * (size - HEAD_JOINS_DEG), size - COMFORT_DEG, 0.0)
    share: Floats = command * (beyond / size if size else 0.0)
    return share


def eye_in_head(command: Floats, head_deg: Floats, within_deg: float = EYE_RANGE_DEG) -> Floats:
    """Where the eyes look within a head at yaw, pitch, roll, so that both together reach `command` (yaw, pitch)."""
    direction = _rotation(np.array([command[0], command[1], 0.0])) @ np.array([0.0, 0.0, 1.0])
    x, y, z = _rotation(head_deg).T @ direction
    eyes = np.degrees(np.array([math.atan2(x, z), -math.asin(min(max(y, -1.0), 1.0))]))
    size = float(np.hypot(*eyes))
    limited: Floats = eyes * min(1.0, within_deg / size) if size else eyes
    return limited


def _rotation(degrees: Floats) -> Floats:
    """Ry(yaw) Rx(pitch) Rz(roll)."""
    (cy, cp, cr), (sy, sp, sr) = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    ry = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    rx = np.array([[1.0, 0.0, 0.0], [0.0, cp, -sp], [0.0, sp, cp]])
    rz = np.array([[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]])
    made: Floats = ry @ rx @ rz
    return made


def breath_rise(breaths: float) -> float:
    """Rise of the chest, -0.5 to 0.5: in quickly, out slowly."""
    phase = breaths % 1.0
    if phase < INHALE:
        return smoothstep(phase / INHALE) - 0.5
    return 0.5 - smoothstep((phase - INHALE) / (1.0 - INHALE))


def neck_shift(angles: Floats, rise: float) -> Floats:
    """The point between the ears moves as a head bends on its neck."""
    _, pitch, roll = np.radians(angles)
    x, z = -NECK * math.sin(roll), NECK * math.sin(pitch)
    y = NECK * (math.cos(roll) * math.cos(pitch) - 1.0) + rise
    return np.array([x, y, z])
