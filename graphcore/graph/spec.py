"""A graph as data: as it was written (GraphSpec), and as it was checked (Graph). Nothing runs here."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from graphcore.errors import Mistake
from graphcore.node import Node
from graphcore.port import Align

Overflow = Literal["block", "drop_oldest", "drop_newest"]
OVERFLOWS: tuple[Overflow, ...] = ("block", "drop_oldest", "drop_newest")

DEFAULT_QUEUE = 16  # packets that wait on a link between two chains
DEFAULT_MAX_MB = 512.0  # what one link may hold when a fan-in makes it grow


@dataclass(slots=True)
class Value:
    """A value with the place where it was written; `text` is how it was spelled."""

    value: Any  # None, bool, int, float, str, list[Value] or dict[str, Entry]
    file: str
    line: int  # 1-based; 0: not from a file (`--set`)
    column: int  # 1-based
    text: str = ""


@dataclass(slots=True)
class Entry:
    """A key of a mapping with its value."""

    key: Value
    value: Value


@dataclass(slots=True)
class GraphSpec:
    """A graph as it was written: a tree of values that know their place, nothing checked but the syntax.

    `overrides` come from `--set`: "node.param" and the text that was given. `mistakes` are what the loader
    saw and could read past (a key that stands twice, a tag); `check` reports them with its own.
    """

    path: Path | None
    root: Value
    overrides: dict[str, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


@dataclass(slots=True)
class Link:
    """An output feeding an input, checked."""

    source: str  # node name
    output: str
    target: str
    input: str
    align: Align
    tolerance_ns: int = 0  # for align "nearest"
    queue: int = DEFAULT_QUEUE
    overflow: Overflow = "block"
    cut: bool = False  # the graph names a queue or an overflow: another thread from here

    def __str__(self) -> str:
        return f"{self.source}.{self.output} -> {self.target}.{self.input}"


@dataclass(slots=True)
class GraphNode:
    """A node of a checked graph: its class, and every param with an accepted value."""

    name: str
    node_class: type[Node]
    params: dict[str, Any]
    links: dict[str, Link]  # by input; what stays unlinked is absent
    place: str | None = None


@dataclass(slots=True)
class Graph:
    """A graph that was checked and can run."""

    nodes: dict[str, GraphNode]  # in the order of the file
    frame_rate: Fraction = Fraction(25)
    seed: int = 0
    max_bytes: int = int(DEFAULT_MAX_MB * 1e6)
    path: Path | None = None

    @property
    def links(self) -> list[Link]:
        """Every link, by target."""
        return [link for node in self.nodes.values() for link in node.links.values()]
