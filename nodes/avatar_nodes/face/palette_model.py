"""Colours and texture measured in a photo, so that what is added (mouth, lashes) looks as if it had been there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL

_LUMA = np.array([0.299, 0.587, 0.114])
_HIGHLIGHTS = 0.04  # of the pixels of the eyes
_BRIGHTEST = 226.0  # luma of teeth


@dataclass(frozen=True, slots=True)
class Palette:
    """What a photo is made of."""

    mouth: NDArray[np.float32]  # (5, 3): teeth, gums, tongue, cavity, inner lip, 0 to 255
    detail: float  # 1: a photo, 0: a drawing in flat colours
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
    lash = np.percentile(eyes, 4, axis=0) * 0.8
    plain = _plainness(face, eyes)
    soft_parts = _soft_parts(np.median(face, axis=0), np.median(lips, axis=0), plain)
    mouth = np.stack([_teeth(face, eyes, plain), *soft_parts])
    detail = _detail(image, points)
    return Palette(mouth.astype(np.float32), detail, lash.astype(np.float32), max(1.0, scale), _grain(image, landmarks))


def _plainness(face: NDArray[np.float64], eyes: NDArray[np.float64]) -> float:
    """1 where the whites of the eyes are as light and of the same tint as the skin: stone, sepia; 0 in a photo."""
    skin, lumas = np.median(face, axis=0) + 1.0, eyes @ _LUMA
    white = eyes[lumas >= np.percentile(lumas, 70)].mean(axis=0) + 1.0
    colder = (white[2] / white[0]) / (skin[2] / skin[0])
    lighter = float(white @ _LUMA) / float(skin @ _LUMA)
    return float(np.interp(colder, [1.02, 1.15], [1.0, 0.0]) * np.interp(lighter, [0.7, 0.95], [0.0, 1.0]))


def _teeth(face: NDArray[np.float64], eyes: NDArray[np.float64], plain: float) -> NDArray[np.float64]:
    """The colour (3,) of teeth in full light, from the pixels of the face and of the opening of the eyes.

    As light as the whites of the eyes, but lighter than the skin, with two fifths of its tint: as measured on photos
    that show teeth.
    """
    skin = np.median(face, axis=0)
    light = float(skin @ _LUMA)
    white = float(np.percentile(eyes @ _LUMA, 100 * (1 - _HIGHLIGHTS)))
    bright = min(float(np.clip(white, 1.26 * light, 1.5 * light)), _BRIGHTEST) * (1.0 - 0.1 * plain)
    tinted = 0.4 + 0.45 * plain
    return np.asarray(bright * (1.0 - tinted + tinted * skin / max(light, 1.0)))


def _soft_parts(skin: NDArray[np.float64], lip: NDArray[np.float64], plain: float) -> list[NDArray[np.float64]]:
    """Gums, tongue, cavity and the inner side of the lips: redder than the skin, as far as the photo has colours.

    Paint on the lips does not reach inside.
    """
    ratio = lip / np.maximum(skin, 1.0)
    living = (1.0 - plain) * float(np.interp(np.ptp(skin) / max(skin.max(), 1.0), [0.02, 0.15], [0.0, 1.0]))
    reddest = 1.0 - living * np.array([0.0, 0.28, 0.20])
    own = np.clip(ratio / max(float(ratio[0]), 1e-3), 0.66, reddest)
    inner = skin * own * float(np.clip(ratio[0], 0.75, 0.95))
    return [inner * 0.92, inner * 0.95, inner * np.array([0.24, 0.20, 0.20]), 0.6 * lip + 0.3 * inner]


def _detail(image: NDArray[np.uint8], points: NDArray[np.float32]) -> float:
    """How far the face is modelled in shades: the share of its pixels that differ from their neighbours."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(points[list(OVAL)]).astype(np.int32)[:, None]], (1.0,))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)) / 8
    flat = float((slope[mask > 0] < 0.6).mean()) if mask.any() else 0.0
    return float(np.interp(flat, [0.3, 0.45], [1.0, 0.25]))


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
