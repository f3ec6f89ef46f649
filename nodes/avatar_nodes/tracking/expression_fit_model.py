"""From the shape of a face to the coefficients that make it (regularised non-negative least squares), and the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.expression_model import JAW_HINGE, jaw_turn
from avatar_nodes.face.lids_model import LidOpening, lid_opening, move_lids
from avatar_nodes.face.lips_closure_model import LOWER_LIP, UPPER_LIP
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES
from avatar_nodes.tracking.descent_model import descend
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
_FAINT_RIDGE = 0.01  # for what landmarks show faintly
_FAINT = ("noseSneer", "cheekSquint")
_RARE_RIDGE = 0.1  # for what a mouth seldom does by itself
_RARE = ("jawLeft", "jawRight", "mouthLeft", "mouthRight", "mouthFrown", "mouthDimple")
_SPARSE = 0.002  # draws small amounts to 0
_EVEN = 0.006  # draws left and right together
_JAW_CHORD = 0.3  # the jaw's turn is taken as straight up to here
_SWEEPS = 60
_FITTED_AT = [EXPRESSION_INDEX[name] for name in FITTED]


_RIGHT_LIDS = tuple({index for ring in mesh.RIGHT_LIDS for rim in ring for index in rim})
_LIDS = sorted({*mesh.EYES, *_RIGHT_LIDS, *mesh.mirrored(_RIGHT_LIDS)})
_BLINKS = [EXPRESSION_INDEX[name] for name in ("eyeBlinkLeft", "eyeBlinkRight")]
_AT_REST = LidOpening((1.0, 1.0), (1.0, 1.0))


class ExpressionFit:
    """Solves for all frames of one person at once."""

    def __init__(self, person: Person) -> None:
        self._closed = person.closed
        self._basis = person.basis
        self._weights = _weights()
        self._columns = np.stack([_column(person, name) for name in FITTED])  # (K, 468, 3)
        self._shapes = self._rows(self._columns)  # (K, rows)
        self._gram = self._shapes @ self._shapes.T + np.diag(_ridges()) + _evenness()

    def solve(self, faces: Array) -> NDArray[np.float32]:
        """The coefficients (T, 52) of faces (T, 468, 3) in head coordinates, 0 to 1."""
        moves = faces - self._closed
        bent = np.stack([self._bent(amounts) for amounts in self._amounts(moves)])
        expression = np.zeros((len(faces), len(EXPRESSION_NAMES)), np.float32)
        expression[:, _FITTED_AT] = self._amounts(moves - bent)
        return expression

    def _amounts(self, moves: Array) -> Array:
        """Of FITTED (T, K), as if all moves were straight."""
        return descend(self._gram, self._rows(moves) @ self._shapes.T - _SPARSE, _SWEEPS)

    def _bent(self, amounts: Array) -> Array:
        """What the jaw's turn adds (468, 3) to the straight moves of these amounts (K,)."""
        expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
        expression[_FITTED_AT] = amounts
        straight = np.tensordot(amounts, self._columns, 1)
        return np.asarray(self._basis.shifted(self._closed, expression) - self._closed - straight)

    def _rows(self, moves: Array) -> Array:
        """What is compared: every vertex of moves (n, 468, 3), and the gap between the lips by itself."""
        gap = moves[:, UPPER_LIP, 1] - moves[:, LOWER_LIP, 1]
        return np.concatenate([(moves * self._weights).reshape(len(moves), -1), _GAP_WEIGHT * gap], axis=1)


def left_over(person: Person, faces: Array, expression: NDArray[np.float32], gaze: Array) -> Array:
    """What the coefficients (T, 52) and the gaze (T, 2) leave of faces (T, 468, 3), before lids and lips are closed."""
    left = np.empty_like(faces)
    for face, amounts, look, rest in zip(faces, expression, gaze, left, strict=True):
        told = person.basis.shifted(person.closed, amounts)
        move_lids(told, lid_opening(amounts, float(look[1])), _AT_REST)
        rest[:] = face - told
        rest[_LIDS] *= 1.0 - float(amounts[_BLINKS].max())  # shut lids are read as half open
    return left


def _column(person: Person, name: str) -> Array:
    """How the face (468, 3) moves for one unit of a coefficient."""
    if name != "jawOpen":
        return np.asarray(person.basis.linear[EXPRESSION_INDEX[name]].reshape(-1, 3))
    turned = (person.neutral - JAW_HINGE) @ (jaw_turn(_JAW_CHORD) - np.eye(3)).T
    return np.asarray(person.basis.jaw[:, None] * turned / _JAW_CHORD)


def _weights() -> Array:
    weights = np.ones((mesh.FACE_VERTICES, 3))
    weights[sorted({index for ring in mesh.LIP_RINGS for rim in ring for index in rim})] = _LIP_WEIGHT
    weights[_LIDS] = 0.0
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
