"""stream_push: frames and sound to a streaming server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.push_wire_model import Coding
    from avatar_nodes.sinks.stream_push_model import Pusher

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")


class StreamPush(Node):
    """Push H.264 and AAC to a streaming server: RTMP, or whatever else FFmpeg can send to.

    Frames leave at a constant rate: where the graph stalls the last frame is sent again, with silence. A connection
    that breaks, or whose server takes nothing for ten seconds, is made again, after one second at first and 30 at last.
    It is coded and sent in a program of its own. Of the URL only the host is ever shown.
    """

    video = Input(VideoFrame, align="each", default=None, doc="the picture; the first frame says how large it is")
    audio = Input(AudioChunk, align="each", default=None, doc="the sound; sent as 48 kHz stereo")

    url = Param(type=str, doc="such as rtmp://a.rtmp.youtube.com/live2, rtmps://..., tcp://..., udp://...")
    key_variable = Param(
        "", doc="an environment variable with the stream key, which is put behind the url: so it stands in no file"
    )
    bitrate = Param(2500, ge=100, le=50_000, unit="kbit/s", doc="of the picture, at most")
    preset = Param("superfast", choices=PRESETS, doc="how much time x264 takes to make the picture better")
    container = Param("", doc="as FFmpeg names it; empty: flv for RTMP, else mpegts")
    background = Param((0, 0, 0), ge=0, le=255, doc="RGB behind pictures with alpha")
    mark = Param(True, doc='label the picture "synthetic"')

    _pusher: Pusher | None = None

    def open(self) -> None:
        from avatar_nodes.sinks.push_wire_model import shown
        from avatar_nodes.sinks.stream_push_model import Pusher

        url = self._whole_url()
        name = shown(url)
        self._tell()
        self._pusher = Pusher(
            url,
            self._coding(),
            video="video" in self.context.linked,
            audio="audio" in self.context.linked,
            counts=self.context.counts,
            told=lambda text: self.context.notice(f"{name}: {text}"),
        )

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        from avatar_nodes.audio.continuous_model import check_sound
        from avatar_nodes.sinks.push_wire_model import Taken, shown

        pusher = self._open_pusher()
        if pusher.error is not None:
            raise NodeError(f"{shown(self.url)}: {pusher.error}", fix="try another protocol, such as rtmp://")
        if video is not None:
            pusher.give(Taken(self.timestamp, video.pixels))
        if audio is not None:
            try:
                check_sound(audio.samples, audio.sample_rate)
            except ValueError as error:
                raise NodeError(str(error)) from None
            pusher.give(Taken(self.timestamp, audio.samples, audio.sample_rate))

    def interrupt(self) -> None:
        self._open_pusher().hush()

    def close(self) -> None:
        if self._pusher is not None:
            self._pusher.close()

    def _open_pusher(self) -> Pusher:
        assert self._pusher is not None, "open() has run"
        return self._pusher

    def _whole_url(self) -> str:
        if "://" not in self.url:
            raise NodeError("url: expected a protocol and a host", fix="give a URL such as rtmp://HOST/APP")
        if not self.key_variable:
            return self.url
        key = os.environ.get(self.key_variable, "")
        if not key:
            raise NodeError(
                f"the environment has no {self.key_variable}", fix=f"export {self.key_variable}=YOUR-STREAM-KEY"
            )
        return f"{self.url.rstrip('/')}/{key}"

    def _coding(self) -> Coding:
        from avatar_nodes.sinks.provenance import LABEL
        from avatar_nodes.sinks.push_wire_model import Coding

        if len(self.background) != 3:
            raise NodeError(f"background {list(self.background)}: expected three numbers: red, green, blue")
        red, green, blue = self.background
        return Coding(
            self.context.frame_rate,
            self.bitrate * 1000,
            self.preset,
            (red, green, blue),
            self.container,
            {"title": self.context.name, "comment": LABEL, "service_name": LABEL},  # the last: of MPEG-TS
            self.mark,
        )

    def _tell(self) -> None:
        if not self.mark:
            self.context.notice('the picture is not labelled "synthetic" (mark: false)')
        if not self.context.live:
            self.context.notice("a server expects frames at their time: run it with --live")
