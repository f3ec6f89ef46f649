"""How a coordinator reaches its places: child processes, and itself."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from graphcore.node import Node
from graphcore.places.answers import FROZEN_S, Answers
from graphcore.places.children import Child
from graphcore.places.messages import Greet, Pong, Ready
from graphcore.places.part_run import Taps
from graphcore.places.routes import Door
from graphcore.places.serving import PlaceServer
from graphcore.transport.channel import Channel
from graphcore.transport.memory import memory_pair
from graphcore.transport.shared_memory import SharedMemoryWire


@dataclass(frozen=True, slots=True)
class Listens:
    """Where a worker listens, and its public key (Z85); without keys it is empty."""

    address: str
    server_key: str


Post = Callable[["Reached", Any], None]  # a message of a place, or GONE
GONE = object()


class Reached:
    """A place as its coordinator reaches it: messages both ways, sockets there."""

    pid: int | None = None
    ready: Ready | None = None  # what it said of itself, once it can be given a part
    listens: Listens | None = None  # where others reach it; None: it is on this machine

    def __init__(self) -> None:
        self.answers = Answers()
        self._channel: Channel
        self.post: Post = _nobody

    @property
    def figures(self) -> dict[str, Any]:
        """What is known of it, for people."""
        return {"pid": self.pid}

    def start(self, post: Post, greet: Greet) -> None:
        """Greet it, and begin to listen to it."""
        raise NotImplementedError

    def look(self) -> None:
        """Now and then: whatever it takes to stay in touch."""

    def send(self, message: Any) -> None:
        """Say something; after its end nothing happens."""
        self._channel.send(message)

    def _take(self, message: Any) -> None:
        """A message has come; an answer to a Ping is for nobody else."""
        if isinstance(message, Pong):
            self.answers.take(message)
        else:
            self.post(self, message)

    def pass_sockets(self, sockets: Sequence[socket.socket]) -> None:
        """Give away sockets, for the Assign that follows."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, where that can be done."""

    def close(self, timeout_s: float) -> None:
        """Let it go, and wait for it so long."""
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        """Whether it can be talked to no more."""
        return self._channel.reason is not None

    @property
    def fate(self) -> str:
        """How it ended."""
        return "gone"

    @property
    def faulty(self) -> bool:
        """Whether it ended by itself before it was ready: another one would do the same."""
        return False

    @property
    def never_began(self) -> str:
        """What to say of a place that is faulty."""
        return f"its process did not start ({self.fate}); it has said why"


class ChildPlace(Reached):
    """A child process."""

    def __init__(self, child: Child) -> None:
        super().__init__()
        self._child = child
        self.pid = child.process.pid
        self._frozen = False
        wire = SharedMemoryWire(child.control, ring_bytes=0)
        self._channel = Channel(wire, {}, receive=self._take, closed=self._closed)

    def start(self, post: Post, greet: Greet) -> None:
        """Greet it, and begin to listen to it."""
        self.post = post
        self._channel.start()
        self.send(greet)

    def look(self) -> None:
        """End one that has not answered for long: it will not begin to."""
        if self.ready is not None and not self._frozen:
            self.answers.look(self.send)
            if self.answers.frozen:
                self._frozen = True
                self.kill()

    def pass_sockets(self, sockets: Sequence[socket.socket]) -> None:
        """Give away sockets, for the Assign that follows."""
        if sockets:
            with contextlib.suppress(OSError):  # it is gone, which is said elsewhere
                socket.send_fds(self._child.passing, [b"s"], [sock.fileno() for sock in sockets])
        for sock in sockets:
            sock.close()

    def kill(self) -> None:
        """End it at once."""
        self._child.process.kill()

    def close(self, timeout_s: float) -> None:
        """Tell it to leave, and see that it does."""
        self._channel.close()
        self._child.close(timeout_s)

    @property
    def fate(self) -> str:
        """How it ended."""
        try:
            code = self._child.process.wait(0.5)
        except subprocess.TimeoutExpired:
            return "it does not answer"
        if self._frozen:
            return f"it did not answer for {FROZEN_S:.0f} s"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"it ended with exit code {code}"

    @property
    def faulty(self) -> bool:
        """Whether it ended by itself before it was ready: another one would do the same."""
        code = self._child.process.poll()
        return self.ready is None and code is not None and code > 0

    def _closed(self, _reason: str) -> None:
        self.post(self, GONE)


class OwnPlace(Reached):
    """This process as one of its own places, on a thread; it cannot be killed."""

    def __init__(self, types: Mapping[str, type[Node]], taps: Taps | None = None) -> None:
        super().__init__()
        self._sockets: SimpleQueue[socket.socket] = SimpleQueue()
        wire, its_wire = memory_pair()
        self._channel = Channel(wire, {}, receive=self._take)
        door = Door(lambda count: [self._sockets.get() for _ in range(count)])
        server = PlaceServer(its_wire, lambda: types, door, taps=taps)
        self._thread = threading.Thread(target=server.serve, name="graphcore-here", daemon=True)
        self.pid = os.getpid()

    def start(self, post: Post, greet: Greet) -> None:
        """Greet it, and begin to listen to it."""
        self.post = post
        self._channel.start()
        self._thread.start()
        self.send(greet)

    def pass_sockets(self, sockets: Sequence[socket.socket]) -> None:
        """Hand over sockets, for the Assign that follows."""
        for sock in sockets:
            self._sockets.put(sock)

    def close(self, timeout_s: float) -> None:
        """Let it go."""
        self._channel.close()
        self._thread.join(timeout_s)


def _nobody(_place: Reached, _message: Any) -> None:
    """Nobody listens yet."""
