"""`graphcore nodes`: the node types, or the ports and params of one."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphcore.cli.console import find_types, table_console
from graphcore.errors import GraphError, Mistake
from graphcore.graph.report import nearest
from graphcore.node import Node, Source, is_source
from graphcore.payload import fields_of, payload_name
from graphcore.plugins import Registry
from graphcore.port import REQUIRED, Input, Output, Param


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "List the node types that are installed, or show the ports and params of one."
    parser = subparsers.add_parser("nodes", description=description)
    parser.add_argument("type", nargs="?", help="a node type, such as `graphcore nodes` lists")


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or one type."""
    registry = find_types(arguments.plugins)
    if arguments.type is None:
        _list(registry)
        return 0
    node_class = registry.types.get(arguments.type)
    if node_class is None:
        what = f"unknown node type {arguments.type!r}"
        fix = nearest(arguments.type, registry.types)
        raise GraphError([Mistake("nodes", 0, 0, what, "a type that `graphcore nodes` lists", fix)])
    print("\n".join(describe(node_class, registry.origins.get(arguments.type, ""))))
    return 0


def _list(registry: Registry) -> None:
    from rich.table import Table

    table = Table("type", "what it does", "plugin", box=None, pad_edge=False)
    for name, node_class in sorted(registry.types.items()):
        table.add_row(name, (inspect.getdoc(node_class) or "").partition("\n")[0], registry.origins.get(name, ""))
    table_console().print(table)


def describe(node_class: type[Node], origin: str = "") -> Iterator[str]:
    """All that a graph may say about a node type, line by line."""
    yield f"{node_class.type_name}: {_kind(node_class)}" + (f", from {origin}" if origin else "")
    yield from (f"  {line}".rstrip() for line in (inspect.getdoc(node_class) or "").splitlines())
    if node_class.inputs:
        yield "\ninputs"
        for port in node_class.inputs.values():
            yield from _input(port)
    if node_class.outputs:
        yield "\noutputs"
        for output in node_class.outputs.values():
            yield from _output(output)
    if node_class.params:
        yield "\nparams"
        for param in node_class.params.values():
            yield from _param(param)


def _kind(node_class: type[Node]) -> str:
    kind = "node"
    if is_source(node_class):
        device = issubclass(node_class, Source) and node_class.live
        kind = "live source" if device else "source"
    elif not node_class.outputs:
        kind = "sink"
    return f"{kind} on its own thread" if node_class.own_thread else kind


def _input(port: Input[Any]) -> Iterator[str]:
    words = [port.payload.__name__, "follower" if port.follows else "driver", port.align]
    if port.window_ms is not None:
        words.append(f"window of {port.window_ms:g} ms")
    if port.required:
        words.append("required")
    elif port.default is not REQUIRED:
        words.append(f"default {port.default}")
    yield f"  {port.name}: {', '.join(words)}"
    yield from _below(port.doc)
    yield f"      {_fields(port.payload)}"


def _output(output: Output[Any]) -> Iterator[str]:
    delay = f", looks {output.delay_ms:g} ms ahead" if output.delay_ms else ""
    yield f"  {output.name}: {output.payload.__name__}{delay}"
    yield from _below(output.doc)
    yield f"      {_fields(output.payload)}"


def _param(param: Param[Any]) -> Iterator[str]:
    words = [param.expected, "required" if param.required else f"default {_shown(param.default)}"]
    if param.live:
        words.append("live")
    if param.file:
        words.append("read" if param.file == "in" else "written")
    yield f"  {param.name}: {', '.join(words)}"
    yield from _below(param.doc)


def _below(doc: str) -> Iterator[str]:
    if doc:
        yield f"      {doc}"


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value)) if isinstance(value, tuple) else repr(str(value) if isinstance(value, Path) else value)


def _fields(payload_class: type) -> str:
    """`avatar_nodes.Gaze(yaw: float, pitch: float)`."""
    parts = []
    for field in fields_of(payload_class):
        kind = field.scalar.__name__ if field.scalar else f"{field.dtype} {field.shape}"
        parts.append(f"{field.name}: {'list of ' * field.many}{kind}{' or null' * field.optional}")
    return f"{payload_name(payload_class)}({', '.join(parts)})"
