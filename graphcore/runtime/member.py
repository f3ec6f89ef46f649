"""A node inside a chain: its outputs, its calls, its times."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter_ns
from typing import Any

from graphcore.clock import NS_PER_MS, Clock
from graphcore.errors import DeclarationError
from graphcore.node import Node, is_source
from graphcore.payload import array_names, freeze, mismatch
from graphcore.port import Output
from graphcore.runtime.align import Alignment, unlinked_value
from graphcore.runtime.inlet import BEGINNING, Inlet
from graphcore.runtime.metrics import NodeMetrics, OutputMetrics

SETTLED: Any = object()  # in an outbox, in place of a payload: nothing at or before this time will come
END: Any = object()  # in an outbox: nothing will come
Outbox = deque[tuple["Out", Any, int]]
Trace = deque[tuple[str, int, int, int]]  # node, started and ended (perf_counter_ns), media time


class Out:
    """What an Output is on a running node: `send` puts into the chain's outbox, the chain delivers.

    So no author's `except` catches a neighbour's error, and no time is counted twice.
    """

    __slots__ = (
        "_arrays",
        "_member",
        "_outbox",
        "_settled",
        "crossing",
        "delay_ns",
        "fused",
        "last",
        "metrics",
        "name",
        "payload",
        "watched",
    )

    def __init__(self, port: Output[Any], member: Member, outbox: Outbox) -> None:
        self.name = port.name
        self.payload = port.payload
        self.delay_ns = int(port.delay_ms * NS_PER_MS)
        self.fused: list[Member] = []
        self.crossing: list[tuple[Alignment, Inlet]] = []
        self.watched = False  # whether a fan-in downstream waits for what is settled here
        self.metrics = OutputMetrics()
        self.last = BEGINNING  # timestamp of the newest packet
        self._settled = BEGINNING
        self._member = member
        self._outbox = outbox
        self._arrays = array_names(port.payload)

    def send(self, payload: Any, *, timestamp: int | None = None) -> None:
        """Send a payload, by default with the timestamp of the input that caused it."""
        if timestamp is None:
            timestamp = self._member.node.timestamp
        if self.last == BEGINNING or payload.__class__ is not self.payload:
            self._check(payload)
        if timestamp <= self.last:
            self.metrics.late += 1
            return
        if timestamp <= self._settled:  # sooner than the declared delay allows
            self.metrics.late += 1
        if self._arrays:
            freeze(payload)
        self.last = timestamp
        self.metrics.packets += 1
        self._outbox.append((self, payload, timestamp))

    def settle(self, timestamp: int) -> None:
        """Say that the node has consumed everything up to this time."""
        timestamp -= self.delay_ns
        if timestamp > self.last and timestamp > self._settled:
            self._settled = timestamp
            self._outbox.append((self, SETTLED, timestamp))

    def end(self) -> None:
        """Say that nothing will come any more."""
        self._outbox.append((self, END, 0))

    @property
    def linked(self) -> bool:
        """Whether anything is linked to it."""
        return bool(self.crossing or self.fused)

    @property
    def closed(self) -> bool:
        """Whether nobody listens any more."""
        return all(inlet.closed for _, inlet in self.crossing) and all(member.unheard for member in self.fused)

    def _check(self, payload: Any) -> None:
        if not isinstance(payload, self.payload):
            raise DeclarationError(f"{self.name}: sent {type(payload).__name__}, expected {self.payload.__name__}")
        if wrong := mismatch(payload):
            raise DeclarationError(f"{self.name}: sent {type(payload).__name__} with {wrong}")


class Member:
    """A node of a chain. A fused one is called through `handle`, the head with all its arguments."""

    __slots__ = ("_call", "_clock", "_trace", "ended", "metrics", "name", "node", "outs", "watched_outs")

    def __init__(self, name: str, node: Node, outbox: Outbox, trace: Trace | None, live: Clock | None) -> None:
        self.name = name
        self.node = node
        self.metrics = NodeMetrics()
        self.ended = False
        self.outs = {key: Out(port, self, outbox) for key, port in type(node).outputs.items()}
        self.watched_outs: list[Out] = []
        self._trace = trace
        self._clock = live  # to know latencies
        self._call: Callable[..., None] = _nothing

    def bind(self, fused_input: str | None) -> None:
        """Look up `process` once; a fused node gets its one linked input by name."""
        process = getattr(self.node, "process", None)
        if process is None:
            return
        if fused_input is None or list(type(self.node).inputs) == [fused_input]:
            self._call = process
            return
        rest = {name: unlinked_value(p) for name, p in type(self.node).inputs.items() if name != fused_input}
        self._call = lambda payload: process(**{fused_input: payload}, **rest)

    def handle(self, started: int, timestamp: int, *arguments: Any) -> int:
        """Call `process` at this media time; the time since `started` (perf_counter_ns) is this node's.

        Returns when it ended, which is when the next one starts.
        """
        self.node.timestamp = timestamp
        self._call(*arguments)
        if self.watched_outs:
            self.settle(timestamp)
        return self.count(started, timestamp)

    def count(self, started: int, timestamp: int) -> int:
        """Count a call that began at `started`; returns when it ended."""
        ended = perf_counter_ns()
        metrics = self.metrics
        metrics.calls += 1
        metrics.total_ns += ended - started
        metrics.durations.append(ended - started)
        if self._clock is not None:
            metrics.latencies.append(self._clock.now() - timestamp)
        if self._trace is not None:
            self._trace.append((self.name, started, ended, timestamp))
        return ended

    def settle(self, timestamp: int) -> None:
        """Everything up to this time is consumed."""
        for out in self.watched_outs:
            out.settle(timestamp)

    @property
    def unheard(self) -> bool:
        """Whether nothing it could send would arrive. A node without links is heard, a source is not."""
        if self.ended or not any(out.linked for out in self.outs.values()):
            return self.ended or (bool(self.outs) and is_source(type(self.node)))
        return all(out.closed for out in self.outs.values())

    def produce(self) -> Iterator[None]:
        """The packets of a source."""
        return self.node.produce()  # type: ignore[attr-defined, no-any-return]

    def end(self) -> None:
        """Flush the node, then end its outputs."""
        if not self.ended:
            self.ended = True
            self.node.finish()
            for out in self.outs.values():
                out.end()


def argument_order(node_class: type[Node]) -> list[str]:
    """The inputs in the order in which `process` takes them."""
    return list(inspect.signature(node_class.process).parameters)[1:]


def _nothing(*_arguments: Any) -> None:
    """A source has no process."""
