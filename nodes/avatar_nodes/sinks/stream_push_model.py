"""Pushing a stream from a thread of its own, which connects again by itself."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

import av

from avatar_nodes.sinks.pushed_stream_model import CannotSendError, Coding, PushedStream, Taken
from avatar_nodes.sinks.synthetic_mark_model import marked

MOST_SECONDS = 1  # of frames that wait for the network; of more the oldest are left out
MOST_SOUND = 250  # pieces of sound that wait
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0  # before it is tried to connect again
STEADY_S = 10.0  # connected; then the next wait is a short one again
LOOK_S = 0.1  # between looks whether a frame has to be held
CLOSE_S = 0.9  # for what waits to be sent at the end


class Pusher:
    """Sends from a thread of its own, and connects again by itself; whoever gives frames and sound never waits.

    `told` hears, without the URL, how it stands. `error` is what it has given up for.
    """

    def __init__(
        self,
        url: str,
        coding: Coding,
        *,
        video: bool,
        audio: bool,
        mark: bool,
        counts: dict[str, int],
        told: Callable[[str], None],
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self.error: str | None = None
        self._url, self._coding, self._told, self._counts = url, coding, told, counts
        self._first_wait_s, self._told_why = first_wait_s, ""
        self._video, self._audio, self._mark = video, audio, mark
        self._most_frames = max(1, int(coding.frame_rate * MOST_SECONDS))
        self._waiting: deque[Taken] = deque()
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._wait_s = first_wait_s
        counts.update({"connected": 0, "reconnects": 0, "frames dropped": 0, "frames held": 0, "frames late": 0})
        self._thread = threading.Thread(target=self._run, name="stream_push", daemon=True)
        self._thread.start()

    def give(self, taken: Taken) -> None:
        """Let it be sent after what waits already."""
        with self._changed:
            self._waiting.append(taken)
            same = [each for each in self._waiting if bool(each.sample_rate) == bool(taken.sample_rate)]
            if len(same) > (MOST_SOUND if taken.sample_rate else self._most_frames):
                self._waiting.remove(same[0])
                self._counts["frames dropped"] += self._counts["connected"] and not taken.sample_rate
            self._changed.notify()

    def hush(self) -> None:
        """Forget the sound that waits."""
        with self._changed:
            self._waiting = deque(each for each in self._waiting if not each.sample_rate)

    def close(self) -> None:
        """Send what waits, for a moment, and end."""
        self._ending.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(CLOSE_S)  # a network that takes nothing keeps it until its timeout

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._connect_and_push()
        except CannotSendError as error:
            self.error = str(error)
        except Exception as error:  # of ours; without the URL, which is in the text of many an error
            self.error = f"the stream cannot be coded: {type(error).__name__}"

    def _connect_and_push(self) -> None:
        """One connection, from the first frame (or sound, where there is no video) until it breaks."""
        first = self._first()
        if first is None:
            return
        began = monotonic()
        try:
            stream = PushedStream(self._url, self._coding, first, video=self._video, audio=self._audio)
            self._counts["connected"] = 1
            self._told("connected")
            self._told_why = ""
            try:
                self._push(stream)
            finally:
                self._counts["connected"] = 0
                stream.close()
        except (OSError, av.FFmpegError) as error:
            self._wait(f"{error.strerror or type(error).__name__}", monotonic() - began > STEADY_S)

    def _wait(self, why: str, steady: bool) -> None:
        """Before the next attempt; the same reason is told once."""
        self._counts["reconnects"] += 1
        if why != self._told_why:
            self._told(f"not connected ({why}); it goes on trying")
        self._told_why = why
        self._wait_s = self._first_wait_s if steady else self._wait_s
        self._ending.wait(self._wait_s)
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)

    def _first(self) -> Taken | None:
        """The newest frame; what is older was not sent, for nobody was there."""
        with self._changed:
            self._changed.wait_for(lambda: self._ending.is_set() or self._newest() is not None)
            newest = self._newest()
            while newest is not None and self._waiting[0] is not newest:
                self._waiting.popleft()
            return newest

    def _newest(self) -> Taken | None:
        kind = (each for each in reversed(self._waiting) if bool(each.sample_rate) != self._video)
        return next(kind, None)

    def _push(self, stream: PushedStream) -> None:
        while (taken := self._next()) is not None or not self._ending.is_set():
            if taken is not None and taken.sample_rate:
                stream.play(taken)
            elif taken is not None:
                stream.show(Taken(taken.timestamp, marked(taken.content) if self._mark else taken.content))
            stream.keep_up()
            self._counts["frames held"], self._counts["frames late"] = stream.held, stream.late
        stream.finish()

    def _next(self) -> Taken | None:
        with self._changed:
            if not self._waiting and not self._ending.is_set():
                self._changed.wait(LOOK_S)
            return self._waiting.popleft() if self._waiting else None
