"""A node inside a chain: its outputs, its calls, its times."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from graphcore.clock import NS_PER_MS, Clock
from graphcore.errors import DeclarationError
from graphcore.node import Node, is_source
from graphcore.packet import Packet
from graphcore.payload import freeze, has_arrays, mismatch, moved
from graphcore.port import Output
from graphcore.runtime.align import History, unlinked_value
from graphcore.runtime.crossing import END, Listener
from graphcore.runtime.inlet import BEGINNING
from graphcore.runtime.metrics import NodeMetrics
from graphcore.runtime.pace import Pace

# What a chain has yet to deliver: an output, a payload and its timestamp; or, with None for the timestamp,
# the time up to which the output is settled in place of the payload.
Outbox = deque[tuple["Out", Any, int | None]]
Trace = deque[tuple[str, int, int, int]]  # node, started and ended (perf_counter_ns), media time


class Out:
    """What an Output is on a running node: `send` puts into the chain's outbox, the chain delivers.

    So no author's `except` catches a neighbour's error, and no time is counted twice.
    """

    __slots__ = (
        "_arrays",
        "_checked",
        "_member",
        "_outbox",
        "_settled",
        "_stamps_itself",
        "counted",
        "crossing",
        "delay_ns",
        "fused",
        "last",
        "late",
        "name",
        "packets",
        "payload",
    )

    def __init__(self, port: Output[Any], member: Member, outbox: Outbox) -> None:
        self.name = port.name
        self.payload = port.payload
        self.delay_ns = int(port.delay_ms * NS_PER_MS)
        self.fused: list[Member] = []
        self.crossing: list[Listener] = []
        self.packets = 0
        self.late = 0
        self.counted = 0  # packets, when the latency of its node was counted last
        self.last = BEGINNING  # timestamp of the newest packet
        self._settled = BEGINNING
        self._member = member
        self._outbox = outbox
        self._arrays = has_arrays(port.payload)
        self._stamps_itself = is_source(type(member.node))
        self._checked: type | None = None  # the payload class that was looked at

    def send(self, payload: Any, *, timestamp: int | None = None) -> None:
        """Send a payload, by default with the timestamp of the input that caused it."""
        if timestamp is None and not self._stamps_itself:
            timestamp = self._member.node.timestamp
        elif timestamp.__class__ is not int:
            raise DeclarationError(f"{self.name}: sent with timestamp={timestamp!r}; expected whole ns (int)")
        if payload.__class__ is not self._checked:
            self._check(payload)
        if timestamp <= self._settled or timestamp <= self.last:
            self.late += 1  # before a repeated or falling timestamp, or sooner than the declared delay allows
            if timestamp <= self.last:
                return
        if self._arrays:
            freeze(payload)
        self.last = timestamp
        self.packets += 1
        self._outbox.append((self, payload, timestamp))

    def settle(self, timestamp: int) -> None:
        """Say that the node has consumed everything up to this time."""
        timestamp -= self.delay_ns
        if timestamp > self.last and timestamp > self._settled:
            self._settled = timestamp
            self._outbox.append((self, timestamp, None))

    def end(self) -> None:
        """Say that nothing will come any more."""
        self._outbox.append((self, END, None))

    @property
    def linked(self) -> bool:
        """Whether anything is linked to it."""
        return bool(self.crossing or self.fused)

    @property
    def closed(self) -> bool:
        """Whether nobody listens any more."""
        return all(listener.closed for listener in self.crossing) and all(member.unheard for member in self.fused)

    def _check(self, payload: Any) -> None:
        if not isinstance(payload, self.payload):
            raise DeclarationError(f"{self.name}: sent {type(payload).__name__}, expected {self.payload.__name__}")
        if wrong := mismatch(payload):
            raise DeclarationError(f"{self.name}: sent {type(payload).__name__} with {wrong}")
        self._checked = payload.__class__


class Tap:
    """Stands before an Out and lets somebody see what it sends, without being a listener of the graph."""

    def __init__(self, out: Out, see: Callable[[Packet], None]) -> None:
        self._out = out
        self._see = see

    def send(self, payload: Any, *, timestamp: int | None = None) -> None:
        """Send, and show what was not refused as late."""
        before = self._out.packets
        self._out.send(payload, timestamp=timestamp)
        if self._out.packets > before:
            self._see(Packet(payload, self._out.last, before))


class Member:
    """A node of a chain: `call` is its `process`, looked up once."""

    __slots__ = (
        "_clock",
        "_trace",
        "call",
        "ended",
        "followed_up",
        "metrics",
        "name",
        "node",
        "outs",
        "pace",
        "watched_outs",
    )

    def __init__(self, name: str, node: Node, outbox: Outbox, trace: Trace | None, live: Clock | None) -> None:
        self.name = name
        self.node = node
        self.metrics = NodeMetrics()
        self.ended = False
        self.outs = {key: Out(port, self, outbox) for key, port in type(node).outputs.items()}
        self.watched_outs: list[Out] = []  # those from which a fan-in downstream wants to know what is settled
        self.call: Callable[..., None] = _nothing
        self.followed_up = live is not None or trace is not None
        self.pace: Pace | None = None  # of a sink of a live run
        self._trace = trace
        self._clock = live

    def watch(self, out: Out) -> None:
        """A fan-in downstream waits for what is settled on this output."""
        if out not in self.watched_outs:
            self.watched_outs.append(out)
            self.followed_up = True

    def bind(self, fused_input: str | None) -> None:
        """Look up `process` once; a fused node gets its one linked input, and the rest as it is unlinked."""
        process = getattr(self.node, "process", None)
        if process is None:
            return
        if any(port.device for port in type(self.node).inputs.values()):
            process = _with_devices(self.node, process)
        if fused_input is None:
            self.call = process
            return
        ports = dict(type(self.node).inputs)
        window_ms = ports.pop(fused_input).window_ms
        if ports:
            rest = {name: unlinked_value(port) for name, port in ports.items()}
            plain = process
            process = lambda content: plain(**{fused_input: content}, **rest)  # noqa: E731
        self.call = process if window_ms is None else self._windowed(process, History(window_ms))

    def _windowed(self, process: Callable[..., None], history: History) -> Callable[..., None]:
        return lambda payload: process(history.with_packet(Packet(payload, self.node.timestamp, 0)))

    def adjust(self, param: str, value: Any) -> None:
        """Give a live param its new value."""
        self.node.__dict__[param] = value
        self.node.changed(param)

    def interrupt(self, before: dict[str, int], moment: int) -> None:
        """Let the node forget what is of a media time before these, by input."""
        self.node.context.forget_before, self.node.context.interrupted_at = before, moment
        self.node.interrupt()

    def follow_up(self, started: int, ended: int, timestamp: int, consumed: int) -> None:
        """What some runs want after a call: what is settled, the latency, the trace. Times by perf_counter_ns."""
        self.settle(consumed)
        if self._clock is not None:
            self._count_latency(self._clock.now(), timestamp)
        if self._trace is not None:
            self._trace.append((self.name, started, ended, timestamp))

    def _count_latency(self, now: int, timestamp: int) -> None:
        """Of a sink since the time of what it took, of another node since that of the newest it sent, if it sent."""
        if self.pace is not None:
            self.pace.see(now - timestamp)
        elif self.outs:
            sent = [out for out in self.outs.values() if out.packets > out.counted]
            if not sent:
                return
            timestamp = min([out.last for out in sent])  # the output that is furthest behind
            for out in sent:
                out.counted = out.packets
        self.metrics.latencies.append(now - timestamp)

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


def _with_devices(node: Node, process: Callable[..., None]) -> Callable[..., None]:
    """`process`, with tensors where its inputs want them."""
    names = argument_order(type(node))
    wanted = {name: port.device for name, port in type(node).inputs.items() if port.device}

    def call(*arguments: Any, **named: Any) -> None:
        given = dict(zip(names, arguments, strict=False)) | named
        for name, device in wanted.items():
            if given[name] is not None:
                given[name] = moved(given[name], getattr(node, device) if device in type(node).params else device)
        process(**given)

    return call


def argument_order(node_class: type[Node]) -> list[str]:
    """The inputs in the order in which `process` takes them."""
    return list(inspect.signature(node_class.process).parameters)[1:]


def _nothing(*_arguments: Any) -> None:
    """A source has no process."""
