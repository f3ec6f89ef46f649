"""The mouth of a speaking face, without training: the light alternative to a motion diffusion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.motion.speech_rows_model import ROW_NS
from avatar_nodes.motion.vowel_lip_sync_model import LOOKAHEAD_NS, Mouth
from avatar_nodes.payloads import Emotion, FaceMotion, Phones, SpeechFeatures
from graphcore import Input, Node, Output, Window, timestamp_of

WINDOW_MS = 1200


class VowelLipSync(Node):
    """Moves the lips with speech: by phones where they are linked, else by spectrum and loudness.

    Sends a face for every video frame from the start of the sound to its end; head, lids and gaze are for others
    to add. Sound alone tells about half of the p, b, m (52 % of those of eleven synthetic voices; 62 % of the
    closures it shows are one); with phones every one closes.
    """

    speech = Input(SpeechFeatures, doc="what is heard, without gaps")
    phones = Input(Phones, follows=True, window_ms=WINDOW_MS, doc="with them the lips close exactly on p, b and m")
    emotion = Input(Emotion, follows=True, window_ms=WINDOW_MS, doc="coloured in without parting the lips")
    motion = Output(FaceMotion, delay_ms=LOOKAHEAD_NS / 1e6, doc="a face for each video frame: mouth and emotion")

    def open(self) -> None:
        """Nothing was heard yet."""
        rate = self.context.frame_rate
        self._by_phones = "phones" in self.context.linked
        self._mouth = Mouth(timestamp_of(1, rate.numerator, rate.denominator), by_phones=self._by_phones)
        self._index: int | None = None  # of the next frame; the first one is at or after the first sound
        self._told = False
        self._emotions: list[tuple[int, Emotion]] = []  # the newest at or before the next frame, and later ones

    def process(self, speech: SpeechFeatures, phones: Window[Phones], emotion: Window[Emotion]) -> None:
        """Send the frames whose lookahead is complete."""
        if self._index is None:
            self._index = math.ceil(self.timestamp * self.context.frame_rate / 1_000_000_000)
        self._tell_long(len(speech.loudness))
        self._mouth.hear(self.timestamp, speech)
        self._mouth.read(phones.timestamps, phones)
        newest = self._emotions[-1][0] if self._emotions else -1
        self._emotions += [pair for pair in zip(emotion.timestamps, emotion, strict=True) if pair[0] > newest]
        # Phones are known up to the driver's time, and sound to the end of its rows.
        last_row_ns = self._mouth.end_ns - ROW_NS
        self._send_until((self.timestamp if self._by_phones else last_row_ns) - LOOKAHEAD_NS)

    def interrupt(self) -> None:
        """The lips fall to rest in two video frames, until what was sent after it is heard."""
        if self.context.live:  # else nobody is spoken to
            self._mouth.interrupt(self.context.forget_before["speech"])

    def finish(self) -> None:
        """Send the frames up to the end of the sound: what would come after it is silence."""
        self._send_until(self._mouth.end_ns - 1)

    def _send_until(self, last_ns: int) -> None:
        rate = self.context.frame_rate
        while (
            self._index is not None and (now := timestamp_of(self._index, rate.numerator, rate.denominator)) <= last_ns
        ):
            self.motion.send(self._mouth.motion_at(now, self._emotion_at(now)), timestamp=now)
            self._index += 1

    def _tell_long(self, rows: int) -> None:
        lost = sorted(self.context.linked & {"phones", "emotion"})
        if rows * ROW_NS > WINDOW_MS * 1_000_000 and lost and not self._told:
            self._told = True
            seconds = rows * ROW_NS / 1e9
            self.context.notice(
                f"speech comes {seconds:.1f} s at a time, and {' and '.join(lost)} can be looked back at for"
                f" {WINDOW_MS / 1000} s only: what is older is left out; expected packets of 0.1 s or less"
            )

    def _emotion_at(self, now: int) -> NDArray[np.float32] | None:
        while len(self._emotions) > 1 and self._emotions[1][0] <= now:
            del self._emotions[0]
        if not self._emotions or self._emotions[0][0] > now:
            return None
        return self._emotions[0][1].weights
