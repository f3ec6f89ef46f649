"""Node and Source: what an author subclasses."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, get_type_hints

from graphcore.clock import Clock
from graphcore.errors import DeclarationError
from graphcore.packet import Window
from graphcore.port import Input, Output, Param

if TYPE_CHECKING:
    import numpy as np

RUN = frozenset({"context", "timestamp", "open", "process", "produce", "changed", "interrupt", "finish", "close"})
DECLARED = frozenset({"type_name", "inputs", "outputs", "params", "own_thread", "live"})
RESERVED = RUN | DECLARED


class Context(Protocol):
    """What a run tells a node, and what a node tells its run."""

    name: str  # of the node in its graph
    frame_rate: Fraction  # video frames a second
    clock: Clock
    live: bool
    linked: frozenset[str]  # the inputs and outputs of the node that the graph links
    counts: dict[str, int]  # what the node counts, by name ("frames dropped"): shown beside what the run counts
    forget_before: dict[str, int]  # in `interrupt`, by linked input: what is of an earlier media time (ns) is old
    interrupted_at: int  # in `interrupt`: when, by the clock (ns), it was asked for

    @property
    def rng(self) -> np.random.Generator:
        """Random numbers, seeded by the graph's seed and the node's name."""

    @property
    def cancelled(self) -> bool:
        """Whether the run is being cancelled: a long `open` or `process` looks at it and returns."""

    def notice(self, text: str) -> None:
        """Tell the user something that is no error: a choice made, a fallback taken."""

    def expect(self, duration_ns: int) -> None:
        """Say how much media time this source will send, so that progress can be shown."""

    def made(self, path: Path, count: int, unit: str) -> None:
        """Say that a file is complete, and what is in it: `made(path, 118, "frames")`."""


class Node:
    """A unit of work: declares ports and params as class attributes, and is run by a graph.

    The type name in a graph is the class name in snake case (`Gain` is `gain`). `process` takes one
    argument for each input, by name. A node is built, opened, run and closed on one thread.
    """

    own_thread: ClassVar[bool] = False  # for blocking, heavy or GPU work: never fused with others

    type_name: ClassVar[str]
    inputs: ClassVar[dict[str, Input[Any]]] = {}
    outputs: ClassVar[dict[str, Output[Any]]] = {}
    params: ClassVar[dict[str, Param[Any]]] = {}

    context: Context
    timestamp: int  # media time of the packet that `process` works on, in ns

    if TYPE_CHECKING:
        process: Callable[..., None]

    def open(self) -> None:
        """Take resources; params can be read. Raise NodeError where the world is not as expected."""

    def changed(self, param: str) -> None:
        """A live param was set: called once for each time, in order, before the next call of `process`."""

    def interrupt(self) -> None:
        """Forget what waits in here to be said or shown: the user wants silence now; what comes later goes on."""

    def finish(self) -> None:
        """Flush: the drivers have ended, and what is sent here still arrives."""

    def close(self) -> None:
        """Give everything back; called once after `open`, also when `open` or the run failed."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        collected = [_collect(cls, kind) for kind in (Input, Output, Param)]  # before one of these names is overwritten
        cls.inputs, cls.outputs, cls.params = collected
        cls.type_name = _snake_case(cls.__name__)
        _check(cls)


def is_source(node_class: type[Node]) -> bool:
    """Whether this node makes its own packets."""
    return hasattr(node_class, "produce")


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _collect(cls: type, kind: type) -> dict[str, Any]:
    """The declarations of one kind, a parent's first, in the order they were written."""
    found: dict[str, Any] = {}
    for parent in reversed(cls.__mro__):
        for name, attribute in vars(parent).items():
            if isinstance(attribute, kind):
                found[name] = attribute
            elif name in found:
                del found[name]
    return found


def _check(cls: type[Node]) -> None:
    for name in [*cls.inputs, *cls.outputs, *cls.params]:
        if name in RESERVED or name.startswith("_"):
            raise DeclarationError(f"{cls.__name__}.{name}: this name is taken; choose another")
    for param in cls.params.values():
        param.check(cls.__name__)
    if is_source(cls):
        if not inspect.isgeneratorfunction(cls.produce):  # type: ignore[attr-defined]
            raise DeclarationError(f"{cls.__name__}.produce: expected a generator: send, then yield")
        if cls.inputs:
            raise DeclarationError(f"{cls.__name__}: a source has no inputs; make it a Node")
        return
    process = getattr(cls, "process", None)
    if process is None:
        if cls.inputs or cls.outputs:
            raise DeclarationError(f"{cls.__name__}: expected process(self, one argument for each input), or produce")
        return
    drivers = [port for port in cls.inputs.values() if not port.follows]
    if not drivers:
        raise DeclarationError(f"{cls.__name__}: expected at least one Input that drives (no follows=True)")
    if len({port.align == "each" for port in drivers}) > 1:
        raise DeclarationError(f"{cls.__name__}: align='each' is for all drivers of a node, or for none")
    _check_process(cls, process)


def _check_process(cls: type[Node], process: Callable[..., None]) -> None:
    arguments = list(inspect.signature(process).parameters)[1:]
    kinds = {parameter.kind for parameter in inspect.signature(process).parameters.values()}
    if sorted(arguments) != sorted(cls.inputs) or kinds != {inspect.Parameter.POSITIONAL_OR_KEYWORD}:
        raise DeclarationError(
            f"{cls.__name__}.process takes ({', '.join(arguments)}), but its inputs are ({', '.join(cls.inputs)})"
        )
    try:
        hints = get_type_hints(process)
    except NameError:  # a name imported for type checkers only: they will check it
        return
    for name, port in cls.inputs.items():
        if name in hints and hints[name] not in _annotations_for(port):
            raise DeclarationError(
                f"{cls.__name__}.process: {name} is annotated {hints[name]}, expected {_annotations_for(port)[0]}"
            )


def _annotations_for(port: Input[Any]) -> list[Any]:
    payload = port.payload
    if port.window_ms is not None:
        return [Sequence[payload], Window[payload], Any]  # type: ignore[valid-type]
    if port.align == "each" or port.default is None:
        return [payload | None, Any]
    return [payload, Any]


def needs_own_thread(node_class: type[Node]) -> bool:
    """Whether this node is not fused with others: it says so, or it waits for a device."""
    return node_class.own_thread or (issubclass(node_class, Source) and node_class.live)


class Source(Node):
    """A node without inputs: `produce` sends, then yields, and the run decides when it goes on.

    It gives every packet its timestamp. Its outputs go on together: once it yields, nothing will come on any of
    them at or before the newest timestamp, minus an output's `delay_ms`. A `live` source is a device: it stamps
    with `self.context.clock` and waits at most 0.1 s for a read.
    """

    live: ClassVar[bool] = False

    if TYPE_CHECKING:
        produce: Callable[[], Iterator[None]]
