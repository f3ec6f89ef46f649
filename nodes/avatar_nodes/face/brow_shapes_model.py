"""How brows and the skin around the eyes move with their coefficients; the lids themselves are solved last.

Axes and unit are those of `expression_model`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.symmetry_model import other_side, with_right
from avatar_nodes.payloads import EXPRESSION_NAMES

Array = NDArray[np.float64]

_INNER = np.array([0.0, 0.2, 0.5, 0.85, 1.0, 1.0, 0.85, 0.5, 0.2, 0.0])  # how far along the brow, from outside
_BLINK_DROP = 0.025  # what the brow takes part in a blink
_WIDE_LIFT = 0.02
_BULGE = (0.022, 0.012)  # how far a squint pushes the lower lid up and forward
_LIDS_FOLLOW = (0.15, 0.85)  # how far the rings of skin above an eye go with its brow, nearest first
_BAG = np.sin(np.linspace(0.15, 0.85, 9) * np.pi)  # along the lower lid, from the outer corner


def brow_shapes(vertices: Array) -> dict[str, Array]:
    """The moves (468, 3) of each coefficient of brows and eyes, for a face at rest (468, 3)."""
    brow = mesh.mirrored(mesh.RIGHT_BROW)
    other = {*mesh.EYES, *OVAL, *np.ravel(mesh.RIGHT_LIDS).tolist(), 6, 197, 195, 5, 4, 50, 280, 101, 330}
    fixed = [*brow, *mesh.RIGHT_BROW, *sorted(other)]
    spread = mesh.extension(vertices, fixed)

    def shape(sideways: Array, up: Array, forward: float) -> Array:
        values = np.zeros((len(fixed), 3))
        values[: len(brow)] = np.stack([sideways, up, np.full(len(brow), forward)], axis=1)
        return np.asarray(spread @ values)

    still, even = 0.0 * _INNER, 0.0 * _INNER + 1.0
    left = {
        "browDownLeft": shape(-0.03 * _INNER, -0.035 - 0.045 * _INNER, 0.01),
        "browOuterUpLeft": shape(still, 0.09 * (1 - _INNER) + 0.02, 0.0),
        "eyeBlinkLeft": shape(still, -_BLINK_DROP * even, 0.0),
        "eyeWideLeft": shape(still, _WIDE_LIFT * even, 0.0),
        "eyeSquintLeft": _bulge(vertices),
    }
    half = shape(0.012 * _INNER, 0.10 * _INNER**1.2, 0.0)
    return {"browInnerUp": half + other_side(half)} | with_right(left)


def _bulge(vertices: Array) -> Array:
    """The skin under the left eye, pushed up and out."""
    bag = mesh.mirrored(mesh.RIGHT_LIDS[0][1])
    fixed = [*bag, *sorted({*mesh.EYES, *OVAL, *mesh.NOSE, *mesh.RIGHT_BROW, *mesh.mirrored(mesh.RIGHT_BROW), 50, 280})]
    spread = mesh.extension(vertices, fixed)[:, : len(bag)]
    return np.asarray(spread @ (_BAG[:, None] * np.array([0.0, *_BULGE])))


def lids_held(linear: Array) -> Array:
    """The shapes (52, 468 * 3) with brows that leave lids and lashes where they are."""
    held = linear.reshape(len(EXPRESSION_NAMES), mesh.FACE_VERTICES, 3).copy()
    follow = np.ones(mesh.FACE_VERTICES)
    for (above, _), share in zip(mesh.RIGHT_LIDS, _LIDS_FOLLOW, strict=True):
        follow[[*above, *mesh.mirrored(above)]] = share
    brows = [index for index, name in enumerate(EXPRESSION_NAMES) if name.startswith("brow")]
    held[brows] *= follow[:, None]
    return np.asarray(held.reshape(linear.shape))
