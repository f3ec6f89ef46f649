"""The inner loops, compiled by numba: triangles to a sampling map, layers to a picture. Nothing here allocates."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

FAR = np.float32(-1e9)


@numba.njit(cache=True, nogil=True)
def raster(
    points: NDArray[np.float32],
    depth: NDArray[np.float32],
    source: NDArray[np.float32],
    triangles: NDArray[np.int32],
    sampling: NDArray[np.float32],
    nearest: NDArray[np.float32],
) -> None:
    """Fill `sampling` (height, width, 2) with where each pixel comes from in the photo.

    `points` (n, 2) are where the vertices stand now, `source` (n, 2) where they stand in the photo, in px;
    `depth` (n,) decides what is in front (larger is nearer), `nearest` (height, width) is its buffer. Offsets are
    interpolated rather than positions: a mesh that did not move gives every pixel exactly itself.
    """
    height, width = nearest.shape
    for y in range(height):
        for x in range(width):
            nearest[y, x] = FAR
            sampling[y, x, 0] = x
            sampling[y, x, 1] = y
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-6:
            continue
        top = max(0, int(np.ceil(min(ay, by, cy) - 1e-3)))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy) + 1e-3)))
        # Weights of b and c, and what they carry, are affine in x and y.
        b_x, b_y = (cy - ay) / area, -(cx - ax) / area
        c_x, c_y = -(by - ay) / area, (bx - ax) / area
        ua, va = source[a, 0] - ax, source[a, 1] - ay
        ub, vb = source[b, 0] - bx - ua, source[b, 1] - by - va
        uc, vc = source[c, 0] - cx - ua, source[c, 1] - cy - va
        za, zb, zc = depth[a], depth[b] - depth[a], depth[c] - depth[a]
        for y in range(top, bottom + 1):
            left, right = _span(ax, ay, bx, by, cx, cy, np.float32(y))
            start = max(0, int(np.ceil(left - 1e-3)))
            end = min(width - 1, int(np.floor(right + 1e-3)))
            for x in range(start, end + 1):
                wb = b_x * (x - ax) + b_y * (y - ay)
                wc = c_x * (x - ax) + c_y * (y - ay)
                z = za + wb * zb + wc * zc
                if z > nearest[y, x]:
                    nearest[y, x] = z
                    sampling[y, x, 0] = x + (ua + wb * ub + wc * uc)
                    sampling[y, x, 1] = y + (va + wb * vb + wc * vc)


@numba.njit(cache=True, nogil=True, inline="always")
def _span(ax: float, ay: float, bx: float, by: float, cx: float, cy: float, y: float) -> tuple[float, float]:
    """Where a triangle begins and ends on the line at y."""
    left, right = np.float32(1e9), np.float32(-1e9)
    for x0, y0, x1, y1 in ((ax, ay, bx, by), (bx, by, cx, cy), (cx, cy, ax, ay)):
        if (y0 <= y + 1e-3 and y1 >= y - 1e-3) or (y1 <= y + 1e-3 and y0 >= y - 1e-3):
            if abs(y1 - y0) < 1e-3:
                low, high = min(x0, x1), max(x0, x1)
            else:
                along = min(max((y - y0) / (y1 - y0), np.float32(0.0)), np.float32(1.0))
                low = high = x0 + (x1 - x0) * along
            left, right = min(left, low), max(right, high)
    return left, right


@numba.njit(cache=True, nogil=True)
def over_background(person: NDArray[np.uint8], background: NDArray[np.uint8], picture: NDArray[np.uint8]) -> None:
    """Lay a person (height, width, 4), colours already multiplied by alpha, over a background (height, width, 3)."""
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            rest = np.uint32(255 - person[y, x, 3])
            for k in range(3):
                value = np.uint32(person[y, x, k]) + behind(rest, np.uint32(background[y, x, k]))
                picture[y, x, k] = min(value, np.uint32(255))


@numba.njit(cache=True, nogil=True, inline="always")
def behind(rest: int, value: int) -> int:
    """What a background adds through `rest` (0 to 255) of transparency: rest * value / 255, rounded."""
    return (rest * value + np.uint32(127)) // np.uint32(255)
