"""What a photo lets one see of its eyes: lids, dark glasses, glasses."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.glasses_seen_model import EyeRegion, glasses_certainty

Array = NDArray[np.float64]

_OPEN, _SHUT = 0.18, 0.07  # height over width of an eye that is sure to be open, and to be shut (tracked blinks)
_LENS = 0.2  # inter-pupil distances around an eye: what any lens covers
_CHEEKS = (50, 280, 101, 330, 9, 151)
_LIGHT, _DARK = 0.62, 0.4  # of the brightness of cheeks and forehead: around eyes that are seen, and dark glasses


@dataclass(frozen=True, slots=True)
class EyesSeen:
    """How sure each finding is, 0 to 1; right and left are the subject's."""

    shut: tuple[float, float]  # right and left eye
    dark: float  # both eyes lie behind something dark, as sunglasses are
    glasses: float


def see_eyes(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> EyesSeen:
    """Measure the eyes of a photo (height, width, 3); landmarks (n, 2 or 3) px."""
    points = landmarks[:, :2].astype(np.float64)
    right, left = (_share(_aspect(points, rims), _OPEN, _SHUT) for rims in (mesh.RIGHT_EYE, mesh.LEFT_EYE))
    dark = _share(_brightness(image, points), _LIGHT, _DARK)
    return EyesSeen((right, left), dark, glasses_certainty(image, points))


def _share(value: float, none: float, all_: float) -> float:
    return float(np.clip((value - none) / (all_ - none), 0.0, 1.0))


def _aspect(points: Array, rims: tuple[tuple[int, ...], tuple[int, ...]]) -> float:
    upper, lower = (points[list(rim)] for rim in rims)
    heights = np.linalg.norm(upper[3:6] - lower[3:6], axis=1)
    return float(heights.mean() / max(float(np.linalg.norm(upper[0] - upper[-1])), 1e-3))


def _brightness(image: NDArray[np.uint8], points: Array) -> float:
    """How bright the brighter eye's surroundings are, by cheeks and forehead."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    eyes = EyeRegion.of(points)
    skin = _brightest(grey, points[list(_CHEEKS)], 0.08 * eyes.unit, 50)
    middles = (points[list(corners)].mean(0, keepdims=True) for corners in mesh.EYE_CORNERS)
    around = [_brightest(grey, middle, _LENS * eyes.unit, 75) for middle in middles]
    return max(around) / max(skin, 1.0)


def _brightest(grey: NDArray[np.uint8], centres: Array, radius: float, percentile: float) -> float:
    mask = np.zeros(grey.shape, np.uint8)
    for x, y in centres:
        cv2.circle(mask, (round(x), round(y)), max(round(radius), 1), (1.0,), -1)
    return float(np.percentile(grey[mask > 0], percentile)) if mask.any() else 255.0
