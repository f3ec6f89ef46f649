"""Messages as bytes: a msgpack header, then the raw buffers of the arrays, and back. No code ever travels.

A message is `[header, buffer, ...]`. The header of a control message is `[name, fields]`, that of a packet
`["packet", link, sequence, timestamp, payload name, fields]`, where `fields` maps each field's name to its
value; an array stands there as `[dtype, length of each axis, ...]` and takes the next buffer.

What a reader accepts is what the class declares, field by field, and nothing else. Nothing is allocated on the
word of a sender: the header's size bounds what msgpack may make, and arrays are views of buffers that are here.
Buffers are little-endian, as every machine this runs on is.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar, dataclass_transform

import msgpack
import numpy as np

from graphcore.errors import CodecError, GraphcoreError
from graphcore.payload import Field, fields_of, payload_name

Buffer = bytes | bytearray | memoryview
T = TypeVar("T")

HEADER_BYTES = 64 * 1024
MAX_BYTES = 64 * 2**20  # of one message
MAX_ITEMS = 4096  # in one tuple; also what a nested header can make msgpack reserve at each level
PACKET = "packet"
INT64 = range(-(2**63), 2**63)
_NUMBERS = "biufc"  # kinds of dtype that are plain bytes: no objects, no text, no dates

_messages: dict[str, type] = {}


@dataclass_transform()
def message(cls: type[T]) -> type[T]:
    """Make a class a control message: a dataclass whose fields are such as a payload's may be."""
    made = dataclasses.dataclass(slots=True)(cls)
    _messages[cls.__name__.lower()] = made
    return made


@dataclasses.dataclass(slots=True)
class Delivery:
    """A packet on its way along link number `link`."""

    link: int
    sequence: int
    timestamp: int  # ns
    payload: Any


@message
class Settled:
    """Nothing at or before `timestamp` (ns) will come any more on this link."""

    link: int
    timestamp: int


@message
class End:
    """Nothing will come any more on this link."""

    link: int


@message
class Credit:
    """The receiver has room for `count` more packets of this link."""

    link: int
    count: int


@message
class Closed:
    """The receiver takes nothing more from this link."""

    link: int


@message
class Bye:
    """The peer closes the channel on purpose; with a reason where it was not to be expected."""

    reason: str = ""


def encode(content: Any, *, max_bytes: int = MAX_BYTES) -> list[Buffer]:
    """Write a Delivery or a control message; the buffers are views of its arrays, nothing is copied.

    Raises CodecError for what the reader would refuse.
    """
    buffers: list[Buffer] = []
    head: list[Any]
    if type(content) is Delivery:
        payload = content.payload
        fields = _write(payload, buffers)
        head = [PACKET, content.link, content.sequence, content.timestamp, payload_name(type(payload)), fields]
    else:
        head = [type(content).__name__.lower(), _write(content, buffers)]
    try:
        header: bytes = msgpack.packb(head)
    except (ValueError, TypeError, OverflowError) as error:
        raise CodecError(f"{type(content).__name__} cannot be written: {error}") from error
    size = len(header) + sum(len(buffer) for buffer in buffers)
    if len(header) > HEADER_BYTES or size > max_bytes:
        raise CodecError(
            f"a message of {size} bytes, {len(header)} of them header; expected at most {max_bytes} and {HEADER_BYTES}"
        )
    return [header, *buffers]


def decode(frames: Sequence[Buffer], known: Mapping[str, type], *, max_bytes: int = MAX_BYTES) -> Any:
    """Read a Delivery of one of the `known` payload classes (by name on the wire), or a control message.

    Arrays are read-only views of the frames. Raises CodecError for anything that is not exactly such a message.
    """
    if not frames:
        raise CodecError("no frames; expected a header")
    if len(frames[0]) > HEADER_BYTES or sum(len(frame) for frame in frames) > max_bytes:
        raise CodecError(f"message too large; expected at most {max_bytes} bytes, {HEADER_BYTES} of them header")
    head = _unpack(frames[0])
    if type(head) is not list or not head or type(head[0]) is not str:
        raise CodecError("header: expected [name, ...]")
    if head[0] == PACKET:
        return _read_delivery(head, frames[1:], known)
    cls = _messages.get(head[0])
    if cls is None or len(head) != 2:
        raise CodecError(f"header: {head[0][:40]!r} with {len(head) - 1} parts is no message")
    return _read(cls, head[1], frames[1:])


