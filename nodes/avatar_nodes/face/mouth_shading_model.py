"""The compiled loop that shades what is behind the lips: cavity, tongue, lower and upper teeth."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

# Distances in inter-pupil distances (63 mm); teeth from Wheeler's mean crown sizes, seen from the front.
_UPPER_EDGES = np.array([0.0, 0.130, 0.225, 0.310, 0.380, 0.440], np.float32)  # from the midline
_LOWER_EDGES = np.array([0.0, 0.083, 0.168, 0.255, 0.325, 0.390], np.float32)
_UPPER_HEIGHT, _LOWER_HEIGHT = np.float32(0.150), np.float32(0.125)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _step(low: float, high: float, value: float) -> float:
    share = min(max((value - low) / (high - low), np.float32(0.0)), np.float32(1.0))
    return share * share * (np.float32(3.0) - np.float32(2.0) * share)


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _tooth(x: float, edges: NDArray[np.float32]) -> tuple[float, float]:
    """Distance to the nearest border between teeth, and -1 to 1 across this tooth."""
    side = abs(x)
    for i in range(len(edges) - 1):
        if side < edges[i + 1]:
            middle, half = (edges[i] + edges[i + 1]) / 2, (edges[i + 1] - edges[i]) / 2
            return half - abs(side - middle), (side - middle) / half
    return np.float32(-1.0), np.float32(0.0)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def shade_mouth(
    picture: NDArray[np.uint8],
    coverage: NDArray[np.uint8],
    left: int,
    top: int,
    to_skull: NDArray[np.float32],
    to_jaw: NDArray[np.float32],
    rims: NDArray[np.float32],
    rims_start: float,
    rims_step: float,
    colours: NDArray[np.float32],
    soft: float,
    grain: NDArray[np.float32],
    tongue_rise: float,
    teeth_scale: float,
    own: NDArray[np.uint8],
    own_mask: NDArray[np.float32],
    to_photo: NDArray[np.float32],
    own_share: float,
) -> None:
    """Lay the inside of a mouth into `picture` (size, size, 3) where `coverage` says that the lips are open.

    `to_skull` and `to_jaw` (2, 3) carry pixels to the rigid planes of upper and lower teeth: x from the midline, y up
    from where the lips meet at rest. `rims` (3, n) are the upper rim, the lower rim (y in the skull's plane) and how
    much of the inside is shown (0 to 1), tabulated over x. `colours` (4, 3): teeth, gums, tongue, cavity.
    `own` is the photo, `own_mask` where it shows the inside of its own mouth, moved with the skull by `to_photo`.
    """
    count = rims.shape[1]
    teeth_tone, gum_tone, tongue_tone, cavity_tone = colours[0], colours[1], colours[2], colours[3]
    size = picture.shape[0]
    tone = np.empty(3, np.float32)
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            px, py = np.float32(left + column), np.float32(top + row)
            x = to_skull[0, 0] * px + to_skull[0, 1] * py + to_skull[0, 2]
            y = to_skull[1, 0] * px + to_skull[1, 1] * py + to_skull[1, 2]
            jx = to_jaw[0, 0] * px + to_jaw[0, 1] * py + to_jaw[0, 2]
            jy = to_jaw[1, 0] * px + to_jaw[1, 1] * py + to_jaw[1, 2]
            place = min(max((x - rims_start) / rims_step, np.float32(0.0)), np.float32(count - 1.001))
            i = int(place)
            part = place - i
            upper = rims[0, i] + (rims[0, i + 1] - rims[0, i]) * part
            lower = rims[1, i] + (rims[1, i + 1] - rims[1, i]) * part
            shown = rims[2, i] + (rims[2, i + 1] - rims[2, i]) * part
            gap = max(upper - lower, np.float32(1e-3))
            under_lip, over_lip = upper - y, y - lower
            # Light falls in from the front: the wider the gap the more, the farther back or beside the less.
            across = x / rims_start
            light = (np.float32(0.75) + np.float32(0.25) * _step(0.02, 0.15, gap)) * (
                1 - np.float32(0.7) * across * across
            )
            for k in range(3):
                tone[k] = cavity_tone[k] * (np.float32(0.8) + np.float32(0.7) * _step(0.10, 0.0, over_lip))
            # Tongue: a dome that rides on the jaw.
            dome = tongue_rise - np.float32(1.2) * jx * jx
            on_tongue = _step(-0.05, 0.05, dome - jy) * _step(0.36, 0.24, abs(jx))
            if on_tongue > 0:
                lit = light * (np.float32(0.42) + np.float32(0.58) * _step(-0.03, 0.14, dome - jy))
                lit *= np.float32(1.0) - np.float32(0.12) * np.exp(-((jx / np.float32(0.02)) ** 2))
                for k in range(3):
                    tone[k] += (tongue_tone[k] * lit - tone[k]) * on_tongue
            # Lower teeth.
            border, across_tooth = _tooth(jx / teeth_scale, _LOWER_EDGES)
            border *= teeth_scale
            edge = np.float32(-0.006) - np.float32(0.25) * jx * jx - np.float32(0.010) * across_tooth**4
            inside = _step(-soft, soft, edge - jy) * _step(-soft, soft, border + np.float32(0.004))
            if inside > 0 and edge - jy < _LOWER_HEIGHT + 0.1:
                gum = _step(-0.012, 0.012, edge - jy - _LOWER_HEIGHT + np.float32(0.02) * across_tooth**2)
                lit = light * np.float32(0.82) * (np.float32(0.80) + np.float32(0.20) * _step(0.0, 0.05, edge - jy))
                lit *= np.float32(0.78) + np.float32(0.22) * _step(0.0, 0.014, border)
                for k in range(3):
                    value = (teeth_tone[k] + (gum_tone[k] - teeth_tone[k]) * gum) * lit
                    tone[k] += (value - tone[k]) * inside
            # Upper teeth, in the shade of the lip.
            border, across_tooth = _tooth(x / teeth_scale, _UPPER_EDGES)
            border *= teeth_scale
            short = (
                np.float32(0.010) if abs(x) > 0.13 * teeth_scale and abs(x) < 0.225 * teeth_scale else np.float32(0.0)
            )
            edge = np.float32(-0.024) + short + np.float32(0.20) * x * x + np.float32(0.012) * across_tooth**4
            inside = _step(-soft, soft, y - edge) * _step(-soft, soft, border + np.float32(0.004))
            if inside > 0:
                gum = _step(-0.012, 0.012, y - edge - _UPPER_HEIGHT + np.float32(0.025) * across_tooth**2)
                lit = light * (np.float32(0.68) + np.float32(0.32) * _step(0.0, 0.05, under_lip))
                lit *= np.float32(0.86) + np.float32(0.14) * _step(0.0, 0.016, border)
                lit *= np.float32(0.86) + np.float32(0.14) * _step(0.0, 0.03, y - edge)
                for k in range(3):
                    value = (teeth_tone[k] + (gum_tone[k] - teeth_tone[k]) * gum) * lit
                    tone[k] += (value - tone[k]) * inside
            # The wet inner side of the lips rounds into the dark.
            rim = np.float32(0.5) * _step(0.014, 0.0, under_lip) + np.float32(0.45) * _step(0.016, 0.0, over_lip)
            for k in range(3):
                tone[k] += (cavity_tone[k] * np.float32(1.1) - tone[k]) * min(rim, np.float32(1.0))
                tone[k] += grain[top + row, left + column]
            if own_share > 0:
                sx = to_photo[0, 0] * px + to_photo[0, 1] * py + to_photo[0, 2]
                sy = to_photo[1, 0] * px + to_photo[1, 1] * py + to_photo[1, 2]
                if sx >= 0 and sy >= 0 and sx < size - 1.001 and sy < size - 1.001:
                    ix, iy = int(sx), int(sy)
                    fx, fy = sx - ix, sy - iy
                    keep = (own_mask[iy, ix] * (1 - fx) + own_mask[iy, ix + 1] * fx) * (1 - fy)
                    keep += (own_mask[iy + 1, ix] * (1 - fx) + own_mask[iy + 1, ix + 1] * fx) * fy
                    for k in range(3):
                        value = (own[iy, ix, k] * (1 - fx) + own[iy, ix + 1, k] * fx) * (1 - fy)
                        value += (own[iy + 1, ix, k] * (1 - fx) + own[iy + 1, ix + 1, k] * fx) * fy
                        tone[k] += (value - tone[k]) * keep * own_share
            amount = shown * np.float32(coverage[row, column]) / np.float32(255.0)
            for k in range(3):
                below = np.float32(picture[top + row, left + column, k])
                value = below + (tone[k] - below) * amount
                picture[top + row, left + column, k] = np.uint8(min(max(value + np.float32(0.5), 0.0), 255.0))
