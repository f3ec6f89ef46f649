"""browser_view: a page for OBS's browser source, or for any browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.browser_maker_model import PictureMaker
    from graphcore import WebServer

FAREWELL_S = 1.0  # for the pages to hear that this is the end


class BrowserView(Node):
    """Show frames, transparent where they are, and play sound on a web page: for OBS's browser source or any browser.

    The page is at http://127.0.0.1:7861/ and shows a frame when its sound is heard. While nobody looks nothing is
    coded; a viewer that is too slow misses frames. The last frame stays while none comes and while the graph is away.
    """

    video = Input(VideoFrame, align="each", default=None, doc="the picture, RGB or RGBA; any size")
    audio = Input(AudioChunk, align="each", default=None, doc="the sound; comes when it is to be heard")

    port = Param(7861, ge=0, le=65535, doc="where the page is; 0: any port that is free, which a notice tells")
    host = Param("127.0.0.1", doc="who can reach it: this machine; with 0.0.0.0 every machine, if it knows the token")
    token = Param("", doc="needed where other machines can reach it: the page is then at ...?token=TOKEN")
    quality = Param(90, ge=30, le=100, live=True, doc="of the JPEG: higher is better and larger")
    mark = Param(True, doc='label the picture "synthetic"')

    _server: WebServer | None = None
    _maker: PictureMaker | None = None

    def open(self) -> None:
        from avatar_nodes.sinks.browser_maker_model import PictureMaker
        from avatar_nodes.sinks.browser_viewers import Viewers
        from graphcore import WebServer

        self._viewers = Viewers(self.context.counts, self._watch)
        another = f"--set {self.context.name}.port={(self.port + 10) % 65536}"
        routes = self._viewers.routes()
        self._server = WebServer(routes, host=self.host, port=self.port, token=self.token, another_port=another)
        self._maker = PictureMaker(self._give, mark=self.mark)
        self._server.start()
        page = self._server.url.partition("?")[0]
        self.context.notice(f"the page is at {page}" + ("?token=... (as token says)" if self.token else ""))
        if not self.mark:
            self.context.notice('the picture is not labelled "synthetic" (mark: false)')
        if not self.context.live:
            self.context.notice("frames are shown as fast as they are made; with --live they keep to the clock")

    def process(self, video: VideoFrame | None, audio: AudioChunk | None) -> None:
        from avatar_nodes.sinks.browser_maker_model import Taken
        from avatar_nodes.sinks.browser_wire_model import sound_message

        maker = self._open_maker()
        if audio is not None and self._viewers.present:
            message = sound_message(self.timestamp, time.monotonic(), audio.samples, audio.sample_rate)
            self._call(self._viewers.hear, message)
        if video is not None:
            maker.offer(Taken(video.pixels, self.timestamp, time.monotonic(), self.quality))
        self.context.counts["frames not coded"] = maker.passed_over
        if maker.error is not None:
            raise NodeError(f"a frame cannot be coded: {maker.error}")

    def interrupt(self) -> None:
        self._call(self._viewers.forget)

    def close(self) -> None:
        if self._maker is not None:
            self._maker.close()
        if self._server is not None:
            if self._viewers.present:
                with suppress(TimeoutError):
                    self._server.submit(self._viewers.close()).result(FAREWELL_S)
            self._server.close()

    def _open_maker(self) -> PictureMaker:
        assert self._maker is not None, "open() has run"
        return self._maker

    def _watch(self, watched: bool) -> None:
        self._open_maker().watch(watched)

    def _give(self, picture: bytes) -> None:
        self._call(self._viewers.show, picture)

    def _call(self, do: Callable[..., None], *arguments: bytes) -> None:
        """Have something done on the server's loop, without waiting for it."""
        assert self._server is not None, "open() has run"
        self._server.loop.call_soon_threadsafe(do, *arguments)
