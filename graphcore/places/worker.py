"""A worker: other machines run parts of their graphs here. Only node types that are installed here can be asked for."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from graphcore.node import Node
from graphcore.places.files import WorkerFiles, sweep
from graphcore.places.messages import Greet
from graphcore.places.routes import CONTROL, ROUTE, Arrivals, Door, Route
from graphcore.places.serving import CLOSE_S, PlaceServer
from graphcore.transport.channel import Wire
from graphcore.transport.codec import Bye, encode
from graphcore.transport.keys import Keys
from graphcore.transport.zeromq import Listener
from graphcore.transport.zeromq_wire import ZeroMQWire

log = logging.getLogger(__name__)

MAX_COORDINATORS = 8


class Worker:
    """Listens at an address until it is closed; whoever owns one of the `allowed` keys may have parts run.

    Nodes write below `files` only. Raises ChannelError where the address leaves the machine and there are no keys.
    """

    def __init__(
        self,
        address: str,
        types: Mapping[str, type[Node]],
        files: Path,
        *,
        keys: Keys | None = None,
        allowed: frozenset[bytes] = frozenset(),
    ) -> None:
        self.files = files
        self.keys = keys
        self.arrivals = Arrivals()
        self._types = types
        self._clients = allowed
        self._vouched: Counter[bytes] = Counter()  # keys of other workers, by how many coordinators
        self._serving: set[threading.Thread] = set()
        self._lock = threading.Lock()
        sweep(files)
        self._listener = Listener(address, self._accept, keys=keys, allowed=allowed)
        self.address = self._listener.address

    def close(self) -> None:
        """End what runs here, and let nobody in."""
        self._listener.close()
        for thread in list(self._serving):
            thread.join(CLOSE_S + 0.5)

    def let_in(self, keys: Counter[bytes]) -> None:
        """A coordinator vouches for other workers: they may come with what is meant for its parts."""
        with self._lock:
            self._vouched += keys
            self._listener.allowed = {*self._clients, *self._vouched}

    def let_go(self, keys: Counter[bytes]) -> None:
        """It is gone, and so is its word."""
        with self._lock:
            self._vouched -= keys
            self._listener.allowed = {*self._clients, *self._vouched}

    def _accept(self, wire: ZeroMQWire) -> None:
        kind = wire.name[:1]
        if kind == ROUTE:
            self.arrivals.add(wire)
        elif kind == CONTROL and (self.keys is None or wire.key in self._clients):
            threading.Thread(target=self._serve, args=(wire,), name="graphcore-place", daemon=True).start()
        else:
            _turn_away(wire, "refused: only those who are allowed may have parts run")

    def _serve(self, wire: ZeroMQWire) -> None:
        """One coordinator, until it is gone."""
        with self._lock:
            room = len(self._serving) < MAX_COORDINATORS
            if room:
                self._serving.add(threading.current_thread())
        if not room:
            _turn_away(wire, f"refused: too many coordinators; this worker serves {MAX_COORDINATORS} at a time")
            return
        log.info("a coordinator has come")
        try:
            PlaceServer(wire, lambda: self._types, _WorkerDoor(self)).serve()
        except Exception as error:
            log.exception("a coordinator is served no more")
            _turn_away(wire, f"refused: {type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._serving.discard(threading.current_thread())
            log.info("a coordinator has gone")


def _turn_away(wire: ZeroMQWire, reason: str) -> None:
    """End a wire, and let the other side know why."""
    wire.send(encode(Bye(reason)))
    wire.end(reason)


class _WorkerDoor(Door):
    """One coordinator's: its files, and the workers it vouches for."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(lambda _count: [])
        self.files = self._files = WorkerFiles(worker.files)
        self._worker = worker
        self._vouched: Counter[bytes] = Counter()

    def greet(self, greet: Greet) -> None:
        new = Counter(key.encode() for key in greet.allow)
        self._worker.let_in(new)
        self._vouched += new

    def come(self, route: Route, given_up: Callable[[], bool]) -> Wire:
        return route.connect(self._worker.keys) if route.address else self._worker.arrivals.take(route, given_up)

    def close(self) -> None:
        self._worker.let_go(self._vouched)
        self._files.close()
