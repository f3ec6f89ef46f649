"""The links of a part that lead to other places: a channel for each of them, and what hangs on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphcore.errors import RunError
from graphcore.payload import is_payload, payload_name
from graphcore.places.ends import Intake, Outlet
from graphcore.places.part import Part
from graphcore.runtime.build import Assembly
from graphcore.transport.channel import Channel, Wire


class PartLinks:
    """`refused(peer, reason)` is called from a wire's thread when a peer has sent what is none of ours."""

    def __init__(
        self, part: Part, assembly: Assembly, known: Mapping[str, type], refused: Callable[[str, str], None]
    ) -> None:
        self.channels: dict[str, Channel] = {}
        self.wires: dict[str, Wire] = {}
        self.outlets: list[Outlet] = []
        self.intakes: list[Intake] = []
        self._known = known
        self._refused = refused
        self._ends: dict[str, list[Outlet | Intake]] = {peer: [] for peer in part.peers}
        for way in part.incoming:
            alignment = assembly.chain_of[way.node].alignment
            if alignment is None or way.payload not in known:
                raise RunError(way.node, None, f"place {part.place!r} does not know the payload {way.payload}")
            intake = Intake(way.number, known[way.payload], alignment, alignment.inlets[way.port])
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
            channel = Channel(wire, self._known, closed=partial(self._closed, peer))
            for end in self._ends[peer]:
                end.join(channel)
            self.channels[peer], self.wires[peer] = channel, wire
            channel.start()
            if before is not None:
                before.close()

    def close(self) -> None:
        """Close the ways to other places."""
        for channel in self.channels.values():
            channel.close()

    def counts(self) -> list[dict[str, Any]]:
        """What the links to other places counted at this end."""
        return [{"number": each.number, "packets": each.packets, "dropped": each.dropped} for each in self.outlets]

    @property
    def repeated(self) -> int:
        """How many packets came twice, from places that were lost and have come back."""
        return sum(intake.repeated for intake in self.intakes)

    def _closed(self, peer: str, reason: str) -> None:
        """A way has ended. That a peer is gone the coordinator sees by itself; what was refused it cannot."""
        if "refused" in reason:
            self._refused(peer, reason)


def payloads_of(types: Mapping[str, type[Any]]) -> dict[str, type]:
    """Every payload that a port of these node types names, by its name on the wire."""
    ports = [*(port for one in types.values() for port in one.inputs.values())]
    sent = [port.payload for one in types.values() for port in one.outputs.values()]
    return {payload_name(each): each for each in (*sent, *(port.payload for port in ports)) if is_payload(each)}
