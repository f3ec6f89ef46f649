"""A worker on another machine, as its coordinator reaches it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphcore.places.files import pieces
from graphcore.places.messages import Greet
from graphcore.places.process import GONE, Listens, Post, Reached
from graphcore.places.routes import CONTROL
from graphcore.transport.channel import Channel
from graphcore.transport.keys import Keys

REACH_S = 10.0  # for a worker to answer: it may be starting again
AGAIN_S = 0.2


class WorkerPlace(Reached):
    """A worker; it is connected to until it answers, and refuses at once where it does not know us."""

    def __init__(self, listens: Listens, keys: Keys | None) -> None:
        super().__init__()
        self.listens = listens
        self._keys = keys
        self._fate = "it does not answer"
        self._until = time.monotonic() + REACH_S
        self._closed_here = threading.Event()
        self._connecting = threading.Lock()
        self._sent: set[str] = set()

    @property
    def figures(self) -> dict[str, Any]:
        """Where it is, how far away, and what its clock says."""
        assert self.listens is not None
        return {"pid": self.pid, "address": self.listens.address, **self.answers.figures}

    def start(self, post: Post, greet: Greet) -> None:
        """Greet it, and begin to listen to it."""
        self.post, self._greet = post, greet
        self._connect()

    def look(self) -> None:
        """Compare clocks, and give up a worker that does not answer."""
        if self.ready is not None:
            self.answers.look(self.send)
        elif time.monotonic() > self._until and not self._closed_here.is_set():
            self._closed_here.set()
            self.post(self, GONE)

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
        with self._connecting:
            self._closed_here.set()
        self._channel.close()

    @property
    def ended(self) -> bool:
        """Whether it can be talked to no more; before its first answer it is tried again."""
        return self._closed_here.is_set()

    @property
    def fate(self) -> str:
        """How it was lost."""
        return self._fate

    @property
    def faulty(self) -> bool:
        """Whether it was never reached, or does not want what we send: trying again is no use."""
        return self.ready is None or "refused" in self._fate

    @property
    def never_began(self) -> str:
        """What to say of a worker that was never reached."""
        assert self.listens is not None
        silent = self.ready is None and "key" not in self._fate and "refused" not in self._fate
        advice = "; start `graphcore worker` there, and look at the address and the firewall" if silent else ""
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
        with self._connecting:
            if not self._closed_here.is_set():
                self._connect()
