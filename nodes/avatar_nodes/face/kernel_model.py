"""What the compiled loops share: how they are compiled, and reading and writing a pixel."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])


def compiled(loop: F) -> F:
    """Compile a loop on its first call, and keep the code on disk; it runs without the interpreter's lock."""
    return _compiled(loop)


def inlined(part: F) -> F:
    """Compile a part of a loop into the loop."""
    return _compiled(part, inline="always")


def _compiled(loop: F, **options: Any) -> F:
    try:
        made = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(loop)
    except RuntimeError:  # neither beside this file nor at home may be written: each process compiles anew
        return cast(F, numba.njit(nogil=True, error_model="numpy", **options)(loop))
    # numba looks at the loop's own file only: it would go on with a loop that has an older part of another file in it.
    with suppress(AttributeError):  # a numba that keeps its code otherwise
        kept = made._cache._cache_file
        kept._source_stamp = (kept._source_stamp, _loops())
    return cast(F, made)


@functools.cache
def _loops() -> str:
    """Changes with any line of the files here that have loops."""
    files = (path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(b"".join(content for content in files if b"kernel_model" in content)).hexdigest()


def load_compiler() -> None:
    """Have numba load what the first loop of a process needs, 0.3 s, so that this can happen beside other work."""
    _nothing()


@inlined
def smooth_step(low: float, high: float, value: float) -> float:
    """0 at `low` to 1 at `high`, flat at both ends; `low` may be above `high`."""
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


@inlined
def sample(patch: NDArray[Any], x: float, y: float, k: int) -> float:
    """The bilinear value of channel k of a patch (height, width, channels); outside, that of its edge."""
    x = min(max(x, 0.0), patch.shape[1] - 1.001)
    y = min(max(y, 0.0), patch.shape[0] - 1.001)
    column, row = int(x), int(y)
    across, down = x - column, y - row
    above = patch[row, column, k] * (1.0 - across) + patch[row, column + 1, k] * across
    below = patch[row + 1, column, k] * (1.0 - across) + patch[row + 1, column + 1, k] * across
    return float(above * (1.0 - down) + below * down)


@inlined
def put(picture: NDArray[np.uint8], row: int, column: int, k: int, value: float, amount: float) -> None:
    """Mix a value (0 to 255) into one channel of a pixel by `amount` (0 to 1)."""
    before = float(picture[row, column, k])
    mixed = before + (value - before) * amount
    picture[row, column, k] = np.uint8(min(max(mixed + 0.5, 0.0), 255.0))


@compiled
def _nothing() -> None:
    pass
