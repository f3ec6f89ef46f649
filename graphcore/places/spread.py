"""A graph, spread over its places: planned as a whole, then cut into one part for each place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from graphcore.graph.plan import plan
from graphcore.graph.spec import Graph, Link
from graphcore.payload import payload_name
from graphcore.places.part import Part, Way


def spread(
    graph: Graph, place_of: Mapping[str, str], *, live: bool, threads: int | None, trace: bool = False
) -> dict[str, Part]:
    """The part of each place, by its name, in the order of the graph."""
    nodes = {name: replace(node, place=place_of[name]) for name, node in graph.nodes.items()}
    placed = replace(graph, nodes=nodes)
    whole = plan(placed)
    parts = {}
    for place in dict.fromkeys(place_of[name] for name in nodes):
        own = {name: node for name, node in nodes.items() if node.place == place}
        parts[place] = Part(place, replace(placed, nodes=own), whole.part(own), [], [], live, threads, trace)
    for number, link in enumerate(placed.links):
        _join(parts, placed, number, link)
    return parts


def _join(parts: Mapping[str, Part], graph: Graph, number: int, link: Link) -> None:
    """Note a link at both ends, where these are in different places."""
    source, target = graph.nodes[link.source], graph.nodes[link.target]
    if source.place == target.place or source.place is None or target.place is None:
        return
    sent = payload_name(source.node_class.outputs[link.output].payload)
    parts[target.place].incoming.append(Way(number, link.target, link.input, source.place, sent))
    parts[source.place].outgoing.append((Way(number, link.source, link.output, target.place, sent), link))
