"""The two ends of a link between places, as the chains at each end see it.

Either end can be joined anew, where the place at the other end was lost and has come back: what it may not have dealt
with is sent again, and what comes twice is left out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from graphcore.errors import CodecError, RunError
from graphcore.graph.spec import Link, Overflow
from graphcore.runtime.align import Alignment
from graphcore.runtime.crossing import END
from graphcore.runtime.inlet import BEGINNING, Inlet
from graphcore.transport.channel import Channel
from graphcore.transport.codec import Delivery, Settled
from graphcore.transport.link_ends import SendingEnd

KEPT_LATENCIES = 1000
Sent = tuple[Any, int]  # payload, timestamp


class Outlet:
    """A Listener that sends what it is offered to another place; live it remembers as much as a queue holds."""

    def __init__(self, number: int, link: Link, *, live: bool, nudge: Callable[[], None]) -> None:
        self.number = number
        self.link = link
        self._overflow: Overflow = link.overflow if live else "block"
        self._nudge = nudge
        self.packets = 0  # that were offered
        self._end: SendingEnd
        self._channel: Channel
        self._dropped = 0  # by ends that are no more, and while there was none
        self._sequence = 0
        self._settled: int | None = None
        self._held: deque[Sent] = deque(maxlen=link.queue if live else 0)
        self._again: deque[Sent] = deque()  # to be sent once there is credit
        self._lock = threading.RLock()

    def join(self, channel: Channel) -> None:
        """Lead to a place, or to what has come in its stead."""
        with self._lock:
            begun = self.packets > 0 or self._settled is not None
            if begun:  # what waited at the end that is no more is held, and comes again
                self._dropped += self._end.dropped - min(self._end.forgotten, len(self._held))
            self._channel = channel
            self._end = channel.open_sender(
                self.number, queue=self.link.queue, overflow=self._overflow, wake=self._wake
            )
            self._again = deque(self._held)  # once there is credit; the channel has not started
            if begun and not self._again:
                self._say_settled()
        self._nudge()

    @property
    def dropped(self) -> int:
        """How many of the packets that were offered never left."""
        return self._dropped + self._end.dropped

    @property
    def full(self) -> bool:
        """Whether the chain must wait."""
        return self._end.full or (bool(self._again) and self._overflow == "block" and not self.closed)

    @property
    def closed(self) -> bool:
        """Whether the other end takes nothing more."""
        return self._end.closed

    def offer(self, payload: Any, timestamp: int, _sequence: int) -> None:
        """Send a packet; it is numbered on this way, for the chain's number may stand twice."""
        with self._lock:
            self.packets += 1
            away = self._channel.reason is not None and self._held.maxlen
            if away and len(self._held) == self._held.maxlen:
                self._dropped += 1  # nobody is there, and no more can be held
            self._held.append((payload, timestamp))
            if self._again:  # behind what is to come first
                self._again.append((payload, timestamp))
                if len(self._again) > 2 * self.link.queue:
                    self._again.popleft()
                    self._dropped += 1
            elif not away:
                self._send(payload, timestamp)

    def settle(self, timestamp: int) -> None:
        """Nothing at or before this time (ns) will come any more; at END nothing at all."""
        with self._lock:
            self._settled = timestamp
            if not self._again:
                self._say_settled()

    def _send(self, payload: Any, timestamp: int) -> None:
        try:
            self._end.send(payload, timestamp, self._sequence)
        except CodecError as error:
            raise RunError(self.link.source, timestamp, f"{self.link}: {error}") from error
        self._sequence += 1

    def _say_settled(self) -> None:
        if self._settled == END:
            self._end.end()
        elif self._settled is not None:
            self._end.settle(self._settled)

    def _wake(self) -> None:
        """There is credit, or nobody wants anything more; the wire's thread says so."""
        with self._lock:
            self._send_again()
        self._nudge()

    def _send_again(self) -> None:
        if not self._again:
            return
        while self._again and (self._end.credits or self._end.closed):
            self._send(*self._again.popleft())
        if not self._again:
            self._say_settled()


class Intake:
    """Puts what comes from another place into an inlet, and grants credit for the room in it."""

    def __init__(
        self, number: int, payload: type, alignment: Alignment, inlet: Inlet, now: Callable[[], int] | None = None
    ) -> None:
        self.number = number
        self.latencies: deque[int] = deque(maxlen=KEPT_LATENCIES)  # live: from media time to here, ns
        self._now = now
        self._payload = payload
        self._alignment = alignment
        self._inlet = inlet
        self._expected = 0  # packets that may come on the credit that was granted
        self._elsewhere = 0  # places of the queue that are at the sender
        self._latest = BEGINNING
        inlet.on_room = self._grant

    def join(self, channel: Channel) -> None:
        """Listen to a place, or to what has come in its stead."""
        link = self._inlet.link
        overflow: Overflow = "block" if self._inlet.lossless else link.overflow
        with self._alignment.lock:
            self._end = channel.open_receiver(
                self.number, self._payload, queue=link.queue, overflow=overflow, take=self._take
            )
            self._elsewhere = link.queue - self._end.places
            self._expected = self._end.places
            if self._inlet.closed:
                self._end.close()

    def _take(self, message: Any) -> None:
        """A Delivery, Settled or End, from the wire's thread."""
        inlet = self._inlet
        with self._alignment.lock:
            if type(message) is Delivery:
                self._expected -= 1
                if self._now is not None:
                    self.latencies.append(self._now() - message.timestamp)
                if message.timestamp > self._latest:
                    self._latest = message.timestamp
                    inlet.offer(message.payload, message.timestamp, message.sequence)
                else:  # it came before its place was lost
                    self._grant()
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
