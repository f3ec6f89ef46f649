"""What a node declares: Input, Output, Param. They are class attributes; reading them runs nothing."""

from __future__ import annotations

import math
import types
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, Union, get_args, get_origin, overload

from graphcore.errors import DeclarationError, ParamError
from graphcore.payload import is_payload

P = TypeVar("P")
P_contra = TypeVar("P_contra", contravariant=True)
T = TypeVar("T")


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()

Align = Literal["exact", "nearest", "each", "hold", "interpolate"]
DRIVER_ALIGNS: tuple[Align, ...] = ("exact", "nearest", "each")
FOLLOWER_ALIGNS: tuple[Align, ...] = ("hold", "interpolate")


class _Named:
    """Learns the name of the attribute it is assigned to."""

    name: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


class Input(_Named, Generic[P]):
    """A typed input of a node.

    It **drives** (a packet makes the node run) unless it `follows` (it is looked up at the drivers' time).
    Drivers meet by timestamp: `align` is "exact", "nearest" (within the `tolerance_ms` a graph gives), or
    "each": `process` is called for every packet by itself, in the order of time, with None for the others.
    Followers: "hold" (newest at or before) or "interpolate" (the payload has `between(other, weight)`).

    With a `default` it may stay unlinked, and a follower has that value before its first packet; a follower
    with a window needs none, its window is empty then.
    With `window_ms`, `process` gets a Window (a Sequence with timestamps) of that long, up to the drivers' time.
    With `device` ("cuda:0", or the name of a param that says it) tensors in the payload come on that device.
    """

    def __init__(
        self,
        payload: type[P],
        *,
        follows: bool = False,
        default: P | None = REQUIRED,
        window_ms: float | None = None,
        align: Align | None = None,
        device: str = "",
        doc: str = "",
    ) -> None:
        if not is_payload(payload):
            raise DeclarationError(f"Input({payload!r}): expected a class made by @payload")
        allowed = FOLLOWER_ALIGNS if follows else DRIVER_ALIGNS
        self.align: Align = align or allowed[0]
        if self.align not in allowed:
            kind = "follower" if follows else "driver"
            raise DeclarationError(f"align={align!r}: a {kind} is one of {', '.join(allowed)}")
        if self.align == "interpolate" and not hasattr(payload, "between"):
            raise DeclarationError(f"align='interpolate': {payload.__name__} has no between(other, weight)")
        if window_ms is not None and not (window_ms > 0 and self.align in ("exact", "nearest", "hold")):
            raise DeclarationError(f"window_ms={window_ms}: expected more than 0, and no align={self.align!r}")
        if device and window_ms is not None:
            raise DeclarationError(f"device={device!r}: an input with a window takes its packets where they are")
        self.payload = payload
        self.follows = follows
        self.default = default
        self.window_ms = window_ms
        self.device = device
        self.doc = doc

    @property
    def required(self) -> bool:
        """Whether a graph must link it."""
        return self.default is REQUIRED and not (self.follows and self.window_ms is not None)


class Sender(Protocol[P_contra]):
    """What an Output is on a running node."""

    def send(self, payload: P_contra, *, timestamp: int | None = None) -> None:
        """Send a payload; it carries the timestamp (ns) of the input that caused it unless one is given.

        Timestamps of one output rise strictly; what comes late is counted, reported and not delivered.
        """


class Output(_Named, Generic[P]):
    """A typed output of a node; `delay_ms` is how far the node looks ahead before it sends."""

    def __init__(self, payload: type[P], *, delay_ms: float = 0.0, doc: str = "") -> None:
        if not is_payload(payload):
            raise DeclarationError(f"Output({payload!r}): expected a class made by @payload")
        if delay_ms < 0:
            raise DeclarationError(f"delay_ms={delay_ms}: expected 0 or more")
        self.payload = payload
        self.delay_ms = delay_ms
        self.doc = doc

    @overload
    def __get__(self, instance: None, owner: type) -> Output[P]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Sender[P]: ...
    def __get__(self, instance: object | None, owner: type) -> Output[P] | Sender[P]:
        # A running node has its sender in its __dict__, which goes before this descriptor.
        if instance is None:
            return self
        raise DeclarationError(f"{owner.__name__}.{self.name}: sent outside of a run; use testing.run_node")


