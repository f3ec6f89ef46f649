"""The mesh around a face: rings from its outline to the frame's edge, and one beyond, for what moves into the frame."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.mesh_model import FACE_VERTICES

Array = NDArray[np.float64]

_RING_DISTANCES = (0.12, 0.3, 0.55, 0.9, 1.4)  # of the rings around the face, in inter-pupil distances
_BEYOND = 0.12  # of the frame: how far the mesh goes on beyond its edge
_SLOPE = 0.05  # of the frame: over so many rows at its edge a person is looked at to tell how it goes on
_NARROWEST = 0.6  # of its width at the frame's edge: what hair beyond it narrows down to


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Rings from the outline of the face to beyond the frame's edge: vertices 468 and on of the whole mesh."""

    points: Array  # (n, 2) px; the last ring lies outside of the frame
    source: Array  # (n, 2) px: where their colours come from; for the last ring, inside again
    distance: Array  # (n,) from the outline, in inter-pupil distances
    ray: NDArray[np.int64]  # (n,) which point of OVAL it lies beyond
    triangles: NDArray[np.int32]  # (m, 3), indices of the whole mesh


def surround(oval: Array, eye_distance: float, size: int, alpha: NDArray[np.uint8] | None = None) -> Surroundings:
    """Build rings around an outline (36, 2), in px of a square frame; the last but one is the frame's edge.

    Where the person (`alpha`, (size, size), above 0) is cut off there, what is beyond mirrors what is inside.
    """
    rays = len(oval)
    ends = _border_points(oval, oval.mean(0), size)
    reach = np.linalg.norm(ends - oval, axis=1)
    rings = []
    for step in np.array(_RING_DISTANCES) * eye_distance:
        # Nearer to an edge the rings crowd together instead of leaving the frame.
        along = step / (1.0 + step / np.maximum(reach, 1e-3))
        rings.append(oval + (ends - oval) * (along / np.maximum(reach, 1e-3))[:, None])
    beyond = ends + _outwards(ends, size) * (_BEYOND * size)
    points = np.concatenate([*rings, ends, beyond])
    source = np.concatenate([*rings, ends, _inside_again(ends, beyond, alpha)])
    distance = np.linalg.norm(points.reshape(-1, rays, 2) - oval, axis=2).ravel() / eye_distance
    ids = np.concatenate([np.array(OVAL)[None], FACE_VERTICES + np.arange(len(points)).reshape(-1, rays)])
    return Surroundings(points, source, distance, np.tile(np.arange(rays), len(rings) + 2), _strips(ids))


def _outwards(ends: Array, size: int) -> Array:
    """The directions (n, 2), of -1, 0 and 1, that lead from points on the frame's edge out of it."""
    return np.asarray((ends > size - 1.01).astype(np.float64) - (ends < 0.01))


def _inside_again(ends: Array, beyond: Array, alpha: NDArray[np.uint8] | None) -> Array:
    """Where points beyond the frame get colours: mirrored at its edge, or where nobody is from the edge itself."""
    mirrored = 2 * ends - beyond
    if alpha is None:
        return mirrored
    column, row = np.rint(ends).astype(int).T
    source = np.where(alpha[row, column, None] > 0, mirrored, ends)
    for upward, edge in ((alpha, 0), (alpha[::-1], len(alpha) - 1)):
        there = (row == edge) & (alpha[row, column] > 0)
        source[there, 0] = _going_on(source[there, 0], upward)
    return source


def _going_on(columns: Array, alpha: NDArray[np.uint8]) -> Array:
    """Columns of the mirror image above the frame, so that hair goes on to narrow as it does below the edge.

    Upside down, so that shoulders go on to widen.
    """
    size = len(alpha)
    there, inside = (np.flatnonzero(alpha[row] > 128) for row in (0, round(_SLOPE * size)))
    if not len(there) or not len(inside):
        return columns
    edge, below = (np.array([found[0], found[-1]], np.float64) for found in (there, inside))
    slope = (below - edge) * (_BEYOND / _SLOPE)
    mirrored, goes_on = np.clip(edge + slope, 0.0, size - 1.0), edge - slope
    width, least = goes_on[1] - goes_on[0], _NARROWEST * (edge[1] - edge[0])
    if width < least:
        goes_on = goes_on.mean() + np.array([-0.5, 0.5]) * least
    share = (columns - goes_on[0]) / max(goes_on[1] - goes_on[0], 1.0)
    return np.asarray(np.clip(mirrored[0] + share * (mirrored[1] - mirrored[0]), 0.0, size - 1.0))


def _strips(ids: NDArray[np.int64]) -> NDArray[np.int32]:
    found = []
    for inner, outer in pairwise(ids):
        for i in range(len(inner)):
            j = (i + 1) % len(inner)
            found += [(inner[i], outer[i], outer[j]), (inner[i], outer[j], inner[j])]
    return np.array(found, np.int32)


def _border_points(oval: Array, centre: Array, size: int) -> Array:
    """Where each ray from the centre meets the frame's edge; the four rays next to a corner go into it."""
    last = size - 1.0
    direction = oval - centre
    edge = np.where(direction > 0, last, 0.0)
    to_edge = np.full(direction.shape, np.inf)
    np.divide(edge - centre, direction, out=to_edge, where=direction != 0)
    ends = centre + direction * np.maximum(to_edge.min(1), 1.0)[:, None]
    for corner in ((0.0, 0.0), (last, 0.0), (0.0, last), (last, last)):
        toward = np.asarray(corner) - centre
        angles = np.arctan2(direction[:, 1], direction[:, 0]) - np.arctan2(toward[1], toward[0])
        ends[np.abs((angles + np.pi) % (2 * np.pi) - np.pi).argmin()] = corner
    return np.asarray(np.clip(ends, 0.0, last))
