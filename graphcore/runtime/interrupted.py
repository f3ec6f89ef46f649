"""What an interrupt is about: for each input, the media time before which its sources had spoken."""

from __future__ import annotations

from graphcore.clock import NS_PER_MS
from graphcore.graph.spec import Graph, Link
from graphcore.node import is_source
from graphcore.runtime.build import Assembly
from graphcore.runtime.inlet import BEGINNING

ON_ITS_WAY_NS = 60 * NS_PER_MS  # the packet that was sent last, one under way, one in which a sound fades
HELD_NS = 20 * NS_PER_MS  # in another place so much was sent that has not come yet


class Interrupted:
    """One moment of a run: media time `now` by the clock. A source may lag behind it, so its own time counts."""

    def __init__(self, graph: Graph, assembly: Assembly, now: int) -> None:
        self._nodes = graph.nodes
        self._assembly = assembly
        self._now = now
        self._reached: dict[str, int] = {}  # by node: what its sources had sent

    def before(self, node: str) -> dict[str, int]:
        """By linked input: what is of an earlier media time there was sent before this moment."""
        links = self._nodes[node].links
        return {name: self._sent_on(link) + ON_ITS_WAY_NS for name, link in links.items()}

    def _sent_on(self, link: Link) -> int:
        """The newest media time that the sources of a link had sent."""
        source = self._assembly.members.get(link.source)
        if source is None:
            return self._sent_elsewhere(link)
        if is_source(type(source.node)):
            return source.outs[link.output].last
        if link.source not in self._reached:
            links = self._nodes[link.source].links.values()
            self._reached[link.source] = max(map(self._sent_on, links), default=BEGINNING)
        return self._reached[link.source]

    def _sent_elsewhere(self, link: Link) -> int:
        """By what came from another place, and by the clock, which a source there does not run ahead of."""
        alignment = self._assembly.chain_of[link.target].alignment
        assert alignment is not None, "what comes from another place comes to the head of a chain"
        return min(self._now, alignment.inlets[link.input].settled + HELD_NS)
