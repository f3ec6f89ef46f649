"""The program that holds one connection to a streaming server: it connects, codes and sends what comes on its input.

The input is as push_wire_model.py says; it ends with its input, or when the connection breaks. On its output stand
lines of JSON: connecting, connected, how many frames it held or had to leave out since the last line, and why it ends.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
from time import monotonic
from typing import IO

import av

from avatar_nodes.sinks.push_wire_model import Settings, Taken, read_settings, read_taken
from avatar_nodes.sinks.pushed_stream_model import CannotSendError, PushedStream

MOST_WAITING = 4  # that were read and not sent: the rest waits in the graph's process, where it can be forgotten
LOOK_S = 0.1  # between looks whether a frame has to be held


class Arriving:
    """Reads on a thread what comes."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.ended = False
        self._pipe = pipe
        self._read: queue.Queue[Taken | None] = queue.Queue(MOST_WAITING)
        threading.Thread(target=self._work, daemon=True).start()

    def take(self) -> Taken | None:
        """What comes next; None: nothing came for a moment, or it has ended."""
        try:
            taken = self._read.get(timeout=LOOK_S)
        except queue.Empty:
            return None
        self.ended = taken is None
        return taken

    def _work(self) -> None:
        try:
            while (taken := read_taken(self._pipe)) is not None:
                self._read.put(taken)
        finally:
            self._read.put(None)


class Watchdog:
    """Ends this program where it does not go on for so long, also in the middle of a call that holds Python's lock."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s, self._next = patience_s, 0.0
        self.alive()

    def alive(self) -> None:
        """It goes on."""
        if monotonic() >= self._next:  # each time costs a thread
            faulthandler.dump_traceback_later(self._patience_s, exit=True)
            self._next = monotonic() + self._patience_s / 10


def main() -> None:
    """Send what comes; say what happens."""
    pipe = open(0, "rb", closefd=False)  # noqa: SIM115  # for as long as the program runs
    try:
        _push(read_settings(pipe), pipe)
    except CannotSendError as error:
        _say(cannot=str(error))
    except (OSError, av.FFmpegError) as error:
        _say(failed=error.strerror or type(error).__name__)
    except Exception as error:  # without the URL, which is in the text of many an error
        _say(cannot=f"the stream cannot be coded: {type(error).__name__}")


def _push(settings: Settings, pipe: IO[bytes]) -> None:
    _say(connecting=True)
    watchdog = Watchdog(settings.patience_s)
    stream = PushedStream(settings)
    try:
        _say(connected=True)
        _send(stream, Arriving(pipe), watchdog)
    finally:
        stream.close()


def _send(stream: PushedStream, arriving: Arriving, watchdog: Watchdog) -> None:
    held = late = 0
    while not arriving.ended:
        taken = arriving.take()
        if taken is not None and taken.sample_rate:
            stream.play(taken)
        elif taken is not None:
            stream.show(taken)
        stream.keep_up()
        watchdog.alive()
        if (stream.held, stream.late) != (held, late):
            _say(**{"frames held": stream.held - held, "frames late": stream.late - late})
            held, late = stream.held, stream.late
    stream.finish()


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    os._exit(0)  # now, also while the thread still reads
