"""playout: live sound goes on together with the pictures that belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, Output, Param

if TYPE_CHECKING:
    from avatar_nodes.audio.playout_model import HeldSound, Piece

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
LONGEST_MS = 5000  # more than sound is held after the last frame, but where the graph is far behind the clock


class Playout(Node):
    """Hold the sound until the frame of its time is there, so that lips and sound leave together.

    A frame goes on at once, and the sound of its time with it: the sound gets the delay that the pictures really have.
    Where frames stay away the sound goes on after a bounded wait, and is with the frames again once they are back. Only
    live: offline everything passes as it comes.
    """

    video = Input(VideoFrame, align="each", default=None, doc="the pictures, late by the work of making them")
    audio = Input(AudioChunk, align="each", default=None, doc="the sound that they were made from")
    frames = Output(VideoFrame, doc="the pictures, at once")
    sound = Output(AudioChunk, delay_ms=LONGEST_MS, doc="the sound, cut at the borders of the frames")
    patience_ms = Param(300.0, ge=0.0, le=2000.0, unit="ms", live=True, doc="how long sound waits for a frame at most")
    sound_early_ms = Param(
        0.0, ge=0.0, le=200.0, unit="ms", live=True, doc="sound before its frame: for a speaker that takes that long"
    )

    _held: HeldSound

    def open(self) -> None:
        from avatar_nodes.audio.playout_model import HeldSound

        self._held = HeldSound(int(NS_PER_S / self.context.frame_rate))
        self._holds = self.context.live and {"video", "audio"} <= self.context.linked
        for param in ("patience_ms", "sound_early_ms"):
            self.changed(param)

    def changed(self, param: str) -> None:
        if param == "patience_ms":
            self._held.patience_ns = int(self.patience_ms * NS_PER_MS)
        else:
            self._held.early_ns = int(self.sound_early_ms * NS_PER_MS)

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        now = self.context.clock.now()
        if video is not None:
            if self._holds:  # the sound first: a sink that had the frame alone would take the sound for missing
                self._send(self._held.picture(self.timestamp, now))
                self.context.counts["sound delay ms"] = round(self._held.delay_ns / NS_PER_MS - self.sound_early_ms)
            self.frames.send(video)
        if audio is not None and self._holds:
            self._send(self._held.sound(self.timestamp, audio.samples, audio.sample_rate, now))
        elif audio is not None:
            self.sound.send(audio)

    def interrupt(self) -> None:
        if self._holds:
            self._send(self._held.interrupt(self.context.forget_before["audio"]))

    def finish(self) -> None:
        self._send(self._held.flush())

    def _send(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self.sound.send(AudioChunk(piece.samples, piece.sample_rate), timestamp=piece.timestamp)
