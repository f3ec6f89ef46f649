"""The compiled loop that draws an eyeball between the lids."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _sample(patch: NDArray[Any], x: float, y: float, k: int) -> float:
    x = min(max(x, np.float32(0.0)), np.float32(patch.shape[1] - 1.001))
    y = min(max(y, np.float32(0.0)), np.float32(patch.shape[0] - 1.001))
    ix, iy = int(x), int(y)
    fx, fy = x - ix, y - iy
    above = patch[iy, ix, k] * (1 - fx) + patch[iy, ix + 1, k] * fx
    below = patch[iy + 1, ix, k] * (1 - fx) + patch[iy + 1, ix + 1, k] * fx
    return above * (1 - fy) + below * fy


@numba.njit(cache=True, nogil=True, error_model="numpy")
def shade_eye(
    picture: NDArray[np.uint8],
    coverage: NDArray[np.uint8],
    left: int,
    top: int,
    into_photo: NDArray[np.float32],
    ball: NDArray[np.uint8],
    shade: NDArray[np.float32],
    highlights: NDArray[np.float32],
    rest: NDArray[np.float32],
    rest_share: float,
    iris: NDArray[np.float32],
    radius: float,
    slide: NDArray[np.float32],
) -> None:
    """Lay an eyeball into `picture` (size, size, 3) where `coverage` says that the lids are open.

    `into_photo` (2, 3) carries pixels to the patch `ball`; the iris there (centre and radius in px) slides by `slide`
    and takes its surroundings along less and less, so that white is stretched on one side and gathered on the other.
    What stays in place: `shade` (height, width, 1) of lids and lashes, which multiplies, and `highlights`, which add;
    `rest` is what the three together lack of the photo, by `rest_share`.
    """
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            share = np.float32(coverage[row, column]) / np.float32(255.0)
            if share == 0:
                continue
            px, py = np.float32(left + column), np.float32(top + row)
            x = into_photo[0, 0] * px + into_photo[0, 1] * py + into_photo[0, 2]
            y = into_photo[1, 0] * px + into_photo[1, 1] * py + into_photo[1, 2]
            away = np.sqrt((x - iris[0] - slide[0]) ** 2 + (y - iris[1] - slide[1]) ** 2) / radius
            outer = min(max((away - np.float32(1.1)) / np.float32(1.5), np.float32(0.0)), np.float32(1.0))
            along = np.float32(1.0) - outer * outer * (np.float32(3.0) - np.float32(2.0) * outer)
            shaded = _sample(shade, x, y, 0)
            for k in range(3):
                value = _sample(ball, x - slide[0] * along, y - slide[1] * along, k) * shaded
                value += _sample(highlights, x, y, k) + rest_share * _sample(rest, x, y, k)
                below = np.float32(picture[top + row, left + column, k])
                value = below + (min(max(value, np.float32(0.0)), np.float32(255.0)) - below) * share
                picture[top + row, left + column, k] = np.uint8(value + np.float32(0.5))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def tint(
    picture: NDArray[np.uint8],
    coverage: NDArray[np.uint8],
    left: int,
    top: int,
    colour: NDArray[np.float32],
    amount: float,
) -> None:
    """Mix `colour` (3,) into `picture` by `amount` (0 to 1) where `coverage` says so."""
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            share = amount * np.float32(coverage[row, column]) / np.float32(255.0)
            for k in range(3):
                below = np.float32(picture[top + row, left + column, k])
                picture[top + row, left + column, k] = np.uint8(below + (colour[k] - below) * share + np.float32(0.5))
