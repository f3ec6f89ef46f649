"""camera: what a camera sees, live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar_nodes.counted_model import counted
from avatar_nodes.payloads import VideoFrame
from graphcore import NodeError, Output, Param, Source

if TYPE_CHECKING:
    from avatar_nodes.tracking.camera_model import CameraReader

WAIT_S = 0.1  # for a picture, until the run is asked whether it goes on


class Camera(Source):
    """Send what a camera sees, without end; a frame's time is when it came.

    Of frames that come faster than they are taken only the newest is sent. A camera that gives none any more is opened
    again for two seconds, then the run ends.
    """

    live = True

    frames = Output(VideoFrame, doc="RGB, as large as the camera gives it")
    device = Param("0", doc="its number, or a path such as /dev/video2")
    width = Param[int | None](640, ge=64, le=8192, unit="px", doc="asked of the camera, which may give another")
    height = Param[int | None](480, ge=64, le=8192, unit="px", doc="asked of the camera, which may give another")
    rate = Param[float | None](None, ge=1.0, le=240.0, unit="Hz", doc="frames a second, asked of the camera")

    _reader: CameraReader | None = None

    def open(self) -> None:
        from avatar_nodes.tracking.camera_model import CameraError, CameraReader, wished_size

        wished = wished_size(self.width, self.height, self.rate)
        try:
            self._reader = CameraReader(self.device, wished, self.context.clock.now)
        except CameraError as error:
            raise NodeError(error.what, fix=error.fix) from None

    def produce(self) -> Iterator[None]:
        from avatar_nodes.tracking.camera_model import CameraError

        assert self._reader is not None
        newest = -1
        self._reader.take(0.0)  # what came before time zero
        while True:
            try:
                taken = self._reader.take(WAIT_S)
            except CameraError as error:
                raise NodeError(error.what, fix=error.fix) from None
            if taken is not None and newest < taken[0] <= self.context.clock.now():
                newest = taken[0]
                self.frames.send(VideoFrame(taken[1]), timestamp=newest)
            yield

    def close(self) -> None:
        if self._reader is None:
            return
        self._reader.close()
        if self._reader.passed_over:
            self.context.notice(f"{counted(self._reader.passed_over, 'frame')} of the camera came too fast to be sent")
