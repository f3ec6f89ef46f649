"""The pictures of a camera, through OpenCV: a thread reads them, so that nobody waits for the device."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

PAUSE_S = 0.2  # between two attempts to read or to open it again
ATTEMPTS = 10  # without a picture; then it is given up


class CameraError(Exception):
    """A camera cannot be opened, or gives no pictures any more; `fix` says what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class CameraReader:
    """Reads a camera all the time and keeps the newest picture; older ones that nobody took are counted.

    `device` is its number, or a path or address that OpenCV opens. `now` gives the time of a picture in ns. Raises
    CameraError where it cannot be opened.
    """

    def __init__(self, device: str, wished: dict[int, float], now: Callable[[], int], pause_s: float = PAUSE_S) -> None:
        self.passed_over = 0
        self._device, self._wished, self._now, self._pause_s = device, wished, now, pause_s
        self._capture = self._open()
        self._ready = threading.Condition()
        self._newest: tuple[int, NDArray[np.uint8]] | None = None
        self._error: CameraError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)
        self._thread.start()

    def take(self, wait_s: float) -> tuple[int, NDArray[np.uint8]] | None:
        """The newest picture with its time, RGB (height, width, 3); None where none came; raises CameraError."""
        with self._ready:
            self._ready.wait_for(lambda: self._newest is not None or self._error is not None, wait_s)
            taken, self._newest = self._newest, None
            if taken is None and self._error is not None:
                raise self._error
        return taken

    def close(self) -> None:
        """Give the camera back."""
        self._stopping.set()
        self._thread.join()
        self._capture.release()

    def _open(self) -> Any:
        cv2.setLogLevel(0)  # what is wrong is said by us
        capture = cv2.VideoCapture(int(self._device) if self._device.isdecimal() else self._device)
        if not capture.isOpened():
            raise CameraError(
                f"camera {self._device}: cannot be opened",
                "see that it is plugged in, that no other program uses it, and that you may read it (/dev/video*)",
            )
        for name, value in self._wished.items():
            capture.set(name, value)
        return capture

    def _read(self) -> None:
        """Read until it is told to stop; whatever fails is told to who takes, else they would wait for ever."""
        try:
            self._read_on()
        except Exception as error:  # pictures that are not colour, say: cv2.error
            self._give_up(f"gives pictures that cannot be read ({error})", "try another camera, or another size")

    def _read_on(self) -> None:
        missed = 0
        while not self._stopping.is_set() and missed < ATTEMPTS:
            there, picture = self._capture.read()
            if there:
                missed = 0
                self._keep(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))
            else:
                missed += 1
                self._stopping.wait(self._pause_s)
                self._open_again()
        if missed:
            self._give_up("gives no pictures any more", "see that it is plugged in, and start again")

    def _give_up(self, what: str, fix: str) -> None:
        with self._ready:
            self._error = CameraError(f"camera {self._device}: {what}", fix)
            self._ready.notify()

    def _keep(self, picture: NDArray[np.uint8]) -> None:
        with self._ready:
            self.passed_over += self._newest is not None
            self._newest = (self._now(), picture)
            self._ready.notify()

    def _open_again(self) -> None:
        self._capture.release()
        try:
            self._capture = self._open()
        except CameraError:  # told when all attempts are over
            return


def wished_size(width: int | None, height: int | None, rate: float | None) -> dict[int, float]:
    """What is asked of a camera, as OpenCV numbers it; it may give what is nearest."""
    asked = {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height, cv2.CAP_PROP_FPS: rate}
    return {name: float(value) for name, value in asked.items() if value is not None}
