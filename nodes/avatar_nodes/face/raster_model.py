"""The inner loops, compiled by numba: triangles to a sampling map, layers to a picture. Nothing here allocates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.appearance_model import STEPS
from avatar_nodes.face.kernel_model import compiled, inlined

FAR = np.float32(-1e9)
EDGE = np.float32(1e-3)  # px: neighbours overlap by this much rather than leave a crack
ZERO, HALF, ONE, FULL = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(255.0)
BYTE = np.float32(1.0 / 255.0)
STEP = np.float32(1.0 / STEPS)
OPAQUE = 255


@compiled
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
        ua, va = source[a, 0] - ax, source[a, 1] - ay
        ub, vb = source[b, 0] - bx - ua, source[b, 1] - by - va
        uc, vc = source[c, 0] - cx - ua, source[c, 1] - cy - va
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < EDGE:
            continue
        # Weights of b and c, and what they carry, are affine in x and y.
        b_x, b_y = (cy - ay) / area, -(cx - ax) / area
        c_x, c_y = -(by - ay) / area, (bx - ax) / area
        za, zb, zc = depth[a], depth[b] - depth[a], depth[c] - depth[a]
        u_x, v_x, z_x = b_x * ub + c_x * uc, b_x * vb + c_x * vc, b_x * zb + c_x * zc
        u_y, v_y, z_y = b_y * ub + c_y * uc, b_y * vb + c_y * vc, b_y * zb + c_y * zc
        top = max(0, int(np.ceil(min(ay, by, cy) - EDGE)))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy) + EDGE)))
        for y in range(top, bottom + 1):
            left, right = _widen(-FAR, FAR, ax, ay, bx, by, np.float32(y))
            left, right = _widen(left, right, bx, by, cx, cy, np.float32(y))
            left, right = _widen(left, right, cx, cy, ax, ay, np.float32(y))
            start = max(0, int(np.ceil(left - EDGE)))
            end = min(width - 1, int(np.floor(right + EDGE)))
            down = np.float32(y) - ay
            u, v, z = ua + down * u_y, va + down * v_y, za + down * z_y
            for x in range(start, end + 1):
                along = np.float32(x) - ax
                near = z + along * z_x
                if near > nearest[y, x]:
                    nearest[y, x] = near
                    sampling[y, x, 0] = np.float32(x) + (u + along * u_x)
                    sampling[y, x, 1] = np.float32(y) + (v + along * v_x)


@inlined
def _widen(
    left: np.float32, right: np.float32, x0: np.float32, y0: np.float32, x1: np.float32, y1: np.float32, y: np.float32
) -> tuple[np.float32, np.float32]:
    """Stretch a span to where one side of a triangle crosses the line at y."""
    if min(y0, y1) > y + EDGE or max(y0, y1) < y - EDGE:
        return left, right
    if abs(y1 - y0) < EDGE:
        return min(left, x0, x1), max(right, x0, x1)
    x = x0 + (x1 - x0) * min(max((y - y0) / (y1 - y0), ZERO), ONE)
    return min(left, x), max(right, x)


@compiled
def compose(
    person: NDArray[np.uint8],
    background: NDArray[np.uint8],
    rest: NDArray[np.int16],
    sampling: NDArray[np.float32],
    picture: NDArray[np.uint8],
) -> None:
    """Lay a person (size, size, 4), colours already multiplied by alpha, over a background, sampled bilinearly.

    Where the person stands still, `rest` (size, size, 3) of `appearance_model` is added; it fades out over one px, so
    that a pixel which has some is never sampled from opaque ones alone before it is gone.
    Weights are not rounded (OpenCV's remap knows 32 steps a px), so that the slightest motion moves edges smoothly.
    """
    size = picture.shape[0]
    last = np.float32(size - 1)
    before_last = np.uint32(size - 2)
    for row in range(size):
        for column in range(size):
            x = min(max(sampling[row, column, 0], ZERO), last)
            y = min(max(sampling[row, column, 1], ZERO), last)
            ix, iy = min(np.uint32(x), before_last), min(np.uint32(y), before_last)
            jx, jy = ix + np.uint32(1), iy + np.uint32(1)
            a00, a01, a10, a11 = person[iy, ix, 3], person[iy, jx, 3], person[jy, ix, 3], person[jy, jx, 3]
            fx, fy = x - np.float32(ix), y - np.float32(iy)
            w01, w10, w11 = fx * (ONE - fy), (ONE - fx) * fy, fx * fy
            w00 = ONE - w01 - w10 - w11
            if a00 & a01 & a10 & a11 == OPAQUE:
                for k in range(3):
                    value = np.float32(person[iy, ix, k]) * w00 + np.float32(person[iy, jx, k]) * w01 + HALF
                    value += np.float32(person[jy, ix, k]) * w10 + np.float32(person[jy, jx, k]) * w11
                    picture[row, column, k] = np.uint8(value)
                continue
            still = ZERO
            if rest[row, column, 0] != 0 or rest[row, column, 1] != 0 or rest[row, column, 2] != 0:
                away = (x - np.float32(column)) ** 2 + (y - np.float32(row)) ** 2
                still = max(ONE - away, ZERO) ** 2 * STEP
            elif a00 | a01 | a10 | a11 == 0:
                for k in range(3):
                    picture[row, column, k] = background[row, column, k]
                continue
            shown = np.float32(a00) * w00 + np.float32(a01) * w01
            through = FULL - (shown + np.float32(a10) * w10 + np.float32(a11) * w11)
            for k in range(3):
                value = np.float32(person[iy, ix, k]) * w00 + np.float32(person[iy, jx, k]) * w01 + HALF
                value += np.float32(person[jy, ix, k]) * w10 + np.float32(person[jy, jx, k]) * w11
                value += through * np.float32(background[row, column, k]) * BYTE
                value += still * np.float32(rest[row, column, k])
                picture[row, column, k] = np.uint8(min(max(value, ZERO), FULL))
