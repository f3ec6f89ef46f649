"""For authors of nodes: run one node, or a graph, and look at what it sent.

result = run_node(Gain, inputs={"audio": [(0, chunk)]}, params={"gain_db": 6.0})
result.outputs["scaled"][0].payload
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from graphcore.clock import NS_PER_S, Clock, VirtualClock
from graphcore.errors import DeclarationError, ParamError
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
    losses: list[str] = field(default_factory=list)  # what came late, found no partner, or was dropped
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

    A source without end is stopped once it has sent a packet at or after `until_ns`. Raises what the run raises,
    DeclarationError for inputs that the node does not have or must have, ParamError for params.
    """
    graph = Graph({}, frame_rate=Fraction(frame_rate), seed=seed)
    node = GraphNode(name, node_class, accept_params(node_class, params or {}), {})
    _check_inputs(node_class, set(inputs or {}))
    for port, pairs in (inputs or {}).items():
        declared = node_class.inputs[port]
        graph.nodes[port + "_feed"] = GraphNode(port + "_feed", feed(declared.payload, pairs), {}, {})
        tolerance_ns = int(NS_PER_S / graph.frame_rate / 2)  # as where a graph says nothing else
        node.links[port] = Link(port + "_feed", "sent", name, port, declared.align, tolerance_ns=tolerance_ns)
    graph.nodes[name] = node
    result = _run(graph, [name], until_ns=until_ns, live=live, threads=1, clock=clock)
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
    """Run a graph (checked, a file, or YAML text) to its end, and collect every output of every node.

    A node whose outputs are all unlinked is listened to. `until_ns` stops the sources once something was sent at
    or after it; what they have sent still goes all the way.
    """
    checked = graph if isinstance(graph, Graph) else _check(graph, overrides or {}, registry)
    return _run(checked, list(checked.nodes), until_ns=until_ns, live=live, threads=threads, clock=clock)


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
        try:
            accepted[key] = declared.accept(params[key]) if key in params else declared.default
        except ParamError as error:
            raise ParamError(f"{node_class.type_name}.{key}: {error}") from None
    return accepted


def _check_inputs(node_class: type[Node], given: set[str]) -> None:
    missing = {name for name, port in node_class.inputs.items() if port.required} - given
    if missing or given - set(node_class.inputs):
        has = ", ".join(node_class.inputs) or "none"
        raise DeclarationError(
            f"{node_class.type_name}: inputs {', '.join(sorted(given)) or 'none'}; expected {has}"
            + (f", at least {', '.join(sorted(missing))}" if missing else "")
        )
    drivers = [name for name, port in node_class.inputs.items() if not port.follows]
    if drivers and not given & set(drivers):
        raise DeclarationError(f"{node_class.type_name}: no input that makes it run; expected {' or '.join(drivers)}")


def _listener(output: Output[Any]) -> type[Node]:
    class Listener(Node):
        """Takes what is sent."""

        received: Input[Any] = Input(output.payload)

        def process(self, received: Any) -> None:
            """Nothing is done with it."""

    return Listener


def _heard(graph: Graph) -> Graph:
    """The graph, with a listener at each output of the nodes that would be heard by nobody."""
    linked = {link.source for link in graph.links}
    nodes = dict(graph.nodes)
    for node in graph.nodes.values():
        for name, output in node.node_class.outputs.items():
            if node.name not in linked:
                link = Link(node.name, name, f"{node.name}.{name}", "received", "exact")
                nodes[link.target] = GraphNode(link.target, _listener(output), {}, {"received": link})
    return replace(graph, nodes=nodes)


def _run(
    graph: Graph, watched: list[str], *, until_ns: int | None, live: bool, threads: int | None, clock: Clock | None
) -> Result:
    if clock is None and live:
        clock = VirtualClock()
    run = Run(_heard(graph), live=live, threads=threads, clock=clock)
    outputs: dict[str, list[Packet]] = {}

    def see_into(packets: list[Packet]) -> Callable[[Packet], None]:
        def see(packet: Packet) -> None:
            packets.append(packet)
            if until_ns is not None and packet.timestamp >= until_ns:
                run.stop()

        return see

    for node in watched:
        for output in graph.nodes[node].node_class.outputs:
            run.tap(node, output, see_into(outputs.setdefault(f"{node}.{output}", [])))
    run.run()
    return Result(outputs, run.notices, run.losses, run.made, run.stats())
