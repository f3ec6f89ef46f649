"""speaker: sound to be heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.audio.continuous_model import check_sound
from avatar_nodes.audio.presence_model import Presence
from avatar_nodes.payloads import AudioChunk
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.speaker_model import SpeakerPlayer

DRAIN_S = 1.0  # that the last sound may take to be heard
GONE = "the speaker is gone: the run goes on without it until it is there again"


class Speaker(Node):
    """Play sound on a speaker, live.

    It is heard as soon as it comes, plus `buffer_ms`, and stays so far behind: the speaker's crystal is followed. Sound
    that comes later than that moves what follows. Where the speaker is pulled out the run goes on without it, until it,
    or for a default one another, is there again.
    """

    audio = Input(AudioChunk, doc="any rate; one or two channels, more are mixed to one")
    device = Param[str | None](None, doc="its name or a part of it; null: the default one")
    buffer_ms = Param(40, ge=0, le=1000, unit="ms", doc="how late sound may come without being heard as a gap")

    _speaker: SpeakerPlayer | None = None

    def open(self) -> None:
        from avatar_nodes.audio.sound_devices_model import SoundDeviceError
        from avatar_nodes.sinks.speaker_model import SpeakerPlayer

        self._presence = Presence(GONE, "the speaker is there again")
        if not self.context.live:
            self.context.notice("sound is heard only with --live: without it media time is not the clock's")
            return
        try:
            self._speaker = SpeakerPlayer(self.device, self.buffer_ms / 1000, self.context.clock.now)
        except SoundDeviceError as error:
            raise NodeError(error.what, fix=error.fix) from None

    def process(self, audio: AudioChunk) -> None:
        try:
            check_sound(audio.samples, audio.sample_rate)
        except ValueError as error:
            raise NodeError(str(error), fix="look at what feeds it") from None
        if self._speaker is not None:
            self._speaker.add(self.timestamp, audio.samples, audio.sample_rate)
            self._count(self._speaker)

    def interrupt(self) -> None:
        if self._speaker is not None:
            self._speaker.player.interrupt()

    def finish(self) -> None:
        if self._speaker is not None:
            self._speaker.drain(DRAIN_S)

    def close(self) -> None:
        if self._speaker is not None:
            self._speaker.close()

    def _count(self, speaker: SpeakerPlayer) -> None:
        counts, player, device = self.context.counts, speaker.player, speaker.device
        counts["ms dropped"], counts["ms silent"] = round(player.dropped_s * 1000), round(player.silent_s * 1000)
        counts["ms behind"], counts["gaps"] = round((player.behind_s + device.latency_s) * 1000), device.gaps
        counts["reconnects"] = device.reconnects
        if news := self._presence.news(device.there):
            self.context.notice(news)
