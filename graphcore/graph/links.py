"""Checking the inputs of a node: which output feeds them, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphcore.clock import NS_PER_MS
from graphcore.graph.report import Report, kind_of, nearest, one_of
from graphcore.graph.spec import DEFAULT_QUEUE, OVERFLOWS, Entry, Link, Value
from graphcore.node import Node
from graphcore.payload import payload_name
from graphcore.port import Input, Output

KEYS = ("from", "align", "tolerance_ms", "queue", "overflow")


@dataclass(slots=True)
class LinkCheck:
    """Checks links against the nodes of the graph; a class is None where its type is unknown (and reported)."""

    classes: Mapping[str, type[Node] | None]
    tolerance_ns: int  # for align "nearest" where the graph gives none
    report: Report

    def links(self, name: str, key: Value, entries: Mapping[str, Entry]) -> dict[str, Link]:
        """The links of one node by input, in the order of its ports."""
        node_class = self.classes[name]
        if node_class is None:
            for entry in entries.values():
                self._source(_parts(entry.value).get("from", entry.value))
            return {}
        found: dict[str, Link] = {}
        for input_name, entry in entries.items():
            port = node_class.inputs.get(input_name)
            if port is None:
                self._unknown_input(entry, node_class)
            elif link := self._link(name, port, entry.value):
                found[input_name] = link
        for port in node_class.inputs.values():
            if port.required and port.name not in entries:
                self._missing_input(name, key, port)
        drivers = [port.name for port in node_class.inputs.values() if not port.follows]
        required = any(node_class.inputs[driver].required for driver in drivers)
        if drivers and not required and not set(drivers) & set(entries):
            what = f"{name}: no input is linked that makes it run"
            self.report.add(key, what, "a link to " + " or ".join(repr(driver) for driver in drivers))
        return {port: found[port] for port in node_class.inputs if port in found}

    def _unknown_input(self, entry: Entry, node_class: type[Node]) -> None:
        what = f"input of {node_class.type_name}"
        if not node_class.inputs:
            self.report.add(entry.key, f"unknown {what} {entry.key.text!r}", "none: it has no inputs")
        else:
            self.report.unknown(entry.key, what, entry.key.text, node_class.inputs)

    def _missing_input(self, name: str, key: Value, port: Input[Any]) -> None:
        example = next(iter(self._outputs_for(port, name)), "")
        fix = f"for example `inputs: {{{port.name}: {example}}}`" if example else ""
        expected = f"an output that sends {port.payload.__name__}"
        self.report.add(key, f"{name}: input {port.name!r} is not linked", expected, fix)

    def _link(self, name: str, port: Input[Any], value: Value) -> Link | None:
        parts = _parts(value)
        for part in parts:
            if part not in KEYS:
                self.report.unknown(value.value[part].key, "key of a link", part, KEYS)
        if isinstance(value.value, dict) and "from" not in parts:
            self.report.add(value, f"{name}.{port.name}: a link without `from`", "`from: node.output`")
        source = self._source(parts.get("from", value)) if "from" in parts or not parts else None
        link = Link("", "", name, port.name, port.align)
        self._read_align(link, port, parts)
        self._read_queue(link, parts)
        if source is None:
            return None
        link.source, output = source
        link.output = output.name
        return link if self._fits(parts.get("from", value), link, output, port) else None

    def _source(self, value: Value) -> tuple[str, Output[Any]] | None:
        if not isinstance(value.value, str):
            self.report.add(value, f"a link is {kind_of(value)}", "node.output")
            return None
        name, dot, output = value.value.partition(".")
        if name not in self.classes:
            self.report.unknown(value, "node", name, self.classes)
            return None
        node_class = self.classes[name]
        if node_class is None:
            return None
        if output in node_class.outputs:
            return name, node_class.outputs[output]
        if not node_class.outputs:
            self.report.add(value, f"{name} ({node_class.type_name}) has no outputs", "a node with outputs")
        elif dot:
            self.report.unknown(value, f"output of {name}", output, node_class.outputs)
        else:
            self.report.add(value, f"{name!r} names no output", one_of(f"{name}.{one}" for one in node_class.outputs))
        return None

    def _fits(self, at: Value, link: Link, output: Output[Any], port: Input[Any]) -> bool:
        if issubclass(output.payload, port.payload):
            return True
        sent, wanted = output.payload.__name__, port.payload.__name__
        if sent == wanted:
            sent, wanted = payload_name(output.payload), payload_name(port.payload)
        others = self._outputs_for(port, link.target)
        same_node = [other for other in others if other.startswith(f"{link.source}.")]
        fix = f"did you mean {(same_node or others)[0]!r}?" if others else ""
        what = f"{link.source}.{link.output} sends {sent}"
        self.report.add(at, what, f"{wanted} for {link.target}.{link.input}", fix)
        return False

    def _outputs_for(self, port: Input[Any], name: str) -> list[str]:
        """What of the other nodes would fit into this input."""
        return [
            f"{other}.{output.name}"
            for other, node_class in self.classes.items()
            if node_class is not None and other != name
            for output in node_class.outputs.values()
            if issubclass(output.payload, port.payload)
        ]

    def _read_align(self, link: Link, port: Input[Any], parts: Mapping[str, Value]) -> None:
        if value := parts.get("align"):
            allowed = _allowed_aligns(port)
            if value.value in allowed:
                link.align = value.value
            else:
                expected = one_of(allowed) if allowed else "none: this input takes every packet by itself"
                fix = nearest(value.text, allowed)
                self.report.add(value, f"align of {link.target}.{link.input} is {kind_of(value)}", expected, fix)
        if link.align == "nearest":
            link.tolerance_ns = self.tolerance_ns
        if value := parts.get("tolerance_ms"):
            given = value.value
            if not _is_number(given) or given < 0:
                self.report.add(value, f"tolerance_ms is {kind_of(value)}", "number of 0 or more (ms)")
            elif link.align != "nearest":
                self.report.add(value, f"tolerance_ms with align {link.align}", "", "it goes with `align: nearest`")
            else:
                link.tolerance_ns = round(given * NS_PER_MS)

    def _read_queue(self, link: Link, parts: Mapping[str, Value]) -> None:
        link.cut = "queue" in parts or "overflow" in parts
        if value := parts.get("queue"):
            whole = isinstance(value.value, int) and not isinstance(value.value, bool)
            link.queue = value.value if whole else DEFAULT_QUEUE
            if not whole or value.value < 1:
                self.report.add(value, f"queue is {kind_of(value)}", "whole number of 1 or more (packets)")
        if value := parts.get("overflow"):
            link.overflow = value.value
            if value.value not in OVERFLOWS:
                fix = nearest(value.text, OVERFLOWS)
                self.report.add(value, f"overflow is {kind_of(value)}", one_of(OVERFLOWS), fix)


def _parts(value: Value) -> dict[str, Value]:
    """The parts of a link's long form; the short form has none."""
    return {name: entry.value for name, entry in value.value.items()} if isinstance(value.value, dict) else {}


def _allowed_aligns(port: Input[Any]) -> list[str]:
    """What a graph may choose; "each" is the author's choice."""
    if port.align == "each":
        return []
    if not port.follows:
        return ["exact", "nearest"]
    interpolates = hasattr(port.payload, "between") and port.window_ms is None
    return ["hold", "interpolate"] if interpolates else ["hold"]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9
