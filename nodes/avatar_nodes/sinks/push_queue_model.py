"""Frames and sound that wait to be sent, for as long as the network is busy."""

from __future__ import annotations

import threading
from collections import deque

from avatar_nodes.sinks.push_wire_model import Taken

MOST_SOUND = 250  # pieces of sound that wait


class PushQueue:
    """Of more than fits the oldest are left out, frames and sound apart; whoever puts never waits."""

    def __init__(self, most_frames: int) -> None:
        self._most_frames = most_frames
        self._waiting: deque[Taken] = deque()
        self._changed = threading.Condition()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing more comes, and nothing waits."""
        with self._changed:
            return self._closed and not self._waiting

    def put(self, taken: Taken) -> bool:
        """Let it wait; whether an older one had to go for it."""
        with self._changed:
            self._waiting.append(taken)
            same = [each for each in self._waiting if bool(each.sample_rate) == bool(taken.sample_rate)]
            full = len(same) > (MOST_SOUND if taken.sample_rate else self._most_frames)
            if full:
                self._waiting.remove(same[0])
            self._changed.notify_all()
        return full

    def hush(self) -> None:
        """Forget the sound that waits."""
        with self._changed:
            self._waiting = deque(each for each in self._waiting if not each.sample_rate)

    def close(self) -> None:
        """Nothing more comes; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, wait_s: float) -> Taken | None:
        """What waits for longest; None: nothing came in time, or it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, wait_s)
            return self._waiting.popleft() if self._waiting else None

    def newest(self, video: bool) -> Taken | None:
        """Wait for the newest frame (sound, without video) and forget what is older; it stays. None: it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._newest(video) is not None)
            newest = self._newest(video)
            while newest is not None and self._waiting[0] is not newest:
                self._waiting.popleft()
            return newest

    def _newest(self, video: bool) -> Taken | None:
        return next((each for each in reversed(self._waiting) if bool(each.sample_rate) != video), None)
