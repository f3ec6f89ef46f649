"""The compiled loops that draw an eyeball between the lids, the lids' skin and their lashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled, inlined, put, sample, smooth_step
from avatar_nodes.face.raster_model import FAR

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

ZERO, HALF, ONE, FULL = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(255.0)
NOTHING = 0.5 * FAR  # depths below it: no triangle is there
_RIGID, _STILL = 1.1, 2.6  # iris radii: up to the first all slides with the iris, from the second on nothing does


@compiled
def shade_eye(
    picture: Pixels,
    coverage: Pixels,
    left: int,
    top: int,
    into_photo: Numbers,
    into_shade: Numbers,
    ball: Pixels,
    shade: Numbers,
    highlights: Numbers,
    rest: Numbers,
    rest_share: float,
    iris: Numbers,
    radius: float,
    slide: Numbers,
) -> None:
    """Lay an eyeball into `picture` (size, size, 3) where `coverage` says that the lids are open.

    `into_photo` (2, 3) carries pixels to the patch `ball`; the iris there (centre and radius in px) slides by `slide`
    and takes its surroundings along less and less, so that white is stretched on one side and gathered on the other.
    `shade` (height, width, 1) of lids and lashes, which multiplies, is found through `into_shade` instead, so that it
    goes with the lids. What stays in place: `highlights`, which add; `rest` is what the three together lack of the
    photo, by `rest_share`.
    """
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            x = into_photo[0, 0] * (left + column) + into_photo[0, 1] * (top + row) + into_photo[0, 2]
            y = into_photo[1, 0] * (left + column) + into_photo[1, 1] * (top + row) + into_photo[1, 2]
            away = np.hypot(x - iris[0] - slide[0], y - iris[1] - slide[1]) / radius
            along = smooth_step(_STILL, _RIGID, away)
            shade_x = into_shade[0, 0] * (left + column) + into_shade[0, 1] * (top + row) + into_shade[0, 2]
            shade_y = into_shade[1, 0] * (left + column) + into_shade[1, 1] * (top + row) + into_shade[1, 2]
            shaded = sample(shade, shade_x, shade_y, 0)
            for k in range(3):
                value = sample(ball, x - slide[0] * along, y - slide[1] * along, k) * shaded
                value += sample(highlights, x, y, k) + rest_share * sample(rest, x, y, k)
                put(picture, top + row, left + column, k, value, coverage[row, column] / 255.0)


@compiled
def lay_skin(
    picture: Pixels, left: int, top: int, sampling: Numbers, nearest: Numbers, skin: Numbers, amount: float
) -> None:
    """Mix skin (height, width, 4), its last channel its weight, into `picture` where a lattice covers it."""
    for row in range(nearest.shape[0]):
        for column in range(nearest.shape[1]):
            if nearest[row, column] < NOTHING:
                continue
            x, y = sampling[row, column, 0], sampling[row, column, 1]
            share = amount * sample(skin, x, y, 3)
            if share > 0.0:
                for k in range(3):
                    put(picture, top + row, left + column, k, sample(skin, x, y, k), share)


@compiled
def lay_strip(
    picture: Pixels, left: int, top: int, sampling: Numbers, nearest: Numbers, strip: Numbers, amount: float
) -> None:
    """Multiply `picture` by a strip of factors (height, width, 3), by `amount`, where a lattice covers it."""
    for row in range(nearest.shape[0]):
        for column in range(nearest.shape[1]):
            if nearest[row, column] < NOTHING:
                continue
            x, y = sampling[row, column, 0], sampling[row, column, 1]
            for k in range(3):
                value = float(picture[top + row, left + column, k]) * sample(strip, x, y, k)
                put(picture, top + row, left + column, k, value, amount)


@compiled
def lay_frame(picture: Pixels, left: int, top: int, sampling: Numbers, nearest: Numbers, frame: Numbers) -> None:
    """Lay a frame (height, width, 4), colours already multiplied by its last channel, over `picture`.

    The frame's outermost pixels must be empty.
    """
    last_row, last_column = frame.shape[0] - 1, frame.shape[1] - 1
    for row in range(nearest.shape[0]):
        for column in range(nearest.shape[1]):
            x, y = sampling[row, column, 0], sampling[row, column, 1]
            if nearest[row, column] < NOTHING or x < 0 or y < 0 or x >= last_column or y >= last_row:
                continue
            i, j = np.uint32(y), np.uint32(x)
            a, b, c, d = frame[i, j], frame[i, j + 1], frame[i + 1, j], frame[i + 1, j + 1]
            if a[3] + b[3] + c[3] + d[3] == 0.0:
                continue
            across, down = x - np.float32(j), y - np.float32(i)
            share = _mixed(a[3], b[3], c[3], d[3], across, down)
            for k in range(3):
                behind = (ONE - share) * np.float32(picture[top + row, left + column, k])
                value = behind + _mixed(a[k], b[k], c[k], d[k], across, down) + HALF
                picture[top + row, left + column, k] = np.uint8(min(max(value, ZERO), FULL))


@inlined
def _mixed(
    a: np.float32, b: np.float32, c: np.float32, d: np.float32, across: np.float32, down: np.float32
) -> np.float32:
    above = a + (b - a) * across
    return above + (c + (d - c) * across - above) * down
