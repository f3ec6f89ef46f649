"""Eyes: an iris that slides under the lids over a completed eyeball, highlights that stay, and lashes where lids meet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.eye_shading_model import shade_eye, tint
from avatar_nodes.face.identity_model import EYEBALL_RADIUS, gaze_of
from avatar_nodes.face.opening_model import affine, draw_opening, smooth
from avatar_nodes.face.palette_model import Palette
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.push_pull_model import push_pull
from avatar_nodes.payloads import FaceMotion

Array = NDArray[np.float64]

_KEPT_RIM = 2  # px around the opening that stay as in the photo, so that soft edges find the photo's colours
_HIGHLIGHT = 32  # levels above its surroundings that make a spot on the iris a highlight
_LASH_LINE = 0.03  # inter-pupil distances: how thick lashes are where lids meet
_LASH_STRENGTH = 0.75
_LEAVES = 1.5  # px the iris slides until nothing but the model of the eye is shown
_LONGEST_LOOK = 38.0  # degrees an eye turns at most


@dataclass(frozen=True, slots=True)
class _Eye:
    upper: NDArray[np.int64]
    lower: NDArray[np.int64]
    plane: Array  # (3, 3): a point and two unit steps in the plane of the iris, head coordinates
    photo_plane: Array  # (3, 2) px
    iris: Array  # (2,) px in the photo
    radius: float  # px
    left: int  # where the patch lies in the photo
    top: int
    ball: NDArray[np.uint8]  # (height, width, 3): the eyeball without highlights, completed behind the lids
    shade: NDArray[np.float32]  # (height, width, 1): how lids and lashes darken it, 0 to 1
    highlights: NDArray[np.float32]  # (height, width, 3): what the light adds
    rest: NDArray[np.float32]  # (height, width, 3): what these lack of the photo
    height: float  # px: how far the eye is open in the photo


class Eyes:
    """Draws both eyes of one person."""

    def __init__(
        self, puppet: Puppet, image: NDArray[np.uint8], landmarks: NDArray[np.float32], palette: Palette
    ) -> None:
        self._puppet = puppet
        self._palette = palette
        self._photo_gaze = gaze_of(puppet.identity.photo_motion)
        still = puppet.place(puppet.identity.photo_motion)
        points = landmarks[:, :2].astype(np.float64)
        self._eyes = [
            _take_eye(puppet, image, still, rims, points[iris], points[ring])
            for rims, iris, ring in (
                (mesh.RIGHT_EYE, 468, [469, 470, 471, 472]),
                (mesh.LEFT_EYE, 473, [474, 475, 476, 477]),
            )
        ]

    def draw(self, placed: Placed, motion: FaceMotion, picture: NDArray[np.uint8]) -> None:
        """Lay both into `picture` (size, size, 3) between the lids."""
        turn = self._turn(motion)
        points = placed.points.astype(np.float64)
        for eye in self._eyes:
            opening = draw_opening(points[eye.upper], points[eye.lower], len(picture))
            if opening is None:
                continue
            now = self._puppet.project(eye.plane, eye.plane, placed.stance)[0]
            into_photo = affine(now, eye.photo_plane)
            into_photo[:, 2] -= (eye.left, eye.top)
            slide = (eye.photo_plane[1:] - eye.photo_plane[0]).T @ turn
            shade_eye(
                picture, opening.coverage, opening.left, opening.top, into_photo.astype(np.float32), eye.ball,
                eye.shade, eye.highlights, eye.rest, _rest_share(slide), (eye.iris - (eye.left, eye.top)).astype(np.float32), np.float32(eye.radius),
                slide.astype(np.float32),
            )  # fmt: skip

            self._draw_lashes(eye, points, picture)

    def _draw_lashes(self, eye: _Eye, points: Array, picture: NDArray[np.uint8]) -> None:
        """A dark line where lids meet: two lids of skin pressed together show one, whatever the photo has there."""
        shut = 1.0 - _height(points, eye.upper, eye.lower) / max(eye.height, 1e-3)
        amount = np.clip((shut - 0.45) / 0.55, 0.0, 1.0)
        if amount == 0.0:
            return
        upper = points[eye.upper]
        across = upper[-1] - upper[0]
        down = np.array([-across[1], across[0]]) / max(float(np.hypot(*across)), 1e-3)
        down *= 1.0 if down[1] > 0 else -1.0
        thick = np.sin(np.linspace(0.0, np.pi, len(upper))) * _LASH_LINE * self._puppet.identity.eye_distance
        line = draw_opening(upper - 0.35 * thick[:, None] * down, upper + 0.65 * thick[:, None] * down, len(picture))
        if line is not None:
            strength = np.float32(_LASH_STRENGTH * amount * amount)
            tint(picture, line.coverage, line.left, line.top, self._palette.lash, strength)

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
) -> _Eye:
    upper, lower = np.array(rims[0]), np.array(rims[1])
    centre = still.face[[upper[0], upper[-1]]].mean(0)
    plane = centre + np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    photo_plane = puppet.project(plane, plane, puppet.photo_stance)[0]
    radius = float(np.linalg.norm(ring - iris, axis=1).max())
    rim_px = still.points.astype(np.float64)
    outline = np.concatenate([smooth(rim_px[upper]), smooth(rim_px[lower])[::-1]])
    margin = 2.2 * radius
    size = len(image)
    left, top = np.maximum(np.floor(outline.min(0) - margin), 0).astype(int)
    right, bottom = np.minimum(np.ceil(outline.max(0) + margin), size).astype(int)
    patch = image[top:bottom, left:right]
    opening = draw_opening(rim_px[upper], rim_px[lower], size)
    inside = np.zeros(patch.shape[:2], np.uint8)
    if opening is not None:
        height, width = opening.coverage.shape
        inside[opening.top - top :, opening.left - left :][:height, :width] = opening.coverage
    iris_here = iris - (left, top)
    full = _complete(patch, inside, iris_here, radius)
    ball = _matt(full, iris_here, radius)
    highlights = full.astype(np.float32) - ball
    shade = _lid_shade(patch, full, inside)
    kept = cv2.dilate(inside, np.ones((2 * _KEPT_RIM + 1,) * 2, np.uint8)) > 0
    rest = np.where(kept[:, :, None], patch - (ball * shade + highlights), 0.0).astype(np.float32)
    height = _height(rim_px, upper, lower)
    return _Eye(
        upper, lower, plane, photo_plane, iris, radius, int(left), int(top), ball, shade, highlights, rest, height
    )


def _rest_share(slide: Array) -> np.float32:
    """All of the rest where the iris is at home, none where it has left."""
    left = min(float(np.hypot(*slide)) / _LEAVES, 1.0)
    return np.float32(1.0 - left * left * (3.0 - 2.0 * left))


def _lid_shade(patch: NDArray[np.uint8], full: NDArray[np.uint8], inside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much darker the photo is than the completed eyeball: beside the lids, softly."""
    grey, bare = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) + 8.0 for picture in (patch, full))
    ratio = np.clip(grey / bare, 0.35, 1.0)
    rim = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0
    return np.asarray(cv2.GaussianBlur(np.where(rim, ratio, 0.6).astype(np.float32), (0, 0), 0.7)[:, :, None])


