"""A thread that makes of the newest frame what viewers get, while there are any."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.browser_picture_model import coded_picture
from avatar_nodes.sinks.browser_wire_model import picture_message
from avatar_nodes.sinks.synthetic_mark_model import marked


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame, its media time in ns, the moment (s, time.monotonic) when it came, and how well it is to be coded."""

    pixels: NDArray[np.uint8]
    timestamp: int
    came_s: float
    quality: int  # of a JPEG


class PictureMaker:
    """Codes each frame once for all viewers; one that comes before the last is coded replaces it, and is counted.

    `give` has the message of each, on this thread. What went wrong stands in `error`; the thread has ended then.
    """

    def __init__(self, give: Callable[[bytes], None], *, mark: bool) -> None:
        self.passed_over = 0
        self.error: Exception | None = None
        self._give, self._mark = give, mark
        self._changed = threading.Condition()
        self._newest: Taken | None = None
        self._waiting = self._watched = self._closed = False
        self._thread = threading.Thread(target=self._work, name="browser-view", daemon=True)
        self._thread.start()

    def offer(self, taken: Taken) -> None:
        """Have a frame coded soon, if anybody looks."""
        with self._changed:
            self.passed_over += self._waiting
            self._newest, self._waiting = taken, self._watched
            self._changed.notify()

    def watch(self, watched: bool) -> None:
        """Somebody has come, or the last one left: who comes is shown the newest frame, however old."""
        with self._changed:
            self._watched = watched
            self._waiting = watched and self._newest is not None
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        try:
            while (taken := self._next()) is not None:
                pixels = marked(taken.pixels) if self._mark else taken.pixels
                colour, matte = coded_picture(pixels, taken.quality)
                self._give(picture_message(taken.timestamp, taken.came_s, colour, matte))
        except Exception as error:  # a picture too large for a JPEG: cv2.error
            self.error = error

    def _next(self) -> Taken | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._waiting = False
            return None if self._closed else self._newest
