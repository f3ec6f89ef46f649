"""The compiled loops that shade what is behind the lips: cavity, tongue, lower teeth, upper teeth.

Lengths are inter-pupil distances (63 mm); x is from the midline of the teeth, y up from where the lips meet at rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import compiled, inlined, put, sample, smooth_step
from avatar_nodes.face.teeth_model import UPPER_CANINE, lower_tooth, upper_tooth

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float32]
Tone = NDArray[np.float64]  # (3,)
Affine = tuple[float, float, float, float, float, float]  # the two rows of a map (2, 3)

TEETH, GUMS, TONGUE, CAVITY, INNER_LIP = range(5)  # rows of the colours
_WARM_SHADE = np.array([0.0, 0.22, 0.34])  # of red, green and blue


class Crowns(NamedTuple):
    """One person's teeth as shapes. Of numbers only: an array in it would be counted at every pixel."""

    scale: float  # against the mean ones
    upper_edge: float  # where the upper ones end, y
    lower_edge: float  # in the jaw's plane
    soft: float  # half the width of an edge
    detail: float  # 1: every tooth is told apart, as in a photo; 0: flat, as in a drawing


class Material(NamedTuple):
    """What the inside of one person's mouth is made of."""

    crowns: Crowns
    colours: Numbers  # (5, 3) 0 to 255
    grain: Numbers  # (size, size) levels
    photo: Pixels  # (size, size, 3)
    own_teeth: Numbers  # (size, size, 1) 0 to 1: where the photo shows the upper teeth; (0, 0, 1): nowhere


class Inside(NamedTuple):
    """How a mouth stands in one frame. Of numbers only, as `Crowns`."""

    to_skull: Affine  # px to the plane of the upper teeth
    to_jaw: Affine  # px to that of the lower teeth
    to_photo: Affine  # px to px of the photo, as the skull moves
    reach: float  # the rims are tabulated over x from -reach to reach
    corner: float  # half the width of the opening
    tongue_top: float  # above the lower rim, in the middle
    tongue_out: float  # how far its tip comes out, 0 to 1
    shade: float  # how far lips that come forward keep the light out, 0 to 1


@compiled
def shade_mouth(
    picture: Pixels, coverage: Pixels, left: int, top: int, inside: Inside, rims: Numbers, material: Material
) -> None:
    """Lay the inside of a mouth into `picture` (size, size, 3) where `coverage` says that the lips are open.

    `rims` (3, n): upper rim, lower rim, and how much of the inside is shown (0 to 1), over x.
    """
    crowns, colours, grain = material.crowns, material.colours, material.grain
    photo, own_teeth = material.photo, material.own_teeth
    tone = np.empty(3)
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            x, y = _carry(inside.to_skull, left + column, top + row)
            upper, lower, shown = _rims(rims, x, inside.reach)
            light = _light(x, upper - lower, inside)
            _add_tongue(tone, x, y - lower, light, inside, crowns, colours)
            jaw_x, jaw_y = _carry(inside.to_jaw, left + column, top + row)
            _add_lower_teeth(tone, jaw_x, jaw_y, y - lower, upper - lower, light, crowns, colours)
            _add_tongue_tip(tone, x, y - lower, upper - lower, light, inside, colours)
            _add_upper_teeth(tone, x, y, upper - y, upper - lower, light, crowns, colours)
            own = _own(left + column, top + row, upper - lower, inside, own_teeth)
            if own > 0.0:
                _add_own(tone, left + column, top + row, own, inside, photo)
            _cover(tone, colours, CAVITY, 1.5, inside.shade)
            _add_lips(tone, upper - y, y - lower, own, colours)
            noise = grain[top + row, left + column] * min(tone[1] / 160.0, 1.0) * (1.0 - own)
            for k in range(3):
                tone[k] += noise
                put(picture, top + row, left + column, k, tone[k], shown * coverage[row, column] / 255.0)


