"""The mouth of a speaking face, without training: the light alternative to a motion diffusion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.speech_rows_model import ROW_NS
from avatar_nodes.motion.vowel_lip_sync_model import LOOKAHEAD_NS, Mouth
from avatar_nodes.payloads import Emotion, FaceMotion, Phones, SpeechFeatures
from graphcore import Input, Node, Output, Window, timestamp_of


class VowelLipSync(Node):
    """Moves the lips with speech: by phones where they are linked, else by spectrum and loudness.

    Sends a face for every video frame from 0 to the end of the sound; head, lids and gaze are for others to add.
    """

    speech = Input(SpeechFeatures, doc="what is heard, without gaps")
    phones = Input(Phones, follows=True, window_ms=1200, doc="with them the lips close exactly on p, b and m")
    emotion = Input(Emotion, follows=True, window_ms=1200, doc="coloured in without parting the lips")
    motion = Output(FaceMotion, delay_ms=LOOKAHEAD_NS / 1e6, doc="a face for each video frame: mouth and emotion")

    def open(self) -> None:
        """Start with the first frame."""
        rate = self.context.frame_rate
        self._mouth = Mouth(timestamp_of(1, rate.numerator, rate.denominator))
        self._index = 0
        self._emotions: list[tuple[int, Emotion]] = []  # the newest at or before the next frame, and later ones

    def process(self, speech: SpeechFeatures, phones: Window[Phones], emotion: Window[Emotion]) -> None:
        """Send the frames whose lookahead is complete."""
        self._mouth.hear(self.timestamp, speech)
        self._mouth.read(phones.timestamps, phones)
        newest = self._emotions[-1][0] if self._emotions else -1
        self._emotions += [pair for pair in zip(emotion.timestamps, emotion, strict=True) if pair[0] > newest]
        # Phones are known up to the driver's time, and sound to the end of its rows.
        last_row_ns = self._mouth.end_ns - ROW_NS
        self._send_until((self.timestamp if self._mouth.has_phones else last_row_ns) - LOOKAHEAD_NS)

    def finish(self) -> None:
        """Send the frames up to the end of the sound: what would come after it is silence."""
        self._send_until(self._mouth.end_ns - 1)

    def _send_until(self, last_ns: int) -> None:
        rate = self.context.frame_rate
        while (now := timestamp_of(self._index, rate.numerator, rate.denominator)) <= last_ns:
            self.motion.send(self._mouth.motion_at(now, self._emotion_at(now)), timestamp=now)
            self._index += 1

    def _emotion_at(self, now: int) -> NDArray[np.float32] | None:
        while len(self._emotions) > 1 and self._emotions[1][0] <= now:
            del self._emotions[0]
        if not self._emotions or self._emotions[0][0] > now:
            return None
        return self._emotions[0][1].weights
