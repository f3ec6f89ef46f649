"""From phones with times to the lips at any moment: dominance (Cohen and Massaro 1993) and firm closures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.shapes_model import smoothstep
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES, REST, TONGUE, Viseme, visemes_of
from avatar_nodes.payloads import Phones

REACH_S = 0.120  # onset and decay of a sound's influence (JALI)
DECAY = 3.0  # dominance has fallen to exp(-DECAY) at REACH_S
REST_DOMINANCE = 0.05  # what pulls to rest where no phone reaches
CLOSING_S = 0.055  # from open to touching, and back


@dataclass(frozen=True, slots=True)
class Sound:
    """One viseme with its time, in seconds of media time."""

    viseme: Viseme
    start: float
    end: float

    @property
    def middle(self) -> float:
        """Where a closure is tightest."""
        return 0.5 * (self.start + self.end)


@dataclass(frozen=True, slots=True)
class Lips:
    """The lips at one moment: amounts (12,) as LIP_NAMES, and whether they touch (0 to 1)."""

    amounts: NDArray[np.float64]
    closure: float


def sounds_of(timestamp: int, phones: Phones) -> list[Sound]:
    """The visemes of a packet of phones; those of one phone share its time equally."""
    made: list[Sound] = []
    for symbol, start, duration in zip(phones.symbols, phones.starts, phones.durations, strict=True):
        visemes = visemes_of(symbol)
        begin, step = (timestamp + int(start)) / 1e9, int(duration) / 1e9 / len(visemes)
        made += [Sound(v, begin + i * step, begin + (i + 1) * step) for i, v in enumerate(visemes)]
    return made


def lips_at(moment: float, sounds: Sequence[Sound], frame_s: float, vowel_gain: float = 1.0) -> Lips:
    """The lips at `moment` (s), from the sounds around it.

    `frame_s`: a closure lasts at least that long around its middle, so that one frame always shows it.
    `vowel_gain`: how far loudness opens the jaw, 1 is usual.
    """
    total = np.full(len(LIP_NAMES), REST_DOMINANCE)
    weighted = np.zeros(len(LIP_NAMES))
    closure = 0.0
    for sound in sounds:
        dominance = sound.viseme.firmness * _reach(moment, sound)
        targets = sound.viseme.targets
        total += dominance
        weighted += dominance * targets * _gains(sound.viseme, vowel_gain)
        closure = max(closure, _closure(moment, sound, frame_s))
    amounts = weighted / total
    return Lips(_tongue_kept_in(amounts, closure), closure)


def _reach(moment: float, sound: Sound) -> float:
    """How much a sound has to say at this moment: 1 in its core, exp(-DECAY) one REACH_S away from it."""
    half_core = 0.25 * (sound.end - sound.start)
    distance = max(abs(moment - sound.middle) - half_core, 0.0)
    if distance > 2.5 * REACH_S:
        return 0.0
    # A pause gives way to sounds around it: the mouth is ready before the voice is.
    return float(np.exp(-DECAY * distance / REACH_S)) * (0.6 if sound.viseme is REST else 1.0)


def _gains(viseme: Viseme, vowel_gain: float) -> NDArray[np.float64] | float:
    if not viseme.vowel or vowel_gain == 1.0:
        return 1.0
    gains = np.ones(len(LIP_NAMES))
    gains[JAW] = vowel_gain
    return gains


def _closure(moment: float, sound: Sound, frame_s: float) -> float:
    """Full around the middle for a third of the sound, and never shorter than a frame."""
    full = sound.viseme.closure
    if full == 0.0:
        return 0.0
    hold = max((sound.end - sound.start) / 6, 0.5 * frame_s + 1e-6)
    away = abs(moment - sound.middle) - hold
    return full * (1.0 - smoothstep(away, 0.0, CLOSING_S))


def _tongue_kept_in(amounts: NDArray[np.float64], closure: float) -> NDArray[np.float64]:
    """Closed lips show no tongue."""
    amounts[TONGUE] *= 1.0 - closure
    return amounts
