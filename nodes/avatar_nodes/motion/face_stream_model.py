"""One talking person: speech and wishes in, a face for every video frame out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from avatar_nodes.motion.broken_off_model import FADING_NS, BrokenOff
from avatar_nodes.motion.coarticulation_model import REACH_S, Lips, Sound, sounds_of
from avatar_nodes.motion.drawn_frames_model import LOOKAHEAD_NS, DrawnFrames, Sampler
from avatar_nodes.motion.exact_lips_model import (
    HeardLips,
    guide_by_phones,
    lips_between,
    lips_by_phones,
    lips_by_sound,
)
from avatar_nodes.motion.held_model import Held
from avatar_nodes.motion.living_face_model import Dials, LivingFace
from avatar_nodes.motion.motion_diffusion_model import Wish
from avatar_nodes.motion.prosody_model import Prosody
from avatar_nodes.motion.speech_rows_model import ROW_NS, SILENT_DB, SILENT_MEL
from avatar_nodes.payloads import MEL_BANDS, Emotion, FaceMotion, Gaze, HeadDistance, Phones, SpeechFeatures
from graphcore import Window, timestamp_of

HOLE_ROWS = 50  # a hole in the sound is filled with silence in such parts


@dataclass(frozen=True, slots=True)
class Guidance:
    """How closely the sampler follows each condition, and in how many steps it draws a frame."""

    speech: float = 0.5
    gaze: float = 1.0
    emotion: float = 0.5
    steps: int = 4


class FaceStream:
    """What was heard and wished so far, and the face that comes of it; `linked`: the inputs that will speak."""

    def __init__(self, sampler: Sampler, rng: np.random.Generator, rate: Fraction, linked: frozenset[str]) -> None:
        chances, seed = rng.spawn(1)[0], int(rng.integers(2**31))
        self.gaze: Held[Gaze] = Held()
        self.distance: Held[HeadDistance] = Held()
        self.emotion: Held[Emotion] = Held()
        self.dials, self.guidance = Dials(), Guidance()
        self._frames = DrawnFrames(sampler, seed)
        self._face = LivingFace(chances)
        self._prosody = Prosody()
        self._rate, self._frame_s = rate, float(1 / rate)
        self._broken_off = BrokenOff(self._frame_s)
        self._by_phones = "phones" in linked
        self._wait_ns = _waiting_ns(linked)
        self._sounds: list[Sound] = []
        self._read_to = -1  # timestamp of the newest phones
        self._index: int | None = None  # of the next video frame

    def take(self, timestamp: int, speech: SpeechFeatures) -> Iterator[tuple[int, FaceMotion]]:
        """Speech goes in, and the faces that it completes come out, each with its time (ns).

        Phones and wishes must have been read up to `timestamp`. A hole in the sound is silence.
        """
        if self._index is None:
            self._index = math.ceil(timestamp * self._rate / 1_000_000_000)
            self._frames.begin(timestamp)
        while (rows := min((timestamp - self._frames.end_ns + ROW_NS // 2) // ROW_NS, HOLE_ROWS)) > 0:
            yield from self._hear(self._frames.end_ns, _silence(rows), timestamp)
        yield from self._hear(timestamp, speech, timestamp)

    def read(self, timestamps: Sequence[int], phones: Sequence[Phones]) -> None:
        """Take packets of phones; those that were taken before are passed over."""
        for timestamp, packet in zip(timestamps, phones, strict=True):
            if timestamp > self._read_to:
                self._read_to = timestamp
                self._sounds += sounds_of(timestamp, packet)

    def interrupt(self, until_ns: int) -> None:
        """Break speech off: of what was spoken before `until_ns` nothing moves the lips any more; all else lives on."""
        until_ns = max(until_ns, self._frames.end_ns)
        self._sounds.clear()
        self._read_to = max(self._read_to, until_ns - 1)
        self._frames.break_off(until_ns + FADING_NS)
        self._broken_off.begin(until_ns)

    def rest(self) -> Iterator[tuple[int, FaceMotion]]:
        """The faces up to the end of the sound: what would come after it is silence."""
        while self._index is not None and (now := self._time()) < self._frames.end_ns:
            while not self._frames.reaches(now):
                self._frames.step(self._wish())
            yield now, self._next_face(now)

    def _hear(self, timestamp: int, speech: SpeechFeatures, known_ns: int) -> Iterator[tuple[int, FaceMotion]]:
        """The faces that these rows complete, where phones and wishes are known up to `known_ns`."""
        self._frames.hear(timestamp, speech)
        self._prosody.hear(Window([speech], [timestamp]), -1)
        while self._frames.next_is_known and self._frames.next_ns <= known_ns + self._wait_ns:
            self._frames.step(self._wish())
            while self._frames.reaches(now := self._time()):
                yield now, self._next_face(now)

    def _time(self) -> int:
        """Of the next video frame."""
        return timestamp_of(self._index or 0, self._rate.numerator, self._rate.denominator)

    def _wish(self) -> Wish:
        """What is wanted of the motion frame that is drawn next."""
        at = self._frames.next_ns - LOOKAHEAD_NS
        distance, emotion = self.distance.at(at), self.emotion.at(at)
        command = self._command(at)
        dial = self.dials.gaze
        return Wish(
            gaze=None if command is None else (command[0] * dial, command[1] * dial),
            distance=None if distance is None else distance.distance,
            emotion=None if emotion is None else emotion.weights,
            guide=guide_by_phones(at / 1e9, self._sounds_at(at)) if self._by_phones else None,
            cfg_speech=self.guidance.speech,
            cfg_gaze=self.guidance.gaze,
            cfg_emotion=self.guidance.emotion,
            steps=self.guidance.steps,
        )

    def _next_face(self, now: int) -> FaceMotion:
        before, after, weight = self._frames.around(now)
        self._prosody.hear(Window(), now)
        emotion = self.emotion.at(now)
        face = self._face.at(
            now / 1e9,
            self._broken_off.lips(now, self._lips(now, before.lips, after.lips, weight)),
            before.pose + (after.pose - before.pose) * weight,
            command=self._command(now),
            emotion=None if emotion is None else emotion.weights,
            prosody=self._prosody,
            dials=self.dials,
        )
        self._index = (self._index or 0) + 1
        self._forget(now)
        return face

    def _lips(self, now: int, before: HeardLips, after: HeardLips, weight: float) -> Lips:
        if not self._by_phones:
            return lips_by_sound(before, after, weight, self._frame_s)
        sampled = lips_between(before.lips, after.lips, weight)
        return lips_by_phones(sampled, now / 1e9, self._sounds_at(now), self._frame_s)

    def _command(self, moment_ns: int) -> tuple[float, float] | None:
        gaze = self.gaze.at(moment_ns)
        return None if gaze is None else (gaze.yaw, gaze.pitch)

    def _sounds_at(self, moment_ns: int) -> list[Sound]:
        """The sounds that are known then, whatever came already."""
        return [sound for sound in self._sounds if sound.start * 1e9 <= moment_ns + LOOKAHEAD_NS]

    def _forget(self, now: int) -> None:
        for held in (self.gaze, self.distance, self.emotion):
            held.forget_before(now)
        old = now / 1e9 - 3 * REACH_S
        if self._sounds and self._sounds[0].end < old:
            self._sounds = [sound for sound in self._sounds if sound.end >= old]


def _waiting_ns(linked: frozenset[str]) -> int:
    """How far audio may run ahead of what followers have said: phones are needed up to the end of the lookahead."""
    if "phones" in linked:
        return 0
    return LOOKAHEAD_NS if linked & {"gaze", "distance", "emotion"} else 2**62


def _silence(rows: int) -> SpeechFeatures:
    mel = np.full((rows, MEL_BANDS), SILENT_MEL, np.float32)
    return SpeechFeatures(mel, np.full(rows, SILENT_DB, np.float32), np.zeros(rows, np.float32))
