"""The inner loops that turn a mesh into a sampling map: for each pixel, where in the photo it comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled, inlined

Numbers = NDArray[np.float32]
Indices = NDArray[np.int32]

FAR = np.float32(-1e9)  # the depth of a pixel where no triangle is
EDGE = np.float32(1e-3)  # px: neighbours overlap by this much rather than leave a crack
ZERO = np.float32(0.0)


@compiled
def raster(
    points: Numbers, depth: Numbers, source: Numbers, triangles: Indices, sampling: Numbers, nearest: Numbers
) -> None:
    """Fill `sampling` (height, width, 2) with where each pixel comes from in the photo; itself where no triangle is.

    See `raster_rows`; `nearest` is (height, width).
    """
    height, width = nearest.shape
    for y in range(height):
        for x in range(width):
            sampling[y, x, 0] = x
            sampling[y, x, 1] = y
    raster_rows(points, depth, source, triangles, 0, sampling, nearest, np.empty((height, 2), np.int32))


@compiled
def raster_rows(
    points: Numbers,
    depth: Numbers,
    source: Numbers,
    triangles: Indices,
    first: int,
    sampling: Numbers,
    nearest: Numbers,
    ends: Indices,
) -> None:
    """Fill `sampling` (rows, width, 2) of the rows from `first` on; where no triangle is, it stays as it was.

    `points` (n, 2) are where the vertices stand now, `source` (n, 2) where they stand in the photo, in px;
    `depth` (n,) decides what is in front (larger is nearer). `nearest` (rows, width) becomes the depth of each pixel,
    or FAR; `ends` (rows, 2) the first column with a triangle, and the one behind the last. Offsets are interpolated
    rather than positions: a mesh that did not move gives every pixel exactly itself.
    """
    rows, width = nearest.shape
    nearest[:] = FAR
    ends[:, 0] = width
    ends[:, 1] = 0
    for t in range(np.uint64(len(triangles))):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        if points[b, 1] < points[a, 1]:
            a, b = b, a
        if points[c, 1] < points[a, 1]:
            a, c = c, a
        if points[c, 1] < points[b, 1]:
            b, c = c, b
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        top, bottom = max(first, int(np.ceil(ay - EDGE))), min(first + rows - 1, int(np.floor(cy + EDGE)))
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if top > bottom or abs(area) < EDGE:
            continue
        u_x, u_y = _gradient(ax, ay, bx, by, cx, cy, area, source[a, 0] - ax, source[b, 0] - bx, source[c, 0] - cx)
        v_x, v_y = _gradient(ax, ay, bx, by, cx, cy, area, source[a, 1] - ay, source[b, 1] - by, source[c, 1] - cy)
        z_x, z_y = _gradient(ax, ay, bx, by, cx, cy, area, depth[a], depth[b], depth[c])
        long, upper, lower = _slope(ax, ay, cx, cy), _slope(ax, ay, bx, by), _slope(bx, by, cx, cy)
        for y in range(top, bottom + 1):
            start, end = _span(ax, ay, bx, by, cy, long, upper, lower, np.float32(y), width)
            if start >= end:
                continue
            row = np.uint64(y - first)
            ends[row, 0], ends[row, 1] = min(ends[row, 0], start), max(ends[row, 1], end)
            down = np.float32(y) - ay
            u, v, z = source[a, 0] - ax + down * u_y, source[a, 1] - ay + down * v_y, depth[a] + down * z_y
            for x in range(np.uint64(start), np.uint64(end)):
                along = np.float32(x) - ax
                near = z + along * z_x
                if near > nearest[row, x]:
                    nearest[row, x] = near
                    sampling[row, x, 0] = np.float32(x) + (u + along * u_x)
                    sampling[row, x, 1] = np.float32(y) + (v + along * v_x)


@compiled
def occupied(source: Numbers, triangles: Indices, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which triangles (m,) have something of a mask (height, width) in them."""
    height, width = mask.shape
    found = np.zeros(len(triangles), np.bool_)
    for t in range(len(triangles)):
        ax, ay = source[triangles[t, 0]]
        bx, by = source[triangles[t, 1]]
        cx, cy = source[triangles[t, 2]]
        if by < ay:
            ax, ay, bx, by = bx, by, ax, ay
        if cy < ay:
            ax, ay, cx, cy = cx, cy, ax, ay
        if cy < by:
            bx, by, cx, cy = cx, cy, bx, by
        long, upper, lower = _slope(ax, ay, cx, cy), _slope(ax, ay, bx, by), _slope(bx, by, cx, cy)
        for y in range(max(0, int(np.floor(ay))), min(height - 1, int(np.ceil(cy))) + 1):
            start, end = _span(ax, ay, bx, by, cy, long, upper, lower, np.float32(y), width)
            found[t] |= mask[y, max(start - 1, 0) : end + 1].any()
    return found


@inlined
def _gradient(
    ax: np.float32,
    ay: np.float32,
    bx: np.float32,
    by: np.float32,
    cx: np.float32,
    cy: np.float32,
    area: np.float32,
    a: np.float32,
    b: np.float32,
    c: np.float32,
) -> tuple[np.float32, np.float32]:
    """How much a value given at three corners changes by a px to the right, and by a px down."""
    b, c = (b - a) / area, (c - a) / area
    return b * (cy - ay) - c * (by - ay), c * (bx - ax) - b * (cx - ax)


@inlined
def _slope(x0: np.float32, y0: np.float32, x1: np.float32, y1: np.float32) -> np.float32:
    return (x1 - x0) / (y1 - y0) if y1 > y0 else ZERO


@inlined
def _span(
    ax: np.float32,
    ay: np.float32,
    bx: np.float32,
    by: np.float32,
    cy: np.float32,
    long: np.float32,
    upper: np.float32,
    lower: np.float32,
    y: np.float32,
    width: int,
) -> tuple[int, int]:
    """The columns of a row in a triangle whose corners a, b, c stand below each other; its sides have these slopes."""
    level = min(max(y, ay), cy)
    one = ax + (level - ay) * long
    other = ax + (level - ay) * upper if level < by else bx + (level - by) * lower
    start, end = int(np.ceil(min(one, other) - EDGE)), int(np.floor(max(one, other) + EDGE))
    return max(start, 0), min(end, width - 1) + 1