def _height(points: Array, upper: NDArray[np.int64], lower: NDArray[np.int64]) -> float:
    return float(np.linalg.norm(points[upper[3:6]] - points[lower[3:6]], axis=1).mean())


def _complete(patch: NDArray[np.uint8], inside: NDArray[np.uint8], iris: Array, radius: float) -> NDArray[np.uint8]:
    """The eyeball behind the lids: an iris is round, so its hidden parts come from across; white is spread outwards."""
    height, width = patch.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - iris[0], y - iris[1])
    seen = cv2.erode(inside, np.ones((5, 5), np.uint8)) > 200  # without the lashes' shade
    if seen.sum() < 12:
        seen = inside > 200
    white = seen & (away > 1.12 * radius)
    ball = push_pull(patch.astype(np.float32), white.astype(np.float32)) if white.any() else patch.astype(np.float32)
    mean = _mean_by_radius(patch, seen, away, radius)
    across_x = np.clip(np.rint(2 * iris[0] - x), 0, width - 1).astype(int)
    across_y = np.clip(np.rint(2 * iris[1] - y), 0, height - 1).astype(int)
    mirrored = seen[across_y, across_x]
    disc = np.where(mirrored[:, :, None], patch[across_y, across_x].astype(np.float32), mean)
    share = np.clip((1.12 * radius - away) / (0.2 * radius), 0.0, 1.0)[:, :, None]
    ball = ball + (disc - ball) * share
    soft = cv2.GaussianBlur(cv2.erode(seen.astype(np.float32), np.ones((2, 2), np.uint8)), (0, 0), 1.0)[:, :, None]
    near = cv2.GaussianBlur(ball, (0, 0), 1.0)
    near = near + (patch - near) * soft
    return np.rint(near).clip(0, 255).astype(np.uint8)


def _mean_by_radius(patch: NDArray[np.uint8], seen: NDArray[np.bool_], away: Array, radius: float) -> Array:
    """Each pixel's colour as the mean of the seen ones at its distance from the iris's centre."""
    rings = np.minimum((away / max(radius, 1.0) * 6).astype(int), 8)
    mean = np.empty((9, 3))
    last = patch[seen].mean(0) * 0.5 if seen.any() else np.full(3, 60.0)
    for ring in range(9):
        here = seen & (rings == ring)
        last = patch[here].mean(0) if here.any() else last
        mean[ring] = last
    return mean[rings]


def _matt(ball: NDArray[np.uint8], iris: Array, radius: float) -> NDArray[np.uint8]:
    """Take bright spots off the iris: they mirror the light, so they must stay while the iris turns."""
    reach = max(3, int(radius * 0.45) | 1)
    opened = cv2.morphologyEx(ball, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    y, x = np.mgrid[: ball.shape[0], : ball.shape[1]]
    on_iris = np.hypot(x - iris[0], y - iris[1]) < 0.85 * radius
    bright = on_iris & ((ball.astype(int) - opened).max(axis=2) > _HIGHLIGHT)
    spots = cv2.dilate(bright.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(spots[:, :, None], np.minimum(opened, ball), ball)
