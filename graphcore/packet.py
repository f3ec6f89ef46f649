"""A packet: what travels along a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar, overload

P = TypeVar("P")


class Packet:
    """A payload with its media time (integer ns) and its number on this stream (from 0).

    Not a frozen dataclass: making one would cost 0.4 us, more than the rest of a hop.
    """

    __slots__ = ("payload", "sequence", "timestamp")

    def __init__(self, payload: Any, timestamp: int, sequence: int) -> None:
        self.payload = payload
        self.timestamp = timestamp
        self.sequence = sequence

    def __repr__(self) -> str:
        return f"Packet({self.payload!r}, timestamp={self.timestamp}, sequence={self.sequence})"


class Window(Sequence[P], Generic[P]):
    """The payloads of the last `window_ms` of an input, oldest first, with their `timestamps` (ns)."""

    __slots__ = ("payloads", "timestamps")

    def __init__(self, payloads: Sequence[P] = (), timestamps: Sequence[int] = ()) -> None:
        self.payloads = payloads
        self.timestamps = timestamps

    @overload
    def __getitem__(self, index: int) -> P: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[P]: ...
    def __getitem__(self, index: int | slice) -> P | Sequence[P]:
        return self.payloads[index]

    def __len__(self) -> int:
        return len(self.payloads)
