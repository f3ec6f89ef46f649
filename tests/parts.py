"""Small real nodes and payloads that the engine's tests are built from."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graphcore import Input, Node, NodeError, Output, Param, Run, Shape, Source, Window, payload
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params

MS = 1_000_000


@payload
class Number:
    """One number."""

    value: float

    def between(self, other: Number, weight: float) -> Number:
        """This at weight 0, the other at weight 1."""
        return Number(self.value + (other.value - self.value) * weight)


@payload
class Block:
    """Some bytes."""

    content: Annotated[NDArray[np.uint8], Shape("bytes")]


class Count(Source):
    """Sends 0, 1, 2 ... every `step_ms`."""

    number = Output(Number)
    count = Param(5, ge=0)
    step_ms = Param(40.0, ge=0.001)

    def produce(self) -> Iterator[None]:
        self.context.expect(int(self.count * self.step_ms * MS))
        for index in range(self.count):
            self.number.send(Number(float(index)), timestamp=int(index * self.step_ms * MS))
            yield


class Endless(Source):
    """Sends 0, 1, 2 ... every `step_ms`, for ever."""

    number = Output(Number)
    step_ms = Param(40.0, ge=0.001)
    sent = 0

    def produce(self) -> Iterator[None]:
        while True:
            self.number.send(Number(float(self.sent)), timestamp=int(self.sent * self.step_ms * MS))
            self.sent += 1
            yield


class Blocks(Source):
    """Sends blocks of 100 kB."""

    block = Output(Block)
    number = Output(Number)
    count = Param(200)

    def produce(self) -> Iterator[None]:
        for index in range(self.count):
            self.block.send(Block(np.zeros(100_000, np.uint8)), timestamp=index * MS)
            self.number.send(Number(index), timestamp=index * MS)
            yield


class Scale(Node):
    """Multiplies."""

    number = Input(Number)
    scaled = Output(Number)
    factor = Param(2.0, ge=-10.0, le=10.0, live=True)

    def process(self, number: Number) -> None:
        self.scaled.send(Number(number.value * self.factor))


class Look(Node):
    """Looks `ahead` packets ahead before it sends, as a smoother does."""

    number = Input(Number)
    smooth = Output(Number, delay_ms=100 * 40)
    ahead = Param(100)

    def open(self) -> None:
        self._seen: list[tuple[int, Number]] = []

    def process(self, number: Number) -> None:
        self._seen.append((self.timestamp, number))
        if len(self._seen) > self.ahead:
            self._send()

    def finish(self) -> None:
        while self._seen:
            self._send()

    def _send(self) -> None:
        timestamp, number = self._seen.pop(0)
        self.smooth.send(number, timestamp=timestamp)


class Add(Node):
    """Adds two streams that meet by timestamp."""

    left = Input(Number)
    right = Input(Number)
    total = Output(Number)

    def process(self, left: Number, right: Number) -> None:
        self.total.send(Number(left.value + right.value))


class Follow(Node):
    """Adds what a follower says to the driver."""

    number = Input(Number)
    offset = Input(Number, follows=True, default=Number(1000.0))
    total = Output(Number)

    def process(self, number: Number, offset: Number) -> None:
        self.total.send(Number(number.value + offset.value))


class Strict(Node):
    """Has a follower without a default."""

    number = Input(Number)
    offset = Input(Number, follows=True)
    total = Output(Number)

    def process(self, number: Number, offset: Number) -> None:
        self.total.send(Number(number.value + offset.value))


class Recent(Node):
    """Counts what a window holds."""

    number = Input(Number)
    around = Input(Number, follows=True, window_ms=100)
    total = Output(Number)

    def process(self, number: Number, around: Window[Number]) -> None:
        assert len(around) == len(around.timestamps)
        self.total.send(Number(sum(one.value for one in around)))


class Own(Node):
    """Sums the window of its own driver."""

    number = Input(Number, window_ms=100)
    total = Output(Number)

    def process(self, number: Sequence[Number]) -> None:
        self.total.send(Number(sum(one.value for one in number)))


class Merge(Node):
    """Takes two streams as they come, in the order of time."""

    left = Input(Number, align="each", default=None)
    right = Input(Number, align="each", default=None)
    merged = Output(Number)

    def open(self) -> None:
        self.order: list[tuple[str, int]] = []
        self._last = -1

    def process(self, left: Number | None, right: Number | None) -> None:
        self.order.append(("left" if left is not None else "right", self.timestamp))
        if self.timestamp > self._last:
            self._last = self.timestamp
            self.merged.send(Number(float(len(self.order))))


class Slow(Scale):
    """Runs on a thread of its own."""

    own_thread = True


class Fail(Node):
    """Fails at the third packet."""

    number = Input(Number)
    same = Output(Number)
    kind = Param("bug", choices=("bug", "node", "open", "finish", "close"))

    def open(self) -> None:
        self._raise("open")

    def process(self, number: Number) -> None:
        if number.value == 2.0:
            self._raise("bug")
            self._raise("node")
        self.same.send(number)

    def finish(self) -> None:
        self._raise("finish")

    def close(self) -> None:
        self._raise("close")

    def _raise(self, when: str) -> None:
        if when == self.kind:
            raise ValueError("a bug") if when == "bug" else NodeError(f"bad {when}", fix="mend it")


class Sink(Node):
    """Keeps what arrives, and whether it was finished and closed."""

    number = Input(Number)
    seen: list[tuple[int, float]]
    ends: list[str]

    def __init__(self) -> None:
        self.seen = []
        self.ends = []

    def process(self, number: Number) -> None:
        self.seen.append((self.timestamp, number.value))

    def finish(self) -> None:
        self.ends.append("finish")

    def close(self) -> None:
        self.ends.append("close")


class Gate(Node):
    """Waits for an event that the test sets."""

    number = Input(Number)
    same = Output(Number)
    opened = threading.Event()
    entered = threading.Event()

    def process(self, number: Number) -> None:
        type(self).entered.set()
        while not type(self).opened.wait(0.01):
            if self.context.cancelled:
                return
        self.same.send(number)


NODES: list[type[Node]] = [
    Count, Endless, Blocks, Scale, Look, Add, Follow, Strict, Recent, Own, Merge, Slow, Fail, Sink, Gate,
]  # fmt: skip


def node(name: str, node_class: type[Node], links: dict[str, str] | None = None, **params: Any) -> GraphNode:
    """A node of a checked graph; links are written as "node.output"."""
    made = {}
    for port, origin in (links or {}).items():
        source, output = origin.split(".")
        made[port] = Link(source, output, name, port, node_class.inputs[port].align)
    return GraphNode(name, node_class, accept_params(node_class, params), made)


def graph(*nodes: GraphNode, **keys: Any) -> Graph:
    """A checked graph of these nodes."""
    return Graph({each.name: each for each in nodes}, **keys)


def values(packets: Sequence[Any]) -> list[float]:
    """What some packets of Number say."""
    return [packet.payload.value for packet in packets]


def sink_of(run: Run, name: str = "sink") -> Sink:
    """The sink of a run, with what it saw."""
    made = run._assembly.members[name].node
    assert isinstance(made, Sink)
    return made
