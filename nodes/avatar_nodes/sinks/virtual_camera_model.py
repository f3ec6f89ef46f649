"""A virtual camera, and the thread that keeps it showing: the newest picture, or the last one again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.newest_model import Newest
from avatar_nodes.sinks.opaque_model import opaque
from avatar_nodes.sinks.synthetic_mark_model import marked

AGAIN_S = 1.0  # between two attempts to open a camera that failed
LATE = 1.5  # of a frame's time: then the last picture is sent again
PROBED = (640, 480)  # px; any camera takes it


class CameraError(Exception):
    """There is no virtual camera, or it is in use; the text says why, as the system tells it."""


class Device(Protocol):
    """An opened camera."""

    device: str

    def send(self, frame: NDArray[np.uint8]) -> None:
        """Show (height, width, 3) RGB."""

    def close(self) -> None:
        """Give it back."""


def open_camera(device: str | None, size: tuple[int, int], rate: float) -> Device:
    """The camera of this name, or the first; raises CameraError, and ImportError without pyvirtualcam."""
    import pyvirtualcam  # GPL-2.0: only whoever installs it and runs this loads it

    try:
        camera: Any = pyvirtualcam.Camera(*size, rate, device=device)
    except (RuntimeError, OSError, ValueError) as error:
        raise CameraError(" ".join(str(error).split())) from error
    return camera  # type: ignore[no-any-return]


def camera_name(device: str | None, rate: float) -> str:
    """What programs call the camera; raises CameraError where there is none, and ImportError without pyvirtualcam."""
    camera = open_camera(device, PROBED, rate)
    try:
        return camera.device
    finally:
        camera.close()


class CameraSender:
    """Shows pictures on a camera that `reopen` opens, at the size of the first one or at `size`.

    Whoever gives pictures never waits. A camera that fails is opened again and again: `told` has the reason, once
    until it shows pictures again.
    """

    def __init__(
        self,
        reopen: Callable[[tuple[int, int]], Device],
        rate: float,
        *,
        size: tuple[int, int] | None,
        background: tuple[int, int, int],
        mark: bool,
        told: Callable[[str], None],
        again_s: float = AGAIN_S,
    ) -> None:
        self.mirror = False
        self.background = background
        self.newest = Newest()
        self.reopened = 0
        self._reopen, self._told = reopen, told
        self._away = False  # it failed, and that was told
        self._size = size
        self._mark = mark
        self._wait_s, self._again_s = LATE / rate, again_s
        self._shown: NDArray[np.uint8]  # as the camera has it
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="virtual camera", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the camera back."""
        self._stopping.set()
        self.newest.close()
        self._thread.join()

    def _work(self) -> None:
        first = self.newest.take()
        if first is None:
            return
        size = self._size or (first.shape[1], first.shape[0])
        self._shown = self._made(first, size)
        while not self._stopping.is_set():
            try:
                camera = self._reopen(size)
                try:
                    self._show(camera)
                finally:
                    camera.close()
            except Exception as error:  # a device that is pulled away raises what its system likes
                self._failed(error)

    def _show(self, camera: Device) -> None:
        """Until this is closed."""
        while not self._stopping.is_set():
            camera.send(self._shown)
            self._away = False
            pixels = self.newest.take(self._wait_s)
            if pixels is not None:
                self._shown = self._made(pixels, (self._shown.shape[1], self._shown.shape[0]))

    def _failed(self, error: Exception) -> None:
        if not self._away:
            self._told(str(error))
        self._away = True
        self.reopened += 1
        self._stopping.wait(self._again_s)

    def _made(self, pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        """What the camera shows of a picture: over a colour, as large as fits, labelled."""
        plain = fitted(opaque(pixels, self.background), size, self.background)
        if self.mirror:
            plain = np.ascontiguousarray(plain[:, ::-1])
        return marked(plain) if self._mark else plain


def fitted(rgb: NDArray[np.uint8], size: tuple[int, int], background: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A picture as large as fits into (width, height), the rest filled with a colour."""
    height, width = rgb.shape[:2]
    if (width, height) == size:
        return rgb
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    made = np.full((size[1], size[0], 3), background, np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    made[top : top + inner[1], left : left + inner[0]] = cv2.resize(rgb, inner, interpolation=kind)
    return made
