"""window: the picture in a window on this machine's screen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from avatar_nodes.payloads import VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.window_model import ShownWindow


class Window(Node):
    """Show frames in a window; it can be made larger, and F11 fills the screen.

    Closing the window ends the window and nothing else. Sound is not played here: that is `speaker`.
    """

    video = Input(VideoFrame, doc="the picture, RGB or RGBA")

    background = Param((40, 40, 40), ge=0, le=255, doc="RGB behind pictures with alpha, and around them")
    mark = Param(True, doc='label the picture "synthetic"')

    _window: ShownWindow | None = None

    def open(self) -> None:
        from avatar_nodes.sinks.window_model import ShownWindow, WindowError

        if len(self.background) != 3:
            raise NodeError(f"background {list(self.background)}: expected three numbers: red, green, blue")
        red, green, blue = self.background
        if not self.mark:
            self.context.notice("the picture is not labelled as synthetic (mark: false)")
        try:
            self._window = ShownWindow(
                f"graphcore {self.context.name}", (red, green, blue), mark=self.mark, closed=self._tell_closed
            )
        except WindowError as error:
            raise NodeError(f"no window: {error}", fix=_fix(str(error))) from None

    def process(self, video: VideoFrame) -> None:
        assert self._window is not None, "open() has run"
        if video.pixels.shape[2] not in (3, 4) or not video.pixels.size:
            raise NodeError(f"a frame of shape {video.pixels.shape}, expected RGB or RGBA")
        if self._window.gone:
            return
        self._window.newest.put(video.pixels)
        self.context.counts["frames dropped"] = self._window.newest.passed_over

    def close(self) -> None:
        if self._window is not None:
            self._window.close()

    def _tell_closed(self) -> None:
        self.context.notice("the window was closed; the run goes on without it")


def _fix(why: str) -> str:
    if "tkinter" in why:
        return "install Tk for this Python (Debian: apt install python3-tk), or take browser_view"
    if sys.platform == "linux":
        return "run it where there is a screen (DISPLAY), or take browser_view, or leave it out"
    return "take browser_view, or leave it out"
