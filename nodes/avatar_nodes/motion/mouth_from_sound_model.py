"""The mouth from sound alone: how loud, how open, how round a voice is, row by row of speech features.

Vowels by three bands (Peterson and Barney 1952): energy around 600-1100 Hz against 200-450 Hz tells an open
vowel (F1), around 1800-2800 Hz against 700-1300 Hz a front one (F2). No training; sounds of one mouth shape
(k and g, s and z) share it, and lips that close are told from a tongue that closes only by their dip: of 200
p, b, m of eleven espeak voices in five languages 52 % are found (a control with the times shifted by 370 ms:
34 %), and 62 % of the closures between pauses are one. With phones every one is found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.coarticulation_model import Lips
from avatar_nodes.motion.loudness_model import SpeechLevel
from avatar_nodes.motion.shapes_model import smoothstep
from avatar_nodes.motion.visemes_model import LIP_NAMES
from avatar_nodes.payloads import MEL_BANDS

# Columns of what is known of a row: shares of 1, then dB (front_db: against this voice's average).
FIELDS = ("level", "voiced", "open", "front", "hiss", "vowel_db", "front_db", "low_db", "burst_db")
LEVEL, VOICED, OPEN, FRONT, HISS, VOWEL_DB, FRONT_DB, LOW_DB, BURST_DB = range(len(FIELDS))
HALF_SPAN = 5  # rows on each side that make one shape: lips are slower than sound
SIDE = 10  # rows on each side in which a closure's dip must rise again
DIP_DB = (7.0, 13.0)  # no closure up to, full closure from
LABIAL_DB = (3.0, 14.0)  # how dull a dip and its burst are: lips from, lips surely
COLOUR_ADAPTATION = 0.008  # a voiced row: a speaker is known after little more than a second of voice


def _bands(low_hz: float, high_hz: float) -> slice:
    """The bands of librosa's (Slaney's) mel scale, 0 to 8 kHz, between two frequencies."""
    mels = [f * 0.015 if f < 1000.0 else 15.0 + np.log(f / 1000.0) * 27.0 / np.log(6.4) for f in (low_hz, high_hz)]
    per_band = (15.0 + np.log(8.0) * 27.0 / np.log(6.4)) / (MEL_BANDS + 1)
    return slice(round(mels[0] / per_band), round(mels[1] / per_band))


F1_CLOSE, F1_OPEN = _bands(200, 450), _bands(600, 1100)
F2_BACK, F2_FRONT = _bands(700, 1300), _bands(1800, 2800)
LOW, BURST = _bands(500, 1500), _bands(3000, 7000)
HIGH, VOICE = _bands(4000, 7600), _bands(200, 3500)
VOWEL = _bands(450, 3500)  # above the murmur that goes on behind closed lips


class SoundTracker:
    """Turns rows of speech features into what the mouth does; keeps what it learns of voice and background."""

    def __init__(self) -> None:
        self._level = SpeechLevel()
        self._voiced = 0.0
        self._open_mean, self._front_mean = -8.0, -8.0  # dB, of an average voice
        self.rows: list[NDArray[np.float64]] = []  # (9,) as FIELDS
        self.first = 0  # number of rows[0]

    @property
    def end(self) -> int:
        """The number after the newest row."""
        return self.first + len(self.rows)

    def begin(self, row: int, loudness_db: NDArray[np.float32], pitch_hz: NDArray[np.float32]) -> None:
        """Before the first step: its row's number, and what of the first rows tells the background."""
        self.first = row
        self._level.look_ahead(loudness_db.tolist(), (pitch_hz > 0.0).tolist())

    def step(self, mel: NDArray[np.float32], loudness_db: float, pitch_hz: float) -> None:
        """Take the next row: mel (80,) in log10 of power."""
        level = self._level.step(loudness_db, pitch_hz > 0.0)
        self._voiced += 0.4 * ((1.0 if pitch_hz > 0.0 else 0.0) - self._voiced)
        openness = _power_db(mel[F1_OPEN]) - _power_db(mel[F1_CLOSE])
        frontness = _power_db(mel[F2_FRONT]) - _power_db(mel[F2_BACK])
        if pitch_hz > 0.0 and level > 0.3:
            self._open_mean += COLOUR_ADAPTATION * (openness - self._open_mean)
            self._front_mean += COLOUR_ADAPTATION * (frontness - self._front_mean)
        hiss = smoothstep(10.0 * float(mel[HIGH].mean() - mel[VOICE].mean()), -6.0, 8.0)
        open_ = smoothstep(openness - self._open_mean, -9.0, 9.0)
        front = smoothstep(frontness - self._front_mean, -10.0, 10.0)
        levels_db = [10.0 * float(mel[bands].mean()) for bands in (VOWEL, LOW, BURST)]
        colour = [open_, front, hiss, levels_db[0], frontness - self._front_mean, *levels_db[1:]]
        self.rows.append(np.array([level, self._voiced, *colour]))

    def forget_before(self, row: int) -> None:
        """Drop rows before this one."""
        count = max(row - self.first, 0)
        del self.rows[:count]
        self.first += count


