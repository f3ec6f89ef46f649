"""How strongly a shape stays as it was made while tracked faces correct it: that keeps what its name means."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.expression_model import hand_made_basis
from avatar_nodes.face.mesh_model import EYES, FACE_VERTICES
from avatar_nodes.payloads import EXPRESSION_NAMES

Array = NDArray[np.float64]

PRIOR = 0.03  # squared amounts, summed over people, that outweigh a shape of the usual size; more for smaller ones
RARE_PRIOR = 0.3  # of shapes that are seldom seen alone, or in full
RARE = (
    "cheekSquint", "noseSneer", "mouthLeft", "mouthRight", "mouthFrown", "mouthDimple", "mouthShrugLower",
    "mouthStretch", "mouthPucker", "mouthFunnel",
)  # fmt: skip
MIDDLE = 0.12  # inter-pupil distances either side of the middle in which both halves share
DEPTH = 100.0  # times as strongly toward the viewer, where landmarks are guessed
_LOWER_LID, _UPPER_LID, _NOSE_TIP, _NOSE_BASE, _LIP_CORNER, _LIP_MIDDLE = 145, 159, 4, 2, 61, 13
_LIP_BOTTOM, _CHIN = 17, 200
_X, _HEIGHT = MEAN_FACE[:FACE_VERTICES, 0], MEAN_FACE[:FACE_VERTICES, 1]


@cache
def priors() -> Array:
    """For each shape and coordinate, (52, 468 * 3): without bound where the shape has no business.

    Who smiles narrows the eyes, and who says "oo" lowers the jaw; yet mouthSmile and mouthPucker are the mouth's
    alone, and eyes and jaw have coefficients of their own.
    """
    sizes = np.sqrt((hand_made_basis(MEAN_FACE[:FACE_VERTICES]).linear ** 2).sum(1))
    usual = float(np.median(sizes[sizes > 0.0]))
    sizes[sizes == 0.0] = usual  # jawOpen turns
    regions = _regions()
    made = np.empty((len(EXPRESSION_NAMES), FACE_VERTICES, 3))
    for index, name in enumerate(EXPRESSION_NAMES):
        region = next(region for start, region in regions.items() if name.startswith(start)) * _own_side(name)
        prior = (RARE_PRIOR if name.startswith(RARE) else PRIOR) * (usual / float(sizes[index])) ** 2
        made[index] = (prior / np.maximum(region, 1e-4))[:, None] * (1.0, 1.0, DEPTH)
    return made.reshape(len(EXPRESSION_NAMES), -1)


def _regions() -> dict[str, Array]:
    """Where shapes whose names start so may move, 0 to 1."""
    under_lids, under_eyes = 1 - _above(_LOWER_LID, _UPPER_LID), 1 - _above(_NOSE_TIP, _LOWER_LID)
    return {
        "brow": np.where(np.isin(np.arange(FACE_VERTICES), EYES), 0.0, 1 - under_lids),
        "cheekSquint": _above(_LIP_CORNER, _NOSE_BASE) * under_lids,
        "noseSneer": _above(_LIP_MIDDLE, _NOSE_BASE) * under_lids * np.clip((0.7 - np.abs(_X)) / 0.3, 0.0, 1.0),
        "jaw": under_eyes,
        "mouthShrug": under_eyes,
        "": under_eyes * _above(_CHIN, _LIP_BOTTOM),
    }


def _above(low: int, high: int) -> Array:
    """0 below one landmark to 1 above another."""
    return _smooth((_HEIGHT - MEAN_FACE[low, 1]) / (MEAN_FACE[high, 1] - MEAN_FACE[low, 1]))


def _own_side(name: str) -> Array:
    """0 on the other side of the face for what only the left or the right half of it does."""
    if name in ("jawLeft", "jawRight", "mouthLeft", "mouthRight") or not name.endswith(("Left", "Right")):
        return np.ones(FACE_VERTICES)
    side = 1.0 if name.endswith("Left") else -1.0
    return _smooth((side * _X + MIDDLE) / (2 * MIDDLE))


def _smooth(value: Array) -> Array:
    share = np.clip(value, 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))
