"""The shape of teeth, compiled into the loops of `mouth_shading_model`: flat rows in the planes of skull and jaw.

Lengths are inter-pupil distances (63 mm). Crowns have their mean widths and heights (Wheeler's Dental Anatomy), those
at the side foreshortened.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import inlined, smooth_step

UPPER_BORDERS = np.array([0.0, 0.130, 0.225, 0.310, 0.380, 0.440, 0.490])  # between teeth, from the midline
LOWER_BORDERS = np.array([0.0, 0.083, 0.168, 0.255, 0.325, 0.390, 0.440])
UPPER_CANINE = 0.310  # the outer border of a canine, from the midline
_UPPER_HEIGHT, _LOWER_HEIGHT = 0.155, 0.130
_BORDER = 0.013  # half the width of the dark between two teeth


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
def upper_tooth(x: float, y: float, soft: float) -> tuple[float, float, float, float]:
    """What stands at x from the midline and y above the biting edge of the incisors.

    How much of it is tooth or gum, how much of that gum (both 0 to 1), 0 between two teeth to 1 on one, and how far
    above this tooth's own edge.
    """
    border, across, which = _tooth(x, UPPER_BORDERS)
    shorter = 0.011 if which == 1 else 0.0  # the lateral incisors
    over = y - shorter - 0.16 * x * x - 0.009 * across**4
    share = smooth_step(-soft, soft, over) * smooth_step(-soft, soft, UPPER_BORDERS[-1] - abs(x))
    gum = smooth_step(-0.012, 0.012, over - _UPPER_HEIGHT + 0.025 * across**2)
    return share, gum, smooth_step(-0.004, _BORDER, border), over


@inlined
def lower_tooth(x: float, y: float, soft: float) -> tuple[float, float, float, float]:
    """The same for the lower jaw: the last is how far below the tooth's edge."""
    border, across, _ = _tooth(x, LOWER_BORDERS)
    under = -0.20 * x * x - 0.010 * across**4 - y
    share = smooth_step(-soft, soft, under) * smooth_step(-soft, soft, LOWER_BORDERS[-1] - abs(x))
    gum = smooth_step(-0.012, 0.012, under - _LOWER_HEIGHT + 0.02 * across**2)
    return share, gum, smooth_step(-0.004, _BORDER, border), under