def _unpack(header: Buffer) -> Any:
    try:
        return msgpack.unpackb(
            header,
            strict_map_key=True,
            ext_hook=_no_extension,
            max_str_len=HEADER_BYTES,
            max_bin_len=0,
            max_array_len=MAX_ITEMS,
            max_map_len=64,
            max_ext_len=0,
        )
    except CodecError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise CodecError(f"header is no msgpack within limits: {type(error).__name__} {error}") from error


def _no_extension(code: int, _: bytes) -> Any:
    raise CodecError(f"header: msgpack extension {code}; expected none")


def _read_delivery(head: list[Any], buffers: Sequence[Buffer], known: Mapping[str, type]) -> Delivery:
    if len(head) != 6:
        raise CodecError(f"packet with {len(head)} parts; expected 6")
    _, link, sequence, timestamp, name, fields = head
    for what, number in (("link", link), ("sequence", sequence), ("timestamp", timestamp)):
        if type(number) is not int or number not in INT64:
            raise CodecError(f"packet: {what} is no integer of 64 bits")
    cls = known.get(name) if type(name) is str else None
    if cls is None:
        raise CodecError(f"packet: unknown payload {str(name)[:80]!r}")
    return Delivery(link, sequence, timestamp, _read(cls, fields, buffers))


def _write(content: Any, buffers: list[Buffer]) -> dict[str, Any]:
    """The fields of a payload or control message; its arrays are added to `buffers`."""
    written: dict[str, Any] = {}
    for field, dtype in _described(type(content)):
        value = getattr(content, field.name)
        if value is None and field.optional:
            written[field.name] = None
        elif dtype is not None:
            written[field.name] = _write_array(content, field, dtype, value, buffers)
        else:
            written[field.name] = _write_plain(content, field, value)
    return written


def _write_array(content: Any, field: Field, dtype: np.dtype[Any], array: Any, buffers: list[Buffer]) -> list[Any]:
    assert field.shape is not None
    if field.tensor and hasattr(array, "detach"):
        array = array.detach().cpu().numpy()
    if not isinstance(array, np.ndarray) or array.dtype != dtype or not field.shape.fits(array.shape):
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise CodecError(
            f"{type(content).__name__}.{field.name}: {found}, expected an array of {field.dtype} {field.shape}"
        )
    buffers.append(array.reshape(-1).view(np.uint8).data)  # copies only what does not lie in one piece
    return [field.dtype, *array.shape]


def _write_plain(content: Any, field: Field, value: Any) -> Any:
    try:
        if not field.many:
            return _plain(field.scalar, value)
        items = [_plain(field.scalar, item) for item in value]
    except (TypeError, ValueError) as error:
        raise CodecError(f"{type(content).__name__}.{field.name}: {error}") from error
    if len(items) > MAX_ITEMS:
        raise CodecError(f"{type(content).__name__}.{field.name}: {len(items)} items, expected at most {MAX_ITEMS}")
    return items


def _plain(scalar: type | None, value: Any) -> Any:
    """A numpy scalar, or a number that fits, as the declared type."""
    if scalar is int:
        number = operator.index(value)
        if number not in INT64:
            raise ValueError(f"{number} needs more than 64 bits")
        return number
    if scalar is str and not isinstance(value, str):
        raise TypeError(f"{type(value).__name__}, expected str")
    if scalar is bool and not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{type(value).__name__}, expected bool")
    return scalar(value) if scalar is not None else value


