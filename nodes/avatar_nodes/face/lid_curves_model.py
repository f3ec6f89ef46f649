"""The curves along the lids of an eye, brow to cheek, and the grids between them that carry skin and lashes.

Points are complex numbers here, x + iy in px, so that all of it but the crease is one linear map of the vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.opening_model import smooth

Array = NDArray[np.float64]
Points = NDArray[np.complex128]

ROWS = 5  # far above, above, upper rim, lower rim, below
COLUMNS = 35  # the outer corner's surroundings, 33 along the lid, the inner corner's
_VERTICES = 9  # of a row of the mesh
_CREASE_SHARE = 0.5  # of the skin between the ring above and the rim: what keeps its place when the rest unrolls
_BEYOND = (0.28, 0.16)  # eye widths: how far the curves go on beyond the outer and the inner corner
# Where the curves end beside the outer corner: how far out, and how high, in eye widths.
_FAN = ((0.2, 0.27), (0.11, 0.12), (0.0, 0.0), (0.0, 0.0), (0.14, -0.16))
_LEAN = 0.5 * np.linspace(-1.0, 1.0, COLUMNS - 2) ** 3  # of lashes at the corners


@dataclass(frozen=True, slots=True)
class Eyelids:
    """The lids of one eye as vertices, from the outer corner to the inner one."""

    rows: NDArray[np.int64]  # (ROWS, 9)
    brow: NDArray[np.int64]
    up: complex  # what turns a step along the eye, outer to inner, into one upwards
    curves: Points  # (ROWS * COLUMNS, ROWS * 9): from vertices to the points of the curves

    @classmethod
    def of(cls, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> Eyelids:
        """By the rims of the right or left eye."""
        right = rims == mesh.RIGHT_EYE
        (near_above, near_below), (far_above, _) = mesh.RIGHT_LIDS
        rows = [far_above, near_above, *mesh.RIGHT_EYE, near_below]
        vertices = np.array([row if right else mesh.mirrored(row) for row in rows])
        brow = mesh.RIGHT_BROW if right else mesh.mirrored(mesh.RIGHT_BROW)
        up = -1j if right else 1j
        return cls(vertices, np.array(brow), up, _curves(up))

    def placed(self, points: Array) -> Points:
        """The curves (ROWS, COLUMNS) for all vertices (n, 2)."""
        flat = np.ascontiguousarray(points[self.rows.ravel()]).view(np.complex128)[:, 0]
        return np.asarray((self.curves @ flat).reshape(ROWS, COLUMNS))

    def height(self, points: Array) -> float:
        """How far apart the lids are in the middle, px."""
        apart = points[self.rows[2, 3:6]] - points[self.rows[3, 3:6]]
        return float(np.hypot(apart[:, 0], apart[:, 1]).mean())

    def strip(self, rim: Points, heights: Array) -> Points:
        """A strip (heights, 33) above a rim (33,), heights in eye widths; at the corners it leans outwards."""
        across = rim[-1] - rim[0]
        return np.asarray(rim + heights[:, None] * (across * (self.up + _LEAN)))


def _curves(up: complex) -> Points:
    """How the points of the curves follow from the vertices."""
    vertices = np.eye(ROWS * _VERTICES, dtype=np.complex128).reshape(ROWS, _VERTICES, -1)
    first, last = vertices[2, 0], vertices[2, -1]
    across = last - first
    smoothing = np.stack([smooth(np.stack([one, one], axis=1))[:, 0] for one in np.eye(_VERTICES)], axis=1)
    found = []
    for row, (out, height) in zip(vertices, _FAN, strict=True):
        rise = height * up * across
        corner = first + rise - out * across
        second = (corner + row[2]) / 2 if out > 0 else row[1]
        ends = (first + rise - _BEYOND[0] * across, last + 0.6 * rise + _BEYOND[1] * across)
        control = np.stack([corner, second, *row[2:-1], last + 0.6 * rise + 0.5 * out * across])
        found += [ends[0][None], smoothing @ control, ends[1][None]]
    return np.concatenate(found)


def with_crease(curves: Points, photo: Points) -> Points:
    """The curves, and between the ring above and the rim one that stays in place while the rim moves: (6, COLUMNS)."""
    above, rim = curves[1], curves[2]
    grown = abs(rim[-1] - rim[0]) / max(abs(photo[2, -1] - photo[2, 0]), 1e-3)
    was, now = grown * np.abs(photo[2] - photo[1]), np.abs(rim - above)
    share = _CREASE_SHARE * np.minimum(was / np.maximum(now, 1e-3), 1.0)
    return np.concatenate([curves[:2], (above + share * (rim - above))[None], curves[2:]])


def flat(points: Points) -> Array:
    """As (n, 2) x and y."""
    return np.ascontiguousarray(points).view(np.float64).reshape(-1, 2)
