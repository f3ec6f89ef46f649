"""What head and lids hear of speech, row by row and causally: talking or not, accents, pauses."""

from __future__ import annotations

import math
from collections import deque

from avatar_nodes.motion.loudness_model import SpeechLevel
from avatar_nodes.motion.speech_rows_model import ROW_NS, SpeechRows
from avatar_nodes.payloads import SpeechFeatures
from graphcore import Window

ROW_S = ROW_NS / 1e9
ACTIVITY_S = 0.5  # how fast "talking" comes and goes
LEARNING = ROW_S / 4.0  # mean and spread of loudness and pitch over some 4 s of speech
NEIGHBOURHOOD = 7  # rows on each side that an accent stands above
SUPPOSED = 25  # rows: how firmly the first spread is believed
ACCENT = 0.5  # its prominence, in standard deviations
STRONGEST = 2.5
BETWEEN_ACCENTS = 50  # rows
LOOK_BACK = 120  # rows: what came before a longer silence, or before the first face, tells nothing
PAUSE_ROWS = 12  # so long without voice is a pause


class Spread:
    """Running mean and standard deviation: of all values at first, then of the newest."""

    def __init__(self, deviation: float) -> None:
        self._count = 0
        self._mean = 0.0
        self._variance = deviation**2  # counts as much as `SUPPOSED` values

    def score(self, value: float) -> float:
        """How many standard deviations `value` is above the mean, which it is part of."""
        self._count += 1
        self._mean += max(LEARNING, 1.0 / self._count) * (value - self._mean)
        away = value - self._mean
        self._variance += max(LEARNING, 1.0 / (SUPPOSED + self._count)) * (away**2 - self._variance)
        return away / math.sqrt(self._variance)


class Prosody:
    """Takes speech up to a time: `activity` 0 (silent) to 1 (talking), the newest accent, the newest pause."""

    def __init__(self) -> None:
        self.activity = 0.0
        self.talked_s = 0.0  # of media time, weighted by activity
        self.accents = 0  # how many so far
        self.accent_strength = 0.0  # of the newest, ACCENT to STRONGEST
        self.pauses = 0  # how many so far
        self.row = 0  # the next
        self._speech = SpeechRows()
        self._level = SpeechLevel()
        self._loudness = Spread(6.0)
        self._tone = Spread(2.0)  # semitones
        self._prominence = deque([0.0] * (2 * NEIGHBOURHOOD + 1), maxlen=2 * NEIGHBOURHOOD + 1)
        self._smooth_prominence = 0.0
        self._since_accent = BETWEEN_ACCENTS
        self._voiced_rows = 0
        self._quiet_rows = 0

    def hear(self, window: Window[SpeechFeatures], timestamp: int) -> None:
        """Take the rows up to `timestamp` (ns), from a window that may hold known ones; later ones wait."""
        for start, features in zip(window.timestamps, window, strict=True):
            self._speech.add(start, features)
        to_row = max(timestamp // ROW_NS + 1, self.row)
        self.row = max(self.row, self._speech.first, to_row - LOOK_BACK)
        pitch = self._speech.pitch(self.row, to_row)
        for index, loudness in enumerate(self._speech.loudness(self.row, to_row)):
            self._step(float(loudness), float(pitch[index]))
        self.row = to_row
        self._speech.forget_before(to_row)

    def _step(self, loudness: float, pitch: float) -> None:
        level = self._level.step(loudness, pitch > 0.0)
        talking = 1.0 if level > 0.2 else 0.0
        self.activity += ROW_S / ACTIVITY_S * (talking - self.activity)
        self.talked_s += ROW_S * self.activity
        self._count_pause(level)
        self._find_accent(level, loudness, pitch)

    def _count_pause(self, level: float) -> None:
        if level > 0.15:
            self._voiced_rows, self._quiet_rows = self._voiced_rows + 1, 0
            return
        self._quiet_rows += 1
        if self._quiet_rows == PAUSE_ROWS and self._voiced_rows >= 2 * PAUSE_ROWS:
            self.pauses += 1
            self._voiced_rows = 0

    def _find_accent(self, level: float, loudness: float, pitch: float) -> None:
        prominence = 0.0
        if level > 0.3:
            prominence = 0.7 * self._loudness.score(loudness)
            if pitch > 0.0:
                prominence += 0.7 * self._tone.score(12.0 * math.log2(pitch))
        self._smooth_prominence += 0.25 * (prominence - self._smooth_prominence)
        self._prominence.append(self._smooth_prominence)
        self._since_accent += 1
        middle = self._prominence[NEIGHBOURHOOD]
        if middle >= ACCENT and middle == max(self._prominence) and self._since_accent >= BETWEEN_ACCENTS:
            self.accents += 1
            self.accent_strength = min(middle, STRONGEST)
            self._since_accent = 0
