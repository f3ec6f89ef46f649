"""The 52 face coefficients as movements of the face mesh: a hand-made basis, with the jaw, lids and lips as geometry.

Vertices are in head coordinates: origin between the ears, unit the inter-pupil distance, x to the viewer's right,
y up, z to the viewer. The jaw turns about an axis near the ears (`JawHinge`), lids and lips are solved last
(`lids_model`, `lips_model`), so that a blink shuts any eye and a closure any mouth; all else is linear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MIRROR, OVAL
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

Array = NDArray[np.float64]

JAW_OPEN_DEGREES = 22.0  # jawOpen 1
JAW_HINGE = np.array([0.0, -0.05, 0.12])  # from the point between the ears

_NOSE = (1, 2, 4, 5, 6, 195, 197, 168, 98, 327, 64, 294, 48, 278, 129, 358)
_FOREHEAD = (151, 9, 8)
_UPPER_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 234, 127, 162, 21, 54, 103, 67, 109)
_EYES = tuple({*mesh.RIGHT_EYE[0], *mesh.RIGHT_EYE[1], *mesh.LEFT_EYE[0], *mesh.LEFT_EYE[1]})
_RIGHT_CHEEK = (50, 101, 36, 205, 187, 207)  # cheekbone, under the eye, beside the nose, then down
_CHIN_BOSS = (18, 200, 199, 83, 313, 201, 421)


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
    even = symmetric(vertices)
    shapes = {name: np.zeros((mesh.FACE_VERTICES, 3)) for name in EXPRESSION_NAMES}
    jaw = _jaw_weights(even)
    for name, direction in (("jawForward", (0, 0, 0.08)), ("jawLeft", (0.08, 0, 0)), ("jawRight", (-0.08, 0, 0))):
        shapes[name] = jaw[:, None] * np.array(direction, np.float64)
    shapes |= _mouth_shapes(even)
    shapes |= _brow_shapes(even)
    return ExpressionBasis(np.stack([shapes[name].ravel() for name in EXPRESSION_NAMES]), jaw)


def symmetric(vertices: Array) -> Array:
    """The mean of a face and its mirror image."""
    return np.asarray((vertices + _other_side(vertices)) / 2)


def _other_side(field: Array) -> Array:
    return np.asarray(field[MIRROR[: mesh.FACE_VERTICES]] * [-1.0, 1.0, 1.0])


def _jaw_weights(vertices: Array) -> Array:
    """1 along the jaw line, the chin and the lower lip, 0 above the mouth; the corners go half-way."""
    values = dict.fromkeys((*_NOSE, *_EYES, *_UPPER_OVAL, *_FOREHEAD), 0.0)
    values |= dict.fromkeys((*mesh.RIGHT_JAW, *mesh.mirrored(mesh.RIGHT_JAW), mesh.CHIN, *_CHIN_BOSS), 1.0)
    values |= {93: 0.7, 323: 0.7}
    half = _mouth_half_width(vertices)
    for upper, lower in mesh.LIP_RINGS:
        for index in lower:
            values[index] = 1.0 - 0.68 * min(abs(vertices[index, 0]) / half, 1.0) ** 3
        for index in upper:
            values[index] = 0.32 * min(abs(vertices[index, 0]) / half, 1.0) ** 4
    anchors = sorted(values)
    spread = mesh.extension(vertices, anchors)
    weights = np.clip(spread @ np.array([values[index] for index in anchors]), 0.0, 1.0)
    return np.asarray((weights + weights[MIRROR[: mesh.FACE_VERTICES]]) / 2)


def _mouth_half_width(vertices: Array) -> float:
    return float(vertices[291, 0] - vertices[61, 0]) / 2


@dataclass(frozen=True, slots=True)
class _Lips:
    """Where each lip vertex lies: what the mouth's shapes are functions of."""

    indices: list[int]
    along: Array  # -1 at the subject's right corner (x < 0) to 1 at the left one
    inward: Array  # 0 on the outer ring to 1 on the inner one
    upper: Array  # 1 on the upper lip, 0 on the lower, 0.5 in the corners
    x: Array

    @property
    def arch(self) -> Array:
        """1 in the middle, 0 in the corners."""
        return np.asarray(1.0 - np.abs(self.along) ** 2.5)

    @property
    def left(self) -> Array:
        """0 on the right to 1 in the left corner."""
        share = np.clip((self.along + 0.35) / 1.35, 0.0, 1.0)
        return np.asarray(share * share * (3 - 2 * share))

    @property
    def left_half(self) -> Array:
        """A bump on the left half."""
        return np.asarray(np.exp(-(((self.along - 0.42) / 0.42) ** 2)) * self.arch)


