"""speech_features: what a listener hears, 100 times a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avatar_nodes import payloads
from avatar_nodes.audio.continuous_model import ContinuousSound, check_sound
from avatar_nodes.audio.one_channel_model import one_channel
from avatar_nodes.payloads import FEATURE_RATE, AudioChunk
from graphcore import Input, Node, NodeError, Output, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.features.speech_features_model import Rows, SpeechFeatureStream

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000  # Hz
ROW_NS = timestamp_of(1, FEATURE_RATE)
STEPS_A_SECOND = 10  # a long chunk is taken in such parts: packets stay short, and the work takes little memory


class SpeechFeatures(Node):
    """Mel spectrum, loudness and pitch of speech, causally, at 100 Hz.

    Channels are mixed to one, 5.1 and its kin by ITU-R BS.775. Gaps in the sound and samples that are no numbers
    count as silence, what comes twice is left out; the first mend is told.
    """

    audio = Input(AudioChunk, doc="one sample rate from 4 to 384 kHz, any channels")
    speech = Output(
        payloads.SpeechFeatures, delay_ms=20, doc="packets of at most 100 ms, as soon as their rows are complete"
    )

    _sound: ContinuousSound | None = None
    _stream: SpeechFeatureStream
    _first_row: int  # number of the first row since time zero

    def open(self) -> None:
        import avatar_nodes.features.speech_features_model  # noqa: F401  (librosa takes a while to import)

    def process(self, audio: AudioChunk) -> None:
        try:
            check_sound(audio.samples, audio.sample_rate)
        except ValueError as error:
            raise NodeError(str(error), fix="look at what feeds it") from None
        sound = self._sound or self._start(audio)
        if audio.sample_rate != sound.sample_rate:
            raise NodeError(
                f"the sound changes from {sound.sample_rate} to {audio.sample_rate} Hz on its way",
                fix="expected one sample rate for the whole stream",
            )
        told = sound.describe()
        with np.errstate(invalid="ignore", over="ignore"):  # what is no number becomes silence below
            mono = one_channel(audio.samples)
        for stretch in sound.add(self.timestamp, mono):
            self._hear(stretch[:, 0])
        if not told and sound.describe():
            self.context.notice(f"{sound.describe()}, first at {self.timestamp / 1e9:.3f} s")

    def finish(self) -> None:
        if self._sound is not None:
            self._send(self._stream.finish())

    def _start(self, audio: AudioChunk) -> ContinuousSound:
        """Begin with the row in which the first sample lies."""
        from avatar_nodes.features.speech_features_model import SpeechFeatureStream

        rate = audio.sample_rate
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise NodeError(f"sound at {rate} Hz", fix=f"expected {LOWEST_RATE} to {HIGHEST_RATE} Hz")
        self._first_row = self.timestamp // ROW_NS
        self._stream = SpeechFeatureStream(rate)
        self._sound = ContinuousSound(rate, channels=1, start_ns=self._first_row * ROW_NS)
        # A start inside a row is no gap: silence before the first sample needs no notice.
        inside = round((self.timestamp - self._first_row * ROW_NS) * rate / 1_000_000_000)
        for silence in self._sound.silence_until(inside):
            self._hear(silence[:, 0])
        return self._sound

    def _hear(self, samples: NDArray[np.float32]) -> None:
        assert self._sound is not None
        step = self._sound.sample_rate // STEPS_A_SECOND
        for start in range(0, len(samples), step):
            self._send(self._stream.add(samples[start : start + step]))

    def _send(self, rows: Rows) -> None:
        if len(rows.mel):
            made = payloads.SpeechFeatures(rows.mel, rows.loudness, rows.pitch)
            self.speech.send(made, timestamp=(self._first_row + rows.first) * ROW_NS)