@compiled
def teeth_shares(
    shares: Numbers, coverage: Pixels, left: int, top: int, inside: Inside, rims: Numbers, material: Material
) -> None:
    """Write how much of each pixel is upper teeth, and lower teeth, into `shares` (size, size, 2); 0 to 1."""
    crowns, own_teeth = material.crowns, material.own_teeth
    for row in range(coverage.shape[0]):
        for column in range(coverage.shape[1]):
            if coverage[row, column] == 0:
                continue
            x, y = _carry(inside.to_skull, left + column, top + row)
            jaw_x, jaw_y = _carry(inside.to_jaw, left + column, top + row)
            upper, lower, shown = _rims(rims, x, inside.reach)
            seen = shown * coverage[row, column] / 255.0 * (1.0 - inside.shade)
            above, above_gum, _, _ = upper_tooth(x / crowns.scale, y - crowns.upper_edge, crowns.soft)
            below, below_gum, _, _ = lower_tooth(jaw_x / crowns.scale, jaw_y - crowns.lower_edge, crowns.soft)
            parted = _parted(upper - lower)
            front = max(
                above * (1.0 - above_gum) * parted, _own(left + column, top + row, upper - lower, inside, own_teeth)
            )
            shares[top + row, left + column, 0] = seen * front
            shares[top + row, left + column, 1] = seen * (1.0 - front) * below * (1.0 - below_gum) * parted


@compiled
def front_teeth(shares: Numbers, to_skull: Affine, crowns: Crowns) -> None:
    """Write how much of each pixel the six upper teeth from canine to canine cover, lips or no lips; (size, size)."""
    for row in range(shares.shape[0]):
        for column in range(shares.shape[1]):
            x, y = _carry(to_skull, column, row)
            share, gum, _, _ = upper_tooth(x / crowns.scale, y - crowns.upper_edge, crowns.soft)
            within = smooth_step(crowns.soft, -crowns.soft, abs(x / crowns.scale) - UPPER_CANINE)
            shares[row, column] = share * (1.0 - gum) * within


@inlined
def _carry(affine: Affine, x: int, y: int) -> tuple[float, float]:
    return affine[0] * x + affine[1] * y + affine[2], affine[3] * x + affine[4] * y + affine[5]


@inlined
def _rims(table: Numbers, x: float, reach: float) -> tuple[float, float, float]:
    """Upper rim, lower rim and how much is shown, at x."""
    last = table.shape[1] - 1
    place = min(max((x + reach) / (2.0 * reach) * last, 0.0), last - 1e-3)
    index = int(place)
    across = place - index
    upper = table[0, index] + (table[0, index + 1] - table[0, index]) * across
    lower = table[1, index] + (table[1, index + 1] - table[1, index]) * across
    return upper, lower, table[2, index] + (table[2, index + 1] - table[2, index]) * across


@inlined
def _light(x: float, gap: float, inside: Inside) -> float:
    """Light falls in from the front: the wider the gap the more, the farther to the corners the less."""
    aside = min(abs(x) / inside.corner, 1.2)
    return (0.86 + 0.14 * smooth_step(0.03, 0.16, gap)) * (1.0 - 0.62 * smooth_step(0.35, 1.05, aside))


@inlined
def _parted(gap: float) -> float:
    """How much of the teeth is seen: between lips that all but touch there is a dark line."""
    return smooth_step(0.003, 0.02, gap)


@inlined
def _cover(tone: Tone, colours: Numbers, which: int, lit: float, share: float) -> None:
    for k in range(3):
        tone[k] += (colours[which, k] * lit - tone[k]) * share


@inlined
def _cover_tooth(tone: Tone, colours: Numbers, lit: float, share: float, gum: float) -> None:
    """Shade is warm: the light that is left has come by way of lips and tongue."""
    for k in range(3):
        tooth = colours[TEETH, k] * (1.0 - _WARM_SHADE[k] * (1.0 - lit))
        tone[k] += ((tooth + (colours[GUMS, k] - tooth) * gum) * lit - tone[k]) * share