def _lips(vertices: Array) -> _Lips:
    upper: dict[int, float] = {}
    inward: dict[int, float] = {}
    for ring, (above, below) in enumerate(mesh.LIP_RINGS):
        for i in range(11):
            for index, side in ((above[i], 1.0), (below[i], 0.0)):
                upper[index] = 0.5 if i in (0, 10) else side
                inward[index] = ring / 3
    indices = sorted(upper)
    x = vertices[indices, 0]
    along = np.clip(x / _mouth_half_width(vertices), -1.0, 1.0)
    return _Lips(
        indices, along, np.array([inward[i] for i in indices]), np.array([upper[i] for i in indices]), np.asarray(x)
    )


def _mouth_shapes(vertices: Array) -> dict[str, Array]:
    lips = _lips(vertices)
    cheek = mesh.mirrored(_RIGHT_CHEEK)
    around = [*cheek, *_RIGHT_CHEEK, *_CHIN_BOSS]
    still = {*_NOSE, *_EYES, *_FOREHEAD, *OVAL}
    alae = {327, 294, 278, 358, 98, 64, 48, 129}
    held = mesh.extension(vertices, [*lips.indices, *sorted(still)])
    with_cheeks = mesh.extension(vertices, [*lips.indices, *sorted(still), *around])

    def shape(moves: Callable[[_Lips], tuple[object, object, object]], others: dict[int, Move] | None = None) -> Array:
        fixed = [*lips.indices, *sorted(still), *(around if others else ())]
        values = np.zeros((len(fixed), 3))
        values[: len(lips.indices)] = np.stack(np.broadcast_arrays(*moves(lips), lips.x)[:3], axis=1)
        for index, move in (others or {}).items():
            values[fixed.index(index)] = move
        return np.asarray((with_cheeks if others else held) @ values)

    bone, under, beside, mid, _, low = cheek
    chin = dict.fromkeys(_CHIN_BOSS, (0.0, 0.05, 0.02))
    left = {
        "mouthSmileLeft": shape(
            lambda p: (0.095 * p.left, 0.10 * p.left**1.6, -0.06 * p.left),
            {bone: (0.01, 0.05, 0.03), under: (0.0, 0.03, 0.02), beside: (0.01, 0.03, 0.02), mid: (0.03, 0.06, 0.03),
             low: (0.05, 0.05, 0.0)},
        ),
        "mouthFrownLeft": shape(lambda p: (0.015 * p.left, -0.09 * p.left**1.8, -0.01 * p.left)),
        "mouthDimpleLeft": shape(lambda p: (0.06 * p.left, 0.01 * p.left, -0.05 * p.left)),
        "mouthStretchLeft": shape(lambda p: (0.10 * p.left, -0.04 * p.left**1.5, -0.04 * p.left)),
        "mouthPressLeft": shape(
            lambda p: (0.015 * p.left, np.where(p.upper > 0.5, -0.025, 0.025) * p.left_half * (1 - 0.6 * p.inward),
                       -0.02 * p.left_half)
        ),
        "mouthLowerDownLeft": shape(
            lambda p: (0.0, -0.10 * (1 - p.upper) * p.left_half * (0.75 + 0.25 * p.inward), 0.01 * (1 - p.upper))
        ),
        "mouthUpperUpLeft": shape(
            lambda p: (0.0, 0.085 * p.upper * p.left_half * (0.75 + 0.25 * p.inward), 0.01 * p.upper * p.left_half),
            {beside: (0.0, 0.02, 0.015), mid: (0.0, 0.015, 0.01)},
        ),
        "mouthLeft": shape(lambda p: (0.10, 0.0, -0.02 * p.along)),
        "noseSneerLeft": shape(
            lambda p: (0.0, 0.03 * p.upper * p.left_half, 0.0),
            {327: (0.01, 0.025, 0.0), 294: (0.015, 0.05, 0.0), 278: (0.015, 0.045, 0.0), 358: (0.01, 0.05, 0.0),
             beside: (0.0, 0.05, 0.02)},
        ),
        "cheekSquintLeft": shape(
            lambda p: (0.0, 0.0, 0.0), {bone: (0.0, 0.04, 0.02), under: (0.0, 0.045, 0.025), mid: (0.0, 0.03, 0.01)}
        ),
    }  # fmt: skip
    assert alae <= still | set(around)
    puff = {index: (side * out, 0.0, 0.06) for side, cheeks in ((1, cheek), (-1, _RIGHT_CHEEK))
            for index, out in zip(cheeks, (0.01, 0.0, 0.0, 0.04, 0.07, 0.06), strict=True)}  # fmt: skip
    both = {
        "mouthClose": shape(lambda p: (0.0, (0.27 * (1 - p.upper) - 0.03 * p.upper) * p.arch, 0.1 * (1 - p.upper))),
        "mouthFunnel": shape(
            lambda p: (-0.30 * p.x, (0.04 * p.upper - 0.035 * (1 - p.upper)) * p.arch * (0.6 + 0.4 * p.inward), 0.12)
        ),
        "mouthPucker": shape(
            lambda p: (-0.38 * p.x, np.where(p.upper > 0.5, 0.012, -0.012) * p.arch * (1 - p.inward), 0.13)
        ),
        "mouthRollLower": shape(
            lambda p: (0.0, 0.065 * (1 - p.upper) * (1 - p.inward) * p.arch, -0.06 * (1 - p.upper) * p.arch)
        ),
        "mouthRollUpper": shape(lambda p: (0.0, -0.05 * p.upper * (1 - p.inward) * p.arch, -0.05 * p.upper * p.arch)),
        "mouthShrugLower": shape(lambda p: (0.0, 0.055 * (1 - p.upper) * (0.4 + 0.6 * p.arch), 0.03 * p.arch), chin),
        "mouthShrugUpper": shape(lambda p: (0.0, 0.05 * p.upper * p.arch, 0.03 * p.upper * p.arch)),
        "cheekPuff": shape(lambda p: (0.03 * p.along, 0.0, 0.02), puff),
    }
    return {name: symmetric(field) for name, field in both.items()} | _with_right(left)


