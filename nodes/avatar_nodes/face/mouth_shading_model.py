"""The compiled loops that shade what is behind the lips: cavity, tongue, lower teeth, upper teeth.

Lengths are inter-pupil distances (63 mm).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled, inlined, put, sample, smooth_step
from avatar_nodes.face.teeth_model import UPPER_CANINE, lower_tooth, upper_tooth

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]

_WARM_SHADE = np.array([0.0, 0.22, 0.34])  # of red, green and blue
TEETH, GUMS, TONGUE, CAVITY, INNER_LIP = range(5)  # rows of the colours


class Material(NamedTuple):
    """What the inside of one person's mouth is made of."""

    colours: Numbers  # (5, 3) 0 to 255
    soft: float  # half the width of an edge
    detail: float  # 1: every tooth is told apart, as in a photo; 0: flat, as in a drawing
    teeth_scale: float  # the person's teeth against the mean ones
    edges: Numbers  # (2,): where upper and lower teeth end above the line at which the lips meet at rest
    grain: Numbers  # (size, size) levels
    photo: Pixels  # (size, size, 3)
    own_teeth: Numbers  # (size, size, 1) 0 to 1: where the photo shows the upper teeth; (0, 0, 1): nowhere


class Inside(NamedTuple):
    """How a mouth stands in one frame. Maps (2, 3) carry px; x is from the midline, y up from where lips meet."""

    to_skull: Numbers  # to the plane of the upper teeth
    to_jaw: Numbers  # to that of the lower teeth
    to_photo: Numbers  # to px of the photo, as the skull moves
    rims: Numbers  # (3, n) over x from -reach to reach: upper rim, lower rim, how much of the inside is shown
    reach: float
    corner: float  # half the width of the opening
    shade: float  # how far lips that come forward keep the light out, 0 to 1
    tongue: Numbers  # (3,): how far up the opening it reaches at the jaw, 0 to 1 of light on it, how far it comes out


@compiled
def shade_mouth(picture: Pixels, coverage: Pixels, left: int, top: int, inside: Inside, material: Material) -> None:
    """Lay the inside of a mouth into `picture` (size, size, 3) where `coverage` says that the lips are open."""
    tone = np.empty(3)
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            shown = _shade(tone, left + column, top + row, inside, material) * coverage[row, column] / 255.0
            for k in range(3):
                put(picture, top + row, left + column, k, tone[k], shown)


@compiled
def teeth_shares(shares: Numbers, coverage: Pixels, left: int, top: int, inside: Inside, material: Material) -> None:
    """Write how much of each pixel is upper teeth, and lower teeth, into `shares` (size, size, 2); 0 to 1."""
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            x, y = _carry(inside.to_skull, left + column, top + row)
            jaw_x, jaw_y = _carry(inside.to_jaw, left + column, top + row)
            upper, lower, shown = _rims(inside, x)
            amount = shown * coverage[row, column] / 255.0 * (1.0 - inside.shade) * _parted(upper - lower)
            above = upper_tooth(x / material.teeth_scale, y - material.edges[0], material.soft)
            below = lower_tooth(jaw_x / material.teeth_scale, jaw_y - material.edges[1], material.soft)
            front = max(above[0] * (1.0 - above[1]), _own(inside, material, left + column, top + row))
            shares[top + row, left + column, 0] = amount * front
            shares[top + row, left + column, 1] = amount * (1.0 - front) * below[0] * (1.0 - below[1])


@compiled
def front_teeth(shares: Numbers, to_skull: Numbers, material: Material) -> None:
    """Write how much of each pixel the six upper teeth from canine to canine cover, lips or no lips; (size, size)."""
    for row in range(shares.shape[0]):
        for column in range(shares.shape[1]):
            x, y = _carry(to_skull, column, row)
            x /= material.teeth_scale
            share, gum, _, _ = upper_tooth(x, y - material.edges[0], material.soft)
            within = smooth_step(material.soft, -material.soft, abs(x) - UPPER_CANINE)
            shares[row, column] = share * (1.0 - gum) * within


@inlined
def _shade(tone: NDArray[np.float64], column: int, row: int, inside: Inside, material: Material) -> float:
    """Put the colour of one pixel into `tone`, and return how much of it is shown."""
    x, y = _carry(inside.to_skull, column, row)
    jaw_x, jaw_y = _carry(inside.to_jaw, column, row)
    upper, lower, shown = _rims(inside, x)
    gap = upper - lower
    # Light falls in from the front: the wider the gap the more, the farther to the corners the less.
    aside = min(abs(x) / inside.corner, 1.2)
    light = (0.86 + 0.14 * smooth_step(0.03, 0.16, gap)) * (1.0 - 0.62 * smooth_step(0.35, 1.05, aside))
    _add_tongue(tone, x, y - lower, light, inside, material)
    parted = _parted(gap)
    own = _own(inside, material, column, row)
    _add_lower_teeth(tone, jaw_x, jaw_y, light, parted, y - lower, material)
    _add_tongue_tip(tone, x, y - lower, gap, light, inside, material)
    _add_upper_teeth(tone, x, y, light, parted, upper - y, material)
    _add_own(tone, inside.to_photo, column, row, own * parted, material.photo)
    _cover(tone, material.colours, CAVITY, 1.5, inside.shade)
    _add_lips(tone, upper - y, y - lower, gap, own, material)
    for k in range(3):
        tone[k] += material.grain[row, column] * (1.0 - own)
    return shown


@inlined
def _carry(affine: Numbers, x: int, y: int) -> tuple[float, float]:
    """A pixel through an affine map (2, 3)."""
    across = affine[0, 0] * x + affine[0, 1] * y + affine[0, 2]
    return across, affine[1, 0] * x + affine[1, 1] * y + affine[1, 2]


