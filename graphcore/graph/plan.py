"""How a checked graph will run: the order of its nodes, and which are fused into chains."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from graphcore.graph.spec import Graph, Link


@dataclass(frozen=True, slots=True)
class Plan:
    """The nodes in topological order, and the chains, each in that order."""

    order: list[str]
    chains: list[list[str]]


def plan(graph: Graph) -> Plan:
    """Order the nodes (ties as in the file) and fuse them where no link is a cut."""
    names = list(graph.nodes)
    links: nx.DiGraph[str] = nx.DiGraph()
    links.add_nodes_from(names)
    links.add_edges_from((link.source, link.target) for link in graph.links)
    order = list(nx.lexicographical_topological_sort(links, key=names.index))
    fused: nx.Graph[str] = nx.Graph()
    fused.add_nodes_from(order)
    fused.add_edges_from((link.source, link.target) for link in graph.links if not is_cut(graph, link))
    chains = sorted(
        (sorted(group, key=order.index) for group in nx.connected_components(fused)), key=lambda c: order.index(c[0])
    )
    return Plan(order, chains)


def is_cut(graph: Graph, link: Link) -> bool:
    """Whether another thread goes on behind this link."""
    source, target = graph.nodes[link.source], graph.nodes[link.target]
    own_thread = source.node_class.own_thread or target.node_class.own_thread
    return link.cut or len(target.links) > 1 or own_thread or source.place != target.place
