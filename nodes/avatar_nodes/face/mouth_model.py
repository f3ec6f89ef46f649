"""The inside of a mouth: teeth rigid in skull and jaw, tongue and cavity, in the photo's own colours and grain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.expression_model import JAW_HINGE, jaw_turn
from avatar_nodes.face.mouth_shading_model import shade_mouth
from avatar_nodes.face.opening_model import affine, draw_opening, smooth
from avatar_nodes.face.palette_model import Palette
from avatar_nodes.face.puppet_model import Placed, Puppet, Stance
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion

Array = NDArray[np.float64]

_TEETH_DEPTH = 0.09  # behind the lips, inter-pupil distances
_OWN_GAP = 0.045  # a photo whose lips are this far apart shows teeth of its own
_APPEAR = (0.004, 0.030)  # how far the gap must exceed the photo's own for the inside to begin to show, and to be all
_COLUMNS = 64
_UPPER_RIM, _LOWER_RIM = np.array(mesh.LIPS_INNER[0]), np.array(mesh.LIPS_INNER[1])


class Mouth:
    """Draws the inside of one person's mouth."""

    def __init__(self, puppet: Puppet, image: NDArray[np.uint8], palette: Palette) -> None:
        neutral = puppet.identity.neutral
        rest = neutral[[13, 14]].mean(0)
        self._puppet = puppet
        self._image = image
        self._palette = palette
        self._plane = np.array([0.0, rest[1], rest[2] - _TEETH_DEPTH]) + np.eye(4, 3, -1)[:3]  # (3, 3)
        self._half_width = float(neutral[308, 0] - neutral[78, 0]) / 2
        self._teeth_scale = float(np.clip(self._half_width / 0.37, 0.8, 1.15))
        still = puppet.place(puppet.identity.photo_motion)
        self._photo_plane = self._flat(puppet.photo_stance)
        self._photo_rims = self._rims(still, affine(self._photo_plane, _UNIT))
        self._own_teeth = self._find_own_teeth(still)

    def draw(self, placed: Placed, motion: FaceMotion, picture: NDArray[np.uint8]) -> None:
        """Lay it into `picture` (size, size, 3) between the lips."""
        rims_px = placed.points.astype(np.float64)
        opening = draw_opening(rims_px[_UPPER_RIM], rims_px[_LOWER_RIM], len(picture))
        if opening is None:
            return
        skull = self._flat(placed.stance)
        to_skull = affine(skull, _UNIT)
        rims = self._rims(placed, to_skull)
        shown = self._shown(rims)
        if not shown.any():
            return
        jaw = self._puppet.project(self._with_jaw(motion), self._plane, placed.stance)[0]
        opened = max(float((rims[0] - rims[1]).max()), 0.0)
        shade_mouth(
            picture, opening.coverage, opening.left, opening.top,
            to_skull.astype(np.float32), affine(jaw, _UNIT).astype(np.float32),
            np.concatenate([rims, shown[None]]).astype(np.float32), self._reach, self._palette.mouth,
            0.9 * self._palette.blur / self._puppet.identity.eye_distance, self._palette.grain,
            self._tongue_rise(motion, opened), self._teeth_scale,
            self._image, self._own_teeth, affine(skull, self._photo_plane).astype(np.float32),
        )  # fmt: skip

    @property
    def _reach(self) -> float:
        return self._half_width * 1.4

    @property
    def _own(self) -> bool:
        return float((self._photo_rims[0] - self._photo_rims[1]).max()) > _OWN_GAP

    def _tongue_rise(self, motion: FaceMotion, opened: float) -> float:
        out = float(motion.expression[EXPRESSION_INDEX["tongueOut"]])
        return 0.01 + 0.45 * opened + 0.10 * out

    def _flat(self, stance: Stance) -> Array:
        """The plane of the upper teeth in px: a point and two unit steps (3, 2)."""
        return self._puppet.project(self._plane, self._plane, stance)[0]

    def _with_jaw(self, motion: FaceMotion) -> Array:
        value = {name: float(motion.expression[index]) for name, index in EXPRESSION_INDEX.items()}
        aside = 0.08 * (value["jawLeft"] - value["jawRight"])
        turned = (self._plane - JAW_HINGE) @ jaw_turn(value["jawOpen"]).T + JAW_HINGE
        return np.asarray(turned + np.array([aside, 0.0, 0.08 * value["jawForward"]]))

    def _rims(self, placed: Placed, to_skull: Array) -> Array:
        """The inner rims as heights over x in the plane of the teeth: (2, columns)."""
        x = np.linspace(-self._reach, self._reach, _COLUMNS)
        heights = []
        for rim in (_UPPER_RIM, _LOWER_RIM):
            curve = smooth(placed.points[rim].astype(np.float64)) @ to_skull[:, :2].T + to_skull[:, 2]
            heights.append(np.interp(x, np.maximum.accumulate(curve[:, 0]), curve[:, 1]))
        return np.stack(heights)

    def _shown(self, rims: Array) -> Array:
        gap, photo = rims[0] - rims[1], self._photo_rims[0] - self._photo_rims[1]
        # Own teeth do not stretch with the lips: they show as soon as the lips move either way.
        change = np.full(len(gap), np.abs(gap - photo).max()) if self._own else gap - np.maximum(photo, 0.0)
        share = np.clip((change - _APPEAR[0]) / (_APPEAR[1] - _APPEAR[0]), 0.0, 1.0)
        return np.asarray(share * share * (3 - 2 * share))

    def _find_own_teeth(self, still: Placed) -> NDArray[np.float32]:
        """Where the photo shows teeth: what is bright between its lips, joined, without the lips' edges."""
        size = len(self._image)
        points = still.points.astype(np.float64)
        opening = draw_opening(points[_UPPER_RIM], points[_LOWER_RIM], size) if self._own else None
        if opening is None:
            return np.zeros((size, size, 1), np.float32)
        inside = np.zeros((size, size), np.uint8)
        height, width = opening.coverage.shape
        inside[opening.top : opening.top + height, opening.left : opening.left + width] = opening.coverage
        within = cv2.erode(inside, np.ones((3, 3), np.uint8)) > 127
        luma = cv2.cvtColor(self._image, cv2.COLOR_RGB2GRAY)
        bright = np.percentile(luma[within], 95) if within.any() else 255.0
        teeth = (within & (luma > 0.6 * bright)).astype(np.uint8)
        reach = max(3, int(0.05 * self._puppet.identity.eye_distance) | 1)
        joined = cv2.morphologyEx(teeth, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
        kept = np.where(within, joined, 0).astype(np.float32)
        return np.asarray(cv2.GaussianBlur(kept, (0, 0), 0.8)[:, :, None], np.float32)


_UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
