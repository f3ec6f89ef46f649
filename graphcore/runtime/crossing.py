"""Where an output leaves its chain: to another chain of this place, or (places/) to another place."""

from __future__ import annotations

from typing import Any, Protocol

from graphcore.runtime.align import Alignment
from graphcore.runtime.inlet import Inlet

END = 2**63  # settled for ever: nothing will come any more


class Listener(Protocol):
    """What a chain hands packets to; all but `closed` are called by the chain's own thread only."""

    @property
    def full(self) -> bool:
        """Whether the chain must wait."""

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""

    def offer(self, payload: Any, timestamp: int, sequence: int) -> None:
        """Hand over a packet, where it is not full."""

    def settle(self, timestamp: int) -> None:
        """Nothing at or before this time (ns) will come any more; at END nothing at all."""


class Crossing:
    """A link to the head of another chain."""

    __slots__ = ("_alignment", "_inlet")

    def __init__(self, alignment: Alignment, inlet: Inlet) -> None:
        self._alignment = alignment
        self._inlet = inlet

    @property
    def full(self) -> bool:
        """Whether the chain must wait."""
        return self._inlet.full

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""
        return self._inlet.closed

    def offer(self, payload: Any, timestamp: int, sequence: int) -> None:
        """Hand over a packet, and wake who waits for it."""
        with self._alignment.lock:
            self._inlet.offer(payload, timestamp, sequence)
        self._alignment.wake()

    def settle(self, timestamp: int) -> None:
        """Nothing at or before this time (ns) will come any more; at END nothing at all."""
        with self._alignment.lock:
            self._inlet.settled = max(self._inlet.settled, timestamp)
            self._inlet.ended = self._inlet.ended or timestamp == END
        self._alignment.wake()
