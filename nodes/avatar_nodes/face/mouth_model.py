"""The inside of a mouth: teeth rigid in skull and jaw, tongue and cavity, in the photo's own colours and grain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.expression_model import JAW_HINGE, jaw_turn
from avatar_nodes.face.mouth_layers_model import INNER_LIP, TEETH, Affine, Crowns, Inside
from avatar_nodes.face.mouth_shading_model import Material, front_teeth, shade_mouth, teeth_shares
from avatar_nodes.face.opening_model import Opening, affine, draw_opening, smooth
from avatar_nodes.face.own_teeth_model import find_own_teeth
from avatar_nodes.face.palette_model import Palette
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.stance_model import Stance
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

Array = NDArray[np.float64]

_TEETH_DEPTH = 0.09  # behind the lips, inter-pupil distances
_PARTED = 0.045  # a photo whose lips are this far apart shows something of the mouth
_SHARP = 1.25  # px of blur that need no softer lips
_APPEAR = (0.004, 0.030)  # how far the gap must exceed the photo's own for the inside to begin to show, and to be all
_GIVES_WAY = 0.2  # of a gap, for each unit of expression
_SHADE = 0.6  # of the light, that lips keep out which come forward
_COLUMNS = 64
_FORWARD = [EXPRESSION_INDEX[name] for name in ("mouthFunnel", "mouthPucker")]
_SPREAD = [EXPRESSION_INDEX[f"mouth{name}{side}"] for name in ("Stretch", "Smile") for side in ("Left", "Right")]
_TONGUE_OUT = EXPRESSION_INDEX["tongueOut"]
_UPPER_EDGE, _LOWER_EDGE = -0.004, -0.004  # where teeth end, above the line at which the lips meet at rest
_LOWER_LIP = 14  # its middle
_UPPER_RIM, _LOWER_RIM = np.array(mesh.LIPS_INNER[0]), np.array(mesh.LIPS_INNER[1])


class Mouth:
    """Draws the inside of one person's mouth."""

    def __init__(self, puppet: Puppet, image: NDArray[np.uint8], palette: Palette) -> None:
        neutral = puppet.identity.neutral
        rest = neutral[[13, 14]].mean(0)
        self._puppet = puppet
        self._image = image
        self._blur = 0.5 * palette.blur if palette.blur > _SHARP else 0.0
        self._plane = np.array([0.0, rest[1], rest[2] - _TEETH_DEPTH]) + np.eye(4, 3, -1)[:3]  # (3, 3)
        self._half_width = float(neutral[308, 0] - neutral[78, 0]) / 2
        self._jaw_gain = self._drop()
        still = puppet.place(puppet.identity.photo_motion)
        self._photo_plane = self._flat(puppet.photo_stance)
        self._photo_rims = self._rims(still, affine(self._photo_plane, _UNIT))
        self._parted = float((self._photo_rims[0] - self._photo_rims[1]).max()) > _PARTED
        own = find_own_teeth(image, self._photo_opening(still), palette.mouth[INNER_LIP], puppet.identity.eye_distance)
        colours = palette.mouth.copy()
        if own.colour is not None:
            colours[TEETH] = own.colour
        crowns = Crowns(
            scale=float(np.clip(self._half_width / 0.37, 0.8, 1.15)),
            upper_edge=_UPPER_EDGE,
            lower_edge=_LOWER_EDGE,
            soft=0.9 * palette.blur / puppet.identity.eye_distance,
            detail=palette.detail,
        )
        self._material = Material(crowns, colours, palette.grain, image, own.row)

    def draw(self, placed: Placed, motion: FaceMotion, picture: NDArray[np.uint8]) -> None:
        """Lay it into `picture` (size, size, 3) between the lips."""
        found = self._inside(placed, motion)
        if found is not None:
            opening, inside, rims = found
            shade_mouth(picture, opening.coverage, opening.left, opening.top, inside, rims, self._material)

    def teeth(self, placed: Placed, motion: FaceMotion) -> NDArray[np.float32]:
        """How much of each pixel is seen to be upper teeth, and lower teeth: (size, size, 2), 0 to 1."""
        shares = np.zeros((*self._image.shape[:2], 2), np.float32)
        found = self._inside(placed, motion)
        if found is not None:
            opening, inside, rims = found
            teeth_shares(shares, opening.coverage, opening.left, opening.top, inside, rims, self._material)
        return shares

    def front_teeth(self, placed: Placed) -> NDArray[np.float32]:
        """How much of each pixel the upper teeth from canine to canine cover, lips or no lips: (size, size)."""
        shares = np.zeros(self._image.shape[:2], np.float32)
        front_teeth(shares, _six(affine(self._flat(placed.stance), _UNIT)), self._material.crowns)
        return shares

    def _inside(self, placed: Placed, motion: FaceMotion) -> tuple[Opening, Inside, NDArray[np.float32]] | None:
        """Where the lips are open, what stands there, and the rims as `shade_mouth` has them; None: nothing is seen."""
        rims_px = placed.points.astype(np.float64)
        opening = draw_opening(rims_px[_UPPER_RIM], rims_px[_LOWER_RIM], len(self._image), self._blur)
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
        inside = Inside(
            to_skull=_six(to_skull),
            to_jaw=_six(affine(jaw, _UNIT)),
            to_photo=_six(affine(skull, self._photo_plane)),
            reach=self._reach,
            corner=max(float(corners[1] - corners[0]) / 2, 0.05),
            tongue_top=_tongue_top(motion, opened),
            tongue_out=float(motion.expression[_TONGUE_OUT]),
            shade=_SHADE * float(np.clip(motion.expression[_FORWARD].sum(), 0.0, 1.0)),
        )
        return opening, inside, np.concatenate([rims, shown[None]]).astype(np.float32)

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
        turned = (self._plane - JAW_HINGE) @ jaw_turn(self._jaw_gain * value["jawOpen"]).T + JAW_HINGE
        return np.asarray(turned + np.array([aside, 0.0, 0.08 * value["jawForward"]]))

    def _drop(self) -> float:
        """How much farther than the jaw's hinge says the lower lip drops with jawOpen: lower teeth go with it."""
        half = np.zeros(len(EXPRESSION_NAMES), np.float32)
        half[EXPRESSION_INDEX["jawOpen"]] = 0.5
        identity = self._puppet.identity
        lip = identity.neutral[_LOWER_LIP]
        turned = (lip - JAW_HINGE) @ jaw_turn(0.5).T + JAW_HINGE
        moved = identity.basis.shifted(identity.neutral, half)[_LOWER_LIP]
        return float(np.clip((moved - lip)[1] / (turned - lip)[1], 0.8, 1.5))

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


def _tongue_top(motion: FaceMotion, opened: float) -> float:
    """How far above the lower rim the tongue reaches.

    It fills a mouth that is little open, where l n d t k raise it, and lies low in a wide one; it is bunched towards
    spread lips.
    """
    fill = float(np.clip(1.0 - 1.1 * max(opened - 0.08, 0.0), 0.60, 1.0))
    return min(fill + 0.075 * float(motion.expression[_SPREAD].sum()), 1.0) * opened + 0.02


def _six(affine_map: Array) -> Affine:
    """A map (2, 3) as plain numbers."""
    a, b, c, d, e, f = affine_map.ravel().tolist()
    return a, b, c, d, e, f


_UNIT = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
