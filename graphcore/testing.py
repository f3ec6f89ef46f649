"""For authors of nodes: run one node, or a graph, and look at what it sent.

result = run_node(Gain, inputs={"audio": [(0, chunk)]}, params={"gain_db": 6.0})
result.outputs["scaled"][0].payload
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from graphcore.clock import Clock, VirtualClock
from graphcore.errors import ParamError
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.node import Node, Source
from graphcore.packet import Packet
from graphcore.plugins import Registry, find_nodes
from graphcore.port import Input, Output
from graphcore.runtime.context import Made
from graphcore.runtime.run import Run

__all__ = ["Result", "VirtualClock", "run_graph", "run_node"]


@dataclass
class Result:
    """What a run sent and said: `outputs` by output name, or by "node.output" for a graph."""

    outputs: dict[str, list[Packet]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)


def run_node(
    node_class: type[Node],
    *,
    inputs: Mapping[str, Iterable[tuple[int, Any]]] | None = None,
    params: Mapping[str, object] | None = None,
    frame_rate: Fraction | int = 25,
    seed: int = 0,
    name: str = "node",
    live: bool = False,
    until_ns: int | None = None,
    clock: Clock | None = None,
) -> Result:
    """Run one node over `(timestamp, payload)` pairs for its inputs, from `open` to `close`, on one thread.

    A source without end is stopped once it has sent a packet at or after `until_ns`. Raises what the run raises.
    """
    nodes = {name: GraphNode(name, node_class, accept_params(node_class, params or {}), {})}
    for port, pairs in (inputs or {}).items():
        declared = node_class.inputs[port]
        nodes[port + "_feed"] = GraphNode(port + "_feed", feed(declared.payload, pairs), {}, {})
        nodes[name].links[port] = Link(port + "_feed", "sent", name, port, declared.align)
    graph = Graph(nodes, frame_rate=Fraction(frame_rate), seed=seed)
    outputs = _collect(graph, [(name, output) for output in node_class.outputs], until_ns)
    result = _run(graph, outputs, live=live, clock=clock)
    result.outputs = {key.partition(".")[2]: packets for key, packets in result.outputs.items()}
    return result


def run_graph(
    graph: Graph | Path | str,
    *,
    overrides: Mapping[str, str] | None = None,
    registry: Registry | None = None,
    live: bool = False,
    threads: int | None = 1,
    until_ns: int | None = None,
    clock: Clock | None = None,
) -> Result:
    """Run a graph (checked, a file, or YAML text) to its end, and collect every output of every node."""
    checked = graph if isinstance(graph, Graph) else _check(graph, overrides or {}, registry)
    every = [(node.name, output) for node in checked.nodes.values() for output in node.node_class.outputs]
    return _run(checked, _collect(checked, every, until_ns), live=live, threads=threads, clock=clock)


def _check(graph: Path | str, overrides: Mapping[str, str], registry: Registry | None) -> Graph:
    from graphcore.graph.check import check
    from graphcore.graph.load import load, load_text

    spec = load(graph, overrides) if isinstance(graph, Path) else load_text(graph, overrides=overrides)
    return check(spec, registry or find_nodes())


def feed(payload_class: type[Any], pairs: Iterable[tuple[int, Any]]) -> type[Source]:
    """A source that sends these `(timestamp, payload)` pairs."""

    class Feed(Source):
        """Sends what a test gave."""

        sent = Output(payload_class)

        def produce(self) -> Iterator[None]:
            for timestamp, content in pairs:
                self.sent.send(content, timestamp=timestamp)
                yield

    return Feed


def accept_params(node_class: type[Node], params: Mapping[str, object]) -> dict[str, Any]:
    """The params of a node, checked, with defaults; raises ParamError."""
    if unknown := sorted(set(params) - set(node_class.params)):
        raise ParamError(f"{node_class.type_name}: unknown params {', '.join(unknown)}")
    accepted = {}
    for key, declared in node_class.params.items():
        if key not in params and declared.required:
            raise ParamError(f"{node_class.type_name}.{key}: missing, expected {declared.expected}")
        accepted[key] = declared.accept(params[key]) if key in params else declared.default
    return accepted


def _collect(graph: Graph, outputs: Sequence[tuple[str, str]], until_ns: int | None) -> dict[str, list[Packet]]:
    """Link a collector to each of these outputs; it fills the lists."""
    found: dict[str, list[Packet]] = {}
    for node, output in outputs:
        packets: list[Packet] = []
        found[f"{node}.{output}"] = packets
        port = graph.nodes[node].node_class.outputs[output]
        name = f"{node}_{output}_collector"
        link = Link(node, output, name, "received", "exact", queue=1)
        graph.nodes[name] = GraphNode(name, _collector(port.payload, packets, until_ns), {}, {"received": link})
    return found


def _collector(payload_class: type[Any], packets: list[Packet], until_ns: int | None) -> type[Node]:
    class Collector(Node):
        """Keeps what arrives."""

        received = Input(payload_class)

        def process(self, received: Any) -> None:
            packets.append(Packet(received, self.timestamp, len(packets)))
            if until_ns is not None and self.timestamp >= until_ns:
                raise _Enough

    return Collector


class _Enough(Exception):
    """A collector has what it wanted."""


def _run(
    graph: Graph, outputs: dict[str, list[Packet]], *, live: bool, threads: int | None = 1, clock: Clock | None
) -> Result:
    if clock is None and live:
        clock = VirtualClock()
    run = Run(graph, live=live, threads=threads, clock=clock)
    try:
        run.run()
    except Exception as error:
        if not isinstance(getattr(error, "cause", None), _Enough):
            raise
    return Result(outputs, run.notices, run.made, run.stats())
