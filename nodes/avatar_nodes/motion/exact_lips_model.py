"""What of the lips must be exact, whatever was sampled: closures, the lip at the teeth, stillness in silence."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.coarticulation_model import CLOSING_S, Lips, Sound, lips_at
from avatar_nodes.motion.loudness_model import START_ROWS, SpeechLevel
from avatar_nodes.motion.shapes_model import Floats, smoothstep
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES, REST, VISEMES, Viseme

FRAME_S = 0.04
ROWS_HEARD = 12  # from the start of a frame to the end of its lookahead

# What is taken for a closure (p b m) and for a lip at the teeth (f v): from, until, and how far it rises again.
CLOSED = (0.5, 0.3)
TOUCHING = (0.6, 0.36)
FALLEN = 0.85  # of its peak: so far down, a closure is over
RISEN = 0.15  # from where it opened: so far up, it is another one
# How far each amount parts the inner lips of a mean face, in inter-pupil distances; fits its mesh to .0005.
JAW_GAP = np.array([{"jawOpen": 0.36, "mouthFunnel": 0.09}.get(name, 0.0) for name in LIP_NAMES])
SHAPED_GAP = np.array([{"mouthLowerDown": 0.085, "mouthUpperUp": 0.07}.get(name, 0.0) for name in LIP_NAMES])
HELD = 0.8  # of these two a closure holds back
LEAST_GAP = 0.055  # while somebody speaks and no closure is heard for sure
LIPS_CLOSED, AT_TEETH = VISEMES["m"], VISEMES["f"]
FIRMNESS = 0.8  # how far such a consonant overrides the sampled lips

SPEAKS = (0.5, 0.3)  # from, until
SOON = 0.2  # speech that is loud in the lookahead needs no more than that
LOUD = 0.2  # of the level
OPEN_S, CLOSE_S = 0.08, 0.16  # how long lips take to leave rest, and to return
BEFORE_S, AFTER_S = 0.12, 0.16  # with phones: so long around speech lips are not at rest


class Latch:
    """Holds from `on` until `off`; of `events` also until well below their peak, so that two that follow stay two."""

    def __init__(self, on: float, off: float, *, events: bool = False) -> None:
        self._on, self._off = on, off
        self._fallen, self._risen = (FALLEN, RISEN) if events else (0.0, 0.0)
        self._peak = 0.0
        self._trough = 0.0
        self.held = False

    def step(self, value: float) -> bool:
        """Whether it holds, after the next value (0 to 1)."""
        if self.held:
            self._peak = max(self._peak, value)
            if value < max(self._off, self._fallen * self._peak):
                self.held, self._trough = False, value
        else:
            self._trough = min(self._trough, value)
            if value >= self._on and value >= self._trough + self._risen:
                self.held, self._peak = True, value
        return self.held


class Waking:
    """How far lips may leave rest, 0 to 1: all the way while somebody speaks, from just before it."""

    def __init__(self) -> None:
        self._level = SpeechLevel()
        self._begun = False
        self._waiting: list[tuple[float, bool]] = []  # rows before the first frame: loudness (dB), voice
        self._levels: deque[float] = deque(maxlen=ROWS_HEARD)
        self._speaks = Latch(*SPEAKS)
        self._awake = 0.0

    def hear(self, loudness_db: NDArray[np.float32], pitch_hz: NDArray[np.float32]) -> None:
        """Take the rows of one more audio frame."""
        rows = list(zip(loudness_db.tolist(), (pitch_hz > 0.0).tolist(), strict=True))
        if not self._begun:
            self._waiting += rows
            if len(self._waiting) < START_ROWS:
                return
            self._begun, rows = True, self._waiting
            loudness, voiced = zip(*rows[:START_ROWS], strict=True)
            self._level.look_ahead(loudness, voiced)
        self._levels.extend(self._level.step(loudness, voiced) for loudness, voiced in rows)

    def step(self, speech: float) -> float:
        """The next frame; `speech`: how surely somebody speaks in it, 0 to 1."""
        soon = speech >= SOON and max(self._levels, default=0.0) > LOUD
        goal = 1.0 if self._speaks.step(speech) or soon else 0.0
        self._awake += min(max(goal - self._awake, -FRAME_S / CLOSE_S), FRAME_S / OPEN_S)
        return smoothstep(self._awake)

    def forget(self) -> None:
        """Nobody speaks; how loud the background is stays known."""
        self._speaks, self._awake = Latch(*SPEAKS), 0.0


@dataclass(frozen=True, slots=True)
class HeardLips:
    """The lips of one motion frame as they were sampled, and what was heard of it."""

    lips: Lips
    closed: bool
    touching: bool
    awake: float
    speech: float


class LipsListener:
    """Decides frame by frame what is closed, what touches and what rests."""

    def __init__(self) -> None:
        self.waking = Waking()
        self._closed, self._touching = Latch(*CLOSED, events=True), Latch(*TOUCHING, events=True)

    def forget(self) -> None:
        """What was spoken so far is over."""
        self.waking.forget()
        self._closed, self._touching = Latch(*CLOSED, events=True), Latch(*TOUCHING, events=True)

    def step(self, amounts: Floats, closure: float, touch: float, speech: float) -> HeardLips:
        """The next motion frame: amounts (12,) as they were sampled; what is heard of it, 0 to 1."""
        awake = self.waking.step(speech)
        if awake == 0.0:  # what is closed in silence is no consonant
            closure = touch = 0.0
        closed, touching = self._closed.step(closure), self._touching.step(touch)
        lips = Lips(amounts, max(closure, AT_TEETH.closure * touch))
        return HeardLips(lips, closed, touching and not closed, awake, speech)


def lips_by_sound(before: HeardLips, after: HeardLips, weight: float, frame_s: float) -> Lips:
    """The lips between two motion frames, `weight` 0 to 1; the video frame (`frame_s`) next to a closure shows it."""
    sampled = lips_between(before.lips, after.lips, weight)
    awake = before.awake + (after.awake - before.awake) * weight
    speech = before.speech + (after.speech - before.speech) * weight
    made = parted(Lips(sampled.amounts * awake, sampled.closure * awake), LEAST_GAP * awake * speech)
    near = [_nearness(away * FRAME_S, frame_s) for away in (weight, 1.0 - weight)]
    if before.touching or after.touching:
        made = _formed(made, AT_TEETH, _of_run((before.touching, after.touching), near))
    if before.closed or after.closed:
        made = _formed(made, LIPS_CLOSED, _of_run((before.closed, after.closed), near))
    return made


def parted(lips: Lips, least: float) -> Lips:
    """The lips, at least that far apart (inter-pupil distances): what is not heard to close does not look closed."""
    amounts, closure = lips.amounts, lips.closure
    jaw, shaped = float(JAW_GAP @ amounts), float(SHAPED_GAP @ amounts)
    if jaw + shaped < least:
        amounts = amounts.copy()
        amounts[JAW] += (least - jaw - shaped) / JAW_GAP[JAW]
        return Lips(amounts, 0.0)
    # A closure of c leaves (jaw + (1 - HELD c) shaped) (1 - c): solved for `least`.
    a, b = HELD * shaped, jaw + (1.0 + HELD) * shaped
    most = 2.0 * (jaw + shaped - least) / (b + math.sqrt(max(b * b - 4.0 * a * (jaw + shaped - least), 0.0)) + 1e-9)
    return Lips(amounts, min(closure, most))


def lips_by_phones(sampled: Lips, moment: float, sounds: Sequence[Sound], frame_s: float) -> Lips:
    """The sampled lips at `moment` (s) with the closures of the phones: all of them and no others."""
    spoken = [sound for sound in sounds if sound.viseme is not REST]
    awake = max((_waking_near(moment, sound) for sound in spoken), default=0.0)
    made = Lips(sampled.amounts * awake, lips_at(moment, spoken, frame_s).closure)
    for sound in spoken:
        if sound.viseme is AT_TEETH or sound.viseme is LIPS_CLOSED:
            core_s = max((sound.end - sound.start) / 6 - 0.5 * frame_s, 0.0)
            away_s = max(abs(moment - sound.middle) - core_s, 0.0)
            made = _formed(made, sound.viseme, _nearness(away_s, frame_s))
    return made


def lips_between(before: Lips, after: Lips, weight: float) -> Lips:
    """These at weight 0, the others at weight 1."""
    amounts = before.amounts + (after.amounts - before.amounts) * weight
    return Lips(amounts, before.closure + (after.closure - before.closure) * weight)


def guide_by_phones(moment: float, sounds: Sequence[Sound]) -> NDArray[np.float32]:
    """What phones say of the motion frame at `moment` (s): lip amounts as LIP_NAMES, then the closure (13,)."""
    lips = lips_at(moment, sounds, FRAME_S)
    return np.append(lips.amounts, lips.closure).astype(np.float32)


def _nearness(away_s: float, frame_s: float) -> float:
    """1 within half a video frame, 0 from the time that lips take to close."""
    return 1.0 - smoothstep(away_s - 0.5 * frame_s - 1e-6, 0.0, CLOSING_S)


def _of_run(holds: tuple[bool, bool], near: Sequence[float]) -> float:
    """How near a run of motion frames is: between two of its frames it is there."""
    if all(holds):
        return 1.0
    return near[0] if holds[0] else near[1]


def _waking_near(moment: float, sound: Sound) -> float:
    """How far lips may leave rest, this far from a sound."""
    if moment < sound.start:
        return 1.0 - smoothstep(sound.start - moment, 0.5 * BEFORE_S, BEFORE_S)
    return 1.0 - smoothstep(moment - sound.end, 0.25 * AFTER_S, AFTER_S)


def _formed(lips: Lips, viseme: Viseme, near: float) -> Lips:
    """The lips in the form of a consonant, as far as it is near."""
    amounts = lips.amounts + (viseme.targets - lips.amounts) * near * FIRMNESS
    return Lips(amounts, max(lips.closure, viseme.closure * near))
