"""How a graph will run: in which order, which nodes share a thread, and what only the whole graph can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from graphcore.graph.spec import Graph, Link
from graphcore.node import needs_own_thread

if TYPE_CHECKING:
    import networkx as nx  # at run time where it is needed: a place that was sent its plan does not wait for it

MOST_CYCLES = 10  # a dense graph has exponentially many; nobody reads more


@dataclass(frozen=True, slots=True)
class Plan:
    """`order` is topological, ties as in the file; a chain is what one thread runs, in that order.

    The rest is what a place that knows only its own nodes could not find out.
    """

    order: list[str]
    chains: list[list[str]]
    linked: dict[str, frozenset[str]]  # the inputs and outputs of each node that have a link
    watched: frozenset[tuple[str, str]]  # outputs (node, output) before a fan-in: these say what is settled
    rivals: dict[tuple[str, str], frozenset[str]]  # (node, input): its siblings that can starve because it is full

    def part(self, names: Collection[str]) -> Plan:
        """What it says of some nodes, which must be whole chains."""
        return Plan(
            [name for name in self.order if name in names],
            [chain for chain in self.chains if chain[0] in names],
            {name: ports for name, ports in self.linked.items() if name in names},
            frozenset(output for output in self.watched if output[0] in names),
            {key: inputs for key, inputs in self.rivals.items() if key[0] in names},
        )


def plan(graph: Graph) -> Plan:
    """Fuse first, cut where it pays: chains are what uncut links connect, in the order of their first nodes."""
    import networkx as nx

    place_in_file = {name: index for index, name in enumerate(graph.nodes)}
    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(graph.nodes)
    links.add_edges_from((link.source, link.target) for link in graph.links)
    order = list(nx.lexicographical_topological_sort(links, key=place_in_file.__getitem__))
    fused: nx.Graph[str] = nx.Graph()
    fused.add_nodes_from(order)
    fused.add_edges_from((link.source, link.target) for link in graph.links if not is_cut(graph, link))
    rank = {name: index for index, name in enumerate(order)}
    chains = [sorted(chain, key=rank.__getitem__) for chain in nx.connected_components(fused)]
    chains.sort(key=lambda chain: rank[chain[0]])
    return Plan(order, chains, _linked(graph), _watched(graph), _rivals(graph, chains))


def is_cut(graph: Graph, link: Link) -> bool:
    """Whether a chain ends at this link: another thread, or another place, goes on behind it."""
    source, target = graph.nodes[link.source], graph.nodes[link.target]
    fan_in = len(target.links) > 1
    alone = needs_own_thread(source.node_class) or needs_own_thread(target.node_class)
    return link.cut or fan_in or alone or source.place != target.place


def cycles(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The first cycles among these links, each from its first node in the order of `names`."""
    import networkx as nx

    place = {name: index for index, name in enumerate(names)}
    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(place)
    links.add_edges_from(pairs)
    found = []
    for cycle in islice(nx.simple_cycles(links), MOST_CYCLES):
        first = min(range(len(cycle)), key=lambda index: place[cycle[index]])
        found.append(cycle[first:] + cycle[:first])
    return sorted(found, key=lambda cycle: [place[name] for name in cycle])


def _linked(graph: Graph) -> dict[str, frozenset[str]]:
    linked: dict[str, set[str]] = {name: set(node.links) for name, node in graph.nodes.items()}
    for link in graph.links:
        linked[link.source].add(link.output)
    return {name: frozenset(ports) for name, ports in linked.items()}


def _watched(graph: Graph) -> frozenset[tuple[str, str]]:
    """Outputs from which a fan-in can be reached."""
    upstream: set[str] = set()
    for name, node in graph.nodes.items():
        if len(node.links) > 1:
            upstream |= _ancestry(graph, name)
    return frozenset((link.source, link.output) for link in graph.links if link.target in upstream)


def _rivals(graph: Graph, chains: list[list[str]]) -> dict[tuple[str, str], frozenset[str]]:
    """Siblings with a common ancestor: one can starve because the other is full."""
    chain_of = {name: index for index, chain in enumerate(chains) for name in chain}
    ancestry = {name: {chain_of[one] for one in _ancestry(graph, name)} for name in graph.nodes}
    return {
        (name, link.input): frozenset(
            other.input
            for other in node.links.values()
            if other is not link and ancestry[link.source] & ancestry[other.source]
        )
        for name, node in graph.nodes.items()
        for link in node.links.values()
    }


def _ancestry(graph: Graph, name: str) -> set[str]:
    """A node and everything before it."""
    seen, open_ends = {name}, [name]
    while open_ends:
        for link in graph.nodes[open_ends.pop()].links.values():
            if link.source not in seen:
                seen.add(link.source)
                open_ends.append(link.source)
    return seen
