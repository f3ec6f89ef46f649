"""Make docs/nodes.md, the reference of all nodes of the avatar, from what they declare.

python tools/make_reference.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import avatar_nodes
from avatar_nodes import payloads
from graphcore import Input, Node, Output, Param
from graphcore.node import is_source
from graphcore.payload import fields_of, is_payload, payload_name
from graphcore.port import REQUIRED

TARGET = Path(__file__).parents[1] / "docs" / "nodes.md"

HEAD = """\
# Nodes

Made by `python tools/make_reference.py` from what the nodes declare; `graphcore nodes TYPE` shows the same.
[How to write a graph](write-a-graph.md) explains drivers, followers and links;
[how to write a node](write-a-node.md), how to add your own.
"""


def reference(node_classes: Sequence[type[Node]], payload_classes: Sequence[type]) -> str:
    """The whole page."""
    lines = [HEAD]
    for node_class in sorted(node_classes, key=lambda one: one.type_name):
        lines += _node(node_class)
    lines += ["## Payloads", "", "What travels along the links. An array is written as its dtype and axes.", ""]
    for payload_class in payload_classes:
        lines += _payload(payload_class)
    return "\n".join(lines).rstrip() + "\n"


def _node(node_class: type[Node]) -> Iterator[str]:
    kind = "source" if is_source(node_class) else "node" if node_class.outputs else "sink"
    own = ", on a thread of its own" if node_class.own_thread else ""
    yield from (f"## {node_class.type_name}", "", f"*{kind}{own}*", "", inspect.getdoc(node_class) or "", "")
    yield from _table(("input", "payload", "how", "what"), [_input(port) for port in node_class.inputs.values()])
    yield from _table(("output", "payload", "what"), [_output(port) for port in node_class.outputs.values()])
    yield from _table(("param", "value", "default", "what"), [_param(one) for one in node_class.params.values()])


def _input(port: Input[Any]) -> tuple[str, ...]:
    how = ["follows" if port.follows else "drives", port.align]
    if port.window_ms is not None:
        how.append(f"window of {port.window_ms:g} ms")
    if not port.required:
        how.append("may stay unlinked")
    return f"`{port.name}`", port.payload.__name__, ", ".join(how), port.doc


def _output(port: Output[Any]) -> tuple[str, ...]:
    ahead = f"; looks {port.delay_ms:g} ms ahead" if port.delay_ms else ""
    return f"`{port.name}`", port.payload.__name__, port.doc + ahead


def _param(param: Param[Any]) -> tuple[str, ...]:
    file = {"in": " to read", "out": " to write"}.get(param.file, "")
    default = "*required*" if param.default is REQUIRED else f"`{_as_yaml(param.default)}`"
    live = "; may change while a graph runs" if param.live else ""
    return f"`{param.name}`", param.expected + file, default, param.doc + live


def _as_yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(list(value)) if isinstance(value, tuple) else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield from (_row(head), _row(["---"] * len(head)), *map(_row, rows), "")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _payload(payload_class: type) -> Iterator[str]:
    yield from (f"### {payload_class.__name__}", "", inspect.getdoc(payload_class) or "", "")
    for field in fields_of(payload_class):
        kind = field.scalar.__name__ if field.scalar else f"{field.dtype} {field.shape}"
        yield f"- `{field.name}`: {'list of ' * field.many}{kind}{' or null' * field.optional}"
    yield from ("", f"On the wire: `{payload_name(payload_class)}`.", "")


def page() -> str:
    """What docs/nodes.md must hold."""
    made = [one for one in vars(payloads).values() if is_payload(one)]
    return reference(avatar_nodes.register_nodes(), made)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(TARGET)
