"""How the places of an attempt reach each other: by a socket that is passed, or by ZeroMQ where one is a worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from socket import socket
from typing import TYPE_CHECKING, Any

from graphcore.errors import Cancelled, ChannelError
from graphcore.places.files import WorkerFiles
from graphcore.places.messages import Greet
from graphcore.transport.channel import Wire
from graphcore.transport.keys import Keys
from graphcore.transport.shared_memory import SharedMemoryWire

if TYPE_CHECKING:
    from graphcore.transport.zeromq_wire import ZeroMQWire

COME_S = 10.0  # for a peer to come
LOOK_EVERY_S = 0.05  # whether it is still waited for
CONTROL, ROUTE = b"c", b"w"  # what a name at a worker begins with


@dataclass(frozen=True, slots=True)
class Route:
    """How a place reaches a peer for one attempt: by a socket that was passed, unless there is a token."""

    peer: str
    token: str = ""  # names the way at the one that listens; nobody else can guess it
    address: str = ""  # to connect to; empty: the peer comes
    server_key: str = ""  # of the peer that listens
    public: str = ""  # the keys to come with; empty: one's own
    secret: str = ""

    @property
    def name(self) -> bytes:
        """As whom a peer comes."""
        return ROUTE + bytes.fromhex(self.token)

    def describe(self) -> dict[str, Any]:
        """As JSON can say it."""
        return asdict(self)

    def connect(self, own: Keys | None) -> Wire:
        """A wire to the peer that listens."""
        from graphcore.transport.zeromq import connect

        keys = Keys(self.public.encode(), self.secret.encode()) if self.public else own
        if not self.server_key:
            return connect(self.address, name=self.name)
        return connect(self.address, keys=keys, server_key=self.server_key.encode(), name=self.name)


class Door:
    """What a place needs to reach others; `sockets` gives so many that were passed for an Assign."""

    files: WorkerFiles | None = None  # where it is not the coordinator's machine

    def __init__(self, sockets: Callable[[int], list[socket]]) -> None:
        self._sockets = sockets

    def greet(self, greet: Greet) -> None:
        """Let in whom the coordinator vouches for."""

    def open(self, routes: Sequence[Route], given_up: Callable[[], bool] = lambda: False) -> dict[str, Wire]:
        """A wire to each peer; raises ChannelError where one cannot be reached, Cancelled where it is `given_up`."""
        passed = self._sockets(sum(not route.token for route in routes))
        wires: dict[str, Wire] = {}
        try:
            for route in routes:
                wires[route.peer] = self.come(route, given_up) if route.token else SharedMemoryWire(passed.pop(0))
        except Exception:
            for wire in wires.values():
                wire.close()
            for one in passed:
                one.close()
            raise
        return wires

    def come(self, route: Route, given_up: Callable[[], bool]) -> Wire:  # noqa: ARG002 - nothing is waited for
        """A wire to a peer that is reached by ZeroMQ."""
        return route.connect(None)

    def close(self) -> None:
        """The coordinator is gone."""


class Arrivals:
    """Peers that have come to a worker, until the part that is meant for them takes them."""

    def __init__(self) -> None:
        self._wires: dict[bytes, ZeroMQWire] = {}
        self._changed = threading.Condition()

    def add(self, wire: ZeroMQWire) -> None:
        """One has come; those that nobody took and that are gone are forgotten."""
        with self._changed:
            self._wires = {name: each for name, each in self._wires.items() if not each.ended}
            self._wires[wire.name] = wire
            self._changed.notify_all()

    def take(self, route: Route, given_up: Callable[[], bool]) -> Wire:
        """Wait for a peer; raises ChannelError where it does not come, Cancelled where nobody waits for it any more."""
        until = time.monotonic() + COME_S
        with self._changed:
            while not self._changed.wait_for(lambda: route.name in self._wires, LOOK_EVERY_S):
                if given_up():
                    raise Cancelled(f"place {route.peer} is not waited for any more")
                if time.monotonic() > until:
                    what = f"place {route.peer} did not come within {COME_S:.0f} s; can it reach this machine?"
                    raise ChannelError(what)
            return self._wires.pop(route.name)
