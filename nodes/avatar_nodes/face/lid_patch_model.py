"""A lid that closes: skin that unrolls over the eyeball from the crease, and lashes that turn down with the rim."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.eye_shading_model import lay_skin, lay_strip
from avatar_nodes.face.lashes_model import STEPS, take_lashes
from avatar_nodes.face.lattice_model import lattice_triangles, sampled
from avatar_nodes.face.lid_curves_model import COLUMNS, Eyelids, Points, flat, with_crease
from avatar_nodes.face.lid_skin_model import cover_eye

Array = NDArray[np.float64]

_FADE_IN = (0.05, 0.45)  # over which share of closing the patch takes over from the photo
_TURN = (0.3, 0.75)  # and over which lashes turn from up to down


class LidPatch:
    """Draws the lids of one eye while they close."""

    def __init__(self, image: NDArray[np.uint8], points: Array, lids: Eyelids, lash: NDArray[np.float32]) -> None:
        self._lids = lids
        self._photo = lids.placed(points)
        self._photo_height = lids.height(points)
        outline = flat(np.concatenate([self._photo[0], self._photo[-1, ::-1]]))
        upper, lower = self._photo[2:4, 1:-1]
        rims = (flat(upper), flat(lower))
        self._skin = cover_eye(image, outline, rims, points[lids.brow], points[list(OVAL)])
        self._lashes = take_lashes(image, self._skin, lids, upper, lash)
        grid = with_crease(self._photo, self._photo)
        self._source = (flat(grid) - (self._skin.left, self._skin.top)).astype(np.float32)
        self._triangles = lattice_triangles(len(grid), COLUMNS)

    def closing(self, points: Array) -> float:
        """How far the lids are closed from where the photo has them: 0 there, 1 shut."""
        return min(max(1.0 - self._lids.height(points) / max(self._photo_height, 1e-3), 0.0), 1.0)

    def placed(self, points: Array, closing: float) -> Points | None:
        """The curves of the lids; None where they are as open as in the photo."""
        return self._lids.placed(points) if closing > _FADE_IN[0] else None

    def draw_skin(self, curves: Points, closing: float, picture: NDArray[np.uint8]) -> None:
        """Lay the lids' skin into `picture`, under the eyeball."""
        grid = flat(with_crease(curves, self._photo))
        seen = sampled(grid, self._source, self._triangles, len(picture))
        amount = _ease(closing, _FADE_IN)
        lay_skin(picture, seen.left, seen.top, seen.sampling, seen.nearest, self._skin.skin, amount)

    def draw_lashes(self, curves: Points, closing: float, picture: NDArray[np.uint8]) -> None:
        """Lay the lashes into `picture`, over the eyeball: as in the photo, then turned down."""
        shown, down = _ease(closing, _FADE_IN), _ease(closing, _TURN)
        lashes = self._lashes
        for strip, reach, amount in (
            (lashes.raised, 1.0 - 0.55 * closing, shown * (1.0 - down)),
            (lashes.lowered, -(0.25 + 0.5 * closing), down),
        ):
            if amount == 0.0:
                continue
            heights = np.where(STEPS > 0, STEPS * reach, STEPS * np.sign(reach))
            grid = flat(self._lids.strip(curves[2, 1:-1], heights))
            seen = sampled(grid, lashes.source, lashes.triangles, len(picture))
            lay_strip(picture, seen.left, seen.top, seen.sampling, seen.nearest, strip, amount)


def _ease(value: float, span: tuple[float, float]) -> float:
    share = min(max((value - span[0]) / (span[1] - span[0]), 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)
