"""Which packets meet: what a node at the head of a chain is called with, and when.

What a call receives depends on timestamps and on what is settled, never on how full a queue is: that is
what makes two offline runs equal. Live, followers take what is there.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from graphcore.clock import NS_PER_MS
from graphcore.node import Node
from graphcore.packet import Packet, Window
from graphcore.port import Input
from graphcore.runtime.inlet import BEGINNING, Inlet

MISSING: Any = object()


class Driver:
    """An input that makes its node run; with a window it keeps what it gave."""

    def __init__(self, name: str, port: Input[Any], inlet: Inlet, tolerance_ns: int) -> None:
        self.name = name
        self.inlet = inlet
        self._tolerance_ns = tolerance_ns
        self._window = History(port.window_ms) if port.window_ms is not None else None

    @property
    def bound(self) -> int:
        """No packet at or before this time is waiting or will come."""
        packets = self.inlet.packets
        return packets[0].timestamp - 1 if packets else self.inlet.settled

    @property
    def exhausted(self) -> bool:
        """Whether nothing is waiting and nothing will come."""
        return self.inlet.ended and not self.inlet.packets

    def knows(self, timestamp: int) -> bool:
        """Whether everything that could match this time has come."""
        inlet = self.inlet
        last = inlet.packets[-1].timestamp if inlet.packets else BEGINNING
        return inlet.ended or last >= timestamp or inlet.settled >= timestamp + self._tolerance_ns

    def match(self, timestamp: int) -> int | None:
        """The index of the nearest packet within the tolerance."""
        best, best_distance = None, self._tolerance_ns
        for index, packet in enumerate(self.inlet.packets):
            distance = abs(packet.timestamp - timestamp)
            if distance <= best_distance and (best is None or distance < best_distance):
                best, best_distance = index, distance
            if packet.timestamp > timestamp + self._tolerance_ns:
                break
        return best

    def drop_before(self, timestamp: int) -> int:
        """Drop what is too old to match this time or a later one; says how many."""
        count = 0
        while self.inlet.packets and self.inlet.packets[0].timestamp < timestamp - self._tolerance_ns:
            self.inlet.take()
            count += 1
        return count

    def take(self) -> Any:
        """Take the oldest packet, as `process` wants it."""
        packet = self.inlet.take()
        return packet.payload if self._window is None else self._window.with_packet(packet)


class Follower:
    """An input that is looked up at the drivers' time."""

    def __init__(self, name: str, port: Input[Any], inlet: Inlet) -> None:
        self.name = name
        self.inlet = inlet
        self._interpolate = inlet.link.align == "interpolate"
        self._window = History(port.window_ms) if port.window_ms is not None else None
        self._grace_ns = int((port.window_ms or 0) * NS_PER_MS)  # what comes late is still in the next window
        self._default = MISSING if port.required else port.default
        self._held: Packet | None = None
        self._answered = BEGINNING  # the last time that was asked for

    def advance(self, timestamp: int) -> None:
        """Take what is at or before this time, so that it does not fill the inlet while more is waited for."""
        packets = self.inlet.packets
        while packets and packets[0].timestamp <= timestamp:
            self._held = self.inlet.take()
            if self._held.timestamp <= self._answered - self._grace_ns:
                self.inlet.metrics.late += 1
            if self._window is not None:
                self._window.add(self._held)

    def knows(self, timestamp: int) -> bool:
        """Whether the value at this time is settled, once it was advanced to."""
        inlet = self.inlet
        if inlet.ended or inlet.packets or (self._held is not None and self._held.timestamp == timestamp):
            return True
        return not self._interpolate and inlet.settled >= timestamp

    def at(self, timestamp: int) -> Any:
        """The value at this time, or MISSING, once it was advanced to."""
        packets = self.inlet.packets
        self._answered = timestamp
        if self._window is not None:
            return self._window.up_to(timestamp)
        if self._held is None:
            return self._default
        if self._interpolate and packets:
            return _between(self._held, packets[0], timestamp)
        return self._held.payload


class History:
    """The packets of the last `window_ms`."""

    def __init__(self, window_ms: float) -> None:
        self._length_ns = int(window_ms * NS_PER_MS)
        self._packets: deque[Packet] = deque()

    def add(self, packet: Packet) -> None:
        """Remember one."""
        self._packets.append(packet)

    def up_to(self, timestamp: int) -> Window[Any]:
        """Those later than `timestamp` minus the window."""
        while self._packets and self._packets[0].timestamp <= timestamp - self._length_ns:
            self._packets.popleft()
        return Window([p.payload for p in self._packets], [p.timestamp for p in self._packets])

    def with_packet(self, packet: Packet) -> Window[Any]:
        """Remember one, and give the window that ends with it."""
        self.add(packet)
        return self.up_to(packet.timestamp)


