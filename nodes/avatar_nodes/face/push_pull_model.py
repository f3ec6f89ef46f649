"""Smooth colours where a picture has none, from ever further away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def push_pull(colour: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The colours (h, w, channels) where `weight` (h, w) is 1, and filled in smoothly where it is less.

    Gortler et al., "The Lumigraph" (1996), section 3.4, on a Gaussian pyramid.
    """
    import cv2

    if min(weight.shape) <= 2:
        total = max(float(weight.sum()), 1e-6)
        mean = (colour * weight[:, :, None]).sum(axis=(0, 1)) / total
        return np.broadcast_to(mean, colour.shape).astype(np.float32)
    fewer = cv2.pyrDown(weight)
    # OpenCV drops a channel axis of one.
    coarser = cv2.pyrDown(colour * weight[:, :, None]).reshape(*fewer.shape, -1) / np.maximum(fewer, 1e-6)[:, :, None]
    far = push_pull(np.asarray(coarser, np.float32), np.asarray(np.minimum(4.0 * fewer, 1.0), np.float32))
    upsampled = cv2.pyrUp(far, dstsize=(weight.shape[1], weight.shape[0])).reshape(colour.shape)
    near = weight[:, :, None]
    return np.asarray(colour * near + upsampled * (1.0 - near), dtype=np.float32)


def spread_smoothly(colour: NDArray[np.float32], known: NDArray[np.bool_], shrink: int) -> NDArray[np.float32]:
    """`push_pull` from what is `known` (h, w), at a part of the size: for colours that need not be sharp."""
    import cv2

    height, width = known.shape
    small = (max(width // shrink, 1), max(height // shrink, 1))
    share = np.asarray(cv2.resize(known.astype(np.float32), small, interpolation=cv2.INTER_AREA), np.float32)
    seen = np.asarray(cv2.resize(colour * known[:, :, None], small, interpolation=cv2.INTER_AREA), np.float32)
    filled = push_pull(seen / np.maximum(share, 1e-3)[:, :, None], (share > 0.25).astype(np.float32))
    return np.asarray(cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
