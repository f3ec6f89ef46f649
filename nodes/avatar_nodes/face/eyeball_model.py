"""One eyeball as a photo shows it, completed behind the lids and parted into what moves and what stays."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.opening_model import Opening
from avatar_nodes.face.push_pull_model import push_pull

Array = NDArray[np.float64]

_KEPT_RIM = 2  # px around the opening that stay as in the photo, so that soft edges find the photo's colours
_HIGHLIGHT = 32  # levels above its surroundings that make a spot on the iris a highlight
_OVER_IRIS = 50  # and above the iris itself
_MARGIN = 2.2  # iris radii around the opening: how far an iris may slide
_SHADED = (30.0, 70.0)  # percentiles of the white's brightness: what surely lies in the shade, and what not
_DARKEST_WHITE, _LARGEST_LIFT = 0.6, 1.7  # of the brightness of the skin around
_RINGS = 9


@dataclass(frozen=True, slots=True)
class Eyeball:
    """A patch of the photo around one eye: ball * shade + highlights + rest is the photo."""

    left: int  # where the patch lies in the photo, px
    top: int
    iris: NDArray[np.float32]  # (2,) px in the patch
    radius: float  # of the iris, px
    ball: NDArray[np.uint8]  # (height, width, 3): without highlights, completed behind the lids
    shade: NDArray[np.float32]  # (height, width, 1): how lids and lashes darken it, 0 to 1
    highlights: NDArray[np.float32]  # (height, width, 3): what the light adds
    rest: NDArray[np.float32]  # (height, width, 3): what these lack of the photo


def take_eyeball(image: NDArray[np.uint8], opening: Opening, iris: Array, radius: float) -> Eyeball:
    """Part the eye that shows through an opening of the photo; iris centre (2,) and radius in px."""
    height, width = opening.coverage.shape
    margin = int(np.ceil(_MARGIN * radius))
    left, top = max(opening.left - margin, 0), max(opening.top - margin, 0)
    patch = image[top : opening.top + height + margin, left : opening.left + width + margin]
    inside = np.zeros(patch.shape[:2], np.uint8)
    inside[opening.top - top :, opening.left - left :][:height, :width] = opening.coverage
    iris_here = iris - (left, top)
    full = _complete(patch, inside, iris_here, radius)
    ball = _matt(full, iris_here, radius)
    highlights = full.astype(np.float32) - ball
    shade = _lid_shade(patch, full, inside)
    kept = cv2.dilate(inside, np.ones((2 * _KEPT_RIM + 1,) * 2, np.uint8)) > 0
    rest = np.where(kept[:, :, None], patch - (ball * shade + highlights), 0.0).astype(np.float32)
    return Eyeball(left, top, iris_here.astype(np.float32), radius, ball, shade, highlights, rest)


def _lid_shade(patch: NDArray[np.uint8], full: NDArray[np.uint8], inside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much darker the photo is than the completed eyeball: beside the lids, softly."""
    grey, bare = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) + 8.0 for picture in (patch, full))
    ratio = np.clip(grey / bare, 0.35, 1.0)
    rim = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0
    return np.asarray(cv2.GaussianBlur(np.where(rim, ratio, 0.6).astype(np.float32), (0, 0), 0.7)[:, :, None])


def _complete(patch: NDArray[np.uint8], inside: NDArray[np.uint8], iris: Array, radius: float) -> NDArray[np.uint8]:
    """The eyeball behind the lids: an iris is round, so its hidden parts come from across; white is spread outwards."""
    height, width = patch.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - iris[0], y - iris[1])
    seen = cv2.erode(inside, np.ones((5, 5), np.uint8)) > 200  # without the lashes' shade
    if seen.sum() < 12:
        seen = inside > 200
    white = seen & (away > 1.12 * radius)
    ball = push_pull(patch.astype(np.float32), _brighter(patch, white)) if white.any() else patch.astype(np.float32)
    ball = ball * _lift(patch, ball)
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
    return np.asarray(np.rint(near).clip(0, 255), np.uint8)


def _brighter(patch: NDArray[np.uint8], white: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 for the brighter of some pixels, 0 for the darker: those are shaded by lids, or no white at all."""
    luma = patch.astype(np.float32).mean(axis=2)
    low, high = np.percentile(luma[white], _SHADED)
    return np.asarray(white * np.clip((luma - low) / max(float(high - low), 1.0), 0.02, 1.0), np.float32)


def _lift(patch: NDArray[np.uint8], ball: NDArray[np.float32]) -> float:
    """The factor that makes an eye's white at least a white in the shade, where the photo shows none."""
    skin = float(np.percentile(patch.astype(np.float32).mean(axis=2), 75))
    return float(np.clip(_DARKEST_WHITE * skin / max(float(ball.mean()), 1.0), 1.0, _LARGEST_LIFT))


def _mean_by_radius(patch: NDArray[np.uint8], seen: NDArray[np.bool_], away: Array, radius: float) -> Array:
    """Each pixel's colour as the mean of the seen ones at its distance from the iris's centre."""
    rings: NDArray[np.int64] = np.minimum((away / max(radius, 1.0) * 6).astype(int), _RINGS - 1)
    mean = np.empty((_RINGS, 3))
    last = patch[seen].mean(0) * 0.5 if seen.any() else np.full(3, 60.0)
    for ring in range(_RINGS):
        here = seen & (rings == ring)
        last = patch[here].mean(0) if here.any() else last
        mean[ring] = last
    return np.asarray(mean[rings])


def _matt(ball: NDArray[np.uint8], iris: Array, radius: float) -> NDArray[np.uint8]:
    """Take bright spots off the iris: they mirror the light, so they must stay while the iris turns."""
    reach = max(3, int(radius * 0.45) | 1)
    opened = cv2.morphologyEx(ball, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    y, x = np.mgrid[: ball.shape[0], : ball.shape[1]]
    on_iris = np.hypot(x - iris[0], y - iris[1]) < 0.85 * radius
    luma = ball.astype(np.float32).mean(axis=2)
    usual = float(np.median(luma[on_iris])) if on_iris.any() else 255.0
    # Rings of the iris stand out from the pupil too; a mirrored light stands out from both.
    bright = on_iris & ((ball.astype(int) - opened).max(axis=2) > _HIGHLIGHT) & (luma > usual + _OVER_IRIS)
    spots = cv2.dilate(bright.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray(np.where(spots[:, :, None], np.minimum(opened, ball), ball), np.uint8)
