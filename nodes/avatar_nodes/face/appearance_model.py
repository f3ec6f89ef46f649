"""What a photo looks like, as layers: the person, what stands behind, and what the two leave out of the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = 64  # of `rest`, per level
_BLURS = (1 / 12, 1 / 96)  # of the frame: coarse, then fine


@dataclass(frozen=True, slots=True)
class Layers:
    """The photo taken apart: `person` over `background`, plus `rest`, is the photo to the last bit."""

    person: NDArray[np.uint8]  # (size, size, 4) RGB already multiplied by alpha, and alpha
    background: NDArray[np.uint8]  # (size, size, 3) without a trace of the person
    rest: NDArray[np.int16]  # (size, size, 3) STEPS a level: wisps, shadows, grain; shown where nothing moves


def split_layers(image: NDArray[np.uint8], matte: NDArray[np.float32], background: NDArray[np.uint8]) -> Layers:
    """Solve for the person's own colours, given the matte and what is behind."""
    alpha = np.rint(np.clip(matte, 0.0, 1.0) * 255).astype(np.float32)[:, :, None]
    share = alpha / np.float32(255)
    photo, behind = image.astype(np.float32), background.astype(np.float32)
    person = np.rint(_own_colour(photo - (1 - share) * behind, share))
    return layers_of(image, np.concatenate([person, alpha], axis=2).astype(np.uint8), background)


def layers_of(image: NDArray[np.uint8], person: NDArray[np.uint8], background: NDArray[np.uint8]) -> Layers:
    """The layers where the person (size, size, 4) is known already."""
    behind = 1 - person[:, :, 3:].astype(np.float32) / np.float32(255)
    rest = np.rint((image - (person[:, :, :3] + behind * background)) * STEPS)
    return Layers(person, background, np.ascontiguousarray(rest, np.int16))


def _own_colour(remains: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """The person's colours times alpha, from what remains of each pixel without its background, and from the person
    nearby.

    Forte, "Approximate fast foreground colour estimation" (2021), with the background known.
    """
    import cv2

    own = np.clip(remains, 0, 255 * share)
    for blur in _BLURS:
        reach = (2 * round(blur * len(own)) + 1,) * 2
        near = cv2.blur(own, reach) / np.maximum(cv2.blur(share, reach), np.float32(1e-4))[:, :, None]
        own = np.clip(share * (near + share * (remains - share * near)), 0, 255 * share)
    return np.asarray(own, np.float32)
