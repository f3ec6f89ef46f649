"""The compiled loops that draw an eyeball between the lids, and lashes where they meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled, put, sample, smooth_step

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

_RIGID, _STILL = 1.1, 2.6  # iris radii: up to the first all slides with the iris, from the second on nothing does


@compiled
def shade_eye(
    picture: Pixels,
    coverage: Pixels,
    left: int,
    top: int,
    into_photo: Numbers,
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
    What stays in place: `shade` (height, width, 1) of lids and lashes, which multiplies, and `highlights`, which add;
    `rest` is what the three together lack of the photo, by `rest_share`.
    """
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            x = into_photo[0, 0] * (left + column) + into_photo[0, 1] * (top + row) + into_photo[0, 2]
            y = into_photo[1, 0] * (left + column) + into_photo[1, 1] * (top + row) + into_photo[1, 2]
            away = np.hypot(x - iris[0] - slide[0], y - iris[1] - slide[1]) / radius
            along = smooth_step(_STILL, _RIGID, away)
            shaded = sample(shade, x, y, 0)
            for k in range(3):
                value = sample(ball, x - slide[0] * along, y - slide[1] * along, k) * shaded
                value += sample(highlights, x, y, k) + rest_share * sample(rest, x, y, k)
                put(picture, top + row, left + column, k, value, coverage[row, column] / 255.0)


@compiled
def tint(picture: Pixels, coverage: Pixels, left: int, top: int, colour: Numbers, amount: float) -> None:
    """Mix `colour` (3,) into `picture` (size, size, 3) by `amount` (0 to 1) where `coverage` says so."""
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            for k in range(3):
                put(picture, top + row, left + column, k, colour[k], amount * coverage[row, column] / 255.0)
