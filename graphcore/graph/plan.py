"""How a graph will run: in which order, and which nodes share a thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import networkx as nx

from graphcore.graph.spec import Graph, Link
from graphcore.node import needs_own_thread

MOST_CYCLES = 10  # a dense graph has exponentially many; nobody reads more


@dataclass(frozen=True, slots=True)
class Plan:
    """`order` is topological, ties as in the file; a chain is what one thread runs, in that order."""

    order: list[str]
    chains: list[list[str]]


def plan(graph: Graph) -> Plan:
    """Fuse first, cut where it pays: chains are what uncut links connect, in the order of their first nodes."""
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
    return Plan(order, sorted(chains, key=lambda chain: rank[chain[0]]))


def is_cut(graph: Graph, link: Link) -> bool:
    """Whether a chain ends at this link: another thread, or another place, goes on behind it."""
    source, target = graph.nodes[link.source], graph.nodes[link.target]
    fan_in = len(target.links) > 1
    alone = needs_own_thread(source.node_class) or needs_own_thread(target.node_class)
    return link.cut or fan_in or alone or source.place != target.place


def cycles(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The first cycles among these links, each from its first node in the order of `names`."""
    place = {name: index for index, name in enumerate(names)}
    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(place)
    links.add_edges_from(pairs)
    found = []
    for cycle in islice(nx.simple_cycles(links), MOST_CYCLES):
        first = min(range(len(cycle)), key=lambda index: place[cycle[index]])
        found.append(cycle[first:] + cycle[:first])
    return sorted(found, key=lambda cycle: [place[name] for name in cycle])
