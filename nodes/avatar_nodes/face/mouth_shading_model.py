"""The compiled loops that shade what is behind the lips: cavity, tongue, lower teeth, upper teeth.

Lengths are inter-pupil distances (63 mm); x is from the midline of the teeth, y up from where the lips meet at rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from avatar_nodes.face.kernel_model import compiled, put, smooth_step
from avatar_nodes.face.mouth_layers_model import (
    CAVITY,
    Affine,
    Crowns,
    Inside,
    Numbers,
    Pixels,
    add_lips,
    add_lower_teeth,
    add_own,
    add_tongue,
    add_tongue_tip,
    add_upper_teeth,
    carry,
    cover,
    light_at,
    own_share,
    parted_by,
    rims_at,
)
from avatar_nodes.face.teeth_model import UPPER_CANINE, lower_tooth, upper_tooth


class Material(NamedTuple):
    """What the inside of one person's mouth is made of."""

    crowns: Crowns
    colours: Numbers  # (5, 3) 0 to 255
    grain: Numbers  # (size, size) levels
    photo: Pixels  # (size, size, 3)
    own_teeth: Numbers  # (size, size, 1) 0 to 1: where the photo shows the upper teeth; (0, 0, 1): nowhere


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
            x, y = carry(inside.to_skull, left + column, top + row)
            upper, lower, shown = rims_at(rims, x, inside.reach)
            light = light_at(x, upper - lower, inside)
            add_tongue(tone, x, y - lower, light, inside, crowns, colours)
            jaw_x, jaw_y = carry(inside.to_jaw, left + column, top + row)
            parted = parted_by(upper - lower)
            add_lower_teeth(tone, jaw_x, jaw_y, y - lower, parted * (1.0 - inside.shade), light, crowns, colours)
            add_tongue_tip(tone, x, y - lower, upper - lower, light, inside, colours)
            add_upper_teeth(tone, x, y, upper - y, parted, light, crowns, colours)
            own = own_share(left + column, top + row, upper - lower, inside, own_teeth)
            if own > 0.0:
                add_own(tone, left + column, top + row, own, inside, photo)
            cover(tone, colours, CAVITY, 1.5, inside.shade)
            add_lips(tone, upper - y, y - lower, own, colours)
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
            x, y = carry(inside.to_skull, left + column, top + row)
            jaw_x, jaw_y = carry(inside.to_jaw, left + column, top + row)
            upper, lower, shown = rims_at(rims, x, inside.reach)
            seen = shown * coverage[row, column] / 255.0 * (1.0 - inside.shade)
            above, above_gum, _, _ = upper_tooth(x / crowns.scale, y - crowns.upper_edge, crowns.soft)
            below, below_gum, _, _ = lower_tooth(jaw_x / crowns.scale, jaw_y - crowns.lower_edge, crowns.soft)
            parted = parted_by(upper - lower)
            own = own_share(left + column, top + row, upper - lower, inside, own_teeth)
            front = max(above * (1.0 - above_gum) * parted, own)
            behind = below * (1.0 - below_gum) * parted * (1.0 - inside.shade)
            shares[top + row, left + column, 0] = seen * front
            shares[top + row, left + column, 1] = seen * behind * (1.0 - front)


@compiled
def front_teeth(shares: Numbers, to_skull: Affine, crowns: Crowns) -> None:
    """Write how much of each pixel the six upper teeth from canine to canine cover, lips or no lips; (size, size)."""
    for row in range(shares.shape[0]):
        for column in range(shares.shape[1]):
            x, y = carry(to_skull, column, row)
            share, gum, _, _ = upper_tooth(x / crowns.scale, y - crowns.upper_edge, crowns.soft)
            within = smooth_step(crowns.soft, -crowns.soft, abs(x / crowns.scale) - UPPER_CANINE)
            shares[row, column] = share * (1.0 - gum) * within