@inlined
def _add_tongue(
    tone: Tone, x: float, up: float, light: float, inside: Inside, crowns: Crowns, colours: Numbers
) -> None:
    """Fill the opening: the tongue from the floor of the mouth up, and the dark behind it."""
    for k in range(3):
        tone[k] = colours[CAVITY, k]
    under = inside.tongue_top - 0.9 * x * x - up
    share = smooth_step(-0.06, 0.04, under)
    if share > 0.0:
        groove = 1.0 - 0.08 * crowns.detail * smooth_step(0.09, 0.0, abs(x)) * smooth_step(0.02, 0.12, under)
        _cover(tone, colours, TONGUE, light * groove * (0.36 + 0.50 * smooth_step(-0.02, 0.20, under)), share)


@inlined
def _add_tongue_tip(
    tone: Tone, x: float, up: float, gap: float, light: float, inside: Inside, colours: Numbers
) -> None:
    """What comes out between the teeth."""
    if inside.tongue_out > 0.0:
        under = min(0.75 * gap, 0.03 + 0.12 * inside.tongue_out) - 0.8 * x * x - up
        share = smooth_step(-0.012, 0.012, under) * min(8.0 * inside.tongue_out, 1.0)
        _cover(tone, colours, TONGUE, light * (0.80 + 0.12 * smooth_step(0.0, 0.05, under)), share)


@inlined
def _own(column: int, row: int, gap: float, inside: Inside, own_teeth: Numbers) -> float:
    """How much of a pixel the photo's own teeth cover."""
    if own_teeth.shape[0] == 0:
        return 0.0
    x, y = _carry(inside.to_photo, column, row)
    return sample(own_teeth, x, y, 0) * _parted(gap)


@inlined
def _add_own(tone: Tone, column: int, row: int, share: float, inside: Inside, photo: Pixels) -> None:
    x, y = _carry(inside.to_photo, column, row)
    for k in range(3):
        tone[k] += (sample(photo, x, y, k) - tone[k]) * share


@inlined
def _add_lower_teeth(
    tone: Tone, x: float, y: float, over_lip: float, gap: float, light: float, crowns: Crowns, colours: Numbers
) -> None:
    share, gum, across, depth = lower_tooth(x / crowns.scale, y - crowns.lower_edge, crowns.soft)
    if share > 0.0:
        lit = light * 0.78 * (0.72 + 0.28 * smooth_step(-0.01, 0.05, over_lip))  # the lip stands before them
        lit *= (1.0 - 0.20 * crowns.detail * (1.0 - across)) * (0.90 + 0.10 * smooth_step(0.0, 0.03, depth))
        _cover_tooth(tone, colours, lit, share * _parted(gap), gum)


@inlined
def _add_upper_teeth(
    tone: Tone, x: float, y: float, under_lip: float, gap: float, light: float, crowns: Crowns, colours: Numbers
) -> None:
    share, gum, across, depth = upper_tooth(x / crowns.scale, y - crowns.upper_edge, crowns.soft)
    if share > 0.0:
        lit = light * (0.74 + 0.26 * smooth_step(-0.005, 0.05, under_lip))  # in the shade of the lip
        lit *= (1.0 - 0.17 * crowns.detail * (1.0 - across)) * (0.94 + 0.06 * smooth_step(0.0, 0.03, depth))
        _cover_tooth(tone, colours, lit, share * _parted(gap), gum)


@inlined
def _add_lips(tone: Tone, under_upper: float, over_lower: float, own: float, colours: Numbers) -> None:
    """The wet inner sides of the lips: the upper one rounds into its own shade, the lower one towards the light."""
    gap = under_upper + over_lower
    above = 0.45 * smooth_step(min(0.014, 0.3 * gap), 0.0, under_upper) * (1.0 - own)
    below = 0.7 * smooth_step(min(0.022, 0.3 * gap), 0.0, over_lower)
    _cover(tone, colours, CAVITY, 1.2, above)
    _cover(tone, colours, INNER_LIP, 0.52 + 0.30 * smooth_step(0.02, 0.0, over_lower), below)
