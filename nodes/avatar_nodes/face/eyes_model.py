"""Eyes: an iris that slides under the lids over a completed eyeball, and lids that close over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import LEFT_IRIS, LEFT_PUPIL, RIGHT_IRIS, RIGHT_PUPIL
from avatar_nodes.face.eye_shading_model import shade_eye
from avatar_nodes.face.eyeball_model import Eyeball, take_eyeball
from avatar_nodes.face.identity_model import EYEBALL_RADIUS, gaze_of
from avatar_nodes.face.lid_curves_model import Eyelids
from avatar_nodes.face.lid_patch_model import LidPatch
from avatar_nodes.face.opening_model import affine, draw_opening
from avatar_nodes.face.palette_model import Palette
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.payloads import FaceMotion

Array = NDArray[np.float64]

_LEAVES = 1.5  # px the iris slides until nothing but the model of the eye is shown
_WIDER = (1.02, 1.15)  # of the upper lid's arch in the photo: over it the lids take along their shade on the eyeball
_FLAT = 0.02  # eye widths: an upper lid without an arch that could be compared
_LONGEST_LOOK = 38.0  # degrees an eye turns at most


@dataclass(frozen=True, slots=True)
class _Eye:
    upper: NDArray[np.int64]  # the rims, as vertices
    lower: NDArray[np.int64]
    plane: Array  # (3, 3): a point and two unit steps in the plane of the iris, head coordinates
    photo_plane: Array  # (3, 2) px
    photo_lids: Array  # (3, 2) px: the corners, and the middle of the upper rim
    ball: Eyeball
    patch: LidPatch

    @property
    def lids(self) -> NDArray[np.int64]:
        """The corners, and the middle of the upper rim, as vertices."""
        return _lid_points(self.upper)


class Eyes:
    """Draws both eyes of one person."""

    def __init__(
        self, puppet: Puppet, image: NDArray[np.uint8], landmarks: NDArray[np.float32], palette: Palette
    ) -> None:
        self._puppet = puppet
        self._photo_gaze = gaze_of(puppet.identity.photo_motion)
        still = puppet.place(puppet.identity.photo_motion)
        points = landmarks[:, :2].astype(np.float64)
        eyes = [
            _take_eye(puppet, image, still, rims, points[pupil], points[list(iris)], palette.lash)
            for rims, pupil, iris in (
                (mesh.RIGHT_EYE, RIGHT_PUPIL, RIGHT_IRIS),
                (mesh.LEFT_EYE, LEFT_PUPIL, LEFT_IRIS),
            )
        ]
        self._eyes = [eye for eye in eyes if eye is not None]

    def draw(self, placed: Placed, motion: FaceMotion, picture: NDArray[np.uint8]) -> None:
        """Lay both into `picture` (size, size, 3) between the lids."""
        turn = self._turn(motion)
        points = placed.points.astype(np.float64)
        for eye in self._eyes:
            closing = eye.patch.closing(points)
            curves = eye.patch.placed(points, closing)
            if curves is not None:
                eye.patch.draw_skin(curves, closing, picture)
            self._draw_ball(eye, placed, points, turn, picture)
            if curves is not None:
                eye.patch.draw_lashes(curves, closing, picture)

    def _draw_ball(self, eye: _Eye, placed: Placed, points: Array, turn: Array, picture: NDArray[np.uint8]) -> None:
        """The eyeball where the lids are open."""
        opening = draw_opening(points[eye.upper], points[eye.lower], len(picture))
        if opening is None:
            return
        now = self._puppet.project(eye.plane, eye.plane, placed.stance)[0]
        into_photo = affine(now, eye.photo_plane)
        lids = points[eye.lids]
        wider = _wider(lids, eye.photo_lids)
        into_shade = into_photo if wider == 0.0 else _mixed(into_photo, affine(lids, eye.photo_lids), wider)
        corner = np.array([[0.0, 0.0, eye.ball.left], [0.0, 0.0, eye.ball.top]])
        slide = (eye.photo_plane[1:] - eye.photo_plane[0]).T @ turn
        ball = eye.ball
        shade_eye(
            picture, opening.coverage, opening.left, opening.top,
            (into_photo - corner).astype(np.float32), (into_shade - corner).astype(np.float32),
            ball.ball, ball.shade, ball.highlights, ball.rest, _rest_share(slide) * (1.0 - wider),
            ball.iris, ball.radius, slide.astype(np.float32),
        )  # fmt: skip

    def _turn(self, motion: FaceMotion) -> Array:
        """How far the irises are from where the photo has them, in inter-pupil distances: x right, y up."""
        now = np.radians(np.clip(gaze_of(motion), -_LONGEST_LOOK, _LONGEST_LOOK))
        photo = np.radians(np.clip(self._photo_gaze, -_LONGEST_LOOK, _LONGEST_LOOK))
        across, down = EYEBALL_RADIUS * (np.sin(now) - np.sin(photo))
        return np.array([across, -down])


def _take_eye(
    puppet: Puppet,
    image: NDArray[np.uint8],
    still: Placed,
    rims: tuple[tuple[int, ...], tuple[int, ...]],
    iris: Array,
    ring: Array,
    lash: NDArray[np.float32],
) -> _Eye | None:
    """One eye of the photo; None where it lies outside of the frame."""
    upper, lower = np.array(rims[0]), np.array(rims[1])
    points = still.points.astype(np.float64)
    opening = draw_opening(points[upper], points[lower], len(image))
    if opening is None:
        return None
    plane = still.face[[upper[0], upper[-1]]].mean(0) + np.eye(4, 3, -1)[:3]
    photo_plane = puppet.project(plane, plane, puppet.photo_stance)[0]
    ball = take_eyeball(image, opening, iris, float(np.linalg.norm(ring - iris, axis=1).max()))
    lids = points[_lid_points(upper)]
    return _Eye(upper, lower, plane, photo_plane, lids, ball, LidPatch(image, points, Eyelids.of(rims), lash))


def _lid_points(upper: NDArray[np.int64]) -> NDArray[np.int64]:
    return upper[[0, -1, len(upper) // 2]]


def _mixed(one: Array, other: Array, share: float) -> Array:
    return one + share * (other - one)


def _wider(lids: Array, photo: Array) -> float:
    """Whether the upper lid (3, 2) stands higher over the corners than in the photo, 0 to 1."""
    was = abs(_arch(photo))
    opened = _arch(lids) * np.sign(_arch(photo)) / was if was > _FLAT else 0.0
    share = min(max((opened - _WIDER[0]) / (_WIDER[1] - _WIDER[0]), 0.0), 1.0)
    return float(share * share * (3.0 - 2.0 * share))


def _arch(lids: Array) -> float:
    """How high the middle of the upper rim stands over the line of the corners, in eye widths, to one side of it."""
    (x, y), (across, down) = lids[1] - lids[0], lids[2] - lids[0]
    return float((x * down - y * across) / max(x * x + y * y, 1e-6))


def _rest_share(slide: Array) -> float:
    """All of the rest where the iris is at home, none where it has left."""
    away = min(float(np.hypot(*slide)) / _LEAVES, 1.0)
    return 1.0 - away * away * (3.0 - 2.0 * away)