class Param(_Named, Generic[T]):
    """A named, typed, bounded setting of a node.

    `Param(0.5, ge=0, le=1)` has a default, `Param(type=str)` is required, `Param[str | None](None)` may be
    empty. A `live` param may change between two calls of `process`. Types: bool, int, float, str,
    a `tuple[X, ...]` of one of these, and, through `file_in` and `file_out`, Path.
    """

    def __init__(
        self,
        default: T = REQUIRED,
        *,
        type: type[T] | None = None,
        ge: float | None = None,
        le: float | None = None,
        choices: Sequence[T] = (),
        unit: str = "",
        live: bool = False,
        doc: str = "",
        file: Literal["", "in", "out"] = "",
    ) -> None:
        self.default = default
        self._type: Any = type
        self.ge = ge
        self.le = le
        self.choices = tuple(choices)
        self.unit = unit
        self.live = live
        self.doc = doc
        self.file = file

    @classmethod
    def file_in(cls, default: Path | str = REQUIRED, *, live: bool = False, doc: str = "") -> Param[Path]:
        """A file the node reads; it must exist when the graph starts, and travels by content.

        `package:NAME/PATH` names a file inside an installed Python package.
        """
        return Param(default if default is REQUIRED else Path(default), type=Path, live=live, file="in", doc=doc)

    @classmethod
    def file_out(cls, default: Path | str = REQUIRED, *, doc: str = "") -> Param[Path]:
        """A file the node writes; its folder is made when the graph starts."""
        return Param(default if default is REQUIRED else Path(default), type=Path, file="out", doc=doc)

    @overload
    def __get__(self, instance: None, owner: type) -> Param[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Param[T] | T:
        if instance is None:
            return self
        if self.required:
            raise DeclarationError(f"{owner.__name__}.{self.name}: read before the node was given its params")
        return self.default

    if TYPE_CHECKING:  # without one at run time a value stands in the node, and is read at once

        def __set__(self, instance: object, value: T) -> None: ...

    def check(self, owner: str) -> None:
        """Raise DeclarationError where no graph could use this param, or its default does not fit it."""
        try:
            if self.default is not REQUIRED and self.accept(self.default) != self.default:
                raise ParamError(f"{self.default!r} is not of type {self.type}")
            _ = self.type
        except ParamError as error:
            raise DeclarationError(f"{owner}.{self.name}: its default {error}") from error

    @property
    def required(self) -> bool:
        """Whether a graph must give it."""
        return self.default is REQUIRED

    @property
    def type(self) -> Any:
        """The type without None: bool, int, float, str, Path or tuple[X, ...]."""
        return self._types()[0]

    @property
    def optional(self) -> bool:
        """Whether None is a value."""
        return self._types()[1]

    @property
    def expected(self) -> str:
        """What a value must be, in words: `number from 0.0 to 1.0 (dB)`."""
        if self.choices:
            text = "one of " + ", ".join(str(choice) for choice in self.choices)
        else:
            text = _TYPE_WORDS.get(self.type) or "list of " + _TYPE_WORDS[get_args(self.type)[0]] + "s"
        if self.ge is not None and self.le is not None:
            text += f" from {self.ge} to {self.le}"
        elif self.ge is not None:
            text += f" of {self.ge} or more"
        elif self.le is not None:
            text += f" of {self.le} or less"
        return text + (f" ({self.unit})" if self.unit else "") + (", or null" if self.optional else "")

    def accept(self, value: object) -> T:
        """Return `value` as this param's type; raises ParamError where it does not fit."""
        if value is None and self.optional:
            return None  # type: ignore[return-value]
        made = _convert(value, self.type)
        if made is None or (self.choices and made not in self.choices):
            raise ParamError(f"{_show(value)}, expected {self.expected}")
        for part in made if isinstance(made, tuple) else (made,):
            self._check_bounds(part)
        return made  # type: ignore[no-any-return]

    def _check_bounds(self, part: Any) -> None:
        if isinstance(part, (int, float)) and (
            (self.ge is not None and part < self.ge) or (self.le is not None and part > self.le)
        ):
            raise ParamError(f"{_show(part)}, expected {self.expected}")

    def _types(self) -> tuple[Any, bool]:
        # Param[str | None](None) keeps its argument in __orig_class__, set after __init__.
        declared = self._type
        if declared is None:
            generic = getattr(self, "__orig_class__", None)
            declared = get_args(generic)[0] if generic is not None else type(self.default)
        optional = False
        if get_origin(declared) in (Union, types.UnionType):
            rest = [arg for arg in get_args(declared) if arg is not type(None)]
            optional = len(rest) < len(get_args(declared))
            if len(rest) == 1:
                declared = rest[0]
        if declared is tuple and self.default is not REQUIRED and self.default:
            declared = tuple[type(self.default[0]), ...]  # type: ignore[index, misc]
        many = get_origin(declared) is tuple and get_args(declared)[1:] == (Ellipsis,)
        if (get_args(declared)[0] if many else declared) not in _TYPE_WORDS:
            raise DeclarationError(f"{self.name}: a param cannot be of type {declared}")
        return declared, optional


_TYPE_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "file path",
}


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond what a float can hold
        return None
    return number if math.isfinite(number) else None


def _show(value: object) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _convert(value: object, kind: Any) -> Any:
    """`value` as `kind`, or None where it cannot be that."""
    if get_origin(kind) is tuple:
        if not isinstance(value, (list, tuple)):
            return None
        parts = tuple(_convert(part, get_args(kind)[0]) for part in value)
        return None if None in parts else parts
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(value)
    if kind is Path and isinstance(value, (str, Path)):
        return Path(value) if str(value) else None
    if isinstance(value, bool) and kind is not bool:
        return None
    return value if isinstance(value, kind) else None
