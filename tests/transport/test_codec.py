"""The codec: what is written is read again to the bit, and nothing else is read at all."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import avatar_nodes.payloads
from graphcore import payload
from graphcore.errors import CodecError
from graphcore.payload import Field, fields_of, is_payload, payload_name
from graphcore.transport.codec import HEADER_BYTES, Bye, Closed, Credit, Delivery, End, Settled, decode, encode, message
from transport.payloads import KNOWN, Everything, Picture, Small, everything, same

AVATAR = {payload_name(cls): cls for cls in vars(avatar_nodes.payloads).values() if is_payload(cls)}
ALL = {**KNOWN, **AVATAR}
INT64 = st.integers(-(2**63), 2**63 - 1)
SCALARS: dict[type | None, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: INT64,
    float: st.floats(),
    str: st.text(max_size=20),
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """What a field may hold."""
    if field.shape is not None:
        axes = [st.integers(0, 5) if isinstance(axis, str) else st.just(axis) for axis in field.shape.axes]
        found = st.tuples(*axes).flatmap(lambda shape: hnp.arrays(np.dtype(field.dtype), shape))
    elif field.many:
        found = st.lists(SCALARS[field.scalar], max_size=5).map(tuple)
    else:
        found = SCALARS[field.scalar]
    return st.none() | found if field.optional else found


payloads = st.sampled_from(sorted(ALL)).flatmap(
    lambda name: st.builds(ALL[name], **{field.name: values_of(field) for field in fields_of(ALL[name])})
)
deliveries = st.builds(Delivery, link=INT64, sequence=INT64, timestamp=INT64, payload=payloads)


def joined(frames: list[Any]) -> list[bytes]:
    """As a wire would hand them over: copies."""
    return [bytes(frame) for frame in frames]


@given(deliveries)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_payload_survives(delivery: Delivery) -> None:
    assert same(decode(joined(encode(delivery)), ALL), delivery)


@pytest.mark.parametrize("control", [Settled(3, -(2**63)), End(0), Credit(1, 7), Closed(2), Bye(), Bye("full")])
def test_control_messages_survive(control: Any) -> None:
    assert decode(joined(encode(control)), {}) == control


def test_a_new_message_is_a_few_lines() -> None:
    @message
    class Greeting:
        name: str
        sizes: tuple[int, ...]

    assert decode(encode(Greeting("you", (1, 2))), {}) == Greeting("you", (1, 2))


def test_arrays_are_views_and_read_only() -> None:
    picture = Picture(np.zeros((8, 8, 3), np.uint8))
    frames = encode(Delivery(0, 0, 0, picture))
    picture.pixels[0, 0, 0] = 9
    read = decode(frames, KNOWN).payload.pixels
    assert read[0, 0, 0] == 9
    assert np.shares_memory(read, picture.pixels)
    assert not read.flags.writeable


def test_a_slice_of_an_array_is_written_as_it_looks() -> None:
    whole = np.arange(2 * 8 * 3, dtype=np.uint8).reshape(2, 8, 3)
    read = decode(encode(Delivery(0, 0, 0, Picture(whole[:, ::-2]))), KNOWN)
    assert np.array_equal(read.payload.pixels, whole[:, ::-2])


def test_numpy_scalars_travel_as_declared() -> None:
    content = everything()
    content.maybe, content.ratio, content.on = np.int32(4), 3, np.bool_(False)
    read = decode(encode(Delivery(0, 0, 0, content)), KNOWN).payload
    assert (type(read.maybe), type(read.ratio), type(read.on)) == (int, float, bool)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("fixed", np.zeros(3, np.float32), "expected an array of float32 (4)"),
        ("fixed", np.zeros(4), "expected an array of float32 (4)"),
        ("fixed", [1, 2, 3, 4], "list, expected an array"),
        ("fixed", None, "NoneType, expected an array"),
        ("maybe", 2**63, "more than 64 bits"),
        ("maybe", 1.5, "integer"),
        ("name", 3, "expected str"),
        ("name", "\ud800", "cannot be written"),
        ("name", "x" * HEADER_BYTES, "expected at most"),
        ("names", ("a",) * 5000, "5000 items, expected at most 4096"),
        ("on", 1, "expected bool"),
        ("ratio", "fast", "could not convert"),
    ],
)
def test_what_the_reader_would_refuse_is_not_written(field: str, value: Any, says: str) -> None:
    content = everything()
    setattr(content, field, value)
    with pytest.raises(CodecError) as caught:
        encode(Delivery(0, 0, 0, content))
    assert says in str(caught.value)


def test_arrays_of_objects_cannot_travel() -> None:
    from typing import Annotated

    from numpy.typing import NDArray

    from graphcore import Shape

    @payload
    class Pickled:
        things: Annotated[NDArray[np.object_], Shape("n")]

    Pickled.__annotations__["things"] = Annotated[NDArray[np.object_], Shape("n")]
    with pytest.raises(CodecError, match="arrays of object cannot travel"):
        encode(Delivery(0, 0, 0, Pickled(np.array([print]))))


def header(*parts: Any) -> bytes:
    packed: bytes = msgpack.packb(list(parts))
    return packed


SMALL = payload_name(Small)
PICTURE = payload_name(Picture)
PIXELS = {"pixels": ["uint8", 1, 1, 3]}
HOSTILE: dict[str, list[bytes]] = {
    "nothing": [],
    "an empty header": [b""],
    "no list": [b"\x01"],
    "an empty list": [header()],
    "no name": [header(1, 2)],
    "an unknown message": [header("exec", {})],
    "a message that is a class of ours": [header("Delivery", {})],
    "a message with too many parts": [header("end", {"link": 1}, 1)],
    "a message without its field": [header("end", {})],
    "a message with another field": [header("end", {"link": 1, "x": 1})],
    "another field in its place": [header("end", {"x": 1})],
    "a bool for an int": [header("end", {"link": True})],
    "an int beyond int64": [header("end", {"link": 2**63})],
    "a float for an int": [header("end", {"link": 1.0})],
    "a control message with a buffer": [header("end", {"link": 1}), b"x"],
    "a packet too short": [header("packet", 1, 2, 3)],
    "a packet whose link is text": [header("packet", "1", 2, 3, SMALL, {"value": 1})],
    "a packet beyond int64": [header("packet", 1, 2, 2**64 - 1, SMALL, {"value": 1})],
    "an unknown payload": [header("packet", 1, 2, 3, "os.system", {"value": 1})],
    "a payload name that is a list": [header("packet", 1, 2, 3, [], {"value": 1})],
    "fields that are a list": [header("packet", 1, 2, 3, SMALL, [1])],
    "a missing buffer": [header("packet", 1, 2, 3, PICTURE, PIXELS)],
    "a short buffer": [header("packet", 1, 2, 3, PICTURE, PIXELS), b"12"],
    "a long buffer": [header("packet", 1, 2, 3, PICTURE, PIXELS), b"1234"],
    "a buffer too many": [header("packet", 1, 2, 3, PICTURE, PIXELS), b"123", b""],
    "another dtype": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["int8", 1, 1, 3]}), b"123"],
    "a dtype of objects": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["object", 1, 1, 3]}), b"123"],
    "an axis too few": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["uint8", 1, 3]}), b"123"],
    "another fixed axis": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["uint8", 1, 3, 1]}), b"123"],
    "a negative axis": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["uint8", -1, -1, 3]}), b"123"],
    "an axis that is true": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["uint8", True, 1, 3]}), b"123"],
    "axes that overflow": [header("packet", 1, 2, 3, PICTURE, {"pixels": ["uint8", 2**63, 2**63, 3]}), b"123"],
    "axes that overflow to nothing": [
        header("packet", 1, 2, 3, PICTURE, {"pixels": ["uint8", 0, 2**63, 3]}),
        b"",
    ],
    "an array that is null": [header("packet", 1, 2, 3, PICTURE, {"pixels": None}), b"123"],
    "an extension": [msgpack.packb(["end", msgpack.ExtType(1, b"x")])],
    "a timestamp": [msgpack.packb(["end", msgpack.Timestamp(1)])],
    "binary": [header("end", {"link": b"x"})],
    "a key that is no text": [header("end", {1: 1})],
    "a name that is no utf-8": [b"\x92\xa3\xff\xff\xff\x80"],
    "a list that claims more than it has": [b"\xdd\xff\xff\xff\xff"],
    "a text that claims more than it has": [b"\xdb\xff\xff\xff\xff"],
    "a deep list": [b"\x91" * 60_000],
    "wide and deep lists": [b"\xdc\x10\x00" * 20_000],
    "a header too large": [b"\xc0" * (HEADER_BYTES + 1)],
    "bytes after the header": [header("end", {"link": 1}) + b"\xc0"],
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_messages_are_refused(case: str) -> None:
    with pytest.raises(CodecError):
        decode(HOSTILE[case], KNOWN)


def test_a_message_above_the_limit_is_refused_on_both_sides() -> None:
    delivery = Delivery(0, 0, 0, Picture(np.zeros((10, 10, 3), np.uint8)))
    frames = encode(delivery)
    with pytest.raises(CodecError, match="too large"):
        decode(frames, KNOWN, max_bytes=300)
    with pytest.raises(CodecError, match="expected at most"):
        encode(delivery, max_bytes=300)


def test_a_payload_that_refuses_its_values_is_a_bad_message() -> None:
    @payload
    class Even:
        value: int

        def __post_init__(self) -> None:
            if self.value % 2:
                raise ZeroDivisionError("odd")

    name = payload_name(Even)
    with pytest.raises(CodecError, match="ZeroDivisionError: odd"):
        decode([header("packet", 0, 0, 0, name, {"value": 1})], {name: Even})


@given(st.lists(st.binary(max_size=200), max_size=4))
@settings(max_examples=2000, deadline=None)
def test_arbitrary_bytes_do_no_harm(frames: list[bytes]) -> None:
    with contextlib.suppress(CodecError):
        decode(frames, ALL)


def mutated(frames: list[bytes], chance: random.Random) -> list[bytes]:
    """One valid message, damaged in one to three places."""
    made = [bytearray(frame) for frame in frames]
    for _ in range(chance.randint(1, 3)):
        frame = made[0] if chance.random() < 0.8 else chance.choice(made)
        at = chance.randrange(len(frame) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(frame):
            frame[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(frame):
            frame[at] = chance.choice((0x00, 0x7F, 0x80, 0xC0, 0xC7, 0xD9, 0xDD, 0xDF, 0xFF))
        elif kind == 2:
            del frame[at : at + chance.randint(1, 8)]
        elif kind == 3:
            frame[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))
        else:
            made.insert(chance.randrange(len(made) + 1), bytearray(chance.randrange(12)))
    return [bytes(frame) for frame in made]


def originals() -> list[list[bytes]]:
    zeros = {
        "avatar_nodes.VideoFrame": {"pixels": np.zeros((2, 3, 3), np.uint8)},
        "avatar_nodes.AudioChunk": {"samples": np.zeros((5, 1), np.float32), "sample_rate": 16000},
    }
    contents = [everything(), Small(1), AVATAR["avatar_nodes.FaceMotion"].neutral()]
    contents += [AVATAR[name](**fields) for name, fields in zeros.items()]
    messages = [Delivery(1, 2, 3, content) for content in contents]
    return [joined(encode(each)) for each in [*messages, Settled(1, 2), End(1), Credit(1, 2)]]


def test_a_hundred_thousand_mutations_do_no_harm() -> None:
    """In a process of its own: in this one Python's table of interned strings may grow by megabytes just then."""
    code = "from transport.test_codec import mutate_many; mutate_many()"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def mutate_many() -> None:
    chance = random.Random(7)
    valid = originals()
    read = refused = 0
    tracemalloc.start()
    try:
        for number in range(100_000):
            if number == 2_000:  # caches are warm
                before, _ = tracemalloc.get_traced_memory()
                tracemalloc.reset_peak()
            try:
                decode(mutated(valid[number % len(valid)], chance), ALL)
                read += 1
            except CodecError:
                refused += 1
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read + refused == 100_000
    assert refused > 50_000
    assert after - before < 200_000
    assert peak - before < 4_000_000


def test_the_codec_does_not_import_zmq() -> None:
    code = "import sys, graphcore.transport.codec, graphcore.transport.channel; sys.exit('zmq' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_everything_has_every_kind_of_field() -> None:
    kinds = {(field.scalar, field.many) for field in fields_of(Everything)}
    assert {(int, False), (float, False), (str, False), (bool, False), (str, True), (int, True)} <= kinds
