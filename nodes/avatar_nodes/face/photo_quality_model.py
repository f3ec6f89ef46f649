"""How well a photo shows its face: sharpness, light, lips; measured in the frame, so photos of any size compare."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import LEFT_EYE, OVAL, RIGHT_EYE

_BRIDGE = 168  # between the eyes: what parts a face into left and right
_STEPS = 41  # across the mouth, from above the upper lip to below the lower one
_BEYOND = 1.7  # how far they go, in heights of the lips

Picture = NDArray[np.uint8]
Landmarks = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PhotoQuality:
    """What was measured."""

    edge_width: float  # how far the sharpest edges about the eyes are spread, in thousandths of the frame
    brightness: float  # median of the face, 0 to 255
    clipped: float  # how much of the face is pure white or black, 0 to 1
    side_light: float  # the brighter half of the face over the darker one, medians; at least 1
    lips_contrast: float  # how much brightness (0 to 100) varies across the lips
    covered: float  # of the mouth; lips that are seen have at most COVERED_A_LITTLE


# Lips that a hand, a mask or a microphone was painted over, against 36 portraits and 170 frames of videos: seen lips
# have .027 at most, and painted ones more than 0.07 in three of four. Real hands half over a mouth: about .05.
COVERED_A_LITTLE, COVERED = 0.035, 0.07

# The same 36 portraits and some more: edges of at most 12.3, brightness from 98 to 217, at most 0.13 clipped.
SOFT, VERY_SOFT = 18.0, 25.0  # thousandths of the frame
DARK, BRIGHT, CLIPPED = 45.0, 235.0, 0.2


def is_too_dark(quality: PhotoQuality) -> bool:
    """Whether little but shadow is seen of the face."""
    return quality.brightness < DARK or (quality.clipped > CLIPPED and quality.brightness < 128.0)


def is_too_bright(quality: PhotoQuality) -> bool:
    """Whether much of the face is white."""
    return quality.brightness > BRIGHT or (quality.clipped > CLIPPED and quality.brightness >= 128.0)


def measure_quality(image: Picture, landmarks: Landmarks, doubt: float) -> PhotoQuality:
    """Measure a framed photo (size, size, 3) with its landmarks (478, 3) px; `doubt` as in `ReadFace`."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    face = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(face, [np.rint(landmarks[list(OVAL), :2]).astype(np.int32)], (1.0,))
    seen = grey[face > 0]
    columns = np.arange(grey.shape[1])[None]
    halves = [grey[(face > 0) & side] for side in (columns < landmarks[_BRIDGE, 0], columns >= landmarks[_BRIDGE, 0])]
    light = [float(np.median(half)) + 1.0 if len(half) else 1.0 for half in halves]
    contrast = lips_contrast(image, landmarks)
    return PhotoQuality(
        edge_width=1e3 * _edge_width(grey, landmarks) / len(grey),
        brightness=float(np.median(seen)) if len(seen) else 0.0,
        clipped=float(((seen > 250) | (seen < 5)).mean()) if len(seen) else 0.0,
        side_light=max(light) / min(light),
        lips_contrast=contrast,
        covered=6.0 * doubt / max(contrast, 0.1),
    )


def _edge_width(grey: NDArray[np.uint8], landmarks: Landmarks) -> float:
    """The range of values about the eyes over their steepest slope, px."""
    eyes = landmarks[[*RIGHT_EYE, *LEFT_EYE], :2]
    margin = 0.1 * float(np.ptp(eyes[:, 0]))
    left, top = np.maximum(eyes.min(0) - margin, 0).astype(int)
    right, bottom = (eyes.max(0) + margin).astype(int)
    part = grey[top:bottom, left:right].astype(np.float32)
    if part.size == 0:
        return float(len(grey))
    slope = np.hypot(cv2.Sobel(part, -1, 1, 0), cv2.Sobel(part, -1, 0, 1)) / 8.0
    low, high = np.percentile(part, [1, 99])
    return float((high - low) / max(float(np.percentile(slope, 99.5)), 0.1))


def lips_contrast(image: Picture, landmarks: Landmarks) -> float:
    """The standard deviation of brightness (CIE L*) down the lips, each row the mean along the mouth."""
    points = landmarks[:, :2].astype(np.float64)
    eyes = float(np.linalg.norm(points[RIGHT_EYE[0]] - points[LEFT_EYE[0]]))
    left, top = np.maximum(points[:468].min(0), 0).astype(int)
    right, bottom = points[:468].max(0).astype(int) + 1
    part = np.ascontiguousarray(image[top:bottom, left:right])
    if part.size == 0:
        return 0.0
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(2.55)
    brightness = cv2.GaussianBlur(grey, (0, 0), max(0.01 * eyes, 0.5))
    where = (_across_lips(points) - (left, top)).astype(np.float32)
    return float(cv2.remap(brightness, where[..., 0], where[..., 1], cv2.INTER_LINEAR).mean(axis=0).std())


def _across_lips(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where to look: (columns, steps, 2) px, from above the upper lip through the line between the lips to below."""
    (above, below), (upper, lower) = mesh.LIPS_OUTER, mesh.LIPS_INNER
    inner = (points[list(upper)] + points[list(lower)]) / 2
    places = np.linspace(0, len(above) - 1, len(upper))
    outer = [
        np.stack([np.interp(places, np.arange(len(rim)), points[list(rim), axis]) for axis in (0, 1)], axis=1)
        for rim in (above, below)
    ]
    middle = slice(2, -2)
    steps = np.linspace(-_BEYOND, _BEYOND, _STEPS)[None, :, None]
    up, down = (rim[middle, None] - inner[middle, None] for rim in outer)
    return np.asarray(inner[middle, None] + np.where(steps < 0, -steps * up, steps * down))
