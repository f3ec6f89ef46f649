"""The node: loudness that rises and falls."""

from __future__ import annotations

import numpy as np

from avatar_nodes.payloads import AudioChunk
from graphcore import Input, Node, Output, Param


class Tremolo(Node):
    """Let the loudness of a sound rise and fall."""

    audio = Input(AudioChunk)
    trembling = Output(AudioChunk)
    rate_hz = Param(5.0, ge=0.1, le=20.0, unit="Hz", live=True, doc="how often a second")
    depth = Param(0.5, ge=0.0, le=1.0, live=True, doc="0 leaves the sound as it is, 1 falls to silence")

    def process(self, audio: AudioChunk) -> None:
        """Shape one chunk; its media time gives the phase, so chunk borders cannot be heard."""
        seconds = self.timestamp / 1e9 + np.arange(len(audio.samples)) / audio.sample_rate
        gain = 1.0 - self.depth * (0.5 - 0.5 * np.cos(2.0 * np.pi * self.rate_hz * seconds))
        self.trembling.send(AudioChunk(audio.samples * gain[:, None].astype(np.float32), audio.sample_rate))
