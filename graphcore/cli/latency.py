"""Of a live run: how long a packet took from its media time to each sink, and where on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

LEAST_MS = 0.5  # of a node that is worth telling


def latency_lines(ended: Run | PlacedRun) -> list[str]:
    """A line for each sink to which something came after its time; none for a run that was not live."""
    sources = _sources(ended)
    nodes = ended.stats()["nodes"]
    sinks = sources.keys() - {source for each in sources.values() for source in each}
    reached = [name for name in nodes if name in sinks and nodes[name]["latency_p50_us"] is not None]
    return [line for name in reached if (line := _line(name, nodes, sources))]


def _sources(ended: Run | PlacedRun) -> dict[str, list[str]]:
    """Of each node that takes something: the nodes that drive it."""
    return {
        name: [link.source for port, link in node.links.items() if not node.node_class.inputs[port].follows]
        for name, node in ended.graph.nodes.items()
        if node.links
    }


def _line(sink: str, nodes: dict[str, Any], sources: dict[str, list[str]]) -> str:
    """Empty where everything came in time, as from a source that is paced by its timestamps and sends ahead of them."""
    way = _slowest_way(sink, nodes, sources)
    before, parts = 0.0, []
    for name in way:
        reached = _ms(nodes, name, "latency_p50_us") or 0.0
        if reached - before >= LEAST_MS:  # less than before: most that it took came sooner, on another way
            parts.append(f"{name} {reached - before:+.0f}")
            before = reached
    if not parts:
        return ""
    p99_ms = max(_ms(nodes, name, "latency_p99_us") or 0.0 for name in way[-2:])
    return f"{sink}: latency {before:.0f} ms (p50), {p99_ms:.0f} ms (p99): {', '.join(parts)}"


def _slowest_way(sink: str, nodes: dict[str, Any], sources: dict[str, list[str]]) -> list[str]:
    """From a source to the sink, at each node by the input that comes last."""
    way = [sink]
    while drivers := sources.get(way[0]):
        way.insert(0, max(drivers, key=lambda name: _ms(nodes, name, "latency_p50_us") or 0.0))
    return way


def _ms(nodes: dict[str, Any], name: str, key: str) -> float | None:
    return None if nodes[name][key] is None else nodes[name][key] / 1e3
