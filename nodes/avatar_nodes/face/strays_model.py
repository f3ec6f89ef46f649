"""Strands of hair and earrings beside a head: thin things that stand out from plain surroundings and hang on to it."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.push_pull_model import spread_smoothly

Mask: TypeAlias = NDArray[np.bool_]

_SHRUNK = 4  # surroundings are smooth, and compared at a quarter of the size
_CLUTTER, _NOISE = 40.0, 0.006  # what a squared difference of colours (0..1) must exceed: so many variances, and this
_CERTAIN = 0.15  # a difference of colours that is so much more leaves no doubt
# Parts of the frame.
_GAP = 1 / 170  # strands may be broken by so much
_THICK = 1 / 64  # half of what is not thin any more


def find_strays(
    colour: NDArray[np.float32], far: Mask, clutter: NDArray[np.float32], head: Mask
) -> NDArray[np.float32]:
    """How surely each pixel of a picture (h, w, 3), 0 to 1, is something thin that belongs to the `head`.

    What is `far` surely does not; `clutter` (h, w) is the variance of the surroundings.
    """
    import cv2

    if not far.any():
        return np.zeros(far.shape, np.float32)
    height = len(far)
    across = colour - spread_smoothly(colour, far, _SHRUNK)
    apart = np.sqrt(np.einsum("ijk,ijk->ij", across, across))
    beyond = apart - np.sqrt(_CLUTTER * clutter + _NOISE)
    strange = ((beyond > 0) & ~far & ~head).astype(np.uint8)
    thin = (strange > 0) & (cv2.morphologyEx(strange, cv2.MORPH_OPEN, _brush(_THICK * height)) == 0)
    _, pieces = cv2.connectedComponents(cv2.dilate((thin | head).astype(np.uint8), _brush(_GAP * height)))
    labels = np.asarray(pieces)
    ours = thin & (labels == np.bincount(labels[head], minlength=1).argmax())
    return np.asarray(np.where(ours, np.clip(beyond / _CERTAIN, 0.0, 1.0), 0.0), np.float32)


def _brush(reach: float) -> NDArray[np.uint8]:
    import cv2

    side = 2 * max(2, round(reach)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
