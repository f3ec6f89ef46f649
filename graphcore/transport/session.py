"""What makes a wire whole that may lose its link: numbers, acknowledgements, sending again. No sockets here.

Go-back-N over a link that keeps order but may lose anything. A part before each message says its kind, its number,
up to which number the sender has received the other way, and the sender's life: a random number that tells a peer
that has come back from one that has started anew and remembers nothing. Who sees a gap, from a later message or
from the number in a heartbeat, asks once for everything from there; doubles are dropped by their number.
"""

from __future__ import annotations

import secrets
import struct
import threading
from collections import deque
from collections.abc import Callable, Sequence

from graphcore.errors import ChannelError, CodecError
from graphcore.transport.codec import Buffer

DATA, BEAT, ASK = range(3)
PREFIX = struct.Struct("<BQQQ")  # kind, the sender's life, number, received
ACKNOWLEDGE_EVERY = 8  # messages; what is not acknowledged is held in memory
ASK_AGAIN_S = 1.0


class Session:
    """One end of a wire; `transmit` sends parts and may lose them. Times are any monotonic seconds.

    `receive` is called from one thread, `send` and `beat` from any.
    """

    def __init__(self, transmit: Callable[[list[Buffer]], None], now: float) -> None:
        self.heard_at = now
        self.doubles = 0
        self.resent = 0
        self._transmit = transmit
        self._lock = threading.Lock()
        self._life = secrets.randbits(64)
        self._peer_life: int | None = None
        self._sent = 0  # number of the last message
        self._received = 0  # number of the last one in order
        self._acknowledged = 0  # what we told the peer we received
        self._kept: deque[tuple[int, Sequence[Buffer]]] = deque()  # sent, not acknowledged
        self._asked: tuple[int, float] = (-1, 0.0)  # for what came after this number, when

    def send(self, frames: Sequence[Buffer]) -> None:
        """Number a message, keep it, and transmit it."""
        with self._lock:
            self._sent += 1
            self._kept.append((self._sent, frames))
            self._data(self._sent, frames)

    def beat(self) -> None:
        """Say that we are here, what was sent and what was received."""
        with self._lock:
            self._say(BEAT)

    def receive(self, parts: Sequence[Buffer], now: float) -> Sequence[Buffer] | None:
        """The next message in order, or None. Raises CodecError for bytes that are none of ours.

        Raises ChannelError where the peer has started anew.
        """
        if not parts or len(parts[0]) != PREFIX.size:
            raise CodecError("no number before the message")
        kind, life, number, received = PREFIX.unpack(parts[0])
        with self._lock:
            if kind > ASK or received > self._sent or (len(parts) > 1) != (kind == DATA):
                raise CodecError(f"message of kind {kind}, {len(parts)} parts, received {received} of {self._sent}")
            if self._peer_life is None:
                self._peer_life = life
            elif self._peer_life != life:
                raise ChannelError("the peer has started anew")
            self.heard_at = now
            while self._kept and self._kept[0][0] <= received:
                self._kept.popleft()
            if kind == DATA:
                return parts[1:] if self._in_order(number, now) else None
            if kind == ASK:
                self._send_again()
            elif number > self._received:
                self._ask(now)
            elif self._acknowledged < self._received:
                self._say(BEAT)
        return None

    def _in_order(self, number: int, now: float) -> bool:
        if number <= self._received:
            self.doubles += 1
            return False
        if number > self._received + 1:
            self._ask(now)
            return False
        self._received = number
        if self._received - self._acknowledged >= ACKNOWLEDGE_EVERY:
            self._say(BEAT)
        return True

    def _ask(self, now: float) -> None:
        """Ask for what is missing: once, for what is under way looks just the same until it has come."""
        missing, when = self._asked
        if missing != self._received or now - when >= ASK_AGAIN_S:
            self._asked = (self._received, now)
            self._say(ASK)

    def _send_again(self) -> None:
        for number, frames in self._kept:
            self.resent += 1
            self._data(number, frames)

    def _data(self, number: int, frames: Sequence[Buffer]) -> None:
        self._acknowledged = self._received
        self._transmit([PREFIX.pack(DATA, self._life, number, self._received), *frames])

    def _say(self, kind: int) -> None:
        self._acknowledged = self._received
        self._transmit([PREFIX.pack(kind, self._life, self._sent, self._received)])
