"""A run in JSON: its nodes with their ports and params, its links, and what was counted."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_args, get_origin

from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.payload import payload_name
from graphcore.port import Param
from graphcore.studio.dials import Dials
from graphcore.studio.pictures import Pictures

if TYPE_CHECKING:
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

MOST_NOTICES = 200  # the newest
HIDDEN = ("token", "url", "password", "key")  # what may let somebody in is not shown on a page


def describe_run(
    run: Run | PlacedRun, stats: dict[str, Any], dials: Dials, pictures: Pictures, url: str
) -> dict[str, Any]:
    """What a page draws: everything that does not change while it runs, and the dials' values."""
    fused = {row["link"]: row["fused"] for row in stats["links"]}
    return {
        "name": name_of(run.graph),
        "live": run.live,
        "frame_rate": float(run.graph.frame_rate),
        "url": url,
        "nodes": [_node(node, stats["nodes"].get(node.name, {}), dials, pictures) for node in run.graph.nodes.values()],
        "links": [_link(run.graph, link, fused=fused.get(str(link), False)) for link in run.graph.links],
    }


def describe_stats(run: Run | PlacedRun, ended: str | None) -> dict[str, Any]:
    """What was counted so far."""
    expected_ns = run.expected_ns
    return run.stats() | {
        "opened": run.opened,
        "position_s": round(run.position_ns / 1e9, 3),
        "expected_s": None if expected_ns is None else round(expected_ns / 1e9, 3),
        "notices": run.notices[-MOST_NOTICES:],
        "losses": run.losses,
        "ended": ended,
    }


def name_of(graph: Graph) -> str:
    """A graph's name for people."""
    return graph.path.stem if graph.path is not None else "graph"


def _node(node: GraphNode, stats: dict[str, Any], dials: Dials, pictures: Pictures) -> dict[str, Any]:
    declared = node.node_class
    outputs = [
        {"name": name, "payload": payload_name(port.payload), "picture": pictures.shows(node.name, name)}
        for name, port in declared.outputs.items()
    ]
    return {
        "name": node.name,
        "type": declared.type_name,
        "doc": (inspect.getdoc(declared) or "").partition("\n")[0],
        "place": stats.get("place") or node.place or "here",
        "chain": stats.get("chain"),
        "inputs": list(declared.inputs),
        "outputs": outputs,
        "params": [_param(node, param, dials) for param in declared.params.values()],
    }


def _param(node: GraphNode, param: Param[Any], dials: Dials) -> dict[str, Any]:
    value = dials.value(node.name, param.name)
    default = None if param.required else param.default
    return {
        "name": param.name,
        "kind": _kind(param),
        "item": get_args(param.type)[0].__name__ if _kind(param) == "list" else "",
        "value": "..." if value and param.name in HIDDEN and not param.live else value,
        "default": dials.shown(node.params[param.name] if param.file else default),
        "live": dials.live(param),
        "ge": param.ge,
        "le": param.le,
        "unit": param.unit,
        "choices": list(param.choices),
        "doc": param.doc,
        "optional": param.optional,
        "file": param.file,
    }


def _kind(param: Param[Any]) -> str:
    if param.file:
        return "file"
    return "list" if get_origin(param.type) is tuple else str(param.type.__name__)


def _link(graph: Graph, link: Link, *, fused: bool) -> dict[str, Any]:
    return {
        "from": f"{link.source}.{link.output}",
        "to": f"{link.target}.{link.input}",
        "follows": graph.nodes[link.target].node_class.inputs[link.input].follows,
        "fused": fused,
    }