Move = tuple[float, float, float]


def _with_right(left: dict[str, Array]) -> dict[str, Array]:
    """Each left shape and its mirror image."""
    return left | {name.replace("Left", "Right"): _other_side(field) for name, field in left.items()}


def _brow_shapes(vertices: Array) -> dict[str, Array]:
    brow = mesh.mirrored(mesh.RIGHT_BROW)
    inner = np.array([0.0, 0.2, 0.5, 0.85, 1.0, 1.0, 0.85, 0.5, 0.2, 0.0])  # how far along the brow, from outside
    fixed = [*brow, *mesh.RIGHT_BROW, *sorted({*_EYES, *OVAL, 6, 197, 195, 5, 4, 50, 280, 101, 330})]
    spread = mesh.extension(vertices, fixed)

    def shape(sideways: Array, up: Array, forward: float) -> Array:
        values = np.zeros((len(fixed), 3))
        values[: len(brow)] = np.stack([sideways, up, np.full(len(brow), forward)], axis=1)
        return np.asarray(spread @ values)

    left = {
        "browDownLeft": shape(-0.03 * inner, -0.035 - 0.045 * inner, 0.01),
        "browOuterUpLeft": shape(0.0 * inner, 0.09 * (1 - inner) + 0.02, 0.0),
    }
    half = shape(0.012 * inner, 0.10 * inner**1.2, 0.0)
    return {"browInnerUp": half + _other_side(half)} | _with_right(left)
