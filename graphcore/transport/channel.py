"""A channel joins two places: many links over one wire, with credits, overflow and counted losses.

A `Wire` moves frames in order, between threads, processes or machines. Everything that a link means stands
here once, so it means the same over every wire.

**Credits.** A receiving end grants one credit for each place in its queue and again for each place that frees;
a sending end without credit sends no packet. So what is under way is bounded by queues that somebody declared.

**Overflow**, for a link with a queue of n, when no credit is left:
`block`: `send` returns False, and `wake` is called when there is room. All n places are at the receiver.
`drop_newest`: the packet is dropped. All n places are at the receiver.
`drop_oldest`: half of the places (at least one) are at the receiver, what is there can no longer be taken back;
the others (at least one) wait at the sender, where the oldest gives way.
Every drop is counted at the sending end. While the channel is lost, `block` waits and the others drop and count.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from graphcore.errors import ChannelError, CodecError
from graphcore.graph.spec import Overflow
from graphcore.payload import payload_name
from graphcore.transport.codec import (
    MAX_BYTES,
    Buffer,
    Bye,
    Closed,
    Credit,
    Delivery,
    End,
    Settled,
    decode,
    encode,
)

CLOSED = "the peer closed the channel"  # on purpose
MAX_REASON = 2000  # bytes of text
MAX_CREDIT = 2**20  # more places than any queue has
MAX_EARLY = 4096  # links that a peer may grant credit for before we open them


class Wire(Protocol):
    """Moves lists of frames to a peer, in order and whole, until it is closed or lost."""

    refused: int  # what came and was not even a list of frames

    @property
    def figures(self) -> dict[str, int]:
        """What it counted, for people: large messages by each way, messages sent again."""

    def start(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        """Begin to call `receive`, from one thread of the wire's own; `lost` says once why it ended."""

    def send(self, frames: Sequence[Buffer]) -> None:
        """Send without waiting, from any thread; after the end of the wire it does nothing.

        The frames must not change any more: they may be sent later.
        """

    def close(self) -> None:
        """Send what is waiting (for at most a second), end the thread, give everything back."""


class Channel:
    """One side of a channel: sending and receiving ends by link number, and control messages.

    `known` are the payload classes by name on the wire. `receive` gets control messages that are not a link's.
    `closed` is called once, with the reason: "" when this side closed it. All calls come from the wire's thread.
    """

    def __init__(
        self,
        wire: Wire,
        known: Mapping[str, type],
        *,
        max_bytes: int = MAX_BYTES,
        receive: Callable[[Any], None] | None = None,
        closed: Callable[[str], None] | None = None,
    ) -> None:
        self.reason: str | None = None  # why the channel is closed; None: it is open
        self.bytes = 0  # that were sent
        self.sent = 0  # messages, counted before they leave
        self.received = 0  # messages, counted once they are dealt with
        self._refused = 0
        self._wire = wire
        self._known = known
        self._max_bytes = max_bytes
        self._receive = receive
        self._closed = closed
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._senders: dict[int, SendingEnd] = {}
        self._receivers: dict[int, ReceivingEnd] = {}
        self._early: dict[int, int] = {}  # credits for links that are not open here yet

    @property
    def refused(self) -> int:
        """How many messages were none, or broke the rules."""
        return self._refused + self._wire.refused

    def start(self) -> None:
        """Begin to receive."""
        self._wire.start(self._take, self._end)

    def send(self, message: Any) -> None:
        """Send a message; raises CodecError where it cannot be written."""
        if self.reason is None:
            frames = encode(message, max_bytes=self._max_bytes)
            with self._counting:
                self.sent += 1
                self.bytes += sum(len(frame) for frame in frames)
            self._wire.send(frames)

    def open_sender(
        self, link: int, *, queue: int, overflow: Overflow = "block", wake: Callable[[], None] | None = None
    ) -> SendingEnd:
        """The sending end of a link; `wake` is called from the wire's thread when it can go on."""
        end = SendingEnd(self, link, queue, overflow, wake or _nobody)
        with self._lock:
            self._only_once(link)
            self._senders[link] = end
            early = self._early.pop(link, 0)
        if early:
            end.credit(early)
        return end

    def open_receiver(
        self, link: int, payload: type, *, queue: int, overflow: Overflow = "block", take: Callable[[Any], None]
    ) -> ReceivingEnd:
        """The receiving end of a link; `take` gets each Delivery, Settled and End from the wire's thread."""
        end = ReceivingEnd(self, link, payload, _places(queue, overflow)[0], take)
        with self._lock:
            self._only_once(link)
            self._receivers[link] = end
        end.begin()
        return end

    def close(self, reason: str = "") -> None:
        """Tell the peer, with a reason where it cannot expect that, and close the wire."""
        self._say_bye(reason)
        self._end("")
        self._wire.close()

    def _say_bye(self, reason: str) -> None:
        self.send(Bye(reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore")))

    def _only_once(self, link: int) -> None:
        if link in self._senders or link in self._receivers:
            raise ChannelError(f"link {link} is open already")

    def _take(self, frames: Sequence[Buffer]) -> None:
        """One message from the peer; a bad one ends the channel, for what a stream lacks cannot be made good."""
        if self.reason is not None:
            return
        try:
            self._dispatch(decode(frames, self._known, max_bytes=self._max_bytes))
            self.received += 1
        except CodecError as error:
            self._refused += 1
            self._say_bye(f"refused: {error}")
            self._end(f"the peer sent what is refused: {error}")
            self._wire.close()

    def _dispatch(self, message: Any) -> None:
        kind = type(message)
        if kind is Delivery or kind is Settled or kind is End:
            receiver = self._receivers.get(message.link)
            if receiver is None:
                raise CodecError(f"{kind.__name__} for link {message.link}, which does not end here")
            receiver.accept(message)
        elif kind is Credit:
            self._credit(message)
        elif kind is Closed:
            sender = self._senders.get(message.link)
            if sender is None:
                raise CodecError(f"Closed for link {message.link}, which does not begin here")
            sender.close()
        elif kind is Bye:
            self._end(f"{CLOSED}: {message.reason}" if message.reason else CLOSED)
        elif self._receive is not None:
            self._receive(message)
        else:
            raise CodecError(f"{kind.__name__}: expected only what belongs to links")

    def _credit(self, credit: Credit) -> None:
        if not 0 < credit.count <= MAX_CREDIT:
            raise CodecError(f"credit of {credit.count}; expected 1 to {MAX_CREDIT}")
        with self._lock:
            sender = self._senders.get(credit.link)
            if sender is None:
                if len(self._early) >= MAX_EARLY or credit.link in self._early or credit.link in self._receivers:
                    raise CodecError(f"credit for link {credit.link}, which does not begin here")
                self._early[credit.link] = credit.count
                return
        sender.credit(credit.count)

    def _end(self, reason: str) -> None:
        with self._lock:
            if self.reason is not None:
                return
            self.reason = reason
            senders = list(self._senders.values())
        for sender in senders:
            sender.lose()
        if self._closed is not None:
            self._closed(reason)


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
        self._places = _places(queue, overflow)[1]
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


def _places(queue: int, overflow: Overflow) -> tuple[int, int]:
    """How many of a queue's places are at the receiver, and how many at the sender."""
    if overflow != "drop_oldest":
        return queue, 0
    return (queue + 1) // 2, max(1, queue // 2)


def _nobody() -> None:
    """No thread waits for this end."""
