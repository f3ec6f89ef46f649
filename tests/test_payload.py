"""What a payload may hold, and what happens to it when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphcore import DeclarationError, Output, RunError, Shape, Source, payload
from graphcore.packet import Packet
from graphcore.payload import PACKET_BYTES, fields_of, is_payload, mismatch, payload_name, size_of
from graphcore.testing import run_node
from parts import Block, Number


@payload
class Everything:
    """One field of each kind."""

    pixels: Annotated[NDArray[np.uint8], Shape("height", "width", 3)]
    depth: Annotated[NDArray[np.float32], Shape("height", "width")] | None
    rate: int
    gain: float
    name: str
    loud: bool
    names: tuple[str, ...]
    weight: float | None = None


def everything(**changes: Any) -> Everything:
    """A payload that is as declared, but for these changes."""
    fields: dict[str, Any] = {
        "pixels": np.zeros((2, 4, 3), np.uint8),
        "depth": None,
        "rate": 1,
        "gain": 0.5,
        "name": "a",
        "loud": True,
        "names": ("a", "bc"),
    }
    return Everything(**fields | changes)


def test_fields_are_described_in_order() -> None:
    fields = {field.name: field for field in fields_of(Everything)}
    assert list(fields) == ["pixels", "depth", "rate", "gain", "name", "loud", "names", "weight"]
    assert (fields["pixels"].dtype, str(fields["pixels"].shape)) == ("uint8", "(height, width, 3)")
    assert [name for name, field in fields.items() if field.optional] == ["depth", "weight"]
    assert (fields["names"].scalar, fields["names"].many) == (str, True)
    assert (fields["weight"].scalar, fields["weight"].many) == (float, False)


def test_the_name_on_the_wire_is_the_package_and_the_class() -> None:
    assert payload_name(Number) == "parts.Number"
    assert is_payload(Number)
    assert not is_payload(int)
    assert not is_payload(Number(1.0))


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (dict, "cannot travel; expected Annotated"),
        (list[int], "cannot travel"),
        (tuple[int, str], "cannot travel"),
        (tuple[dict[str, int], ...], "cannot travel"),
        (int | str, "cannot travel"),
        (int | str | None, "cannot travel"),
        (object, "cannot travel"),
        (NDArray[np.float32], "cannot travel"),
        (Annotated[NDArray[np.float32], "no shape"], "cannot travel"),
        (Annotated[np.ndarray, Shape("x")], r"expected NDArray\[dtype\], got"),
        ("Unheard", "name 'Unheard' is not defined"),
    ],
)
def test_a_field_that_cannot_travel_is_refused_by_name(hint: Any, text: str) -> None:
    made = payload(type("Bad", (), {"__annotations__": {"good": int, "table": hint}, "__module__": __name__}))
    with pytest.raises(DeclarationError, match=rf"Bad.*{text}"):
        fields_of(made)


def test_a_node_that_sends_what_cannot_travel_is_refused() -> None:
    made = payload(type("Bad", (), {"__annotations__": {"table": dict}, "__module__": __name__}))

    class Sends(Source):
        """Sends a table."""

        table = Output(made)

        def produce(self) -> Iterator[None]:
            self.table.send(made({}), timestamp=0)
            yield

    with pytest.raises(DeclarationError, match=r"Bad\.table: .*cannot travel"):
        run_node(Sends)


def test_what_is_as_declared_has_no_mismatch() -> None:
    assert mismatch(everything()) == ""
    assert mismatch(everything(depth=np.zeros((2, 4), np.float32), gain=3, weight=1)) == ""


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"pixels": np.zeros((2, 4, 4), np.uint8)}, "pixels: uint8 (2, 4, 4), expected uint8 (height, width, 3)"),
        ({"pixels": np.zeros((2, 4), np.uint8)}, "pixels: uint8 (2, 4), expected uint8 (height, width, 3)"),
        ({"pixels": np.zeros((2, 4, 3))}, "pixels: float64 (2, 4, 3), expected uint8 (height, width, 3)"),
        ({"pixels": [[1]]}, "pixels: list, expected an array"),
        ({"pixels": None}, "pixels: NoneType, expected an array"),
        ({"depth": np.zeros((2, 4))}, "depth: float64 (2, 4), expected float32 (height, width)"),
        ({"rate": 1.0}, "rate: 1.0, expected int"),
        ({"rate": True}, "rate: True, expected int"),
        ({"gain": "loud"}, "gain: 'loud', expected float"),
        ({"gain": np.float32(1)}, "gain: 1.0, expected float"),
        ({"name": None}, "name: None, expected str"),
        ({"loud": 1}, "loud: 1, expected bool"),
        ({"names": ["a"]}, "names: ['a'], expected str"),
        ({"names": ("a", 1)}, "names: ('a', 1), expected str"),
        ({"weight": "x"}, "weight: 'x', expected float"),
    ],
)
def test_a_mismatch_says_field_value_and_what_was_expected(changes: dict[str, Any], text: str) -> None:
    assert mismatch(everything(**changes)) == text


def test_a_packets_size_counts_arrays_and_texts() -> None:
    assert size_of(Number(1.0)) == PACKET_BYTES
    assert size_of(everything()) == PACKET_BYTES + 2 * 4 * 3 + len("a") + len("abc")
    assert size_of(everything(depth=np.zeros((2, 4), np.float32))) == size_of(everything()) + 2 * 4 * 4


def sent(*make: Callable[[], Any], timestamps: tuple[Any, ...] = (0, 1, 2)) -> list[Packet]:
    """What arrives when a source sends what these functions make."""

    class Sends(Source):
        """Sends what it is told."""

        block = Output(Block)

        def produce(self) -> Iterator[None]:
            for one, timestamp in zip(make, timestamps, strict=False):
                self.block.send(one(), timestamp=timestamp)
            yield

    return run_node(Sends).outputs["block"]


def test_arrays_are_read_only_once_they_are_sent() -> None:
    array = np.zeros(4, np.uint8)
    (packet,) = sent(lambda: Block(array))
    assert packet.payload.content is array
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_a_view_of_memory_that_its_owner_may_write_is_copied() -> None:
    owner = np.zeros(8, np.uint8)

    def again() -> Block:
        owner[:] = 9
        return Block(owner[4:])

    first, second = sent(lambda: Block(owner[:4]), again)
    assert [list(packet.payload.content) for packet in (first, second)] == [[0] * 4, [9] * 4]
    assert owner.flags.writeable
    assert not first.payload.content.flags.writeable


def test_a_read_only_view_of_memory_that_its_owner_may_write_is_copied_too() -> None:
    owner = np.zeros(4, np.uint8)
    view = owner[:]
    view.setflags(write=False)
    (packet,) = sent(lambda: Block(view))
    owner[:] = 9
    assert list(packet.payload.content) == [0] * 4


def test_a_view_of_what_nobody_may_write_is_not_copied() -> None:
    owner = np.arange(8, dtype=np.uint8)
    owner.setflags(write=False)
    view = owner[2:]
    (packet,) = sent(lambda: Block(view))
    assert packet.payload.content is view


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Block(np.zeros(4)), r"Block with content: float64 \(4,\), expected uint8 \(bytes\)"),
    (lambda: Block(np.zeros((2, 2), np.uint8)), r"Block with content: uint8 \(2, 2\), expected uint8 \(bytes\)"),
    (lambda: Block(None), "Block with content: NoneType, expected an array"),  # type: ignore[arg-type]
    (lambda: Block([1]), "Block with content: list, expected an array"),  # type: ignore[arg-type]
    (lambda: Number(1.0), "block: sent Number, expected Block"),
    (lambda: None, "block: sent NoneType, expected Block"),
]


@pytest.mark.parametrize("before", [(), (lambda: Block(np.zeros(4, np.uint8)),)])
@pytest.mark.parametrize(("make", "text"), WRONG)
def test_a_payload_that_is_not_as_declared_is_refused_first_and_later(
    make: Callable[[], Any], text: str, before: tuple[Callable[[], Any], ...]
) -> None:
    with pytest.raises(RunError, match=text):
        sent(*before, make)


def test_a_fixed_axis_is_checked_in_every_packet() -> None:
    class Pictures(Source):
        """Sends a picture with three channels, then one with four."""

        out = Output(Everything)

        def produce(self) -> Iterator[None]:
            self.out.send(everything(), timestamp=0)
            self.out.send(everything(pixels=np.zeros((2, 4, 4), np.uint8)), timestamp=1)
            yield

    with pytest.raises(RunError, match=r"pixels: uint8 \(2, 4, 4\), expected uint8 \(height, width, 3\)"):
        run_node(Pictures)


@pytest.mark.parametrize("timestamp", [None, 0.5, 1.0, True, np.int64(5), "0"])
def test_a_timestamp_is_whole_ns_and_a_source_gives_one(timestamp: Any) -> None:
    with pytest.raises(RunError, match=r"block: sent with timestamp=.*; expected whole ns \(int\)"):
        sent(lambda: Block(np.zeros(1, np.uint8)), timestamps=(timestamp,))
