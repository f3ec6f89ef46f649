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
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from graphcore.errors import ChannelError, CodecError
from graphcore.graph.spec import Overflow
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
from graphcore.transport.link_ends import MAX_CREDIT, ReceivingEnd, SendingEnd, places_of

CLOSED = "the peer closed the channel"  # on purpose
MAX_REASON = 2000  # bytes of text
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
        end = ReceivingEnd(self, link, payload, places_of(queue, overflow)[0], take)
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


def _nobody() -> None:
    """No thread waits for this end."""
