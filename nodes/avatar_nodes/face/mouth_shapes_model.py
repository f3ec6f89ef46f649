"""The linear shapes of mouth, cheeks and nose: moves of the lips' rings, spread smoothly over the face around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.symmetry_model import symmetric, with_right

Array = NDArray[np.float64]
Move = tuple[float, float, float]  # to the viewer's right, up, to the viewer; in inter-pupil distances

_STILL = tuple(sorted({*mesh.NOSE, *mesh.EYES, *mesh.FOREHEAD, *OVAL}))
# The left cheek: on the bone, under the eye, beside the nose, beside the mouth, and below that.
_BONE, _UNDER_EYE, _BESIDE_NOSE, _MID, _HOLLOW, _LOW = _LEFT_CHEEK = (280, 330, 266, 425, 411, 427)
_AROUND = (*_LEFT_CHEEK, *mesh.mirrored(_LEFT_CHEEK), *mesh.CHIN_BOSS)
# How far what is around rounding lips comes along: the chin keeps its width.
_COME_ALONG = {_MID: 0.10, _HOLLOW: 0.25, _LOW: 0.25, 18: 0.7, 83: 0.55, 313: 0.55, 200: 0.2, 201: 0.15, 421: 0.15}


@dataclass(frozen=True, slots=True)
class _Lips:
    """Where each lip vertex lies: what the shapes are functions of."""

    indices: list[int]
    x: Array
    along: Array  # -1 in the subject's right corner (x < 0) to 1 in the left one
    inward: Array  # 0 on the outer ring to 1 on the inner one
    upper: Array  # 1 on the upper lip, 0 on the lower, 0.5 in the corners

    @classmethod
    def of(cls, vertices: Array) -> _Lips:
        upper: dict[int, float] = {}
        inward: dict[int, float] = {}
        for ring, rims in enumerate(mesh.LIP_RINGS):
            for side, rim in zip((1.0, 0.0), rims, strict=True):
                inward |= dict.fromkeys(rim, ring / 3)
                upper |= dict.fromkeys(rim, side) | dict.fromkeys((rim[0], rim[-1]), 0.5)
        indices = sorted(upper)
        x = vertices[indices, 0]
        along = np.clip(x / (float(vertices[291, 0] - vertices[61, 0]) / 2), -1.0, 1.0)
        return cls(indices, x, along, np.array([inward[i] for i in indices]), np.array([upper[i] for i in indices]))

    @property
    def lower(self) -> Array:
        return np.asarray(1.0 - self.upper)

    @property
    def arch(self) -> Array:
        """1 in the middle, 0 in the corners."""
        return np.asarray(1.0 - np.abs(self.along) ** 2.5)

    @property
    def mound(self) -> Array:
        """1 in the middle, 0 where round lips meet, below that to the corners."""
        return np.asarray(np.maximum(1.0 - (self.along / 0.7) ** 2, -0.3))

    @property
    def left(self) -> Array:
        """0 on the right to 1 in the left corner."""
        share = np.clip((self.along + 0.35) / 1.35, 0.0, 1.0)
        return np.asarray(share * share * (3 - 2 * share))

    @property
    def left_half(self) -> Array:
        """A bump on the left half."""
        return np.asarray(np.exp(-(((self.along - 0.42) / 0.42) ** 2)) * self.arch)


class _Sculptor:
    """Turns moves of the lips, and of single points around them, into a field over the face."""

    def __init__(self, vertices: Array) -> None:
        self.lips = _Lips.of(vertices)
        self._x = vertices[:, 0]
        self._held = mesh.extension(vertices, [*self.lips.indices, *_STILL])
        self._fixed = [*self.lips.indices, *_STILL, *_AROUND]
        self._with_around = mesh.extension(vertices, self._fixed)

    def shape(
        self,
        sideways: Array | float = 0.0,
        up: Array | float = 0.0,
        forward: Array | float = 0.0,
        also: dict[int, Move] | None = None,
    ) -> Array:
        """The field (468, 3) for moves of the lips' vertices; with `also`, what is around moves only as told."""
        count = len(self.lips.indices)
        spread = self._with_around if also else self._held
        values = np.zeros((spread.shape[1], 3))
        for axis, move in enumerate((sideways, up, forward)):
            values[:count, axis] = move
        for index, told in (also or {}).items():
            values[self._fixed.index(index)] = told
        return np.asarray(spread @ values)

    def rounded(self, narrower: float, up: Array, forward: float) -> Array:
        """The field for lips that come together from the sides and forward, as they round."""
        also: dict[int, Move] = {}
        for index in _AROUND:
            share = _COME_ALONG.get(index, _COME_ALONG.get(mesh.mirrored((index,))[0], 0.0))
            also[index] = (-narrower * share * float(self._x[index]), 0.0, forward * share)
        return self.shape(-narrower * self.lips.x, up, forward, also)


