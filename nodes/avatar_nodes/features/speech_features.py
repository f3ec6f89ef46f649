"""speech_features: what a listener hears, 100 times a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from avatar_nodes import payloads
from avatar_nodes.payloads import FEATURE_RATE, AudioChunk
from graphcore import Input, Node, NodeError, Output, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.audio.continuous_model import ContinuousSound
    from avatar_nodes.features.speech_features_model import Rows, SpeechFeatureStream

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000  # Hz
ROW_NS = timestamp_of(1, FEATURE_RATE)


class SpeechFeatures(Node):
    """Mel spectrum, loudness and pitch of speech, causally, at 100 Hz.

    Channels are mixed to one. Gaps in the sound count as silence, what comes twice is left out; both are told.
    """

    audio = Input(AudioChunk, doc="one sample rate from 4 to 384 kHz, any channels")
    speech = Output(payloads.SpeechFeatures, delay_ms=20, doc="one packet for each chunk that completes rows")

    _sound: ContinuousSound | None = None
    _stream: SpeechFeatureStream
    _first_row: int  # number of the first row since time zero

    def open(self) -> None:
        import avatar_nodes.features.speech_features_model  # noqa: F401  (librosa takes a while to import)

    def process(self, audio: AudioChunk) -> None:
        sound = self._sound or self._start(audio)
        if audio.sample_rate != sound.sample_rate:
            raise NodeError(
                f"the sound changes from {sound.sample_rate} to {audio.sample_rate} Hz on its way",
                fix="expected one sample rate for the whole stream",
            )
        told = sound.describe()
        mono = audio.samples.mean(axis=1, dtype=np.float32)[:, None]
        for stretch in sound.add(self.timestamp, mono):
            self._send(self._stream.add(stretch[:, 0]))
        if not told and sound.describe():
            self.context.notice(f"{sound.describe()}, first at {self.timestamp / 1e9:.3f} s")

    def finish(self) -> None:
        if self._sound is not None:
            self._send(self._stream.finish())

    def _start(self, audio: AudioChunk) -> ContinuousSound:
        """Begin with the row in which the first sample lies."""
        from avatar_nodes.audio.continuous_model import ContinuousSound
        from avatar_nodes.features.speech_features_model import SpeechFeatureStream

        rate = audio.sample_rate
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise NodeError(f"sound at {rate} Hz", fix=f"expected {LOWEST_RATE} to {HIGHEST_RATE} Hz")
        self._first_row = self.timestamp // ROW_NS
        self._stream = SpeechFeatureStream(rate)
        self._sound = ContinuousSound(rate, channels=1, start_ns=self._first_row * ROW_NS)
        # A start inside a row is no gap: silence before the first sample needs no notice.
        inside = round((self.timestamp - self._first_row * ROW_NS) * rate / 1_000_000_000)
        self._stream.add(self._sound.skip(inside)[:, 0])
        return self._sound

    def _send(self, rows: Rows) -> None:
        if len(rows.mel):
            made = payloads.SpeechFeatures(rows.mel, rows.loudness, rows.pitch)
            self.speech.send(made, timestamp=(self._first_row + rows.first) * ROW_NS)
