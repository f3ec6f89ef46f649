"""Colours and texture measured in a photo, so that what is added (mouth, lashes) looks as if it had been there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.mouth_tones_model import LUMA, mouth_tones

_STEP = 0.24  # an edge has perhaps 0.6 of the contrast; that of a Gaussian step is 2.5 sigma wide
_FLAT = 0.6  # levels a px


Pixels = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Palette:
    """What a photo is made of."""

    mouth: NDArray[np.float32]  # (5, 3) as `mouth_tones`
    detail: float  # 1: a photo, 0: a drawing in flat colours
    lash: NDArray[np.float32]  # (3,)
    blur: float  # px: how soft the photo's edges are
    grain: NDArray[np.float32]  # (size, size), levels


def measure(image: NDArray[np.uint8], landmarks: NDArray[np.float32], scale: float) -> Palette:
    """Measure a framed photo; `scale` is how many px of the frame one px of the photo became."""
    shown, points = _face_only(image, landmarks[:, :2])
    face = _colours(shown, [points[list(OVAL)]])
    rims = zip(mesh.LIPS_OUTER, mesh.LIPS_INNER, strict=True)
    lips = _colours(shown, [_between(points, outer, inner) for outer, inner in rims])
    eyes = _colours(shown, [_between(points, *rims) for rims in (mesh.RIGHT_EYE, mesh.LEFT_EYE)])
    slopes = _slopes(shown, points)
    return Palette(
        mouth=mouth_tones(face, lips, eyes).astype(np.float32),
        detail=_detail(slopes),
        lash=(np.percentile(eyes, 4, axis=0) * 0.8).astype(np.float32),
        blur=max(1.0, scale, _softness(face, slopes)),
        grain=_grain(shown, len(image)),
    )


def _face_only(image: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The box around a face, and its points there."""
    left, top = np.maximum(points[:468].min(0).astype(int), 0)
    right, bottom = np.maximum(points[:468].max(0).astype(int) + 1, (left + 1, top + 1))
    return image[top:bottom, left:right], points - np.array([left, top], np.float32)


def _between(points: NDArray[np.float32], above: tuple[int, ...], below: tuple[int, ...]) -> NDArray[np.float32]:
    """The outline (n, 2) between two lines of points."""
    return np.concatenate([points[list(above)], points[list(below)][::-1]])


def _slopes(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """How steep the face's pixels are, (n,) levels a px."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)) / 8
    return _colours(slope[:, :, None], [points[list(OVAL)]])[:, 0].astype(np.float32)


def _softness(face: NDArray[np.float64], slopes: NDArray[np.float32]) -> float:
    """The px that the sharpest edges of a face take: its contrast over its steepest slopes, as for a blurred step."""
    low, high = np.percentile(face @ LUMA, [2, 98])
    return float(_STEP * (high - low) / max(np.percentile(slopes, 99.5), 1.0))


def _detail(slopes: NDArray[np.float32]) -> float:
    """How far a face is modelled in shades: by the share of its pixels that are as their neighbours."""
    return float(np.interp(np.mean(slopes < _FLAT), [0.3, 0.45], [1.0, 0.25]))


def _colours(image: Pixels, outlines: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """The pixels (n, 3) inside some outlines; never none."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)[:, None]], (1.0,))
    found = image[mask > 0]
    return found.astype(np.float64) if len(found) else image.reshape(-1, 3).astype(np.float64)


def _grain(face: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Noise (size, size) as strong as on a face (Immerkaer 1996, "Fast noise variance estimation", by the median)."""
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    strength = float(np.median(np.abs(cv2.filter2D(grey, -1, kernel)))) / 0.6745 / 6.0
    noise = np.random.default_rng(1).standard_normal((size, size), np.float32)
    return np.asarray(min(strength, 8.0) * noise, np.float32)
