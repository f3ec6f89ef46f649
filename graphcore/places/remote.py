"""A worker on another machine, as its coordinator reaches it."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphcore.places.files import pieces
from graphcore.places.messages import Greet, Ping, Pong
from graphcore.places.process import GONE, Listens, Post, Reached
from graphcore.places.routes import CONTROL
from graphcore.transport.channel import Channel
from graphcore.transport.keys import Keys

REACH_S = 10.0  # for a worker to answer: it may be starting again
AGAIN_S = 0.2
PING_EVERY_S = 1.0
FIRST_PINGS = 8
KEPT_PONGS = 16


class WorkerPlace(Reached):
    """A worker; it is connected to until it answers, and refuses at once where it does not know us."""

    def __init__(self, listens: Listens, keys: Keys | None) -> None:
        super().__init__()
        self.listens = listens
        self.round_trip_ns: int | None = None
        self._keys = keys
        self._fate = "it does not answer"
        self._until = time.monotonic() + REACH_S
        self._closed_here = threading.Event()
        self._pongs: deque[tuple[int, int]] = deque(maxlen=KEPT_PONGS)  # round trip, offset
        self._pinged_at = 0.0
        self._sent: set[str] = set()

    @property
    def figures(self) -> dict[str, Any]:
        """Where it is, how far away, and what its clock says."""
        assert self.listens is not None
        trip = self.round_trip_ns
        known = {"clock_offset_us": self.offset_ns // 1000, "round_trip_us": trip // 1000} if trip is not None else {}
        return {"pid": self.pid, "address": self.listens.address, **known}

    def start(self, post: Post, greet: Greet) -> None:
        """Greet it, and begin to listen to it."""
        self.post, self._greet = post, greet
        self._connect()

    def look(self) -> None:
        """Compare clocks, and give up a worker that does not answer."""
        now = time.monotonic()
        if self.ready is None:
            if now > self._until and not self._closed_here.is_set():
                self._closed_here.set()
                self.post(self, GONE)
        elif now - self._pinged_at > PING_EVERY_S:
            self._ping(1 if self._pinged_at else FIRST_PINGS)
            self._pinged_at = now

    def pass_sockets(self, sockets: Sequence[socket.socket]) -> None:
        """There are none to a worker."""
        assert not sockets

    def send_file(self, digest: str, path: Path) -> None:
        """Send a file, once; raises OSError."""
        if digest not in self._sent:
            self._sent.add(digest)
            for piece in pieces(digest, path):
                self.send(piece)

    def close(self, timeout_s: float) -> None:  # noqa: ARG002 - a worker is not waited for
        """Let it go; it ends what it runs for us."""
        self._closed_here.set()
        self._channel.close()

    @property
    def fate(self) -> str:
        """How it was lost."""
        return self._fate

    @property
    def faulty(self) -> bool:
        """Whether it was never reached."""
        return self.ready is None

    @property
    def never_began(self) -> str:
        """What to say of a worker that was never reached."""
        assert self.listens is not None
        advice = (
            "" if "key" in self._fate else "; start `graphcore worker` there, and look at the address and the firewall"
        )
        return f"{self.listens.address}: {self._fate.removeprefix(self.listens.address).lstrip()}{advice}"

    def _connect(self) -> None:
        from graphcore.transport.zeromq import connect, random_name

        assert self.listens is not None
        key = self.listens.server_key.encode() or None
        keys = self._keys if key else None
        wire = connect(self.listens.address, keys=keys, server_key=key, name=random_name(CONTROL))
        self._channel = Channel(wire, {}, receive=self._take, closed=self._lost)
        self._channel.start()
        self.send(self._greet)

    def _take(self, message: Any) -> None:
        if not isinstance(message, Pong):
            self.post(self, message)
            return
        now = time.monotonic_ns()
        self._pongs.append((now - message.sent, message.now - (message.sent + now) // 2))
        # The fastest answer says most: whatever delayed the others went one way only (Mills, RFC 5905).
        self.round_trip_ns, self.offset_ns = min(self._pongs)

    def _ping(self, count: int) -> None:
        for _ in range(count):
            self.send(Ping(time.monotonic_ns()))

    def _lost(self, reason: str) -> None:
        """The wire has ended; before the first answer it is tried again, unless the worker does not want us."""
        if self._closed_here.is_set():
            return
        self._fate = reason
        again = self.ready is None and "listens" in reason and time.monotonic() < self._until
        if not again:
            self._closed_here.set()
            self.post(self, GONE)
            return
        threading.Timer(AGAIN_S, self._try_again, [self._channel]).start()

    def _try_again(self, before: Channel) -> None:
        before.close()
        if not self._closed_here.is_set():
            self._connect()
