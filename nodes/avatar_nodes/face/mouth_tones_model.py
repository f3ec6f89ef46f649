"""The colours of what lips hide, told from what a photo shows: skin, lips and the whites of the eyes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LUMA = np.array([0.299, 0.587, 0.114])
_HIGHLIGHTS = 0.04  # of the pixels of the eyes
_BRIGHTEST = 226.0  # luma of teeth


def mouth_tones(face: Array, lips: Array, eyes: Array) -> Array:
    """Teeth, gums, tongue, cavity and the inner side of the lips (5, 3), from pixels (n, 3) of a photo, 0 to 255."""
    plain = _plainness(face, eyes)
    soft_parts = _soft_parts(np.median(face, axis=0), np.median(lips, axis=0), plain)
    return np.stack([_teeth(face, eyes, plain), *soft_parts])


def _plainness(face: Array, eyes: Array) -> float:
    """1 where the whites of the eyes are as light and of the same tint as the skin: stone, sepia; 0 in a photo."""
    skin, lumas = np.median(face, axis=0) + 1.0, eyes @ LUMA
    white = eyes[lumas >= np.percentile(lumas, 70)].mean(axis=0) + 1.0
    colder = (white[2] / white[0]) / (skin[2] / skin[0])
    lighter = float(white @ LUMA) / float(skin @ LUMA)
    return float(np.interp(colder, [1.02, 1.15], [1.0, 0.0]) * np.interp(lighter, [0.7, 0.95], [0.0, 1.0]))


def _teeth(face: Array, eyes: Array, plain: float) -> Array:
    """The colour (3,) of teeth in full light, from the pixels of the face and of the opening of the eyes.

    As light as the whites of the eyes, but lighter than the skin, with two fifths of its tint: as measured on photos
    that show teeth.
    """
    skin = np.median(face, axis=0)
    light = float(skin @ LUMA)
    white = float(np.percentile(eyes @ LUMA, 100 * (1 - _HIGHLIGHTS)))
    bright = min(float(np.clip(white, 1.18 * light, 1.45 * light)), _BRIGHTEST) * (1.0 - 0.1 * plain)
    tinted = 0.4 + 0.45 * plain
    return np.asarray(bright * (1.0 - tinted + tinted * skin / max(light, 1.0)))


def _soft_parts(skin: Array, lip: Array, plain: float) -> list[Array]:
    """Gums, tongue, cavity and the inner side of the lips: redder than the skin, as far as the photo has colours.

    Paint on the lips does not reach inside.
    """
    ratio = lip / np.maximum(skin, 1.0)
    living = (1.0 - plain) * float(np.interp(np.ptp(skin) / max(skin.max(), 1.0), [0.02, 0.15], [0.0, 1.0]))
    reddest = 1.0 - living * np.array([0.0, 0.28, 0.20])
    own = np.clip(ratio / max(float(ratio[0]), 1e-3), 0.66, reddest)
    inner = skin * own * float(np.clip(ratio[0], 0.75, 0.95))
    return [inner * 0.92, inner * 0.95, inner * np.array([0.24, 0.20, 0.20]), 0.6 * lip + 0.3 * inner]
