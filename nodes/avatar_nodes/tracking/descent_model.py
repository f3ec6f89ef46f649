"""Non-negative least squares by coordinate descent, exact in each coefficient; compiled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled

Array = NDArray[np.float64]

_STILL = 1e-7  # a sweep that changes nothing by more is the last


@compiled
def descend(gram: Array, drive: Array, sweeps: int) -> Array:
    """The amounts (T, K), each from 0 to 1, that minimise x gram x / 2 - drive x for every row of `drive` (T, K)."""
    amounts = np.zeros_like(drive)
    for t in range(len(drive)):
        row, wanted = amounts[t], drive[t]
        for _ in range(sweeps):
            largest = 0.0
            for k in range(len(row)):
                rest = wanted[k]
                for j in range(len(row)):
                    rest -= gram[k, j] * row[j]
                best = min(max(rest / gram[k, k] + row[k], 0.0), 1.0)
                largest = max(largest, abs(best - row[k]))
                row[k] = best
            if largest < _STILL:
                break
    return amounts
