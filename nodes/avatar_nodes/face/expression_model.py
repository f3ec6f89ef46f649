"""The 52 face coefficients as movements of the face mesh: hand-made shapes, corrected by what tracked faces taught.

Vertices are in head coordinates: origin between the ears, unit the inter-pupil distance, x to the viewer's right,
y up, z to the viewer. The jaw turns about an axis near the ears; lids and lips are solved last (`lids_model`,
`lips_closure_model`), so that a blink shuts any eye and a closure any mouth; all else is linear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.brow_shapes_model import brow_shapes, lids_held
from avatar_nodes.face.canonical_model import MIRROR
from avatar_nodes.face.face_basis_model import face_basis
from avatar_nodes.face.mouth_shapes_model import mouth_shapes
from avatar_nodes.face.symmetry_model import symmetric
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

Array = NDArray[np.float64]

JAW_OPEN_DEGREES = 22.0  # jawOpen 1
JAW_HINGE = np.array([0.0, -0.05, 0.12])  # from the point between the ears


@dataclass(frozen=True, slots=True)
class ExpressionBasis:
    """How this face moves: `linear` per unit of each coefficient, and how far each vertex goes with the jaw."""

    linear: Array  # (52, 468 * 3)
    jaw: Array  # (468,) 0 to 1

    def shifted(self, vertices: Array, expression: NDArray[np.float32]) -> Array:
        """The vertices (468, 3) after the linear shapes and the jaw."""
        moved = vertices + (expression.astype(np.float64) @ self.linear).reshape(-1, 3)
        turn = self._turn(expression)
        return np.asarray(moved + self.jaw[:, None] * ((moved - JAW_HINGE) @ (turn - np.eye(3)).T))

    def unshifted(self, vertices: Array, expression: NDArray[np.float32]) -> Array:
        """The inverse of `shifted`."""
        turns = np.eye(3) + self.jaw[:, None, None] * (self._turn(expression) - np.eye(3))  # (468, 3, 3)
        unturned = np.linalg.solve(turns, (vertices - JAW_HINGE)[:, :, None])[:, :, 0] + JAW_HINGE
        return np.asarray(unturned - (expression.astype(np.float64) @ self.linear).reshape(-1, 3))

    def _turn(self, expression: NDArray[np.float32]) -> Array:
        return jaw_turn(float(expression[EXPRESSION_INDEX["jawOpen"]]))


def jaw_turn(jaw_open: float) -> Array:
    """The jaw's rotation about its hinge, (3, 3)."""
    angle = np.radians(JAW_OPEN_DEGREES) * jaw_open
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def build_basis(vertices: Array) -> ExpressionBasis:
    """Make the basis for a face at rest (468, 3), left and right alike."""
    return corrected(hand_made_basis(vertices), face_basis().corrections)


def corrected(by_hand: ExpressionBasis, corrections: Array) -> ExpressionBasis:
    """A hand-made basis with what was learned, (52, 468 * 3), added to its linear shapes."""
    return ExpressionBasis(lids_held(by_hand.linear + corrections), by_hand.jaw)


def hand_made_basis(vertices: Array) -> ExpressionBasis:
    """The same without what was learned: what gives the coefficients their meaning."""
    even = symmetric(vertices)
    shapes = {name: np.zeros((mesh.FACE_VERTICES, 3)) for name in EXPRESSION_NAMES}
    jaw = _jaw_weights(even)
    for name, direction in (("jawForward", (0, 0, 0.08)), ("jawLeft", (0.08, 0, 0)), ("jawRight", (-0.08, 0, 0))):
        shapes[name] = jaw[:, None] * np.array(direction, np.float64)
    shapes |= mouth_shapes(even) | brow_shapes(even)
    return ExpressionBasis(np.stack([shapes[name].ravel() for name in EXPRESSION_NAMES]), jaw)


def _jaw_weights(vertices: Array) -> Array:
    """1 along the jaw line, the chin and the lower lip, 0 above the mouth; the corners go part of the way."""
    values = dict.fromkeys((*mesh.NOSE, *mesh.EYES, *mesh.UPPER_OVAL, *mesh.FOREHEAD), 0.0)
    values |= dict.fromkeys((*mesh.RIGHT_JAW, *mesh.mirrored(mesh.RIGHT_JAW), mesh.CHIN, *mesh.CHIN_BOSS), 1.0)
    values |= {93: 0.7, 323: 0.7}
    half = float(vertices[291, 0] - vertices[61, 0]) / 2
    for upper, lower in mesh.LIP_RINGS:
        for index in lower:
            values[index] = 1.0 - 0.68 * min(abs(vertices[index, 0]) / half, 1.0) ** 2.2
        for index in upper:
            values[index] = 0.32 * min(abs(vertices[index, 0]) / half, 1.0) ** 4
    anchors = sorted(values)
    spread = mesh.extension(vertices, anchors)
    weights = np.clip(spread @ np.array([values[index] for index in anchors]), 0.0, 1.0)
    return np.asarray((weights + weights[MIRROR[: mesh.FACE_VERTICES]]) / 2)
