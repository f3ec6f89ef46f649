"""What stands behind the person: the photo with the person filled in from the surroundings."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.matte_model import clutter_of
from avatar_nodes.face.push_pull_model import push_pull

Mask: TypeAlias = NDArray[np.bool_]

# Parts of the frame: how far beyond the matte the person's colour still shows, and stray hair where nothing hides it.
RIM = 1 / 128
STRAY = 1 / 32
PLAIN = 0.003  # variance of colours (0..1) of surroundings that lose nothing by being filled


def fill_background(image: NDArray[np.uint8], matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The frame (size, size, 3) without its person, who is where `matte` (size, size) is above 0.

    Push-pull over a Gaussian pyramid (Gortler et al., "The Lumigraph", 1996, section 3.4): no streaks, no rim.
    """
    import cv2

    rim = max(2, round(RIM * len(image)))
    person = matte > 0.02
    near = _grow(person, rim)
    far = _grow(person, round(STRAY * len(image)))
    # Of busy surroundings as much as possible is kept: what fills them is smooth.
    plain = clutter_of(image.astype(np.float32) / 255.0, ~far) < PLAIN
    known = (~(near | (far & plain))).astype(np.float32)
    if not known.any():
        known[0] = known[:, 0] = known[:, -1] = 1.0  # the person fills the frame: its border is all there is
    filled = push_pull(image.astype(np.float32), known)
    blend = cv2.GaussianBlur(known, (0, 0), rim / 2.0)
    keep = np.clip(2.0 * blend - 1.0, 0.0, 1.0)[:, :, None] * known[:, :, None]
    return np.asarray(np.round(image * keep + np.clip(filled, 0, 255) * (1.0 - keep)), dtype=np.uint8)


def _grow(mask: Mask, reach: int) -> Mask:
    import cv2

    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), brush)) > 0
