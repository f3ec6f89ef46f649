"""From the shape of a face to the coefficients that make it: regularised non-negative least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.expression_model import JAW_HINGE, jaw_turn
from avatar_nodes.face.lids_model import LOWER_LIP, UPPER_LIP
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES
from avatar_nodes.tracking.person_model import Person

Array = NDArray[np.float64]

# What landmarks show well enough. Not: lids and eyes (measured by themselves), closing lips (`closure`), depth.
FITTED = tuple(
    name
    for name in EXPRESSION_NAMES
    if name.startswith(("jaw", "mouth", "brow", "cheekSquint", "noseSneer"))
    and name not in ("jawForward", "mouthClose", "mouthShrugUpper")
)
_DEPTH_WEIGHT = 0.35  # MediaPipe guesses depth
_LIP_WEIGHT = 2.0
_GAP_WEIGHT = 6.0  # how far the mouth is open is what is seen first
_RIDGE = 0.004  # squared noise over squared usual amount
_FAINT_RIDGE = 0.03  # for what landmarks show faintly
_FAINT = ("noseSneer", "cheekSquint")
_RARE_RIDGE = 0.3  # for what a mouth seldom does by itself
_RARE = ("jawLeft", "jawRight", "mouthLeft", "mouthRight", "mouthFrown", "mouthDimple")
_SPARSE = 0.002  # draws small amounts to 0
_EVEN = 0.02  # draws left and right together
_JAW_CHORD = 0.3  # the jaw's turn is taken as straight up to here
_SWEEPS = 60


class ExpressionFit:
    """Solves for all frames of one person at once."""

    def __init__(self, person: Person) -> None:
        self._closed = person.closed
        self._weights = _weights()
        self._shapes = self._rows(np.stack([_column(person, name) for name in FITTED]))  # (K, rows)
        self._gram = self._shapes @ self._shapes.T + np.diag(_ridges()) + _evenness()

    def solve(self, faces: Array) -> NDArray[np.float32]:
        """The coefficients (T, 52) of faces (T, 468, 3) in head coordinates, 0 to 1."""
        drive = self._rows(faces - self._closed) @ self._shapes.T - _SPARSE  # (T, K)
        amounts = np.zeros_like(drive)
        for _ in range(_SWEEPS):  # coordinate descent: exact in each coefficient
            for k in range(len(FITTED)):
                rest = drive[:, k] - amounts @ self._gram[k] + amounts[:, k] * self._gram[k, k]
                amounts[:, k] = np.clip(rest / self._gram[k, k], 0.0, 1.0)
        expression = np.zeros((len(faces), len(EXPRESSION_NAMES)), np.float32)
        expression[:, [EXPRESSION_INDEX[name] for name in FITTED]] = amounts
        return expression

    def _rows(self, moves: Array) -> Array:
        """What is compared: every vertex of moves (n, 468, 3), and the gap between the lips by itself."""
        gap = moves[:, UPPER_LIP, 1] - moves[:, LOWER_LIP, 1]
        return np.concatenate([(moves * self._weights).reshape(len(moves), -1), _GAP_WEIGHT * gap], axis=1)


def _column(person: Person, name: str) -> Array:
    """How the face (468, 3) moves for one unit of a coefficient."""
    if name != "jawOpen":
        return np.asarray(person.basis.linear[EXPRESSION_INDEX[name]].reshape(-1, 3))
    turned = (person.neutral - JAW_HINGE) @ (jaw_turn(_JAW_CHORD) - np.eye(3)).T
    return np.asarray(person.basis.jaw[:, None] * turned / _JAW_CHORD)


def _weights() -> Array:
    weights = np.ones((mesh.FACE_VERTICES, 3))
    weights[sorted({index for ring in mesh.LIP_RINGS for rim in ring for index in rim})] = _LIP_WEIGHT
    lids = {index for ring in mesh.RIGHT_LIDS for rim in ring for index in rim}
    weights[sorted({*mesh.EYES, *lids, *mesh.mirrored(tuple(lids))})] = 0.0
    weights[:, 2] *= _DEPTH_WEIGHT
    return weights


def _ridges() -> Array:
    kinds = ((_RARE, _RARE_RIDGE), (_FAINT, _FAINT_RIDGE), ("", _RIDGE))
    return np.array([next(ridge for start, ridge in kinds if name.startswith(start)) for name in FITTED])


def _evenness() -> Array:
    """Adds _EVEN * (left - right)^2 for each pair."""
    extra = np.zeros((len(FITTED), len(FITTED)))
    for name in FITTED:
        other = name.replace("Left", "Right")
        if name.endswith("Left") and name not in ("jawLeft", "mouthLeft"):
            i, j = FITTED.index(name), FITTED.index(other)
            extra[[i, j], [i, j]] += _EVEN
            extra[[i, j], [j, i]] -= _EVEN
    return extra
