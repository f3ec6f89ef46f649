"""The teeth that a photo shows: where they are, and of what colour."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.mouth_tones_model import LUMA
from avatar_nodes.face.opening_model import Opening

_PALER = 0.8  # teeth have less than this of the lips' saturation
_LEAST_AREA = 0.004  # squared inter-pupil distances of teeth: below it their colour is not trusted
_LEAST_SPAN = 0.45  # inter-pupil distances: a row that is seen from canine to canine is used as it is
_CROWN = 0.17  # what lies farther below the upper lip are other teeth
_SHADED = 0.88  # what the lip leaves of the light on them
_JOINED = 0.05  # across the dark between two teeth


@dataclass(frozen=True, slots=True)
class OwnTeeth:
    """What a photo shows of somebody's teeth."""

    row: NDArray[np.float32]  # (size, size, 1) 0 to 1: where the upper row is seen; (0, 0, 1): not enough of it
    colour: NDArray[np.float64] | None  # (3,) of a tooth in the light; None: none is seen

    @classmethod
    def none(cls) -> OwnTeeth:
        """Closed lips."""
        return cls(np.zeros((0, 0, 1), np.float32), None)


def find_own_teeth(
    image: NDArray[np.uint8], opening: Opening | None, lip: NDArray[np.float32], eye_distance: float
) -> OwnTeeth:
    """Look between the lips (`opening`) for what is brighter and paler than they are; `lip` (3,) is their colour."""
    if opening is None:
        return OwnTeeth.none()
    height, width = opening.coverage.shape
    patch = image[opening.top : opening.top + height, opening.left : opening.left + width]
    within = cv2.erode(opening.coverage, np.ones((3, 3), np.uint8)) > 127
    teeth = within & _tooth_like(patch, within, lip)
    if teeth.sum() < _LEAST_AREA * eye_distance**2:
        return OwnTeeth.none()
    colour = np.minimum(np.percentile(patch[teeth], 65, axis=0) / _SHADED, 250.0)
    if np.ptp(np.flatnonzero(teeth.any(axis=0))) < _LEAST_SPAN * eye_distance:
        return OwnTeeth(OwnTeeth.none().row, colour)
    reach = max(3, int(_JOINED * eye_distance) | 1)
    joined = cv2.morphologyEx(teeth.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    below_lip = np.arange(height)[:, None] - np.argmax(within, axis=0)[None]
    kept = within & (joined > 0) & (below_lip < _CROWN * eye_distance)
    row = np.zeros((*image.shape[:2], 1), np.float32)
    row[opening.top : opening.top + height, opening.left : opening.left + width, 0] = cv2.GaussianBlur(
        kept.astype(np.float32), (0, 0), 0.8
    )
    return OwnTeeth(row, colour)


def _tooth_like(patch: NDArray[np.uint8], within: NDArray[np.bool_], lip: NDArray[np.float32]) -> NDArray[np.bool_]:
    luma = patch @ LUMA
    bright = float(np.percentile(luma[within], 95)) if within.any() else 255.0
    paler = _saturation(patch) < max(_PALER * float(_saturation(lip[None])[0]), 0.06)
    return np.asarray((luma > max(0.6 * bright, 0.85 * float(lip @ LUMA))) & paler)


def _saturation(colours: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float64]:
    """0 grey to 1, of colours (..., 3)."""
    high = colours.max(axis=-1).astype(np.float64)
    return np.asarray((high - colours.min(axis=-1)) / np.maximum(high, 1.0))
