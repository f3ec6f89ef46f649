"""How a node is declared; every mistake is found where its class is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from graphcore import DeclarationError, Input, Node, Output, Param, Source, Window
from graphcore.node import RESERVED, is_source, needs_own_thread
from parts import Count, Number, Scale, Slow


def make(name: str, **attributes: Any) -> type[Node]:
    """A node class with these attributes."""
    return type(name, (Node,), attributes)


def takes(*names: str) -> Callable[..., None]:
    """A `process` without annotations that takes these arguments."""
    scope: dict[str, Any] = {}
    exec(f"def process({', '.join(['self', *names])}): ...", scope)
    made: Callable[..., None] = scope["process"]
    return made


@pytest.mark.parametrize(
    ("name", "type_name"),
    [("Gain", "gain"), ("AudioFile", "audio_file"), ("HTTPSource", "http_source"), ("A2b", "a2b")],
)
def test_the_type_name_is_the_class_name_in_snake_case(name: str, type_name: str) -> None:
    assert make(name).type_name == type_name


def test_declarations_are_collected_in_the_order_they_were_written() -> None:
    assert list(Scale.inputs) == ["number"]
    assert list(Scale.outputs) == ["scaled"]
    assert list(Count.params) == ["count", "step_ms"]
    assert Count.inputs == {}


def test_a_subclass_inherits_adds_replaces_and_removes() -> None:
    class Wider(Scale):
        """Has one param more, and no factor to choose."""

        factor = 3.0  # type: ignore[assignment]
        offset = Param(1.0)

    class Other(Scale):
        """Has another bound."""

        factor = Param(1.0, le=1.0)

    assert list(Wider.params) == ["offset"]
    assert list(Scale.params) == ["factor"]
    assert Other.params["factor"].le == 1.0
    assert list(Wider.inputs) == ["number"]


@pytest.mark.parametrize("name", [*sorted(RESERVED - {"process", "produce"}), "_hidden"])
@pytest.mark.parametrize("declared", [Input(Number), Output(Number), Param(1.0)])
def test_a_name_that_the_engine_uses_is_refused(name: str, declared: object) -> None:
    with pytest.raises(DeclarationError, match=f"Bad.{name}: this name is taken"):
        make("Bad", **{name: declared, "process": takes(name)})


@pytest.mark.parametrize("name", ["process", "produce"])
def test_what_a_node_does_cannot_be_a_port(name: str) -> None:
    with pytest.raises(DeclarationError, match=f"Bad.{name}: this name is taken"):
        make("Bad", **{name: Output(Number)})


def test_a_node_with_ports_must_do_something() -> None:
    for ports in ({"number": Input(Number)}, {"number": Output(Number)}):
        with pytest.raises(DeclarationError, match=r"Bad: expected process\(self, one argument for each input\)"):
            make("Bad", **ports)
    assert make("Base").inputs == {}  # what others may derive from


def test_a_node_needs_an_input_that_drives() -> None:
    follower = Input(Number, follows=True)
    for ports in ({}, {"number": follower}):
        with pytest.raises(DeclarationError, match="Bad: expected at least one Input that drives"):
            make("Bad", **ports, process=takes(*ports))


def test_each_is_for_all_drivers_or_none() -> None:
    ports = {"left": Input(Number, align="each"), "right": Input(Number)}
    with pytest.raises(DeclarationError, match="Bad: align='each' is for all drivers of a node, or for none"):
        make("Bad", **ports, process=takes("left", "right"))
    ports["right"] = Input(Number, follows=True)
    assert make("Good", **ports, process=takes("left", "right")).inputs == ports


@pytest.mark.parametrize(
    "arguments",
    [(), ("left",), ("left", "right", "more"), ("left", "rihgt"), ("left", "*", "right"), ("left", "right", "/"),
     ("left", "*right"), ("left", "**right"), ("left", "right", "*more")],
)  # fmt: skip
def test_process_takes_one_plain_argument_for_each_input(arguments: tuple[str, ...]) -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.process takes \(.*\), but its inputs are \(left, right\)"):
        make("Bad", left=Input(Number), right=Input(Number), process=takes(*arguments))


def test_the_arguments_of_process_may_stand_in_any_order() -> None:
    assert make("Good", left=Input(Number), right=Input(Number), process=takes("right", "left"))


@pytest.mark.parametrize(
    ("port", "annotation", "fits"),
    [
        (Input(Number), Number, True),
        (Input(Number), Any, True),
        (Input(Number), float, False),
        (Input(Number), Number | None, False),
        (Input(Number, default=None), Number | None, True),
        (Input(Number, default=None), Number, False),
        (Input(Number, align="each"), Number | None, True),
        (Input(Number, align="each"), Number, False),
        (Input(Number, window_ms=5), Sequence[Number], True),
        (Input(Number, window_ms=5), Window[Number], True),
        (Input(Number, window_ms=5), Number, False),
        (Input(Number, window_ms=5), list[Number], False),
    ],
)
def test_an_annotation_of_process_must_be_what_it_gets(port: Input[Any], annotation: Any, fits: bool) -> None:
    process = takes("it")
    process.__annotations__ = {"it": annotation}
    if fits:
        assert make("Good", it=port, process=process).inputs["it"] is port
    else:
        with pytest.raises(DeclarationError, match=r"Bad\.process: it is annotated .*, expected"):
            make("Bad", it=port, process=process)


def test_an_annotation_that_only_a_type_checker_can_read_is_left_to_it() -> None:
    process = takes("it")
    process.__annotations__ = {"it": "OnlyForTypeCheckers"}
    assert make("Good", it=Input(Number), process=process)


def test_produce_must_be_a_generator() -> None:
    with pytest.raises(DeclarationError, match=r"Bad\.produce: expected a generator: send, then yield"):

        class Bad(Source):
            """Sends and is done."""

            number = Output(Number)

            def produce(self) -> None:  # type: ignore[override]
                self.number.send(Number(1.0), timestamp=0)


def test_a_source_has_no_inputs() -> None:
    def produce(self: Node) -> Iterator[None]:
        yield

    with pytest.raises(DeclarationError, match="Bad: a source has no inputs; make it a Node"):
        make("Bad", number=Input(Number), produce=produce)
    assert is_source(make("Good", produce=produce))


def test_devices_and_those_who_say_so_have_a_thread_of_their_own() -> None:
    class Device(Count):
        """Waits for its device."""

        live = True

    assert [needs_own_thread(one) for one in (Device, Slow, Count, Scale)] == [True, True, False, False]
