"""What stands behind the lips, layer by layer: pieces of the loops of `mouth_shading_model`, which say the units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.kernel_model import inlined, sample, smooth_step
from avatar_nodes.face.teeth_model import lower_tooth, upper_tooth

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


class Inside(NamedTuple):
    """How a mouth stands in one frame. Of numbers only, as `Crowns`."""

    to_skull: Affine  # px to the plane of the upper teeth
    to_jaw: Affine  # px to that of the lower teeth
    to_photo: Affine  # px to px of the photo, as the skull moves
    reach: float  # the rims are tabulated over x from -reach to reach
    corner: float  # half the width of the opening
    tongue_top: float  # above the lower rim, in the middle
    tongue_out: float  # how far its tip comes out, 0 to 1
    shade: float  # how far lips that come forward keep the light out, and hide the lower teeth, 0 to 1


@inlined
def carry(affine: Affine, x: int, y: int) -> tuple[float, float]:
    """A pixel through an affine map."""
    return affine[0] * x + affine[1] * y + affine[2], affine[3] * x + affine[4] * y + affine[5]


@inlined
def rims_at(table: Numbers, x: float, reach: float) -> tuple[float, float, float]:
    """Upper rim, lower rim and how much is shown, at x."""
    last = table.shape[1] - 1
    place = min(max((x + reach) / (2.0 * reach) * last, 0.0), last - 1e-3)
    index = int(place)
    across = place - index
    upper = table[0, index] + (table[0, index + 1] - table[0, index]) * across
    lower = table[1, index] + (table[1, index + 1] - table[1, index]) * across
    return upper, lower, table[2, index] + (table[2, index + 1] - table[2, index]) * across


@inlined
def light_at(x: float, gap: float, inside: Inside) -> float:
    """Light falls in from the front: the wider the gap the more, the farther to the corners the less."""
    aside = min(abs(x) / inside.corner, 1.2)
    return (0.70 + 0.30 * smooth_step(0.03, 0.18, gap)) * (1.0 - 0.62 * smooth_step(0.35, 1.05, aside))


@inlined
def parted_by(gap: float) -> float:
    """How much of the teeth is seen: between lips that all but touch there is a dark line."""
    return smooth_step(0.003, 0.02, gap)


@inlined
def cover(tone: Tone, colours: Numbers, which: int, lit: float, share: float) -> None:
    """Mix one of the colours, so far lit, into the tone."""
    for k in range(3):
        tone[k] += (colours[which, k] * lit - tone[k]) * share


@inlined
def cover_tooth(tone: Tone, colours: Numbers, lit: float, share: float, gum: float) -> None:
    """Shade is warm: the light that is left has come by way of lips and tongue."""
    for k in range(3):
        tooth = colours[TEETH, k] * (1.0 - _WARM_SHADE[k] * (1.0 - lit))
        tone[k] += ((tooth + (colours[GUMS, k] - tooth) * gum) * lit - tone[k]) * share


@inlined
def add_tongue(tone: Tone, x: float, up: float, light: float, inside: Inside, crowns: Crowns, colours: Numbers) -> None:
    """Fill the opening: the tongue from the floor of the mouth up, and the dark behind it."""
    for k in range(3):
        tone[k] = colours[CAVITY, k]
    under = inside.tongue_top - 0.9 * x * x - up
    share = smooth_step(-0.06, 0.04, under)
    if share > 0.0:
        groove = 1.0 - 0.08 * crowns.detail * smooth_step(0.09, 0.0, abs(x)) * smooth_step(0.02, 0.12, under)
        cover(tone, colours, TONGUE, light * groove * (0.36 + 0.50 * smooth_step(-0.02, 0.20, under)), share)


@inlined
def add_tongue_tip(tone: Tone, x: float, up: float, gap: float, light: float, inside: Inside, colours: Numbers) -> None:
    """What comes out between the teeth."""
    if inside.tongue_out > 0.0:
        under = min(0.75 * gap, 0.03 + 0.12 * inside.tongue_out) - 0.8 * x * x - up
        share = smooth_step(-0.012, 0.012, under) * min(8.0 * inside.tongue_out, 1.0)
        cover(tone, colours, TONGUE, light * (0.80 + 0.12 * smooth_step(0.0, 0.05, under)), share)


@inlined
def own_share(column: int, row: int, gap: float, inside: Inside, own_teeth: Numbers) -> float:
    """How much of a pixel the photo's own teeth cover."""
    if own_teeth.shape[0] == 0:
        return 0.0
    x, y = carry(inside.to_photo, column, row)
    return sample(own_teeth, x, y, 0) * parted_by(gap)


@inlined
def add_own(tone: Tone, column: int, row: int, share: float, inside: Inside, photo: Pixels) -> None:
    """The photo's own teeth, as they are in the photo."""
    x, y = carry(inside.to_photo, column, row)
    for k in range(3):
        tone[k] += (sample(photo, x, y, k) - tone[k]) * share


@inlined
def add_lower_teeth(
    tone: Tone, x: float, y: float, over_lip: float, parted: float, light: float, crowns: Crowns, colours: Numbers
) -> None:
    share, gum, across, depth = lower_tooth(x / crowns.scale, y - crowns.lower_edge, crowns.soft)
    if share > 0.0:
        lit = light * 0.72 * (0.74 + 0.26 * smooth_step(-0.01, 0.05, over_lip))  # the lip stands before them
        lit *= (1.0 - 0.24 * crowns.detail * (1.0 - across)) * (0.88 + 0.10 * smooth_step(0.0, 0.03, depth))
        cover_tooth(tone, colours, lit, share * parted, gum)


@inlined
def add_upper_teeth(
    tone: Tone, x: float, y: float, under_lip: float, parted: float, light: float, crowns: Crowns, colours: Numbers
) -> None:
    share, gum, across, depth = upper_tooth(x / crowns.scale, y - crowns.upper_edge, crowns.soft)
    if share > 0.0:
        lit = light * (0.66 + 0.34 * smooth_step(-0.005, 0.06, under_lip))  # in the shade of the lip
        lit *= (1.0 - 0.26 * crowns.detail * (1.0 - across)) * (0.92 + 0.08 * smooth_step(0.0, 0.03, depth))
        cover_tooth(tone, colours, lit, share * parted, gum)


@inlined
def add_lips(tone: Tone, under_upper: float, over_lower: float, own: float, colours: Numbers) -> None:
    """The wet inner sides of the lips: the upper one rounds into its own shade, the lower one towards the light."""
    gap = under_upper + over_lower
    above = 0.45 * smooth_step(min(0.014, 0.3 * gap), 0.0, under_upper) * (1.0 - own)
    below = 0.7 * smooth_step(min(0.022, 0.3 * gap), 0.0, over_lower)
    cover(tone, colours, CAVITY, 1.2, above)
    cover(tone, colours, INNER_LIP, 0.52 + 0.30 * smooth_step(0.02, 0.0, over_lower), below)
