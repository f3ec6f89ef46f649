"""Pushing a stream through a program of its own, which is started again where the connection breaks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from time import monotonic

from avatar_nodes.sinks.push_process_model import PushProcess
from avatar_nodes.sinks.push_queue_model import PushQueue
from avatar_nodes.sinks.push_wire_model import Coding, Settings, Taken

MOST_SECONDS = 1  # of frames that wait for the network; of more the oldest are left out
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0  # before it is tried to connect again
STEADY_S = 10.0  # connected; then the next wait is a short one again
PATIENCE_S = 10.0  # for the server to answer, and to take something
LOOK_S = 0.1  # between looks whether the program is still there
CLOSE_S = 0.7  # for what waits to be sent at the end


class Pusher:
    """Sends through a program, on threads of its own; whoever gives frames and sound never waits.

    To connect, and to send, can take as long as the server likes, and holds Python's lock: so it happens in another
    process. `told` hears, without the URL, how it stands. `error` is what it has given up for.
    """

    def __init__(
        self,
        url: str,
        coding: Coding,
        *,
        video: bool,
        audio: bool,
        counts: dict[str, int],
        told: Callable[[str], None],
        first_wait_s: float = FIRST_WAIT_S,
        patience_s: float = PATIENCE_S,
        close_s: float = CLOSE_S,
    ) -> None:
        self.error: str | None = None
        self._url, self._coding, self._told, self._counts = url, coding, told, counts
        self._video, self._audio = video, audio
        self._first_wait_s, self._wait_s, self._told_why = first_wait_s, first_wait_s, ""
        self._patience_s, self._close_s = patience_s, close_s
        self._queue = PushQueue(max(1, int(coding.frame_rate * MOST_SECONDS)))
        self._process: PushProcess | None = None
        self._why, self._connected_at = "", 0.0
        self._ending = threading.Event()
        counts.update({"connected": 0, "reconnects": 0, "frames dropped": 0, "frames held": 0, "frames late": 0})
        self._thread = threading.Thread(target=self._run, name="stream_push", daemon=True)
        self._thread.start()

    def give(self, taken: Taken) -> None:
        """Let it be sent after what waits already."""
        if self._queue.put(taken) and not taken.sample_rate:
            self._counts["frames dropped"] += self._counts["connected"]

    def hush(self) -> None:
        """Forget the sound that waits."""
        self._queue.hush()

    def close(self) -> None:
        """Send what waits, for a moment, and end."""
        self._ending.set()
        self._queue.close()
        if self._counts["connected"]:
            self._thread.join(self._close_s)
        if self._process is not None:  # it takes nothing, or was not connected
            self._process.kill()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set() and self.error is None:
            newest = self._queue.newest(self._video)
            if newest is not None:
                steady = self._connect_and_push(newest)
                if not self._ending.is_set() and self.error is None:
                    self._wait(steady)

    def _connect_and_push(self, newest: Taken) -> bool:
        """One connection, until it breaks; whether it was steady."""
        size = (newest.content.shape[1], newest.content.shape[0]) if self._video else None
        try:
            process = PushProcess(Settings(self._url, self._coding, size, self._audio, self._patience_s))
        except OSError as error:
            self.error = f"the program that sends cannot be started: {error.strerror}"
            return False
        self._process = process
        if self._ending.is_set():
            process.kill()
        feeding = threading.Thread(target=self._feed, args=[process], name="stream_push feed", daemon=True)
        self._hear(process, feeding)
        process.kill()  # where it has only closed its output
        began = self._counts["connected"] and self._connected_at
        self._counts["connected"] = 0
        if began:
            feeding.join()
        if process.close() < 0:
            self._why = "the program that sends was ended"
        return bool(began) and monotonic() - began > STEADY_S

    def _hear(self, process: PushProcess, feeding: threading.Thread) -> None:
        """What the program says, until it ends; once it has connected it is fed."""
        self._why = "the program that sends does not start"
        for said in process.heard():
            if "connecting" in said:
                self._why = f"the server took nothing for {self._patience_s:g} s"  # unless it says something else
            elif "connected" in said:
                self._queue.newest(self._video)  # what is older was not sent, for nobody was there
                self._connected_at, self._counts["connected"] = monotonic(), 1
                feeding.start()
                self._told("connected")
                self._told_why = ""
            elif "cannot" in said:
                self.error = str(said["cannot"])
            self._why = str(said.get("failed", self._why))
            for name in ("frames held", "frames late"):
                self._counts[name] += int(said.get(name, 0))

    def _feed(self, process: PushProcess) -> None:
        with contextlib.suppress(OSError):  # the program has ended; what it said tells why
            while not (process.ended or self._queue.closed):
                taken = self._queue.take(LOOK_S)
                if taken is not None:
                    process.send(taken)
        process.end_input()

    def _wait(self, steady: bool) -> None:
        """Before the next attempt; the same reason is told once."""
        self._counts["reconnects"] += 1
        if self._why != self._told_why:
            self._told(f"not connected ({self._why}); it goes on trying")
        self._told_why = self._why
        self._wait_s = self._first_wait_s if steady else self._wait_s
        self._ending.wait(self._wait_s)
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
