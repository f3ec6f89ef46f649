"""The inside of a mouth: teeth rigid in skull and jaw, tongue and cavity, in the photo's own colours and grain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.expression_model import JAW_HINGE, jaw_turn
from avatar_nodes.face.mouth_shading_model import (
    INNER_LIP,
    TEETH,
    Inside,
    Material,
    front_teeth,
    shade_mouth,
    teeth_shares,
)
from avatar_nodes.face.opening_model import Opening, affine, draw_opening, smooth
from avatar_nodes.face.own_teeth_model import find_own_teeth
from avatar_nodes.face.palette_model import Palette
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.stance_model import Stance
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion

Array = NDArray[np.float64]

_TEETH_DEPTH = 0.09  # behind the lips, inter-pupil distances
_PARTED = 0.045  # a photo whose lips are this far apart shows something of the mouth
_APPEAR = (0.004, 0.030)  # how far the gap must exceed the photo's own for the inside to begin to show, and to be all
_GIVES_WAY = 0.2  # of a gap, for each unit of expression
_COLUMNS = 64
_EDGES = (-0.010, 0.004)  # where upper and lower teeth end, above the line at which the lips meet at rest
_UPPER_RIM, _LOWER_RIM = np.array(mesh.LIPS_INNER[0]), np.array(mesh.LIPS_INNER[1])


class Mouth:
    """Draws the inside of one person's mouth."""

    def __init__(self, puppet: Puppet, image: NDArray[np.uint8], palette: Palette) -> None:
        neutral = puppet.identity.neutral
        rest = neutral[[13, 14]].mean(0)
        self._puppet = puppet
        self._image = image
        self._plane = np.array([0.0, rest[1], rest[2] - _TEETH_DEPTH]) + np.eye(4, 3, -1)[:3]  # (3, 3)
        self._half_width = float(neutral[308, 0] - neutral[78, 0]) / 2
        still = puppet.place(puppet.identity.photo_motion)
        self._photo_plane = self._flat(puppet.photo_stance)
        self._photo_rims = self._rims(still, affine(self._photo_plane, _UNIT))
        self._parted = float((self._photo_rims[0] - self._photo_rims[1]).max()) > _PARTED
        own = find_own_teeth(image, self._photo_opening(still), palette.mouth[INNER_LIP], puppet.identity.eye_distance)
        colours = palette.mouth.copy()
        if own.colour is not None:
            colours[TEETH] = own.colour
        self._material = Material(
            colours=colours,
            soft=0.9 * palette.blur / puppet.identity.eye_distance,
            detail=palette.detail,
            teeth_scale=float(np.clip(self._half_width / 0.37, 0.8, 1.15)),
            edges=np.array(_EDGES, np.float32),
            grain=palette.grain,
            photo=image,
            own_teeth=own.row,
        )

    def draw(self, placed: Placed, motion: FaceMotion, picture: NDArray[np.uint8]) -> None:
        """Lay it into `picture` (size, size, 3) between the lips."""
        found = self._inside(placed, motion)
        if found is not None:
            opening, inside = found
            shade_mouth(picture, opening.coverage, opening.left, opening.top, inside, self._material)

    def teeth(self, placed: Placed, motion: FaceMotion) -> NDArray[np.float32]:
        """How much of each pixel is seen to be upper teeth, and lower teeth: (size, size, 2), 0 to 1."""
        shares = np.zeros((*self._image.shape[:2], 2), np.float32)
        found = self._inside(placed, motion)
        if found is not None:
            opening, inside = found
            teeth_shares(shares, opening.coverage, opening.left, opening.top, inside, self._material)
        return shares

    def front_teeth(self, placed: Placed) -> NDArray[np.float32]:
        """How much of each pixel the upper teeth from canine to canine cover, lips or no lips: (size, size)."""
        shares = np.zeros(self._image.shape[:2], np.float32)
        front_teeth(shares, affine(self._flat(placed.stance), _UNIT).astype(np.float32), self._material)
        return shares

    def _inside(self, placed: Placed, motion: FaceMotion) -> tuple[Opening, Inside] | None:
        """Where the lips are open, and what stands there; None where nothing is seen."""
        rims_px = placed.points.astype(np.float64)
        opening = draw_opening(rims_px[_UPPER_RIM], rims_px[_LOWER_RIM], len(self._image))
        if opening is None:
            return None
        skull = self._flat(placed.stance)
        jaw = self._puppet.project(self._with_jaw(motion), self._plane, placed.stance)[0]
        to_skull = affine(skull, _UNIT)
        rims = self._rims(placed, to_skull)
        shown = self._shown(rims, motion)
        if not shown.any():
            return None
        corners = rims_px[[78, 308]] @ to_skull[0, :2]
        opened = max(float((rims[0] - rims[1]).max()), 0.0)
        return opening, Inside(
            to_skull=to_skull.astype(np.float32),
            to_jaw=affine(jaw, _UNIT).astype(np.float32),
            to_photo=affine(skull, self._photo_plane).astype(np.float32),
            rims=np.concatenate([rims, shown[None]]).astype(np.float32),
            reach=self._reach,
            corner=max(float(corners[1] - corners[0]) / 2, 0.05),
            tongue=_tongue(motion, opened),
            shade=0.5 * _rounding(motion),
        )

    @property
    def _reach(self) -> float:
        return self._half_width * 1.4

    def _photo_opening(self, still: Placed) -> Opening | None:
        """The opening of the photo's own lips; None where they are all but closed."""
        if not self._parted:
            return None
        points = still.points.astype(np.float64)
        return draw_opening(points[_UPPER_RIM], points[_LOWER_RIM], len(self._image))

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

    def _shown(self, rims: Array, motion: FaceMotion) -> Array:
        """How much of the inside shows, for each column: nothing as in the photo, where it has a mouth of its own."""
        gap, photo = rims[0] - rims[1], self._photo_rims[0] - self._photo_rims[1]
        change = gap - np.maximum(photo, 0.0)
        if self._parted:  # what the photo shows does not stretch with the lips: it gives way as soon as they move
            moved = _GIVES_WAY * self._puppet.identity.mouth_change(motion)
            change = np.full(len(gap), max(float(np.abs(change).max()), moved))
        share = np.clip((change - _APPEAR[0]) / (_APPEAR[1] - _APPEAR[0]), 0.0, 1.0)
        return np.asarray(share * share * (3 - 2 * share))


def _tongue(motion: FaceMotion, opened: float) -> NDArray[np.float32]:
    """How far up the tongue reaches, how much light falls on it, and how far it comes out (3,).

    It fills a mouth that is little open, where l n d t k raise it, and lies low in a wide one; it is bunched towards
    spread lips.
    """
    value = {name: float(motion.expression[EXPRESSION_INDEX[name]]) for name in _TONGUE_NAMES}
    spread = 0.25 * sum(value[name] for name in _SPREAD)
    fill = float(np.clip(1.0 - 1.1 * max(opened - 0.08, 0.0), 0.60, 1.0)) + 0.3 * spread
    return np.array([min(fill, 1.0) * opened + 0.02, 0.86, value["tongueOut"]], np.float32)


def _rounding(motion: FaceMotion) -> float:
    """How far the lips shade the mouth by coming forward, 0 to 1."""
    forward = sum(float(motion.expression[EXPRESSION_INDEX[name]]) for name in ("mouthFunnel", "mouthPucker"))
    return float(np.clip(forward, 0.0, 1.0))


_SPREAD = ("mouthStretchLeft", "mouthStretchRight", "mouthSmileLeft", "mouthSmileRight")
_TONGUE_NAMES = (*_SPREAD, "tongueOut")
_UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
