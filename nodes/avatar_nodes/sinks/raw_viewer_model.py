"""One who looks at a raw stream: what waits to be sent to them, and the thread that sends it."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MOST_PICTURES = 3  # that wait for one viewer; of more the oldest is left out
MOST_SOUND = 100  # packets that wait for one viewer: some two seconds
DEAD_S = 5.0  # without taking a single packet: this viewer is given up
LOOK_S = 1.0  # between looks whether a viewer is still there, while nothing is sent
MORE = getattr(socket, "MSG_MORE", 0)  # the body follows in the same piece; not on every system


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """One packet of the stream: its head, and the bytes it is about, which are not copied."""

    kind: Literal["head", "picture", "sound"]
    head: bytes
    body: bytes | memoryview = b""

    def silent(self) -> Parcel:
        """The same, with nothing to hear in it."""
        return Parcel(self.kind, self.head, bytes(len(self.body)))


class Viewer:
    """Sends parcels over a connection as fast as they are taken; whoever gives them never waits.

    A slow viewer misses pictures, the oldest first; one who takes nothing, or who says anything, is left. `gone` is
    called once, on the viewer's thread; `dropped` for every parcel that was left out.
    """

    def __init__(
        self, connection: socket.socket, *, gone: Callable[[Viewer], None], dropped: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._gone, self._dropped = gone, dropped
        self._waiting: deque[Parcel] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="viewer", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, parcel: Parcel) -> None:
        """Let it be sent after what waits already."""
        with self._changed:
            self._waiting.append(parcel)
            self._leave_out("picture", MOST_PICTURES)
            self._leave_out("sound", MOST_SOUND)
            self._changed.notify()

    def hush(self) -> None:
        """Make the sound that waits silent."""
        with self._changed:
            silent = [parcel.silent() if parcel.kind == "sound" else parcel for parcel in self._waiting]
            self._waiting = deque(silent)

    def end(self) -> None:
        """Send what waits, and then leave."""
        with self._changed:
            self._ending = True
            self._changed.notify()

    def close(self, wait_s: float) -> None:
        """Leave, at the latest after so long."""
        self.end()
        self._thread.join(wait_s)
        if self._thread.is_alive():
            with contextlib.suppress(OSError):  # it has gone by itself
                self._connection.shutdown(socket.SHUT_RDWR)
            self._thread.join()

    def _leave_out(self, kind: str, most: int) -> None:
        same = [parcel for parcel in self._waiting if parcel.kind == kind]
        if len(same) > most:
            self._waiting.remove(same[0])
            self._dropped(kind)

    def _run(self) -> None:
        try:
            with self._connection, selectors.DefaultSelector() as speech:
                self._connection.settimeout(DEAD_S)
                speech.register(self._connection, selectors.EVENT_READ)
                self._send_on(speech)
        except OSError:  # it has gone, or takes nothing
            pass
        finally:
            self._gone(self)

    def _send_on(self, speech: selectors.BaseSelector) -> None:
        """Until all is sent and it ends. A viewer has nothing to say: what speaks is a browser that was sent here."""
        while not speech.select(0):
            parcel, ended = self._next()
            if parcel is not None:
                self._connection.sendall(parcel.head, MORE if parcel.body else 0)
                self._connection.sendall(parcel.body)
            elif ended:
                return

    def _next(self) -> tuple[Parcel | None, bool]:
        """What is to be sent, and whether nothing more will come."""
        with self._changed:
            if not self._waiting and not self._ending:
                self._changed.wait(LOOK_S)
            return (self._waiting.popleft() if self._waiting else None), self._ending
