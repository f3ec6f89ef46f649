"""What stands behind the person: the photo with the person filled in from the surroundings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.push_pull_model import push_pull

RIM = 1 / 64  # of the frame: how far beyond the matte the person's colour still shows


def fill_background(image: NDArray[np.uint8], matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The frame (size, size, 3) without its person, who is where `matte` (size, size) is above 0.

    Push-pull over a Gaussian pyramid (Gortler et al., "The Lumigraph", 1996, section 3.4): no streaks, no rim.
    """
    import cv2

    rim = max(2, round(RIM * len(image)))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
    hole = cv2.dilate((matte > 0.02).astype(np.uint8), brush)
    known = 1.0 - hole.astype(np.float32)
    if not known.any():
        known[0] = known[:, 0] = known[:, -1] = 1.0  # the person fills the frame: its border is all there is
    filled = push_pull(image.astype(np.float32), known)
    blend = cv2.GaussianBlur(known, (0, 0), rim / 3.0)
    keep = np.clip(2.0 * blend - 1.0, 0.0, 1.0)[:, :, None] * known[:, :, None]
    return np.asarray(np.round(image * keep + np.clip(filled, 0, 255) * (1.0 - keep)), dtype=np.uint8)
