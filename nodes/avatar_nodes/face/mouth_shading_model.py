"""The compiled loop that shades what is behind the lips: cavity, tongue, lower and upper teeth.

Lengths are inter-pupil distances (63 mm). Teeth have the mean widths and heights of crowns (Wheeler's Dental Anatomy),
those at the side foreshortened; the upper ones end 1.5 mm below where the lips meet at rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled, inlined, put, sample, smooth_step

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

_UPPER_BORDERS = np.array([0.0, 0.130, 0.225, 0.310, 0.380, 0.440])  # between teeth, from the midline
_LOWER_BORDERS = np.array([0.0, 0.083, 0.168, 0.255, 0.325, 0.390])
_UPPER_HEIGHT, _LOWER_HEIGHT = 0.150, 0.125


@compiled
def shade_mouth(
    picture: Pixels,
    coverage: Pixels,
    left: int,
    top: int,
    to_skull: Numbers,
    to_jaw: Numbers,
    rims: Numbers,
    reach: float,
    colours: Numbers,
    soft: float,
    grain: Numbers,
    tongue_rise: float,
    teeth_scale: float,
    own: Pixels,
    own_teeth: Numbers,
    to_photo: Numbers,
) -> None:
    """Lay the inside of a mouth into `picture` (size, size, 3) where `coverage` says that the lips are open.

    `to_skull` and `to_jaw` (2, 3) carry pixels to the rigid planes of upper and lower teeth: x from the midline, y up
    from where the lips meet at rest. `rims` (3, n) are the upper rim, the lower rim (y in the skull's plane) and how
    much of the inside is shown (0 to 1), tabulated over x from -reach to reach. `colours` (4, 3): teeth, gums, tongue,
    cavity. `own` is the photo, `own_teeth` (size, size, 1) where it shows teeth, moved with the skull by `to_photo`.
    """
    teeth, gums, tongue, cavity = colours[0], colours[1], colours[2], colours[3]
    tone = np.empty(3)
    last = rims.shape[1] - 1
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            x, y = _carry(to_skull, left + column, top + row)
            jaw_x, jaw_y = _carry(to_jaw, left + column, top + row)
            place = min(max((x + reach) / (2.0 * reach) * last, 0.0), last - 1e-3)
            upper, lower, shown = _tabulated(rims, 0, place), _tabulated(rims, 1, place), _tabulated(rims, 2, place)
            # Light falls in from the front: the wider the gap the more, the farther to the side the less.
            light = (0.75 + 0.25 * smooth_step(0.02, 0.15, upper - lower)) * (1.0 - 0.7 * (x / reach) ** 2)
            _cover(tone, cavity, 0.8 + 0.7 * smooth_step(0.10, 0.0, y - lower), 1.0)
            _add_tongue(tone, tongue, jaw_x, jaw_y, tongue_rise, light)
            # Between lips that all but touch there is a dark line, whatever stands behind it.
            parted = smooth_step(0.004, 0.03, upper - lower)
            _add_lower_teeth(tone, teeth, gums, jaw_x / teeth_scale, jaw_y, soft, light, parted)
            _add_upper_teeth(tone, teeth, gums, x / teeth_scale, y, soft, light, upper - y, parted)
            # The wet inner side of the lips rounds into the dark.
            rounding = 0.5 * smooth_step(0.014, 0.0, upper - y) + 0.45 * smooth_step(0.016, 0.0, y - lower)
            _cover(tone, cavity, 1.1, min(rounding, 1.0))
            for k in range(3):
                tone[k] += grain[top + row, left + column]
            photo_x, photo_y = _carry(to_photo, left + column, top + row)
            keep = sample(own_teeth, photo_x, photo_y, 0) * parted
            if keep > 0.0:
                for k in range(3):
                    tone[k] += (sample(own, photo_x, photo_y, k) - tone[k]) * keep
            amount = shown * coverage[row, column] / 255.0
            for k in range(3):
                put(picture, top + row, left + column, k, tone[k], amount)


@inlined
def _carry(affine: Numbers, x: int, y: int) -> tuple[float, float]:
    """A pixel through an affine map (2, 3)."""
    across = affine[0, 0] * x + affine[0, 1] * y + affine[0, 2]
    return across, affine[1, 0] * x + affine[1, 1] * y + affine[1, 2]


@inlined
def _tabulated(table: Numbers, row: int, place: float) -> float:
    index = int(place)
    return float(table[row, index] + (table[row, index + 1] - table[row, index]) * (place - index))


@inlined
def _cover(tone: NDArray[np.float64], colour: Numbers, lit: float, share: float) -> None:
    for k in range(3):
        tone[k] += (colour[k] * lit - tone[k]) * share


@inlined
def _add_tongue(tone: NDArray[np.float64], colour: Numbers, x: float, y: float, rise: float, light: float) -> None:
    """A dome that rides on the jaw, with a groove along its middle."""
    under = rise - 1.2 * x * x - y
    share = smooth_step(-0.05, 0.05, under) * smooth_step(0.36, 0.24, abs(x))
    if share > 0.0:
        groove = 1.0 - 0.12 * np.exp(-((x / 0.02) ** 2))
        _cover(tone, colour, light * (0.42 + 0.58 * smooth_step(-0.03, 0.14, under)) * groove, share)


@inlined
def _tooth(x: float, borders: NDArray[np.float64]) -> tuple[float, float, int]:
    """Distance to the nearest border between teeth, -1 to 1 across this tooth, and which one it is."""
    side = abs(x)
    for i in range(len(borders) - 1):
        if side < borders[i + 1]:
            middle, half = (borders[i] + borders[i + 1]) / 2.0, (borders[i + 1] - borders[i]) / 2.0
            return half - abs(side - middle), (side - middle) / half, i
    return -1.0, 0.0, -1


@inlined
def _add_lower_teeth(
    tone: NDArray[np.float64],
    teeth: Numbers,
    gums: Numbers,
    x: float,
    y: float,
    soft: float,
    light: float,
    parted: float,
) -> None:
    border, across, _ = _tooth(x, _LOWER_BORDERS)
    under = -0.006 - 0.25 * x * x - 0.010 * across**4 - y  # below the biting edge
    share = parted * smooth_step(-soft, soft, under) * smooth_step(-soft, soft, border + 0.004)
    if share > 0.0:
        gum = smooth_step(-0.012, 0.012, under - _LOWER_HEIGHT + 0.02 * across**2)
        lit = light * 0.82 * (0.80 + 0.20 * smooth_step(0.0, 0.05, under))
        lit *= 0.80 + 0.20 * smooth_step(0.0, 0.014, border)
        _cover(tone, teeth, lit, share * (1.0 - gum))
        _cover(tone, gums, lit, share * gum)


@inlined
def _add_upper_teeth(
    tone: NDArray[np.float64],
    teeth: Numbers,
    gums: Numbers,
    x: float,
    y: float,
    soft: float,
    light: float,
    under_lip: float,
    parted: float,
) -> None:
    border, across, which = _tooth(x, _UPPER_BORDERS)
    shorter = 0.010 if which == 1 else 0.0  # the lateral incisors
    over = y + 0.024 - shorter - 0.20 * x * x - 0.012 * across**4  # above the biting edge
    share = parted * smooth_step(-soft, soft, over) * smooth_step(-soft, soft, border + 0.004)
    if share > 0.0:
        gum = smooth_step(-0.012, 0.012, over - _UPPER_HEIGHT + 0.025 * across**2)
        lit = light * (0.68 + 0.32 * smooth_step(0.0, 0.05, under_lip))  # in the shade of the lip
        lit *= (0.86 + 0.14 * smooth_step(0.0, 0.016, border)) * (0.90 + 0.10 * smooth_step(0.0, 0.03, over))
        _cover(tone, teeth, lit, share * (1.0 - gum))
        _cover(tone, gums, lit, share * gum)
