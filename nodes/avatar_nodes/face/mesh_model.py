"""The mesh of a face: its 468 vertices by name, and how values spread over them.

Left and right are the subject's. Indices are of MediaPipe's face mesh.
"""

from __future__ import annotations

import functools

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


def mirrored(indices: tuple[int, ...]) -> tuple[int, ...]:
    """The same vertices on the other side of the face."""
    return tuple(int(canonical.MIRROR[index]) for index in indices)


LEFT_EYE = (mirrored(RIGHT_EYE[0]), mirrored(RIGHT_EYE[1]))
EYES = tuple(sorted({*RIGHT_EYE[0], *RIGHT_EYE[1], *LEFT_EYE[0], *LEFT_EYE[1]}))


# Skin, then what closes the mouth and both eyes, so that no pixel of the face is left open.
FACE_TRIANGLES: NDArray[np.int32] = np.concatenate(
    [canonical.FACE_TRIANGLES, canonical.MOUTH_TRIANGLES, canonical.RIGHT_EYE_TRIANGLES, canonical.LEFT_EYE_TRIANGLES]
)


def extension(vertices: Array, anchors: list[int]) -> Array:
    """The matrix (468, anchors) that spreads values given at some vertices smoothly over the face.

    Biharmonic: it minimises the squared Laplacian (Botsch and Kobbelt 2004, "An intuitive framework for
    real-time freeform modeling"), with edges weighted by the inverse of their length.
    """
    energy = _energy(vertices.astype(np.float64).tobytes())
    held = np.array(anchors)
    free = np.setdiff1d(np.arange(FACE_VERTICES), held)
    spread = np.zeros((FACE_VERTICES, len(anchors)))
    spread[held, np.arange(len(anchors))] = 1.0
    spread[free] = -np.linalg.solve(energy[np.ix_(free, free)], energy[np.ix_(free, held)])
    return spread


@functools.lru_cache(maxsize=2)
def _energy(vertices: bytes) -> Array:
    """The squared Laplacian (468, 468) of a face: several shapes spread over the same one."""
    laplacian = _laplacian(np.frombuffer(vertices, np.float64).reshape(-1, 3))
    return np.asarray(laplacian.T @ laplacian)


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
