"""The receiving end of a link at the head of a chain: a bounded queue that knows what is settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from graphcore.graph.spec import Link
from graphcore.packet import Packet
from graphcore.payload import size_of
from graphcore.runtime.metrics import LinkMetrics

BEGINNING = -(2**63)  # settled before anything was said


class Inlet:
    """One linked input of a node at the head of a chain; its owner's lock guards every method.

    One chain offers, one takes. Offline nothing is dropped: a full inlet makes its producer wait,
    whatever the graph's overflow says.
    """

    __slots__ = (
        "_limit",
        "bytes",
        "closed",
        "ended",
        "link",
        "lossless",
        "metrics",
        "on_room",
        "packets",
        "rivals",
        "settled",
        "wake_producer",
    )

    def __init__(self, link: Link, *, live: bool) -> None:
        self.link = link
        self.packets: deque[Packet] = deque()
        self.settled = BEGINNING
        self.ended = False
        self.closed = False  # its node has ended and takes nothing more
        self.bytes = 0
        self.lossless = not live or link.overflow == "block"
        self.metrics = LinkMetrics()
        self.rivals: frozenset[Inlet] = frozenset()  # siblings that can starve because this one is full
        self.wake_producer: Callable[[], None] = _nobody
        self.on_room: Callable[[], None] | None = None  # from another place: called whenever a place may have freed
        self._limit = link.queue

    @property
    def full(self) -> bool:
        """Whether its producer must wait."""
        return self.lossless and not self.closed and len(self.packets) >= self._limit

    @property
    def room(self) -> int:
        """How many packets more it takes; none once it is closed."""
        return 0 if self.closed else max(0, self._limit - len(self.packets))

    def offer(self, payload: Any, timestamp: int, sequence: int) -> None:
        """Add a packet; by its overflow policy a full inlet drops the oldest or this one."""
        if self.closed:
            return
        self.settled = max(self.settled, timestamp)
        self.metrics.packets += 1
        if len(self.packets) >= self._limit and not self.lossless:
            self.metrics.dropped += 1
            if self.link.overflow == "drop_newest":
                return
            self.bytes -= size_of(self.packets.popleft().payload)
        self.packets.append(Packet(payload, timestamp, sequence))
        self.bytes += size_of(payload)
        self.metrics.max_depth = max(self.metrics.max_depth, len(self.packets))

    def take(self) -> Packet:
        """Remove the oldest packet."""
        was_full = self.full
        packet = self.packets.popleft()
        self.bytes -= size_of(packet.payload)
        if len(self.packets) < self.link.queue:
            self._limit = self.link.queue
        if was_full:
            self.wake_producer()
        if self.on_room is not None:
            self.on_room()
        return packet

    def grow(self) -> None:
        """Take one packet more than the graph allows: a sibling it waits for is empty."""
        self._limit = len(self.packets) + 1
        self.metrics.grown += 1
        self.wake_producer()
        if self.on_room is not None:
            self.on_room()

    def close(self) -> None:
        """Take nothing more: what waits is forgotten, the producer goes on without this link."""
        self.closed = True
        self.packets.clear()
        self.bytes = 0
        self.wake_producer()
        if self.on_room is not None:
            self.on_room()


def _nobody() -> None:
    """No thread waits for this inlet."""
