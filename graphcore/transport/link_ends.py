"""The two ends of a link on a channel: where packets leave by credit, and where they arrive and credit is granted.

What credits and overflow mean stands in `channel.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphcore.errors import CodecError
from graphcore.graph.spec import Overflow
from graphcore.payload import payload_name
from graphcore.transport.codec import Closed, Credit, Delivery, End, Settled

if TYPE_CHECKING:
    from graphcore.transport.channel import Channel

MAX_CREDIT = 2**20  # more places than any queue has


class SendingEnd:
    """Where packets of one link leave; one thread sends, the wire's thread brings credits."""

    def __init__(self, channel: Channel, link: int, queue: int, overflow: Overflow, wake: Callable[[], None]) -> None:
        self.link = link
        self.overflow = overflow
        self.credits = 0
        self.packets = 0  # that were offered
        self.dropped = 0
        self.forgotten = 0  # of those, what waited when the channel was lost
        self.closed = False  # the receiver takes nothing more
        self._channel = channel
        self._wake = wake
        self._places = places_of(queue, overflow)[1]
        self._waiting: deque[Delivery | Settled | End] = deque()  # drop_oldest: until there is credit
        self._deliveries = 0  # among those that wait
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        """Whether `send` would return False."""
        return self.overflow == "block" and self.credits == 0 and not self.closed

    def send(self, payload: Any, timestamp: int, sequence: int) -> bool:
        """Send a packet, or drop one as the overflow says; False: no room, try again after `wake`."""
        with self._lock:
            if self.full:
                return False
            self.packets += 1
            if self.closed:
                return True
            delivery = Delivery(self.link, sequence, timestamp, payload)
            if self.credits:
                self._channel.send(delivery)
                self.credits -= 1
            elif self._places == 0:
                self.dropped += 1
            else:
                self._wait(delivery)
        return True

    def settle(self, timestamp: int) -> None:
        """Nothing at or before this time (ns) will come any more."""
        self._follow(Settled(self.link, timestamp))

    def end(self) -> None:
        """Nothing will come any more."""
        self._follow(End(self.link))

    def credit(self, count: int) -> None:
        """The receiver has room for `count` more."""
        with self._lock:
            self.credits += count
            if self.credits > MAX_CREDIT:
                raise CodecError(f"link {self.link}: more than {MAX_CREDIT} credits")
            while self._waiting and (self.credits or not isinstance(self._waiting[0], Delivery)):
                message = self._waiting.popleft()
                if isinstance(message, Delivery):
                    self.credits -= 1
                    self._deliveries -= 1
                self._channel.send(message)
        self._wake()

    def close(self) -> None:
        """The receiver takes nothing more: what waits is forgotten."""
        with self._lock:
            self.closed = True
            self._waiting.clear()
            self._deliveries = 0
        self._wake()

    def lose(self) -> None:
        """The channel is gone: nothing can be sent, what waits is lost."""
        with self._lock:
            self.credits = 0
            self.dropped += self._deliveries
            self.forgotten += self._deliveries
            self._waiting.clear()
            self._deliveries = self._places = 0

    def _wait(self, delivery: Delivery) -> None:
        if self._deliveries == self._places:
            oldest = next(index for index, each in enumerate(self._waiting) if isinstance(each, Delivery))
            del self._waiting[oldest]
            self.dropped += 1
        else:
            self._deliveries += 1
        self._waiting.append(delivery)

    def _follow(self, message: Settled | End) -> None:
        """Send behind the packets that wait, if any do; of several that say what is settled the last will do."""
        with self._lock:
            if not self._waiting:
                self._channel.send(message)
                return
            if isinstance(message, Settled) and isinstance(self._waiting[-1], Settled):
                self._waiting.pop()
            self._waiting.append(message)


class ReceivingEnd:
    """Where packets of one link arrive; the consumer grants a credit for each place that frees."""

    def __init__(
        self,
        channel: Channel,
        link: int,
        payload: type,
        places: int,
        take: Callable[[Any], None],
    ) -> None:
        self.link = link
        self.closed = False
        self.packets = 0  # that arrived
        self.places = places  # of the queue that are here
        self._channel = channel
        self._payload = payload
        self._take = take
        self._lock = threading.Lock()
        self._granted = 0  # credits that the sender has not used
        self._free = 0  # places that are free and not granted yet
        self._sequence = -1
        self._ended = False

    def begin(self) -> None:
        """Grant the whole queue."""
        self._granted = self.places
        self._channel.send(Credit(self.link, self.places))

    def grant(self, count: int = 1) -> None:
        """So many places have become free; called from any thread."""
        with self._lock:
            self._free += count
        self._replenish()

    def accept(self, message: Any) -> None:
        """A Delivery, Settled or End has come; raises CodecError where it breaks the rules."""
        if self._ended:
            raise CodecError(f"link {self.link}: {type(message).__name__} after its end")
        if type(message) is Delivery:
            self._check(message)
            self.packets += 1
        elif type(message) is End:
            self._ended = True
        if not self.closed:
            self._take(message)

    def close(self) -> None:
        """Take nothing more; the sender is told."""
        self.closed = True
        self._channel.send(Closed(self.link))

    def _check(self, delivery: Delivery) -> None:
        if type(delivery.payload) is not self._payload:
            found = payload_name(type(delivery.payload))
            raise CodecError(f"link {self.link}: {found}, expected {payload_name(self._payload)}")
        if delivery.sequence <= self._sequence:
            raise CodecError(f"link {self.link}: packet {delivery.sequence} after {self._sequence}")
        self._sequence = delivery.sequence
        with self._lock:
            if self._granted == 0:
                raise CodecError(f"link {self.link}: a packet without credit")
            self._granted -= 1
        self._replenish()

    def _replenish(self) -> None:
        """Tell the sender of every free place, once it has used up half of what it was granted."""
        with self._lock:
            free = self._free
            if free == 0 or 2 * self._granted > self.places or self.closed or self._ended:
                return
            self._free = 0
            self._granted += free
        self._channel.send(Credit(self.link, free))


def places_of(queue: int, overflow: Overflow) -> tuple[int, int]:
    """How many of a queue's places are at the receiver, and how many at the sender."""
    if overflow != "drop_oldest":
        return queue, 0
    return (queue + 1) // 2, max(1, queue // 2)
