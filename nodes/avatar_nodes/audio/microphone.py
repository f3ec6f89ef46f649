"""microphone: what somebody says, live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar_nodes.audio.presence_model import Presence
from avatar_nodes.payloads import AudioChunk
from graphcore import NodeError, Output, Param, Source, timestamp_of

if TYPE_CHECKING:
    from avatar_nodes.audio.microphone_model import MicrophoneReader

WAIT_S = 0.1  # for sound, until the run is asked whether it goes on
TOLD_MS = 20  # of silence in holes: less is not worth a word
FRESH_NS = 2_000_000_000  # while a run begins everything is busy: holes are counted, not told
GONE = "the microphone is gone: silence goes on until it is there again"
MISSED = "the microphone missed some sound, which is silent now; close other programs, or set a larger block_ms"


class Microphone(Source):
    """Send what a microphone hears, without end and without holes; a sample's time is when it sounded.

    The device's crystal is followed, so that n samples take n / rate seconds however long it runs. Where the microphone
    is pulled out, silence goes on until it, or for a default one another, is there again.
    """

    live = True

    audio = Output(AudioChunk, doc="mono")
    device = Param[str | None](None, doc="its name or a part of it; null: the default one")
    sample_rate = Param(16000, ge=8000, le=192000, unit="Hz", doc="of what is sent; the features work at 16000")
    block_ms = Param(20, ge=5, le=100, unit="ms", doc="how much is read at once, which is heard so much later")

    _reader: MicrophoneReader | None = None

    def open(self) -> None:
        from avatar_nodes.audio.microphone_model import MicrophoneReader
        from avatar_nodes.audio.sound_devices_model import SoundDeviceError

        self._presence = Presence(GONE, "the microphone is there again")
        self._silent_at_first_ms, self._missed_told = 0, False
        try:
            self._reader = MicrophoneReader(self.device, self.sample_rate, self.block_ms, self.context.clock.now)
        except SoundDeviceError as error:
            raise NodeError(error.what, fix=error.fix) from None

    def produce(self) -> Iterator[None]:
        assert self._reader is not None
        self._reader.start()
        while True:
            for first, samples in self._reader.take(WAIT_S):
                chunk = AudioChunk(samples, self.sample_rate)
                self.audio.send(chunk, timestamp=timestamp_of(first, self.sample_rate))
            self._tell(self._reader)
            yield

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _tell(self, reader: MicrophoneReader) -> None:
        device, counts = reader.device, self.context.counts
        counts["reconnects"], counts["gaps"], counts["ms silent"] = device.reconnects, device.gaps, reader.silent_ms
        if news := self._presence.news(device.there):
            self.context.notice(news)
        if device.lost or self._missed_told:
            return
        if self.context.clock.now() < FRESH_NS:
            self._silent_at_first_ms = reader.silent_ms
        elif reader.silent_ms - self._silent_at_first_ms > TOLD_MS:
            self._missed_told = True
            self.context.notice(MISSED)
