"""The mesh a portrait is warped with: the face's 468 vertices, and rings from its outline to the frame's edge.

Left and right are the subject's. Indices are of MediaPipe's face mesh.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import canonical_model as canonical

Array = NDArray[np.float64]

FACE_VERTICES = 468

# Each ring of the lips from the subject's right corner to the left one, along the upper and the lower lip.
LIPS_OUTER = ((61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291), (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291))
LIPS_MIDDLE = ((76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306), (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306))
LIPS_NEAR = ((62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292), (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292))
LIPS_INNER = ((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308), (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308))
LIP_RINGS = (LIPS_OUTER, LIPS_MIDDLE, LIPS_NEAR, LIPS_INNER)

# The rims of the right eye from its outer corner to the inner one, upper and lower; then rings of skin around it.
RIGHT_EYE = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133))
RIGHT_LIDS = (
    ((130, 247, 30, 29, 27, 28, 56, 190, 243), (130, 25, 110, 24, 23, 22, 26, 112, 243)),
    ((226, 113, 225, 224, 223, 222, 221, 189, 244), (226, 31, 228, 229, 230, 231, 232, 233, 244)),
)
RIGHT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)  # lower edge from the outer end, then back along the upper
RIGHT_JAW = (132, 58, 172, 136, 150, 149, 176, 148)  # from below the ear to beside the chin
EYE_CORNERS = ((33, 133), (263, 362))  # right, left: outer, inner
CHIN = 152
CHIN_BOSS = (18, 200, 199, 83, 313, 201, 421)
NOSE = (1, 2, 4, 5, 6, 195, 197, 168, 98, 327, 64, 294, 48, 278, 129, 358)
FOREHEAD = (151, 9, 8)
UPPER_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 234, 127, 162, 21, 54, 103, 67, 109)

_RING_DISTANCES = (0.12, 0.3, 0.55, 0.9, 1.4)  # of the rings around the face, in inter-pupil distances


def mirrored(indices: tuple[int, ...]) -> tuple[int, ...]:
    """The same vertices on the other side of the face."""
    return tuple(int(canonical.MIRROR[index]) for index in indices)


LEFT_EYE = (mirrored(RIGHT_EYE[0]), mirrored(RIGHT_EYE[1]))
EYES = tuple(sorted({*RIGHT_EYE[0], *RIGHT_EYE[1], *LEFT_EYE[0], *LEFT_EYE[1]}))


# Skin, then what closes the mouth and both eyes, so that no pixel of the face is left open.
FACE_TRIANGLES: NDArray[np.int32] = np.concatenate(
    [canonical.FACE_TRIANGLES, canonical.MOUTH_TRIANGLES, canonical.RIGHT_EYE_TRIANGLES, canonical.LEFT_EYE_TRIANGLES]
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Rings from the outline of the face to the frame's edge: vertices 468 and on of the whole mesh."""

    points: Array  # (n, 2) px
    distance: Array  # (n,) from the outline, in inter-pupil distances
    ray: NDArray[np.int64]  # (n,) which point of OVAL it lies beyond
    border: NDArray[np.bool_]  # (n,) on the frame's edge
    triangles: NDArray[np.int32]  # (m, 3), indices of the whole mesh


def surround(oval: Array, eye_distance: float, size: int) -> Surroundings:
    """Build rings around an outline (36, 2), in px of a square frame; the last ring is the frame's edge."""
    centre = oval.mean(0)
    rays = len(oval)
    ends = _border_points(oval, centre, size)
    reach = np.linalg.norm(ends - oval, axis=1)
    steps = np.array(_RING_DISTANCES) * eye_distance
    rings = []
    for step in steps:  # nearer to an edge the rings crowd together instead of leaving the frame
        along = step / (1.0 + step / np.maximum(reach, 1e-3))
        rings.append(oval + (ends - oval) * (along / np.maximum(reach, 1e-3))[:, None])
    points = np.concatenate([*rings, ends])
    distance = np.linalg.norm(points - np.tile(oval, (len(rings) + 1, 1)), axis=1) / eye_distance
    ids = np.concatenate([np.array(canonical.OVAL)[None], FACE_VERTICES + np.arange(len(points)).reshape(-1, rays)])
    border = np.zeros(len(points), bool)
    border[-rays:] = True
    return Surroundings(points, distance, np.tile(np.arange(rays), len(rings) + 1), border, _strips(ids))


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


def extension(vertices: Array, anchors: list[int]) -> Array:
    """The matrix (468, anchors) that spreads values given at some vertices smoothly over the face.

    Biharmonic: it minimises the squared Laplacian (Botsch and Kobbelt 2004, "An intuitive framework for
    real-time freeform modeling"), with edges weighted by the inverse of their length.
    """
    laplacian = _laplacian(vertices)
    energy: Array = laplacian.T @ laplacian
    held = np.array(anchors)
    free = np.setdiff1d(np.arange(FACE_VERTICES), held)
    spread = np.zeros((FACE_VERTICES, len(anchors)))
    spread[held, np.arange(len(anchors))] = 1.0
    spread[free] = -np.linalg.solve(energy[np.ix_(free, free)], energy[np.ix_(free, held)])
    return spread


def uniform_laplacian() -> Array:
    """The matrix (468, 468) that tells how far each vertex is from the middle of its neighbours."""
    joined = np.zeros((FACE_VERTICES, FACE_VERTICES))
    for first, second in ((0, 1), (1, 2), (2, 0)):
        one, two = canonical.FACE_TRIANGLES[:, first], canonical.FACE_TRIANGLES[:, second]
        joined[one, two] = joined[two, one] = 1.0
    return np.asarray(np.eye(FACE_VERTICES) - joined / joined.sum(1)[:, None])


def _laplacian(vertices: Array) -> Array:
    weights = np.zeros((FACE_VERTICES, FACE_VERTICES))
    triangles = canonical.FACE_TRIANGLES
    for first, second in ((0, 1), (1, 2), (2, 0)):
        one, two = triangles[:, first], triangles[:, second]
        length = np.linalg.norm(vertices[one] - vertices[two], axis=1)
        weights[one, two] = weights[two, one] = 1.0 / np.maximum(length, 1e-3)
    total = weights.sum(1)
    return np.asarray(np.eye(FACE_VERTICES) - weights / total[:, None])