def _read(cls: type, values: Any, buffers: Sequence[Buffer]) -> Any:
    """A payload or control message of class `cls`, which must use up all the buffers."""
    fields = _described(cls)
    if type(values) is not dict or len(values) != len(fields):
        raise CodecError(f"{cls.__name__}: expected the fields {', '.join(field.name for field, _ in fields)}")
    rest = iter(buffers)
    read: dict[str, Any] = {}
    for field, dtype in fields:
        value = values.get(field.name, values)  # `values` itself is no value: the field is missing
        if value is None and field.optional:
            read[field.name] = None
        elif dtype is not None:
            read[field.name] = _read_array(cls, field, dtype, value, rest)
        elif not _is_plain(field, value):
            raise CodecError(f"{cls.__name__}.{field.name}: expected {_expected(field)}")
        else:
            read[field.name] = tuple(value) if field.many else value
    if next(rest, None) is not None:
        raise CodecError(f"{cls.__name__}: more buffers than arrays")
    try:
        return cls(**read)
    except GraphcoreError as error:
        raise CodecError(f"{cls.__name__}: {error}") from error
    except Exception as error:  # a payload's own __post_init__ may refuse values as it likes
        raise CodecError(f"{cls.__name__}: {type(error).__name__}: {error}") from error


def _read_array(cls: type, field: Field, dtype: np.dtype[Any], value: Any, rest: Iterator[Buffer]) -> Any:
    assert field.shape is not None
    shape = tuple(value[1:]) if type(value) is list else ()
    buffer = next(rest, None)
    if (
        buffer is None
        or type(value) is not list
        or not value
        or value[0] != field.dtype
        or not all(type(length) is int and length >= 0 for length in shape)
        or not field.shape.fits(shape)
    ):
        raise CodecError(f"{cls.__name__}.{field.name}: expected an array of {field.dtype} {field.shape} in a buffer")
    size = whole = dtype.itemsize
    for length in shape:
        size *= length
        whole *= length or 1
    if size != len(buffer) or whole not in INT64:  # numpy refuses a whole beyond its integers even where size is 0
        raise CodecError(f"{cls.__name__}.{field.name}: {len(buffer)} bytes, expected {size} for {shape}")
    array: np.ndarray[Any, Any] = np.ndarray(shape, dtype, buffer)
    if field.tensor:
        return _tensor(cls, array)
    array.flags.writeable = False
    return array


def _tensor(cls: type, array: Any) -> Any:
    """Whoever declares tensors should have torch."""
    try:
        return import_module("torch").from_numpy(array.copy())
    except ImportError as error:
        raise CodecError(f"{cls.__name__}: torch cannot be imported here: {error}") from error


def _is_plain(field: Field, value: Any) -> bool:
    if field.many:
        return type(value) is list and all(_is_one(field.scalar, item) for item in value)
    return _is_one(field.scalar, value)


def _is_one(scalar: type | None, value: Any) -> bool:
    return type(value) is scalar and (scalar is not int or value in INT64)


def _expected(field: Field) -> str:
    name = field.scalar.__name__ if field.scalar else "an array"
    return f"a list of {name}" if field.many else name


_checked: dict[type, tuple[tuple[Field, np.dtype[Any] | None], ...]] = {}


def _described(cls: type) -> tuple[tuple[Field, np.dtype[Any] | None], ...]:
    """The fields of a class with the dtype of each array; raises CodecError where one holds anything but numbers."""
    fields = _checked.get(cls)
    if fields is None:
        fields = tuple((field, np.dtype(field.dtype) if field.shape else None) for field in fields_of(cls))
        for field, dtype in fields:
            if dtype is not None and dtype.kind not in _NUMBERS:
                raise CodecError(f"{cls.__name__}.{field.name}: arrays of {field.dtype} cannot travel")
        _checked[cls] = fields
    return fields
