"""A lid that closes: skin that unrolls over the eyeball from the crease, and lashes that turn down with the rim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.eye_shading_model import lay_skin, lay_strip
from avatar_nodes.face.lashes_model import Lashes, take_lashes
from avatar_nodes.face.lattice_model import lattice_triangles, sampled
from avatar_nodes.face.lid_skin_model import LidSkin, cover_eye
from avatar_nodes.face.opening_model import smooth

Array = NDArray[np.float64]

_CREASE_SHARE = 0.5  # of the skin between the ring above and the rim: what keeps its place when the rest unrolls
_BEYOND = (0.24, 0.16)  # eye widths: how far the patch reaches beyond the outer and the inner corner
# Where the rows of the patch, brow to cheek, end beside the outer corner: how far out, and how high, in eye widths.
_FAN = ((0.18, 0.26), (0.1, 0.12), (0.0, 0.0), (0.0, 0.0), (0.12, -0.15))
_FADE_IN = (0.05, 0.45)  # over which share of closing the patch takes over from the photo
_TURN = (0.3, 0.75)  # and over which lashes turn from up to down


@dataclass(frozen=True, slots=True)
class Eyelids:
    """The vertices of one eye, outer to inner corner or the other way round, from brow to cheek."""

    rows: tuple[NDArray[np.int64], ...]  # upper rings, outer first; upper rim; lower rim; lower ring
    brow: NDArray[np.int64]

    @classmethod
    def of(cls, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> Eyelids:
        """By the rims of the right or left eye."""
        right = rims == mesh.RIGHT_EYE

        def side(indices: tuple[int, ...]) -> NDArray[np.int64]:
            return np.array(indices if right else mesh.mirrored(indices))

        (near_above, near_below), (far_above, _) = mesh.RIGHT_LIDS
        rows = tuple(side(row) for row in (far_above, near_above, *mesh.RIGHT_EYE, near_below))
        return cls(rows, side(mesh.RIGHT_BROW))


class LidPatch:
    """Draws the lids of one eye while they close."""

    def __init__(self, image: NDArray[np.uint8], points: Array, lids: Eyelids, lash: NDArray[np.float32]) -> None:
        self._lids = lids
        self._photo_rows = _rows(points, lids)
        above, _, upper, lower, below = self._photo_rows
        self._photo_height = opening_height(points, lids)
        outline = np.concatenate([above, below[::-1]])
        self._skin: LidSkin = cover_eye(
            image, outline, (upper[1:-1], lower[1:-1]), points[lids.brow], points[list(OVAL)]
        )
        self._lashes: Lashes = take_lashes(image, self._skin, upper[1:-1], lash)
        corner = np.array([self._skin.left, self._skin.top])
        self._source = (self._lattice(self._photo_rows) - corner).astype(np.float32).reshape(-1, 2)
        self._triangles = lattice_triangles(len(self._source) // len(upper), len(upper))

    def closing(self, points: Array) -> float:
        """How far the lids are closed from where the photo has them: 0 there, 1 shut."""
        return float(np.clip(1.0 - opening_height(points, self._lids) / max(self._photo_height, 1e-3), 0.0, 1.0))

    def draw_skin(self, points: Array, closing: float, picture: NDArray[np.uint8]) -> None:
        """Lay the lids' skin into `picture`, under the eyeball."""
        amount = _ease(closing, _FADE_IN)
        if amount == 0.0:
            return
        rows = self._lattice(_rows(points, self._lids))
        seen = sampled(rows.reshape(-1, 2), self._source, self._triangles, len(picture))
        lay_skin(picture, seen.left, seen.top, seen.sampling, seen.nearest, self._skin.skin, amount)

    def draw_lashes(self, points: Array, closing: float, picture: NDArray[np.uint8]) -> None:
        """Lay the lashes into `picture`, over the eyeball: as in the photo, then turned down."""
        shown, down = _ease(closing, _FADE_IN), _ease(closing, _TURN)
        upper = smooth(points[self._lids.rows[2]])
        lashes = self._lashes
        for strip, reach, amount in (
            (lashes.raised, 1.0 - 0.55 * closing, shown * (1.0 - down)),
            (lashes.lowered, -(0.25 + 0.5 * closing), down),
        ):
            if amount == 0.0:
                continue
            rows = lashes.lattice(upper, reach).reshape(-1, 2)
            seen = sampled(rows, lashes.source, lashes.triangles, len(picture))
            lay_strip(picture, seen.left, seen.top, seen.sampling, seen.nearest, strip, amount)

    def _lattice(self, rows: list[Array]) -> Array:
        """The rows, and between crease and rim one that stays where it is while the rim moves: (rows, columns, 2)."""
        far, crease, upper, lower, below = rows
        photo = self._photo_rows
        grown = np.linalg.norm(upper[-1] - upper[0]) / max(np.linalg.norm(photo[2][-1] - photo[2][0]), 1e-3)
        was = grown * np.linalg.norm(photo[2] - photo[1], axis=1)
        now = np.linalg.norm(upper - crease, axis=1)
        share = _CREASE_SHARE * np.minimum(was / np.maximum(now, 1e-3), 1.0)
        between = crease + share[:, None] * (upper - crease)
        return np.stack([far, crease, between, upper, lower, below])


def _rows(points: Array, lids: Eyelids) -> list[Array]:
    """Smooth curves along the rows, with a point beyond each corner of the eye."""
    first, last = points[lids.rows[2]][[0, -1]]
    across = last - first
    up = np.array([across[1], -across[0]]) * (-1.0 if across[0] < 0 else 1.0)
    rows = []
    for row, (out, height) in zip(lids.rows, _FAN, strict=True):
        outer, inner = height * up - out * across, 0.6 * height * up + 0.5 * out * across
        corner, third = first + outer, points[row[2]]
        second = (corner + third) / 2 if out > 0 else points[row[1]]
        curve = smooth(np.concatenate([[corner, second], points[row[2:-1]], [last + inner]]))
        ends = (first + height * up - _BEYOND[0] * across, last + 0.6 * height * up + _BEYOND[1] * across)
        rows.append(np.concatenate([ends[:1], curve, ends[1:]]))
    return rows


def opening_height(points: Array, lids: Eyelids) -> float:
    """How far apart the lids are in the middle, px."""
    upper, lower = lids.rows[2], lids.rows[3]
    return float(np.linalg.norm(points[upper[3:6]] - points[lower[3:6]], axis=1).mean())


def _ease(value: float, span: tuple[float, float]) -> float:
    share = min(max((value - span[0]) / (span[1] - span[0]), 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)
