"""The two ends of a link between places, as the chains at each end see it."""

from __future__ import annotations

from typing import Any

from graphcore.errors import CodecError, RunError
from graphcore.graph.spec import Link
from graphcore.runtime.align import Alignment
from graphcore.runtime.crossing import END
from graphcore.runtime.inlet import Inlet
from graphcore.transport.channel import Channel, SendingEnd
from graphcore.transport.codec import Delivery, Settled


class Outlet:
    """A Listener that sends what it is offered to another place."""

    def __init__(self, link: Link, end: SendingEnd) -> None:
        self.link = link
        self.end = end
        self._sequence = 0

    @property
    def full(self) -> bool:
        """Whether the chain must wait."""
        return self.end.full

    @property
    def closed(self) -> bool:
        """Whether the other end takes nothing more."""
        return self.end.closed

    def offer(self, payload: Any, timestamp: int, _sequence: int) -> None:
        """Send a packet; it is numbered on this way, for the chain's number may stand twice."""
        try:
            self.end.send(payload, timestamp, self._sequence)
        except CodecError as error:
            raise RunError(self.link.source, timestamp, f"{self.link}: {error}") from error
        self._sequence += 1

    def settle(self, timestamp: int) -> None:
        """Nothing at or before this time (ns) will come any more; at END nothing at all."""
        if timestamp == END:
            self.end.end()
        else:
            self.end.settle(timestamp)


class Intake:
    """Puts what comes from another place into an inlet, and grants credit for the room in it."""

    def __init__(self, number: int, payload: type, alignment: Alignment, inlet: Inlet, channel: Channel) -> None:
        self._alignment = alignment
        self._inlet = inlet
        overflow = "block" if inlet.lossless else inlet.link.overflow
        self._end = channel.open_receiver(number, payload, queue=inlet.link.queue, overflow=overflow, take=self._take)
        self._elsewhere = inlet.link.queue - self._end.places  # places of the queue that are at the sender
        self._expected = self._end.places  # packets that may come on the credit that was granted
        inlet.on_room = self._grant

    def _take(self, message: Any) -> None:
        """A Delivery, Settled or End, from the wire's thread."""
        inlet = self._inlet
        with self._alignment.lock:
            if type(message) is Delivery:
                self._expected -= 1
                inlet.offer(message.payload, message.timestamp, message.sequence)
            elif type(message) is Settled:
                inlet.settled = max(inlet.settled, message.timestamp)
            else:
                inlet.settled, inlet.ended = END, True
        self._alignment.wake()

    def _grant(self) -> None:
        """Room may have come; whoever calls holds the alignment's lock."""
        if self._inlet.closed:
            self._end.close()
            return
        free = self._inlet.room - self._elsewhere - self._expected
        if free > 0:
            self._expected += free
            self._end.grant(free)
