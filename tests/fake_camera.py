"""A virtual camera without a device: a backend of pyvirtualcam, registered as its own are."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyvirtualcam
from pyvirtualcam import camera as pyvirtualcam_camera

NAME = "/dev/video-of-a-test"


class FakeCamera:
    """Keeps what is sent to it."""

    opened: list[FakeCamera]
    changed = threading.Condition()
    broken = False  # whether it fails from now on

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
        if FakeCamera.broken or device not in (None, NAME):
            raise RuntimeError(f"no such device: {device or NAME}")
        self.size, self.rate = (width, height), fps
        self.pictures: list[Any] = []
        self.closed = False
        FakeCamera.opened.append(self)

    def send(self, frame: Any) -> None:
        if FakeCamera.broken:
            raise RuntimeError("it was pulled away")
        with FakeCamera.changed:
            self.pictures.append(np.array(frame).reshape(self.size[1], self.size[0], 3))
            FakeCamera.changed.notify_all()

    def close(self) -> None:
        self.closed = True

    def device(self) -> str:
        return NAME

    def native_fourcc(self) -> None:
        return None


@contextlib.contextmanager
def fake_camera() -> Iterator[type[FakeCamera]]:
    """While this lasts there is a virtual camera, and no other one."""
    FakeCamera.opened, FakeCamera.broken = [], False
    real = dict(pyvirtualcam_camera.BACKENDS)
    pyvirtualcam_camera.BACKENDS.clear()
    pyvirtualcam.register_backend("fake", FakeCamera)
    try:
        yield FakeCamera
    finally:
        pyvirtualcam_camera.BACKENDS.clear()
        pyvirtualcam_camera.BACKENDS.update(real)
