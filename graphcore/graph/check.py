"""A graph is checked before it moves: every mistake in one pass, each with its place and the nearest fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from graphcore.clock import NS_PER_S
from graphcore.graph.links import LinkCheck
from graphcore.graph.params import ParamCheck
from graphcore.graph.report import MANY, Report, kind_of, nearest, one_of
from graphcore.graph.spec import DEFAULT_MAX_MB, Entry, Graph, GraphNode, GraphSpec, Value
from graphcore.node import Node
from graphcore.plugins import Registry

GRAPH_KEYS = ("frame_rate", "seed", "max_mb", "nodes")
NODE_KEYS = ("type", "params", "inputs", "place")


@dataclass(slots=True)
class _Declared:
    """A node as it was written, its shape checked."""

    key: Value
    node_class: type[Node] | None  # None: its type is unknown
    params: dict[str, Entry] = field(default_factory=dict)
    inputs: dict[str, Entry] = field(default_factory=dict)
    place: str | None = None


def check(spec: GraphSpec, registry: Registry) -> Graph:
    """Check a graph against the installed node types; raises GraphError with all mistakes in the order of the file.

    Params come back accepted, files as absolute paths.
    """
    return _Checker(spec, registry).graph()


class _Checker:
    def __init__(self, spec: GraphSpec, registry: Registry) -> None:
        self._spec = spec
        self._types = registry.types
        self._failures = registry.failures
        self._report = Report(spec.mistakes)
        self._top: dict[str, Entry] = spec.root.value

    def graph(self) -> Graph:
        self._check_keys(self._top, GRAPH_KEYS, "graph")
        frame_rate, seed, max_bytes = self._frame_rate(), self._seed(), self._max_bytes()
        declared = {name: self._declared(entry) for name, entry in self._nodes().items()}
        classes = {name: one.node_class for name, one in declared.items()}
        params = ParamCheck(self._spec, self._report)
        links = LinkCheck(classes, int(NS_PER_S / frame_rate) // 2, self._report)
        given = params.overrides(classes)
        nodes = {}
        for name, one in declared.items():
            linked = links.links(name, one.key, one.inputs)
            if one.node_class is not None:
                accepted = params.params(name, one.key, one.node_class, one.params, given.get(name, {}))
                nodes[name] = GraphNode(name, one.node_class, accepted, linked, one.place)
        params.check_files()
        self._check_cycles(nodes, declared)
        self._report.raise_if_any()
        return Graph(nodes, frame_rate, seed, max_bytes, self._spec.path)

    def _check_keys(self, entries: Mapping[str, Entry], known: tuple[str, ...], of: str) -> None:
        for name, entry in entries.items():
            if name not in known:
                self._report.unknown(entry.key, f"key of a {of}", name, known)

    def _frame_rate(self) -> Fraction:
        if (entry := self._top.get("frame_rate")) is None:
            return Fraction(25)
        given = entry.value.value
        rate = Fraction(0)
        if isinstance(given, str) and re.fullmatch(r"[0-9]{1,9}/[1-9][0-9]{0,8}", given):
            rate = Fraction(given)
        elif isinstance(given, (int, float)) and not isinstance(given, bool) and 1 <= given <= 120:
            rate = Fraction(str(given))
        if 1 <= rate <= 120:
            return rate
        expected = "number from 1 to 120 (frames a second), or a ratio such as 30000/1001"
        self._report.add(entry.value, f"frame_rate is {kind_of(entry.value)}", expected)
        return Fraction(25)

    def _seed(self) -> int:
        if (entry := self._top.get("seed")) is None:
            return 0
        given = entry.value.value
        if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            return given
        self._report.add(entry.value, f"seed is {kind_of(entry.value)}", "whole number of 0 or more")
        return 0

    def _max_bytes(self) -> int:
        given: object = DEFAULT_MAX_MB
        if entry := self._top.get("max_mb"):
            given = entry.value.value
        if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 < given < 1e9:
            return int(given * 1e6)
        if entry:
            self._report.add(entry.value, f"max_mb is {kind_of(entry.value)}", "number of more than 0 (MB)")
        return 0

    def _nodes(self) -> dict[str, Entry]:
        entry = self._top.get("nodes")
        if entry is None:
            self._report.add(self._spec.root, "a graph without `nodes`", "`nodes:` with at least one node")
            return {}
        found = entry.value.value
        if isinstance(found, dict) and found:
            return found
        what = "empty" if found == {} else kind_of(entry.value)
        self._report.add(entry.value, f"`nodes` is {what}", "a mapping of node names to nodes")
        return {}

    def _declared(self, entry: Entry) -> _Declared:
        key, value = entry.key, entry.value
        self._check_name(key)
        one = _Declared(key, None)
        if not isinstance(value.value, dict):
            looks_like = value.text if value.text in self._types else "..."
            self._report.add(value, f"node {key.text!r} is {kind_of(value)}", f"{{type: {looks_like}}}")
            return one
        self._check_keys(value.value, NODE_KEYS, "node")
        one.node_class = self._type(key, value.value.get("type"))
        one.params = self._mapping(value.value.get("params"))
        one.inputs = self._mapping(value.value.get("inputs"))
        one.place = self._place(value.value.get("place"))
        return one

    def _check_name(self, key: Value) -> None:
        if not key.text.isidentifier():
            good = re.sub(r"\W", "_", key.text)
            good = good if good.isidentifier() else f"_{good}"
            expected = "letters, digits and _, no digit first"
            self._report.add(key, f"a node cannot be named {key.text!r}", expected, f"did you mean {good!r}?")

    def _type(self, key: Value, entry: Entry | None) -> type[Node] | None:
        if entry is None:
            self._report.add(key, f"node {key.text!r} has no type", "`type: ...`, as `graphcore nodes` lists")
            return None
        name = entry.value.value
        if isinstance(name, str) and name in self._types:
            return self._types[name]
        expected = one_of(self._types) if 0 < len(self._types) <= MANY else "a type that `graphcore nodes` lists"
        fix = nearest(entry.value.text, self._types)
        if self._failures:
            failed = "it may be one of a plugin that failed: " + "; ".join(self._failures)
            fix = f"{fix} {failed}" if fix else failed
        self._report.add(entry.value, f"unknown node type {kind_of(entry.value)}", expected, fix)
        return None

    def _mapping(self, entry: Entry | None) -> dict[str, Entry]:
        if entry is None or entry.value.value is None:
            return {}
        if isinstance(entry.value.value, dict):
            return entry.value.value
        self._report.add(entry.value, f"`{entry.key.text}` is {kind_of(entry.value)}", "a mapping of names")
        return {}

    def _place(self, entry: Entry | None) -> str | None:
        if entry is None:
            return None
        if isinstance(entry.value.value, str) and entry.value.value.isidentifier():
            return entry.value.value
        self._report.add(entry.value, f"place is {kind_of(entry.value)}", "the name of a place")
        return None

    def _check_cycles(self, nodes: Mapping[str, GraphNode], declared: Mapping[str, _Declared]) -> None:
        sources = {name: [link.source for link in node.links.values()] for name, node in nodes.items()}
        try:
            TopologicalSorter(sources).prepare()
        except CycleError:
            from graphcore.graph.plan import cycles  # brings networkx, which a good graph need not wait for

            for cycle in cycles(declared, [(one, name) for name in sources for one in sources[name]]):
                first, last = cycle[0], cycle[-1]
                port = next(link.input for link in nodes[first].links.values() if link.source == last)
                path = " -> ".join([*cycle, first])
                at = declared[first].inputs[port].value
                self._report.add(at, f"a cycle: {path}", "links that lead onwards only", "remove one of its links")
