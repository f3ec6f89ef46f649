"""obs_stream: pictures with transparency, and sound, straight into OBS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.obs_stream_model import ObsServer
    from avatar_nodes.sinks.raw_stream_model import RawStream


class ObsStream(Node):
    """Send raw frames with their transparency, and sound, to OBS on this machine.

    In OBS: a Media Source, not a local file, input `tcp://127.0.0.1:9101`, input format `nut`. Start the graph first;
    whenever it is started again OBS connects again by itself. Whatever reads NUT can look, too: `ffplay -f nut
    tcp://127.0.0.1:9101`. Up to eight viewers; one that is too slow misses frames. Nothing is encrypted, so other
    machines cannot connect.
    """

    video = Input(VideoFrame, align="each", default=None, doc="the picture, RGB or RGBA")
    audio = Input(AudioChunk, align="each", default=None, doc="the sound; sent as 48 kHz stereo")

    port = Param(9101, ge=0, le=65535, doc="on this machine; 0: any port that is free, which a notice tells")
    sound_delay_ms = Param(
        24.0, ge=0.0, le=1000.0, unit="ms", live=True, doc="OBS shows a picture a frame of its own late"
    )
    mark = Param(True, doc='label the picture "synthetic"')

    _server: ObsServer | None = None

    def open(self) -> None:
        from avatar_nodes.sinks.obs_stream_model import ObsServer

        self._stream = self._make_stream()
        try:
            self._server = ObsServer(self.port, self._stream, self.context.counts)
        except OSError as error:
            fix = f"end what uses it, or choose another: --set {self.context.name}.port={self.port + 1}"
            raise NodeError(f"port {self.port}: {error.strerror}", fix=fix) from None
        self._tell(self._server.port)

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        server = self._open_server()
        if video is not None:
            server.show(self.timestamp, video.pixels)
        if audio is not None:
            try:
                server.play(self.timestamp, audio.samples, audio.sample_rate)
            except ValueError as error:
                raise NodeError(str(error)) from None

    def changed(self, param: str) -> None:
        if param == "sound_delay_ms":
            self._stream.sound_delay_ns = self._sound_delay_ns

    def interrupt(self) -> None:
        self._open_server().hush()

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def _make_stream(self) -> RawStream:
        from avatar_nodes.sinks.provenance import LABEL
        from avatar_nodes.sinks.raw_stream_model import RawStream

        linked = self.context.linked
        return RawStream(
            video="video" in linked,
            audio="audio" in linked,
            tags={"title": self.context.name, "comment": LABEL},
            mark=self.mark,
            sound_delay_ns=self._sound_delay_ns,
            now=self.context.clock.now,
        )

    def _open_server(self) -> ObsServer:
        assert self._server is not None, "open() has run"
        return self._server

    @property
    def _sound_delay_ns(self) -> int:
        return round(self.sound_delay_ms * 1_000_000)

    def _tell(self, port: int) -> None:
        self.context.notice(f"for OBS: a Media Source with input tcp://127.0.0.1:{port}, input format nut")
        if not self.mark:
            self.context.notice('the picture is not labelled "synthetic" (mark: false)')
        if not self.context.live:
            self.context.notice("frames are sent as fast as they are made; with --live they keep to the clock")
