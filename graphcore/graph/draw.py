"""A graph as a drawing: mermaid text, which GitHub and many editors show as a picture."""

from __future__ import annotations

from graphcore.graph.plan import plan
from graphcore.graph.spec import Graph, GraphNode, Link


def mermaid(graph: Graph) -> str:
    """A flowchart: chains (what one thread runs) as boxes, followers dotted, links named with their payloads."""
    lines = ["flowchart LR"]
    for number, chain in enumerate(plan(graph).chains, 1):
        if len(chain) == 1:
            lines.append(f"    {_box(graph.nodes[chain[0]])}")
            continue
        lines.append(f'    subgraph chain_{number}["chain {number}"]')
        lines.extend(f"        {_box(graph.nodes[name])}" for name in chain)
        lines.append("    end")
    lines.extend(f"    {_arrow(graph, link)}" for link in graph.links)
    return "\n".join(lines) + "\n"


def _box(node: GraphNode) -> str:
    # A node may be named `end`, which mermaid keeps for itself: ids carry a prefix.
    place = f"<br/>at {node.place}" if node.place else ""
    return f'node_{node.name}["<b>{node.name}</b><br/>{node.node_class.type_name}{place}"]'


def _arrow(graph: Graph, link: Link) -> str:
    target = graph.nodes[link.target].node_class
    payload = graph.nodes[link.source].node_class.outputs[link.output].payload.__name__
    line = "-.->" if target.inputs[link.input].follows else "-->"
    return f'node_{link.source} {line}|"{link.output} -> {link.input}<br/>{payload}"| node_{link.target}'
