"""The newest picture, for a thread that shows it at its own pace."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray


class Newest:
    """Keeps the picture that came last until it is taken; those that nobody took are counted."""

    def __init__(self) -> None:
        self.passed_over = 0
        self.closed = False
        self._changed = threading.Condition()
        self._pixels: NDArray[np.uint8] | None = None

    def put(self, pixels: NDArray[np.uint8]) -> None:
        """Offer a picture; never waits."""
        with self._changed:
            self.passed_over += self._pixels is not None
            self._pixels = pixels
            self._changed.notify_all()

    def take(self, wait_s: float | None = None) -> NDArray[np.uint8] | None:
        """The picture that came since the last call; None: none came in time, or it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._pixels is not None or self.closed, wait_s)
            pixels, self._pixels = self._pixels, None
        return pixels

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
