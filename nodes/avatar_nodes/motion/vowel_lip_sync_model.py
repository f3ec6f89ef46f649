"""The moving mouth of light motion: phones where there are any, else the sound alone; then the emotion."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.control.emotion_model import expression_of
from avatar_nodes.motion.broken_off_model import FADING_NS, BrokenOff
from avatar_nodes.motion.coarticulation_model import REACH_S, Lips, Sound, lips_at, sounds_of
from avatar_nodes.motion.loudness_model import START_ROWS
from avatar_nodes.motion.mouth_from_sound_model import FIELDS, LEVEL, SIDE, VOICED, SoundTracker, lips_from_sound
from avatar_nodes.motion.shapes_model import Floats, indices_of
from avatar_nodes.motion.speech_rows_model import ROW_NS, SpeechRows
from avatar_nodes.motion.visemes_model import LIP_NAMES
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion, Phones, SpeechFeatures

LOOKAHEAD_NS = 100_000_000  # a mouth is ready before its sound
LOOKAHEAD_ROWS = LOOKAHEAD_NS // ROW_NS
LIP_COLUMNS = [indices_of(name) for name in LIP_NAMES]
# Emotion shapes that pull against a rounded mouth.
SPREADING = [i for name in ("mouthSmile", "mouthStretch", "mouthDimple") for i in indices_of(name)]
OPENING = [i for name in ("mouthUpperUp", "mouthLowerDown") for i in indices_of(name)]


class Mouth:
    """Speech goes in as it comes; `motion_at` gives the face at any time up to `LOOKAHEAD_NS` before the end.

    `by_phones`: phones lead the lips and will be read; else the sound does.
    """

    def __init__(self, frame_ns: int, *, by_phones: bool) -> None:
        self._frame_ns = frame_ns
        self._by_phones = by_phones
        self._speech = SpeechRows()
        self._first_row: int | None = None
        self._sound: SoundTracker | None = None
        self._sounds: list[Sound] = []
        self._read_to: int | None = None  # timestamp of the newest phones
        self._broken_off = BrokenOff(frame_ns / 1e9)
        self._silent_rows = 0  # number of the first row that is listened to

    @property
    def end_ns(self) -> int:
        """Media time up to which speech is known."""
        return self._speech.end * ROW_NS

    def hear(self, timestamp: int, speech: SpeechFeatures) -> None:
        """Take speech features."""
        self._speech.add(timestamp, speech)
        if self._first_row is None:
            self._first_row = self._speech.first

    def read(self, timestamps: Sequence[int], phones: Sequence[Phones]) -> None:
        """Take packets of phones; those that were taken before are passed over."""
        for timestamp, packet in zip(timestamps, phones, strict=True):
            if self._read_to is None or timestamp > self._read_to:
                self._read_to = timestamp
                self._sounds += sounds_of(timestamp, packet)

    def interrupt(self, until_ns: int) -> None:
        """Break speech off: what was spoken before `until_ns` moves the lips no more."""
        until_ns = max(until_ns, self.end_ns)
        self._sounds.clear()
        self._read_to = max(self._read_to or 0, until_ns - 1)
        self._silent_rows = (until_ns + FADING_NS) // ROW_NS
        self._broken_off.begin(until_ns)

    def motion_at(self, moment_ns: int, emotion: NDArray[np.float32] | None) -> FaceMotion:
        """The face at a time (ns), in rising order; `emotion`: weights (8,)."""
        row = moment_ns // ROW_NS
        sound = self._sound = self._sound or self._begun()
        self._track(sound, row + LOOKAHEAD_ROWS)
        rows = _rows_around(sound, row)
        rows[: max(self._silent_rows - (row - SIDE), 0), [LEVEL, VOICED]] = 0.0
        known = [sound for sound in self._sounds if sound.start * 1e9 <= moment_ns + LOOKAHEAD_NS]
        if self._by_phones:
            gain = 0.72 + 0.5 * float(rows[SIDE - 3 : SIDE + 4, LEVEL].mean())
            lips = lips_at(moment_ns / 1e9, known, self._frame_ns / 1e9, gain)
        else:
            lips = lips_from_sound(rows, closed_rows=math.ceil(self._frame_ns / ROW_NS / 2))
        self._speech.forget_before(row)
        sound.forget_before(row - 4 * SIDE)
        self._forget_sounds(moment_ns)
        return _face(self._broken_off.lips(moment_ns, lips), emotion)

    def _begun(self) -> SoundTracker:
        first = self._first_row or 0
        stop = min(first + START_ROWS, self._speech.end)
        sound = SoundTracker()
        sound.begin(first, self._speech.loudness(first, stop), self._speech.pitch(first, stop))
        return sound

    def _track(self, sound: SoundTracker, last_row: int) -> None:
        """Step the sound up to and with `last_row`; never further, so that chunks mean nothing."""
        start, stop = sound.end, last_row + 1
        mel, pitch = self._speech.mel(start, stop), self._speech.pitch(start, stop)
        for index, loudness in enumerate(self._speech.loudness(start, stop)):
            sound.step(mel[index], float(loudness), float(pitch[index]))

    def _forget_sounds(self, moment_ns: int) -> None:
        old = moment_ns / 1e9 - 3 * REACH_S
        if self._sounds and self._sounds[0].end < old:
            self._sounds = [sound for sound in self._sounds if sound.end >= old]


def _rows_around(sound: SoundTracker, row: int) -> Floats:
    start = row - SIDE - sound.first
    known = sound.rows[max(start, 0) : start + 2 * SIDE + 1]
    missing = 2 * SIDE + 1 - len(known)  # before the first row: as silent as it is
    quiet = known[0] * [0.0, 0.0, *[1.0] * (len(FIELDS) - 2)]
    return np.stack([quiet] * missing + known)


def _face(lips: Lips, emotion: NDArray[np.float32] | None) -> FaceMotion:
    felt = np.zeros(len(EXPRESSION_NAMES), np.float32) if emotion is None else expression_of(emotion)
    expression = with_lips(felt, lips)
    return FaceMotion(np.zeros(6, np.float32), expression, np.zeros(2, np.float32), float(lips.closure))


def with_lips(felt: NDArray[np.float32], lips: Lips) -> NDArray[np.float32]:
    """The coefficients (52,) of a face that feels (52,) and speaks."""
    expression = felt.copy()
    amount = dict(zip(LIP_NAMES, lips.amounts, strict=True))
    # Rounded lips cannot smile as wide, and lips that touch stay together: the speech goes first.
    expression[SPREADING] *= 1.0 - 0.6 * min(amount["mouthPucker"] + amount["mouthFunnel"], 1.0)
    for columns, value in zip(LIP_COLUMNS, lips.amounts, strict=True):
        expression[list(columns)] += value
    expression[OPENING] *= 1.0 - 0.8 * lips.closure
    np.clip(expression, 0.0, 1.0, out=expression)
    # In ARKit mouthClose is what brings the lips together over an open jaw.
    expression[EXPRESSION_INDEX["mouthClose"]] = lips.closure * expression[EXPRESSION_INDEX["jawOpen"]]
    return expression
