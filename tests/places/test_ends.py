"""The ends of a link whose other place was lost and has come back: what is held, what comes twice, what is dropped."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest

from graphcore.graph.spec import Link, Overflow
from graphcore.payload import payload_name
from graphcore.places.ends import Outlet
from graphcore.transport.channel import Channel
from graphcore.transport.codec import Delivery
from graphcore.transport.link_ends import ReceivingEnd
from graphcore.transport.memory import memory_pair
from parts import Number

WAIT_S = 5.0
KNOWN = {payload_name(Number): Number}


class There:
    """The other place: what came to it."""

    def __init__(self, outlet: Outlet, overflow: Overflow) -> None:
        ours, theirs = memory_pair()
        self.ours, self.theirs = Channel(ours, KNOWN), Channel(theirs, KNOWN)
        self.came: SimpleQueue[Any] = SimpleQueue()
        queue = outlet.link.queue
        self.end: ReceivingEnd = self.theirs.open_receiver(
            7, Number, queue=queue, overflow=overflow, take=self.came.put
        )
        self.theirs.start()
        outlet.join(self.ours)
        self.ours.start()

    def values(self, count: int) -> list[float]:
        """The next packets."""
        found: list[float] = []
        while len(found) < count:
            message = self.came.get(timeout=WAIT_S)
            if isinstance(message, Delivery):
                found.append(message.payload.value)
        return found


def outlet_with(overflow: Overflow) -> Outlet:
    """The sending end of a link with a queue of four."""
    link = Link("a", "out", "b", "in", "exact", queue=4, overflow=overflow)
    return Outlet(7, link, live=True, nudge=lambda: None)


@pytest.mark.parametrize("overflow", ["block", "drop_newest"])
def test_what_was_sent_last_comes_again_and_is_no_loss(overflow: Overflow) -> None:
    outlet = outlet_with(overflow)
    first = There(outlet, overflow)
    for value in range(4):
        outlet.offer(Number(value), value, value)
    assert first.values(4) == [0, 1, 2, 3]
    first.theirs.close()
    first.ours.close()
    second = There(outlet, overflow)
    assert second.values(4) == [0, 1, 2, 3]
    second.end.grant(4)
    second.theirs.close()
    second.ours.close()
    assert (outlet.packets, outlet.dropped) == (4, 0)


def test_what_nobody_was_there_for_is_held_and_what_does_not_fit_is_dropped() -> None:
    outlet = outlet_with("drop_oldest")
    first = There(outlet, "drop_oldest")
    first.theirs.close()
    first.ours.close()
    for value in range(6):
        outlet.offer(Number(value), value, value)
    second = There(outlet, "drop_oldest")
    assert second.values(2) == [2, 3]  # half of the places are at the receiver
    second.end.grant(2)
    assert second.values(2) == [4, 5]
    second.theirs.close()
    second.ours.close()
    assert (outlet.packets, outlet.dropped) == (6, 2)
