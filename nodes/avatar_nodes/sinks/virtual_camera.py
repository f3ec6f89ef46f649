"""virtual_camera: the picture as a camera that other programs can choose."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from avatar_nodes.payloads import VideoFrame
from graphcore import Input, Node, NodeError, Param

if TYPE_CHECKING:
    from avatar_nodes.sinks.virtual_camera_model import CameraSender

NO_PACKAGE = "pip install 'graphcore[camera]'"


class VirtualCamera(Node):
    """Be a camera for other programs: a video call, a browser, OBS.

    On Linux it needs the kernel module v4l2loopback, on Windows and macOS OBS's virtual camera. A camera shows no
    transparency: it is laid over a colour. The last frame stays while none comes.
    """

    video = Input(VideoFrame, doc="the picture, RGB or RGBA")

    device = Param[str | None](None, doc="the camera's name, on Linux such as /dev/video10; null: the first there is")
    width = Param[int | None](None, ge=16, le=4096, unit="px", doc="of the camera; null: as the first frame")
    height = Param[int | None](None, ge=16, le=4096, unit="px", doc="of the camera; null: as the first frame")
    background = Param((0, 177, 64), ge=0, le=255, live=True, doc="RGB behind pictures with alpha, and at the sides")
    mirror = Param(False, live=True, doc="left and right exchanged, as in a mirror")
    mark = Param(True, doc='label the picture "synthetic"')

    _sender: CameraSender | None = None

    def open(self) -> None:
        self._check_params()
        from avatar_nodes.sinks.virtual_camera_model import CameraError, CameraSender, camera_name, open_camera

        rate = float(self.context.frame_rate)
        try:
            name = camera_name(self.device, rate)
        except ImportError as error:
            raise NodeError(f"no virtual camera: {error}", fix=NO_PACKAGE) from None
        except CameraError as error:
            raise NodeError(f"no virtual camera: {error}", fix=what_to_install()) from None
        self.context.notice(f'choose the camera "{name}" in the other program')
        if not self.mark:
            self.context.notice("the picture is not labelled as synthetic (mark: false)")
        size = None if self.width is None or self.height is None else (self.width, self.height)
        self._sender = CameraSender(
            lambda size: open_camera(self.device, size, rate),
            rate,
            size=size,
            background=self._colour(),
            mark=self.mark,
            told=lambda why: self.context.notice(f"the virtual camera failed, and is tried again: {why}"),
        )
        self._sender.mirror = self.mirror

    def changed(self, param: str) -> None:
        if self._sender is None:
            return
        if param == "mirror":
            self._sender.mirror = self.mirror
        elif len(self.background) == 3:
            self._sender.background = self._colour()
        else:
            self.context.notice(f"background {list(self.background)}: expected three numbers; it stays as it was")

    def process(self, video: VideoFrame) -> None:
        assert self._sender is not None, "open() has run"
        if video.pixels.shape[2] not in (3, 4) or not video.pixels.size:
            raise NodeError(f"a frame of shape {video.pixels.shape}, expected RGB or RGBA")
        self._sender.newest.put(video.pixels)
        self.context.counts["frames dropped"] = self._sender.newest.passed_over
        self.context.counts["reconnects"] = self._sender.reopened

    def close(self) -> None:
        if self._sender is not None:
            self._sender.close()

    def _check_params(self) -> None:
        if len(self.background) != 3:
            raise NodeError(f"background {list(self.background)}: expected three numbers: red, green, blue")
        if (self.width is None) != (self.height is None):
            raise NodeError("of width and height only one is given", fix="give both, or none")

    def _colour(self) -> tuple[int, int, int]:
        red, green, blue = self.background
        return red, green, blue


def what_to_install() -> str:
    """How to get a virtual camera on this kind of machine."""
    if sys.platform == "linux":
        return (
            "apt install v4l2loopback-dkms, then modprobe v4l2loopback exclusive_caps=1 (both as root; not in a"
            " container), or take obs_stream or browser_view"
        )
    return "install OBS (obsproject.com) and start its virtual camera once, or take obs_stream or browser_view"
