"""Colours and texture measured in a photo, so that what is added (mouth, lashes) looks as if it had been there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL

_LUMA = np.array([0.299, 0.587, 0.114])
_BACK_OF_MOUTH = 0.19  # of the lips' colour


@dataclass(frozen=True, slots=True)
class Palette:
    """What a photo is made of."""

    mouth: NDArray[np.float32]  # (4, 3): teeth, gums, tongue, cavity, 0 to 255
    lash: NDArray[np.float32]  # (3,)
    blur: float  # px: how soft the photo's edges are
    grain: NDArray[np.float32]  # (size, size), levels


def measure(image: NDArray[np.uint8], landmarks: NDArray[np.float32], scale: float) -> Palette:
    """Measure a framed photo; `scale` is how many px of the frame one px of the photo became."""
    points = landmarks[:, :2]
    face = _colours(image, [points[list(OVAL)]])
    lips = _colours(image, [np.concatenate([points[list(above)], points[list(below)][::-1]])
                            for above, below in zip(mesh.LIPS_OUTER, mesh.LIPS_INNER, strict=True)])  # fmt: skip
    eyes = _colours(image, [np.concatenate([points[list(u)], points[list(v)][::-1]])
                            for u, v in (mesh.RIGHT_EYE, mesh.LEFT_EYE)])  # fmt: skip
    lip, skin = np.median(lips, axis=0), np.median(face, axis=0)
    bright = max(np.percentile(eyes @ _LUMA, 85), np.percentile(face @ _LUMA, 75))
    teeth = min(1.04 * bright, 225.0) * (0.6 + 0.4 * skin / max(float(skin @ _LUMA), 1.0))
    mouth = np.stack([teeth, lip * 0.85, lip * 0.90, lip * _BACK_OF_MOUTH])
    lash = np.percentile(eyes, 4, axis=0) * 0.8
    return Palette(mouth.astype(np.float32), lash.astype(np.float32), max(1.0, scale), _grain(image, landmarks))


def _colours(image: NDArray[np.uint8], outlines: list[NDArray[np.float32]]) -> NDArray[np.float64]:
    """The pixels (n, 3) inside some outlines; never none."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for outline in outlines:
        cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)[:, None]], (1.0,))
    found = image[mask > 0]
    return found.astype(np.float64) if len(found) else image.reshape(-1, 3).astype(np.float64)


def _grain(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Noise as strong as on the photo's cheeks (Immerkaer 1996, "Fast noise variance estimation", by the median)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    detail = np.abs(cv2.filter2D(grey, -1, kernel))
    (left, top), (right, bottom) = landmarks[:468, :2].min(0).astype(int), landmarks[:468, :2].max(0).astype(int)
    strength = float(np.median(detail[max(top, 0) : bottom, max(left, 0) : right])) / 0.6745 / 6.0
    noise = np.random.default_rng(1).standard_normal(image.shape[:2])
    return np.asarray(min(strength, 8.0) * noise, np.float32)
