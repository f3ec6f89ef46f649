"""What a head hears of speech, one motion frame after the other and causally: loudness, pitch, phrases."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.loudness_model import SpeechLevel

FRAME_S = 0.04
LOUDNESS, PITCH = 80, 81  # columns of a row
SEMITONES = 12.0
LEARNING = FRAME_S / 4.0  # means over some 4 s of speech
QUIET = -1.5  # relative loudness (10 dB) of silence
SPEAKS = 0.2  # speech level from which somebody speaks
PROSODY_NAMES = ("speech", "loudness", "loudness_slope", "voiced", "tone", "tone_slope", "since_start", "since_end")


class Mean:
    """A running mean: of all values at first, then of the newest."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0

    def above(self, value: float) -> float:
        """How far `value` is above the mean, which it is part of."""
        self._count += 1
        self._mean += max(LEARNING, 1.0 / self._count) * (value - self._mean)
        return value - self._mean


class FrameProsody:
    """Turns audio frames of four rows into numbers of about unit size, relative to this speaker's own means."""

    def __init__(self) -> None:
        self._level = SpeechLevel()
        self._loudness = Mean()
        self._tone = Mean()
        self._loud, self._high = QUIET, 0.0  # relative loudness and tone (4 semitones), smoothed
        self._started_s, self._ended_s = 0.0, 10.0  # ago
        self._speech = 0.0

    def hear(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The prosody (8,), as PROSODY_NAMES, of an audio frame: rows (4, 82)."""
        pitch = rows[:, PITCH].tolist()
        levels = [self._level.step(db, hz > 0.0) for db, hz in zip(rows[:, LOUDNESS].tolist(), pitch, strict=True)]
        speaks = 1.0 if max(levels) > SPEAKS else 0.0
        voiced = [hz for hz in pitch if hz > 0.0] if speaks else []
        above = self._loudness.above(float(rows[:, LOUDNESS].mean())) / 10.0 if speaks else QUIET
        loud = min(max(above, QUIET), -QUIET)
        louder, self._loud = loud - self._loud, self._loud + 0.5 * (loud - self._loud)
        higher = self._sing(voiced)
        self._count_time(speaks)
        made = [self._speech, self._loud, louder, len(voiced) / 4.0, self._high, higher]
        return np.array([*made, math.tanh(self._started_s), math.tanh(self._ended_s)], np.float32)

    def _sing(self, voiced: list[float]) -> float:
        """Follow the tone, which fades where there is no voice; return its slope."""
        if not voiced:
            self._high *= 0.9
            return 0.0
        tone = self._tone.above(SEMITONES * math.log2(sum(voiced) / len(voiced))) / 4.0
        higher = min(max(tone, -3.0), 3.0) - self._high
        self._high += 0.5 * higher
        return higher

    def _count_time(self, speaks: float) -> None:
        self._speech += 0.4 * (speaks - self._speech)
        if speaks:
            self._started_s = FRAME_S if self._ended_s > 0.2 else self._started_s + FRAME_S
            self._ended_s = 0.0
        else:
            self._ended_s += FRAME_S


def prosody_of(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The prosody (T, 8) of a whole sound: rows (4 T, 82)."""
    heard = FrameProsody()
    return np.stack([heard.hear(four) for four in rows.reshape(-1, 4, rows.shape[-1])])
