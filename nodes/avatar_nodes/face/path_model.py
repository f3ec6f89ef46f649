"""The best line through a grid, one cell a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEEPEST = 2  # cells a line may move sideways from one row to the next


def best_path(score: Array, bend: float, closed: bool = False) -> NDArray[np.int64]:
    """Which cell of each row (rows, cells) makes the sum of scores largest, less `bend` for each step sideways.

    Dynamic programming; a closed line is found by going round twice, and its last row is next to its first.
    """
    rows, cells = score.shape
    laps = np.concatenate([score, score]) if closed else score
    total, moves = laps[0], np.arange(-_STEEPEST, _STEEPEST + 1)
    came = np.zeros(laps.shape, np.int64)
    before = np.arange(cells)[None] - moves[:, None]
    inside = (before >= 0) & (before < cells)
    for row in range(1, len(laps)):
        offers = np.where(inside, total[before.clip(0, cells - 1)], -np.inf) - bend * np.abs(moves)[:, None]
        best = offers.argmax(0)
        came[row] = before[best, np.arange(cells)]
        total = laps[row] + offers[best, np.arange(cells)]
    path = np.empty(len(laps), np.int64)
    path[-1] = total.argmax()
    for row in range(len(laps) - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return np.roll(path[rows // 2 : rows // 2 + rows], rows // 2) if closed else path
