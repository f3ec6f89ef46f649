"""Small grids of vertices that carry a patch of a photo, or a strip, to where it is in a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.raster_model import raster

Array = NDArray[np.float64]


def lattice_triangles(rows: int, columns: int) -> NDArray[np.int32]:
    """The triangles of a grid of vertices."""
    ids = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = ids[:-1, :-1].ravel(), ids[:-1, 1:].ravel(), ids[1:, :-1].ravel(), ids[1:, 1:].ravel()
    found = np.concatenate([np.stack([a, b, c], axis=1), np.stack([c, b, d], axis=1)])
    return np.asarray(found, np.int32)


@dataclass(frozen=True, slots=True)
class Sampled:
    """Where the pixels of a part of a frame come from."""

    left: int  # where the part lies in the frame, px
    top: int
    sampling: NDArray[np.float32]  # (height, width, 2) px of the source
    nearest: NDArray[np.float32]  # (height, width) depth; below FAR / 2 where no triangle is


def sampled(
    points: Array, source: NDArray[np.float32], triangles: NDArray[np.int32], size: int, depth: Array | None = None
) -> Sampled:
    """Draw a mesh (n, 2) px whose vertices come from `source` (n, 2); of larger depth is nearer."""
    left, top = np.clip(np.floor(points.min(0)).astype(int), 0, size)
    right, bottom = np.clip(np.ceil(points.max(0)).astype(int) + 1, (left, top), size)
    sampling = np.empty((bottom - top, right - left, 2), np.float32)
    nearest = np.empty(sampling.shape[:2], np.float32)
    here = (points - (left, top)).astype(np.float32)
    depth_here = np.zeros(len(here), np.float32) if depth is None else depth.astype(np.float32)
    raster(here, depth_here, source, triangles, sampling, nearest)
    return Sampled(int(left), int(top), sampling, nearest)
