"""gain: louder or softer."""

from __future__ import annotations

from avatar_nodes.payloads import AudioChunk
from graphcore import Input, Node, Output, Param


class Gain(Node):
    """Scale the loudness of an audio stream."""

    audio = Input(AudioChunk, doc="the sound")
    scaled = Output(AudioChunk, doc="the same sound, louder or softer; nothing is clipped")
    gain_db = Param(0.0, ge=-60.0, le=24.0, unit="dB", live=True, doc="6 doubles the amplitude, -6 halves it")

    def process(self, audio: AudioChunk) -> None:
        self.scaled.send(audio.amplified(self.gain_db))