def mouth_shapes(vertices: Array) -> dict[str, Array]:
    """Every linear shape of mouth, cheeks and nose (468, 3), for a symmetric face at rest (468, 3)."""
    sculptor = _Sculptor(vertices)
    both = {name: symmetric(field) for name, field in _both_sides(sculptor).items()}
    return both | with_right(_corners(sculptor) | _halves(sculptor))


def _corners(sculptor: _Sculptor) -> dict[str, Array]:
    """What the left corner of the mouth does."""
    shape, lips = sculptor.shape, sculptor.lips
    left = lips.left
    cheek: dict[int, Move] = {
        _BONE: (0.01, 0.05, 0.03), _UNDER_EYE: (0.0, 0.03, 0.02), _BESIDE_NOSE: (0.01, 0.03, 0.02),
        _MID: (0.03, 0.06, 0.03), _LOW: (0.05, 0.05, 0.0),
    }  # fmt: skip
    return {
        "mouthSmileLeft": shape(0.095 * left, 0.10 * left**1.6, -0.06 * left, cheek),
        "mouthFrownLeft": shape(0.015 * left, -0.09 * left**1.8, -0.01 * left),
        "mouthDimpleLeft": shape(0.06 * left, 0.01 * left, -0.05 * left),
        "mouthStretchLeft": shape(0.10 * left, -0.04 * left**1.5, -0.04 * left),
        "mouthLeft": shape(0.10, 0.0, -0.02 * lips.along),
    }


def _halves(sculptor: _Sculptor) -> dict[str, Array]:
    """What the left half of one lip does, or the cheek and the nose above it."""
    shape, lips = sculptor.shape, sculptor.lips
    half, upper, lower = lips.left_half, lips.upper, lips.lower
    firm = 0.75 + 0.25 * lips.inward
    toward = np.where(upper > 0.5, -0.025, 0.025)
    lifted: dict[int, Move] = {_BESIDE_NOSE: (0.0, 0.02, 0.015), _MID: (0.0, 0.015, 0.01)}
    wing: dict[int, Move] = {
        327: (0.01, 0.025, 0.0), 294: (0.015, 0.05, 0.0), 278: (0.015, 0.045, 0.0), 358: (0.01, 0.05, 0.0),
        _BESIDE_NOSE: (0.0, 0.05, 0.02),
    }  # fmt: skip
    squint: dict[int, Move] = {_BONE: (0.0, 0.04, 0.02), _UNDER_EYE: (0.0, 0.045, 0.025), _MID: (0.0, 0.03, 0.01)}
    return {
        "mouthPressLeft": shape(0.015 * lips.left, toward * half * (1 - 0.6 * lips.inward), -0.02 * half),
        "mouthLowerDownLeft": shape(0.0, -0.10 * lower * half * firm, 0.01 * lower * half),
        "mouthUpperUpLeft": shape(0.0, 0.085 * upper * half * firm, 0.01 * upper * half, lifted),
        "noseSneerLeft": shape(0.0, 0.03 * upper * half, 0.0, wing),
        "cheekSquintLeft": shape(also=squint),
    }


def _both_sides(sculptor: _Sculptor) -> dict[str, Array]:
    """What the whole mouth does."""
    shape, lips = sculptor.shape, sculptor.lips
    upper, lower, arch, outer = lips.upper, lips.lower, lips.arch, 1 - lips.inward
    chin: dict[int, Move] = dict.fromkeys(mesh.CHIN_BOSS, (0.0, 0.05, 0.02))
    puff: dict[int, Move] = {}
    for index, out in ((_BONE, 0.01), (_MID, 0.04), (_HOLLOW, 0.07), (_LOW, 0.06)):
        puff |= {index: (out, 0.0, 0.06), mesh.mirrored((index,))[0]: (-out, 0.0, 0.06)}
    side = np.where(upper > 0.5, 1.0, -1.0) * arch
    apart = lips.mound * lips.inward * np.where(upper > 0.5, 1.0, 0.25)
    funnel = side * (0.040 * apart + 0.035 * outer)
    pucker = side * (0.012 * apart + 0.022 * outer)
    return {
        "mouthClose": shape(0.0, (0.32 * lower - 0.03 * upper) * arch, 0.1 * lower),
        # Round lips part in the middle, meet beside it, and turn outwards: they stay as thick as they were.
        "mouthFunnel": sculptor.rounded(0.30, funnel, 0.12),
        "mouthPucker": sculptor.rounded(0.38, pucker, 0.13),
        "mouthRollLower": shape(0.0, 0.065 * lower * outer * arch, -0.06 * lower * arch),
        "mouthRollUpper": shape(0.0, -0.05 * upper * outer * arch, -0.05 * upper * arch),
        "mouthShrugLower": shape(0.0, 0.055 * lower * (0.4 + 0.6 * arch), 0.03 * lower * arch, chin),
        "mouthShrugUpper": shape(0.0, 0.05 * upper * arch, 0.03 * upper * arch),
        "cheekPuff": shape(0.03 * lips.along, 0.0, 0.02, puff),
    }