class Alignment:
    """The inputs of a node at the head of a chain. Producers and the chain hold `lock` to touch its inlets."""

    def __init__(self, node_class: type[Node], inlets: dict[str, Inlet], order: Sequence[str], *, live: bool) -> None:
        ports = node_class.inputs
        self.lock = threading.Lock()
        self.inlets = inlets
        self.unmatched = 0
        self.starving: list[Inlet] = []  # what the last `next` waited for
        self.wake: Callable[[], None] = _nobody  # tells the chain's thread that something came
        self._live = live
        self._order = order
        linked = {name: ports[name] for name in ports if name in inlets}
        nearest = [inlet.link.tolerance_ns for inlet in inlets.values() if inlet.link.align == "nearest"]
        tolerance_ns = max(nearest, default=0)  # of the node: it does not matter which link names it
        self._drivers = [Driver(n, port, inlets[n], tolerance_ns) for n, port in linked.items() if not port.follows]
        self._followers = [Follower(n, port, inlets[n]) for n, port in linked.items() if port.follows]
        self._each = any(port.align == "each" for port in ports.values())
        self._unlinked = {name: unlinked_value(port) for name, port in ports.items() if name not in inlets}

    @property
    def ended(self) -> bool:
        """Whether no call will come any more."""
        exhausted = [driver.exhausted for driver in self._drivers]
        return all(exhausted) if self._each else any(exhausted)

    @property
    def bound(self) -> int:
        """No call at or before this time will come any more."""
        if self._each:
            return min((d.bound for d in self._drivers if not d.exhausted), default=BEGINNING)
        return self._drivers[0].bound

    def next(self) -> tuple[int, list[Any]] | None:
        """The next call, as its time and the arguments in order; None: something must come first."""
        self.starving = []
        while (timestamp := self._candidate()) is not None:
            if not self._followers_know(timestamp):
                return None
            arguments = self._take_drivers(timestamp)
            arguments.update({follower.name: follower.at(timestamp) for follower in self._followers})
            if any(value is MISSING for value in arguments.values()):
                self.unmatched += 1
                continue
            arguments.update(self._unlinked)
            return timestamp, [arguments[name] for name in self._order]
        return None

    def _candidate(self) -> int | None:
        return self._next_of_each() if self._each else self._next_meeting()

    def _next_of_each(self) -> int | None:
        waiting = [driver for driver in self._drivers if driver.inlet.packets]
        if not waiting:
            self.starving = [driver.inlet for driver in self._drivers if not driver.inlet.ended]
            return None
        timestamp = min(driver.inlet.packets[0].timestamp for driver in waiting)
        if not self._live:
            self.starving = [d.inlet for d in self._drivers if d not in waiting and not d.knows(timestamp)]
        return None if self.starving else timestamp

    def _next_meeting(self) -> int | None:
        first, *others = self._drivers
        while first.inlet.packets:
            timestamp = first.inlet.packets[0].timestamp
            self.unmatched += sum(other.drop_before(timestamp) for other in others)
            self.starving = [other.inlet for other in others if not other.knows(timestamp)]
            if self.starving:
                return None
            if all(other.match(timestamp) is not None for other in others):
                return timestamp
            first.inlet.take()
            self.unmatched += 1
        # What the others hold at or before the time that the first is settled to can meet nothing any more.
        self.unmatched += sum(other.drop_before(first.bound + 1) for other in others)
        self.starving = [] if first.inlet.ended else [first.inlet]
        return None

    def _followers_know(self, timestamp: int) -> bool:
        for follower in self._followers:
            follower.advance(timestamp)
        if not self._live:
            self.starving = [f.inlet for f in self._followers if not f.knows(timestamp)]
        return not self.starving

    def _take_drivers(self, timestamp: int) -> dict[str, Any]:
        if not self._each:
            return {driver.name: self._take_match(driver, timestamp) for driver in self._drivers}
        arguments: dict[str, Any] = dict.fromkeys(driver.name for driver in self._drivers)
        taken = next(d for d in self._drivers if d.inlet.packets and d.inlet.packets[0].timestamp == timestamp)
        arguments[taken.name] = taken.take()
        return arguments

    def _take_match(self, driver: Driver, timestamp: int) -> Any:
        for _ in range(driver.match(timestamp) or 0):
            driver.inlet.take()
            self.unmatched += 1
        return driver.take()


def unlinked_value(port: Input[Any]) -> Any:
    """What `process` gets for an input that is not linked."""
    if port.window_ms is not None and not isinstance(port.default, Sequence):
        return Window()
    return port.default


def _between(earlier: Packet, later: Packet, timestamp: int) -> Any:
    weight = (timestamp - earlier.timestamp) / (later.timestamp - earlier.timestamp)
    return earlier.payload if weight == 0 else earlier.payload.between(later.payload, weight)


def _nobody() -> None:
    """No thread takes these inputs."""