@inlined
def _rims(inside: Inside, x: float) -> tuple[float, float, float]:
    """Upper rim, lower rim and how much is shown, at x."""
    table, last = inside.rims, inside.rims.shape[1] - 1
    place = min(max((x + inside.reach) / (2.0 * inside.reach) * last, 0.0), last - 1e-3)
    index = int(place)
    across = place - index
    upper = table[0, index] + (table[0, index + 1] - table[0, index]) * across
    lower = table[1, index] + (table[1, index + 1] - table[1, index]) * across
    return upper, lower, table[2, index] + (table[2, index + 1] - table[2, index]) * across


@inlined
def _parted(gap: float) -> float:
    """How much of the teeth is seen: between lips that all but touch there is a dark line."""
    return smooth_step(0.003, 0.02, gap)


@inlined
def _cover(tone: NDArray[np.float64], colours: Numbers, which: int, lit: float, share: float) -> None:
    for k in range(3):
        tone[k] += (colours[which, k] * lit - tone[k]) * share


@inlined
def _cover_tooth(tone: NDArray[np.float64], colours: Numbers, which: int, lit: float, share: float) -> None:
    """What light reaches the back has come by way of lips and tongue: shade is warm."""
    for k in range(3):
        warm = 1.0 - _WARM_SHADE[k] * (1.0 - lit)
        tone[k] += (colours[which, k] * lit * warm - tone[k]) * share


@inlined
def _add_tongue(
    tone: NDArray[np.float64], x: float, up: float, light: float, inside: Inside, material: Material
) -> None:
    """Fill the opening: the tongue from the floor of the mouth up, and the dark behind it."""
    for k in range(3):
        tone[k] = material.colours[CAVITY, k]
    under = inside.tongue[0] - 0.9 * x * x - up  # below its top
    share = smooth_step(-0.06, 0.04, under)
    if share > 0.0:
        groove = 1.0 - 0.08 * material.detail * np.exp(-((x / 0.05) ** 2)) * smooth_step(0.02, 0.12, under)
        lit = light * inside.tongue[1] * (0.42 + 0.58 * smooth_step(-0.02, 0.20, under)) * groove
        _cover(tone, material.colours, TONGUE, lit, share)


@inlined
def _add_tongue_tip(
    tone: NDArray[np.float64], x: float, up: float, gap: float, light: float, inside: Inside, material: Material
) -> None:
    """What comes out between the teeth."""
    out = inside.tongue[2]
    if out > 0.0:
        high = min(0.75 * gap, 0.03 + 0.12 * out) - 0.8 * x * x
        share = smooth_step(-0.012, 0.012, high - up) * min(8.0 * out, 1.0)
        _cover(tone, material.colours, TONGUE, light * (0.80 + 0.12 * smooth_step(0.0, 0.05, high - up)), share)


@inlined
def _own(inside: Inside, material: Material, column: int, row: int) -> float:
    """How much of a pixel the photo's own teeth cover."""
    if material.own_teeth.shape[0] == 0:
        return 0.0
    x, y = _carry(inside.to_photo, column, row)
    return sample(material.own_teeth, x, y, 0)


@inlined
def _add_own(tone: NDArray[np.float64], affine: Numbers, column: int, row: int, keep: float, photo: Pixels) -> None:
    if keep > 0.0:
        x, y = _carry(affine, column, row)
        for k in range(3):
            tone[k] += (sample(photo, x, y, k) - tone[k]) * keep


@inlined
def _add_lower_teeth(
    tone: NDArray[np.float64], x: float, y: float, light: float, parted: float, over_lip: float, material: Material
) -> None:
    share, gum, across, depth = lower_tooth(x / material.teeth_scale, y - material.edges[1], material.soft)
    share *= parted
    if share > 0.0:
        lit = light * 0.84 * (0.72 + 0.28 * smooth_step(-0.01, 0.05, over_lip))  # the lip stands before them
        lit *= 1.0 - material.detail * (1.0 - across) * 0.20
        lit *= 0.90 + 0.10 * smooth_step(0.0, 0.03, depth)
        _cover_tooth(tone, material.colours, TEETH, lit, share * (1.0 - gum))
        _cover(tone, material.colours, GUMS, lit, share * gum)


@inlined
def _add_upper_teeth(
    tone: NDArray[np.float64], x: float, y: float, light: float, parted: float, under_lip: float, material: Material
) -> None:
    share, gum, across, depth = upper_tooth(x / material.teeth_scale, y - material.edges[0], material.soft)
    share *= parted
    if share > 0.0:
        lit = light * (0.74 + 0.26 * smooth_step(-0.005, 0.05, under_lip))  # in the shade of the lip
        lit *= 1.0 - material.detail * (1.0 - across) * 0.17
        lit *= 0.94 + 0.06 * smooth_step(0.0, 0.03, depth)
        _cover_tooth(tone, material.colours, TEETH, lit, share * (1.0 - gum))
        _cover(tone, material.colours, GUMS, lit, share * gum)


@inlined
def _add_lips(
    tone: NDArray[np.float64], under_upper: float, over_lower: float, gap: float, own: float, material: Material
) -> None:
    """The wet inner sides of the lips: the upper one rounds into its own shade, the lower one towards the light."""
    above = 0.55 * smooth_step(min(0.014, 0.3 * gap), 0.0, under_upper) * (1.0 - own)
    below = 0.7 * smooth_step(min(0.022, 0.3 * gap), 0.0, over_lower)
    _cover(tone, material.colours, CAVITY, 1.2, above)
    _cover(tone, material.colours, INNER_LIP, 0.40 + 0.35 * smooth_step(0.02, 0.0, over_lower), below)
