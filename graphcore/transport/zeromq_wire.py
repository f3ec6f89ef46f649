"""One end of a session over a link that may be lost: what a ZeroMQ socket carries for one peer."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from graphcore.errors import ChannelError, CodecError
from graphcore.transport.codec import Buffer
from graphcore.transport.session import Session

GIVE_UP_S = 10.0  # a link may be down for as long
MAX_EARLY = 64  # messages for a peer that nobody has started yet

Parts = list[Buffer]


class ZeroMQWire:
    """One end of a session; made by `connect`, or by a Listener for each peer that comes."""

    def __init__(
        self, transmit: Callable[[Parts], None], finish: Callable[[], None], name: bytes = b"", key: bytes = b""
    ) -> None:
        self.name = name  # that the peer chose
        self.key = key  # its public key, where there are keys
        self.refused = 0
        self.session = Session(transmit, time.monotonic())
        self.ended = False
        self._finish = finish
        self._receive: Callable[[Sequence[Buffer]], None] | None = None
        self._lost: Callable[[str], None] | None = None
        self._reason = ""
        self._early: deque[Sequence[Buffer]] = deque()
        self._lock = threading.RLock()

    @property
    def figures(self) -> dict[str, int]:
        """How many messages were sent again, and came twice, for a link was lost."""
        return {"resent": self.session.resent, "doubles": self.session.doubles}

    @property
    def silent_s(self) -> float:
        """How long nothing has been heard from the peer."""
        return time.monotonic() - self.session.heard_at

    def start(self, receive: Callable[[Sequence[Buffer]], None], lost: Callable[[str], None]) -> None:
        """Hand over what has come already, then what comes."""
        with self._lock:
            while self._early:
                receive(self._early.popleft())
            self._receive, self._lost = receive, lost
        if self.ended:
            lost(self._reason)

    def send(self, frames: Sequence[Buffer]) -> None:
        """Send; kept until the peer has acknowledged it."""
        if not self.ended:
            self.session.send(frames)

    def close(self) -> None:
        """End; what was sent still goes out, for at most a second, while the link is up."""
        self.end("this end was closed")
        self._finish()

    def handle(self, parts: Sequence[Buffer]) -> None:
        """Parts have come for this session; raises CodecError for bytes that are none of ours."""
        try:
            frames = self.session.receive(parts, time.monotonic())
        except ChannelError as error:
            self.end(str(error))
            return
        if frames is None:
            return
        with self._lock:
            if self._receive is not None:
                self._receive(frames)
            elif len(self._early) < MAX_EARLY:
                self._early.append(frames)
            else:
                raise CodecError(f"more than {MAX_EARLY} messages before the first was asked for")

    def refuse(self, error: CodecError) -> None:
        """What came is none of ours: the session cannot be whole."""
        self.refused += 1
        self.end(f"the peer sent what is refused: {error}")

    def beat(self) -> None:
        """Show the peer that we are here; give up where it has been silent for too long."""
        self.session.beat()
        if self.silent_s > GIVE_UP_S:
            self.end(f"the peer has been silent for {GIVE_UP_S:.0f} s")

    def end(self, reason: str) -> None:
        """Neither send nor receive any more, and say why."""
        with self._lock:
            if self.ended:
                return
            self.ended, self._reason = True, reason
        if self._lost is not None:
            self._lost(reason)
