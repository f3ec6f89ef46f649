"""The links of a part that lead to other places: a channel for each of them, and what hangs on it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphcore.errors import RunError
from graphcore.payload import is_payload, payload_name
from graphcore.places.ends import Intake, Outlet
from graphcore.places.part import Part
from graphcore.runtime.build import Assembly
from graphcore.transport.channel import CLOSED, Channel, Wire


class PartLinks:
    """`parted(peer, reason)` is called from a wire's thread when a way has ended that nobody closed."""

    def __init__(
        self,
        part: Part,
        assembly: Assembly,
        known: Mapping[str, type],
        parted: Callable[[str, str], None],
        now: Callable[[], int] | None,
    ) -> None:
        self.channels: dict[str, Channel] = {}
        self.wires: dict[str, Wire] = {}
        self.outlets: list[Outlet] = []
        self.intakes: list[Intake] = []
        self._known = known
        self._parted = parted
        self._ends: dict[str, list[Outlet | Intake]] = {peer: [] for peer in part.peers}
        for way in part.incoming:
            alignment = assembly.chain_of[way.node].alignment
            if alignment is None or way.payload not in known:
                raise RunError(way.node, None, f"place {part.place!r} does not know the payload {way.payload}")
            intake = Intake(way.number, known[way.payload], alignment, alignment.inlets[way.port], now)
            self.intakes.append(intake)
            self._ends[way.peer].append(intake)
        for way, link in part.outgoing:
            outlet = Outlet(way.number, link, live=part.live, nudge=assembly.chain_of[way.node].nudge)
            assembly.members[way.node].outs[way.port].crossing.append(outlet)
            self.outlets.append(outlet)
            self._ends[way.peer].append(outlet)

    def join(self, wires: Mapping[str, Wire]) -> None:
        """Reach these peers: for the first time, or because they were lost and have come back."""
        for peer, wire in wires.items():
            before = self.channels.get(peer)
            channel = Channel(wire, self._known, closed=partial(self._closed, peer, wire))
            for end in self._ends[peer]:
                end.join(channel)
            self.channels[peer], self.wires[peer] = channel, wire
            if before is not None:
                before.close()
            channel.start()

    def close(self) -> None:
        """Close the ways to other places."""
        for channel in self.channels.values():
            channel.close()

    def counts(self) -> list[dict[str, Any]]:
        """What the links to other places counted at this end."""
        return [{"number": each.number, "dropped": each.dropped} for each in self.outlets]

    def arrivals(self) -> list[dict[str, int]]:
        """Live: how long after their media time packets came here, by number of the link."""
        return [
            {"number": each.number, "p50_us": int(statistics.median(each.latencies)) // 1000}
            for each in self.intakes
            if each.latencies
        ]

    def _closed(self, peer: str, wire: Wire, reason: str) -> None:
        """A way has ended; one that was joined anew meanwhile, or that either end has closed, is of no interest."""
        if reason not in ("", CLOSED) and self.wires.get(peer) is wire:
            self._parted(peer, reason)


def payloads_of(types: Mapping[str, type[Any]]) -> dict[str, type]:
    """Every payload that a port of these node types names, by its name on the wire."""
    ports = [*(port for one in types.values() for port in one.inputs.values())]
    sent = [port.payload for one in types.values() for port in one.outputs.values()]
    return {payload_name(each): each for each in (*sent, *(port.payload for port in ports)) if is_payload(each)}
