"""The part of a graph that one place runs, as data that can be sent: its nodes, its plan, its ways to other places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from graphcore.errors import ParamError, RunError
from graphcore.graph.plan import Plan
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.node import Node
from graphcore.places.files import WorkerFiles
from graphcore.transport.link_ends import MAX_CREDIT

MAX_THREADS = 4096
MAX_SEED = 2**256
MAX_NUMBER = 2**62  # ns, bytes


@dataclass(frozen=True, slots=True)
class Way:
    """A link between two places; `number` is the same at both ends, `peer` the place at the other end."""

    number: int
    node: str  # at this end
    port: str
    peer: str
    payload: str  # name on the wire of what the output sends


@dataclass(slots=True)
class Part:
    """What one place runs; a link that comes from another place names a source that is not among its nodes."""

    place: str
    graph: Graph
    plan: Plan
    incoming: list[Way]
    outgoing: list[tuple[Way, Link]]
    live: bool
    threads: int | None
    trace: bool = False

    @property
    def peers(self) -> list[str]:
        """The places it exchanges packets with, in order of name."""
        return sorted({way.peer for way in self.incoming} | {way.peer for way, _ in self.outgoing})


def describe(part: Part, sent: Mapping[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """A part as JSON can say it; on a worker nodes have the params that were `sent`."""
    graph, plan = part.graph, part.plan
    return {
        "place": part.place,
        "live": part.live,
        "threads": part.threads,
        "trace": part.trace,
        "frame_rate": str(graph.frame_rate),
        "seed": graph.seed,
        "max_bytes": graph.max_bytes,
        "path": None if graph.path is None or sent is not None else str(graph.path),
        "nodes": [_describe_node(node, (sent or {}).get(node.name)) for node in graph.nodes.values()],
        "order": plan.order,
        "chains": plan.chains,
        "linked": {name: sorted(ports) for name, ports in plan.linked.items()},
        "watched": sorted(plan.watched),
        "rivals": [[*key, sorted(inputs)] for key, inputs in plan.rivals.items()],
        "incoming": [asdict(way) for way in part.incoming],
        "outgoing": [[asdict(way), asdict(link)] for way, link in part.outgoing],
    }


def read(content: dict[str, Any], types: Mapping[str, type[Node]], files: WorkerFiles | None = None) -> Part:
    """What `describe` wrote, with the node types of this place; raises RunError for one that is not installed."""
    nodes = [_read_node(node, types, content["place"], files) for node in content["nodes"]]
    graph = Graph(
        {node.name: node for node in nodes},
        _frame_rate(content["frame_rate"]),
        _whole("seed", content["seed"], 0, MAX_SEED),
        _whole("max_bytes", content["max_bytes"], 0, MAX_NUMBER),
        None if content["path"] is None else Path(content["path"]),
    )
    plan = Plan(
        content["order"],
        content["chains"],
        {name: frozenset(ports) for name, ports in content["linked"].items()},
        frozenset((node, output) for node, output in content["watched"]),
        {(node, port): frozenset(inputs) for node, port, inputs in content["rivals"]},
    )
    incoming = [_way(way) for way in content["incoming"]]
    outgoing = [(_way(way), _link(link)) for way, link in content["outgoing"]]
    threads = content["threads"]
    if threads is not None:
        _whole("threads", threads, 1, MAX_THREADS)
    return Part(content["place"], graph, plan, incoming, outgoing, content["live"], threads, content["trace"])


def _frame_rate(text: str) -> Fraction:
    """As a graph may say it, or a float in full; what is longer would take for ever to read."""
    if not re.fullmatch(r"[0-9]{1,20}(/[1-9][0-9]{0,19})?", text) or not 1 <= Fraction(text) <= 120:
        raise RunError("graph", None, f"frame_rate {text[:40]!r}; expected a ratio from 1 to 120")
    return Fraction(text)


def _whole(what: str, value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise RunError("graph", None, f"{what}: expected a whole number from {least:.6g} to {most:.6g}")
    return value


def _way(content: dict[str, Any]) -> Way:
    way = Way(**content)
    _whole("number of a way", way.number, 0, MAX_NUMBER)
    return way


def _link(content: dict[str, Any]) -> Link:
    link = Link(**content)
    _whole(f"{link}: queue", link.queue, 1, MAX_CREDIT)
    _whole(f"{link}: tolerance", link.tolerance_ns, 0, MAX_NUMBER)
    return link


def _describe_node(node: GraphNode, sent: dict[str, Any] | None) -> dict[str, Any]:
    given = node.params if sent is None else sent
    params = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    links = {name: asdict(link) for name, link in node.links.items()}
    return {"name": node.name, "type": node.node_class.type_name, "params": params, "links": links}


def _read_node(
    content: dict[str, Any], types: Mapping[str, type[Node]], place: str, files: WorkerFiles | None
) -> GraphNode:
    name, node_class = content["name"], types.get(content["type"])
    if node_class is None:
        raise RunError(name, None, f"place {place!r} has no node type {content['type']!r}; install its plugin there")
    given = content["params"] if files is None else files.params(name, node_class, content["params"])
    params = _accept(given, name, node_class, place)
    links = {port: _link(link) for port, link in content["links"].items()}
    return GraphNode(name, node_class, params, links, place)


def _accept(given: Mapping[str, Any], name: str, node_class: type[Node], place: str) -> dict[str, Any]:
    params = {}
    for param, value in given.items():
        declared = node_class.params.get(param)
        if declared is None:
            raise RunError(name, None, f"place {place!r} has a {node_class.type_name} without the param {param!r}")
        try:
            params[param] = declared.accept(value)
        except ParamError as error:
            raise RunError(name, None, f"{param}: {error}") from error
    return params
