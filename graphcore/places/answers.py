"""How a place answers: how far away it is, what its clock says, and whether it answers at all."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from graphcore.places.messages import Ping, Pong

PING_EVERY_S = 1.0
FIRST_PINGS = 8
KEPT_PONGS = 16
FROZEN_S = 10.0  # a node's native code may hold Python's lock for a while
ASLEEP_S = 3.0  # who has not looked for so long was stopped, and cannot blame others


class Answers:
    """Of one place, once it is ready."""

    def __init__(self) -> None:
        self.offset_ns = 0  # its clock, less ours
        self.round_trip_ns: int | None = None
        self._pongs: deque[tuple[int, int]] = deque(maxlen=KEPT_PONGS)  # round trip, offset
        self._pinged_at = 0.0
        self._looked_at = 0.0
        self._heard_at = 0.0

    @property
    def frozen(self) -> bool:
        """Whether it lives and does not answer, for so long that nobody will wait any more."""
        return self._pinged_at > 0 and self._pinged_at - self._heard_at > FROZEN_S

    @property
    def figures(self) -> dict[str, int]:
        """What a person wants to know of it."""
        trip = self.round_trip_ns
        return {} if trip is None else {"clock_offset_us": self.offset_ns // 1000, "round_trip_us": trip // 1000}

    def look(self, send: Callable[[Any], None]) -> None:
        """Ask now and then."""
        now = time.monotonic()
        if now - self._looked_at > ASLEEP_S:
            self._heard_at = now
        self._looked_at = now
        if now - self._pinged_at < PING_EVERY_S:
            return
        first = self._pinged_at == 0
        self._heard_at = self._heard_at or now
        self._pinged_at = now
        for _ in range(FIRST_PINGS if first else 1):
            send(Ping(time.monotonic_ns()))

    def take(self, pong: Pong) -> None:
        """An answer; the fastest says most, for whatever delayed the others went one way only (Mills, RFC 5905)."""
        now = time.monotonic_ns()
        self._heard_at = now / 1e9
        self._pongs.append((now - pong.sent, pong.now - (pong.sent + now) // 2))
        self.round_trip_ns, self.offset_ns = min(self._pongs)