def lips_from_sound(rows: NDArray[np.float64], closed_rows: int) -> Lips:
    """The lips in the middle of rows (2 * SIDE + 1, 9) as FIELDS; a closure shows for `closed_rows` on each side."""
    level, voiced, open_, front, hiss = _smoothed(rows)
    speaking = smoothstep(level, 0.06, 0.4)
    hiss *= 1.0 - 0.7 * voiced
    voice = speaking * (0.35 + 0.65 * voiced) * (1.0 - hiss)
    jaw = voice * (0.09 + 0.29 * open_ * (0.6 + 0.4 * level))
    round_ = voice * (1.0 - front) * (1.0 - 0.75 * open_)
    narrow = speaking * hiss
    closure = _closure(rows, closed_rows) * speaking_around(rows)
    amounts = {
        "jawOpen": jaw + 0.05 * narrow,
        "mouthPucker": 0.55 * round_,
        "mouthFunnel": 0.4 * round_ + 0.15 * narrow,
        "mouthStretch": voice * front * 0.26 + 0.16 * narrow,
        "mouthSmile": voice * front * 0.16,
        "mouthLowerDown": voice * (0.06 + 0.14 * max(open_, front)) + 0.2 * narrow,
        "mouthUpperUp": voice * 0.1 * max(open_, front) + 0.08 * narrow,
        "mouthPress": 0.2 * closure,
    }
    return Lips(np.array([amounts.get(name, 0.0) for name in LIP_NAMES]), closure)


def speaking_around(rows: NDArray[np.float64]) -> float:
    """Whether there is speech on both sides of the middle: what is closed in a pause is no consonant."""
    before, after = rows[:SIDE, LEVEL].max(), rows[SIDE + 1 :, LEVEL].max()
    return smoothstep(float(min(before, after)), 0.2, 0.45)


def _power_db(mel: NDArray[np.float32]) -> float:
    """Mean power in dB: the valleys between the harmonics of a high voice do not count."""
    return 10.0 * float(np.log10(np.mean(10.0**mel)))


def _smoothed(rows: NDArray[np.float64]) -> list[float]:
    near = rows[SIDE - HALF_SPAN : SIDE + HALF_SPAN + 1, :VOWEL_DB]
    weights = np.hanning(2 * HALF_SPAN + 3)[1:-1]
    # Colour counts where there is voice, else a stop's noise would spread the lips.
    sounding = weights * (near[:, LEVEL] * near[:, VOICED] + 1e-3)
    plain, coloured = weights @ near / weights.sum(), sounding @ near / sounding.sum()
    return [float(x) for x in (plain[LEVEL], plain[VOICED], coloured[OPEN], coloured[FRONT], plain[HISS])]


def _closure(rows: NDArray[np.float64], closed_rows: int) -> float:
    """How deep the vowel bands dip, at the deepest row near the middle, between two sounds that stand out of it."""
    bands = rows[:, VOWEL_DB]
    near = slice(SIDE - closed_rows, SIDE + closed_rows + 1)
    lowest = SIDE - closed_rows + int(np.argmin(bands[near]))
    depth = min(bands[:lowest].max(), bands[lowest + 1 :].max()) - bands[lowest]
    return smoothstep(float(depth), *DIP_DB) * _labial(rows, lowest) * (1.0 - float(rows[near, HISS].max()))


def _labial(rows: NDArray[np.float64], lowest: int) -> float:
    """Whether lips closed, and not the tongue: dull in the dip and at its end (Stevens and Blumstein 1978)."""
    dip, burst = rows[lowest - 3 : lowest + 4], rows[lowest + 1 : lowest + 6]
    dullness = float(burst[:, LOW_DB].max() - burst[:, BURST_DB].max() - dip[:, FRONT_DB].mean())
    return smoothstep(dullness, *LABIAL_DB)
