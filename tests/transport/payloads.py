"""Payloads and their examples for the tests of the transport."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graphcore import Shape, payload
from graphcore.payload import payload_name


@payload
class Small:
    """One number."""

    value: int


@payload
class Picture:
    """One large array."""

    pixels: Annotated[NDArray[np.uint8], Shape("height", "width", 3)]


@payload
class Everything:
    """Each kind of field there is."""

    fixed: Annotated[NDArray[np.float32], Shape(4)]
    free: Annotated[NDArray[np.int16], Shape("rows", 2)]
    point: Annotated[NDArray[np.float64], Shape()]
    truth: Annotated[NDArray[np.bool_], Shape("n")]
    waves: Annotated[NDArray[np.complex64], Shape("n")] | None
    name: str
    names: tuple[str, ...]
    counts: tuple[int, ...] | None
    ratio: float
    on: bool
    maybe: int | None = None


KNOWN = {payload_name(cls): cls for cls in (Small, Picture, Everything)}


def everything() -> Everything:
    """An example with something in every field."""
    return Everything(
        fixed=np.arange(4, dtype=np.float32),
        free=np.arange(6, dtype=np.int16).reshape(3, 2),
        point=np.array(1.5),
        truth=np.array([True, False]),
        waves=np.array([1j], np.complex64),
        name="é",
        names=("a", "b"),
        counts=(1, -2),
        ratio=0.5,
        on=True,
    )


def same(first: Any, second: Any) -> bool:
    """Whether two payloads or messages hold the same, to the bit."""
    if type(first) is not type(second):
        return False
    for name in first.__slots__:
        one, other = getattr(first, name), getattr(second, name)
        if isinstance(one, np.ndarray):
            if one.dtype != other.dtype or one.shape != other.shape or one.tobytes() != other.tobytes():
                return False
        elif hasattr(one, "__slots__") and hasattr(type(one), "__payload__"):
            if not same(one, other):
                return False
        elif not (one == other or (one != one and other != other)):
            return False
    return True
