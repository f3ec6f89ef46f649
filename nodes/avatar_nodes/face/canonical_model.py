"""The face mesh that MediaPipe's landmarks form: its mean shape, triangles and rings, and the pose of a head.

Left and right are the subject's: LEFT_EYE lies at the viewer's right. Indices are of the 478 landmarks.
Three-dimensional axes: x to the viewer's right, y up, z to the viewer.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

# The outline of the face: clockwise as seen, from the middle of the forehead.
OVAL: tuple[int, ...] = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

# Lips and lids from the corner at the viewer's left to the one at the viewer's right; both lines hold both corners.
LIPS_OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIPS_OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LIPS_INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
RIGHT_EYE_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_EYE_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_EYE_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
LEFT_EYE_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)


def _ring(upper: tuple[int, ...], lower: tuple[int, ...]) -> tuple[int, ...]:
    """Once around, clockwise as seen."""
    return upper + lower[-2:0:-1]


LIPS_OUTER = _ring(LIPS_OUTER_UPPER, LIPS_OUTER_LOWER)
LIPS_INNER = _ring(LIPS_INNER_UPPER, LIPS_INNER_LOWER)
RIGHT_EYE = _ring(RIGHT_EYE_UPPER, RIGHT_EYE_LOWER)
LEFT_EYE = _ring(LEFT_EYE_UPPER, LEFT_EYE_LOWER)

RIGHT_BROW_UPPER, RIGHT_BROW_LOWER = (70, 63, 105, 66, 107), (46, 53, 52, 65, 55)
LEFT_BROW_UPPER, LEFT_BROW_LOWER = (336, 296, 334, 293, 300), (285, 295, 282, 283, 276)

RIGHT_PUPIL, RIGHT_IRIS = 468, (469, 470, 471, 472)
LEFT_PUPIL, LEFT_IRIS = 473, (474, 475, 476, 477)

# What moves with the skull alone whatever the face does: the corners of the eyes, the nose, the temples. Not the
# forehead: it goes with the brows.
RIGID: tuple[int, ...] = (
    33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 122, 351, 193, 417, 188, 412, 54, 284, 21, 251, 162, 389, 127, 356, 234,
    454,
)  # fmt: skip


def _mean_face() -> NDArray[np.float64]:
    return np.loadtxt(Path(__file__).with_name("mean_face.csv"), delimiter=",", dtype=np.float64)


def _mirror(mean_face: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each landmark the one on the other side: the mean face is symmetric."""
    mirrored = mean_face * (-1.0, 1.0, 1.0)
    distance = np.linalg.norm(mirrored[:, None] - mean_face[None], axis=2)
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)


def _connections() -> ModuleType:
    """MediaPipe's table of mesh edges by itself: importing it through the package would load all of MediaPipe."""
    package = importlib.util.find_spec("mediapipe")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("mediapipe is not installed; install mediapipe==0.10.21")
    path = Path(package.origin).parent / "python" / "solutions" / "face_mesh_connections.py"
    spec = importlib.util.spec_from_file_location("mediapipe_face_mesh_connections", path)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{path} is missing; install mediapipe==0.10.21")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _face_triangles() -> NDArray[np.int32]:
    """Every three landmarks that are joined to each other, but for those around a fourth one."""
    joined: dict[int, set[int]] = {}
    for start, end in _connections().FACEMESH_TESSELATION:
        joined.setdefault(start, set()).add(end)
        joined.setdefault(end, set()).add(start)
    around = {tuple(sorted(others)) for others in joined.values() if len(others) == 3}
    corners = {(a, b, c) for a in joined for b in joined[a] if b > a for c in joined[a] & joined[b] if c > b}
    return np.array(_same_way_round(corners - around), np.int32)


def _same_way_round(corners: set[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The triangles of one connected surface, all counter-clockwise as seen, sorted."""
    at_edge: dict[frozenset[int], list[tuple[int, int, int]]] = {}
    for triangle in sorted(corners):
        for k in range(3):
            at_edge.setdefault(frozenset((triangle[k - 1], triangle[k])), []).append(triangle)
    waiting = [(OVAL[1], OVAL[0])]  # the outline is clockwise, so against it is counter-clockwise
    turned: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    while waiting:
        start, end = waiting.pop()
        for triangle in at_edge[frozenset((start, end))]:
            if triangle not in turned:
                apex = (set(triangle) - {start, end}).pop()
                turned[triangle] = (start, end, apex)
                waiting += [(apex, end), (start, apex)]  # a neighbour passes a shared edge the other way
    return sorted(turned.values())


def _strip(upper: tuple[int, ...], lower: tuple[int, ...]) -> NDArray[np.int32]:
    """Triangles between two lines from left to right that share their ends: what closes a mouth or an eye."""
    last = len(upper) - 1
    corners = [(upper[0], lower[1], upper[1])]
    corners += [(upper[i], lower[i], lower[i + 1]) for i in range(1, last)]
    corners += [(upper[i], lower[i + 1], upper[i + 1]) for i in range(1, last - 1)]
    return np.array(sorted(corners), np.int32)


MEAN_FACE = _mean_face()  # (478, 3) in inter-pupil distances from the point between the ears, looking at the lens
MIRROR = _mirror(MEAN_FACE)  # (478,) int64
FACE_TRIANGLES = _face_triangles()  # (852, 3) int32, counter-clockwise as seen; mouth and eyes are holes
MOUTH_TRIANGLES = _strip(LIPS_INNER_UPPER, LIPS_INNER_LOWER)  # (18, 3) int32: closes the mouth
RIGHT_EYE_TRIANGLES = _strip(RIGHT_EYE_UPPER, RIGHT_EYE_LOWER)  # (14, 3) int32: closes the eye
LEFT_EYE_TRIANGLES = _strip(LEFT_EYE_UPPER, LEFT_EYE_LOWER)  # (14, 3) int32


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head stands: point = scale * (rotation @ mean face point + translation), y up.

    Angles in degrees, rotation = Ry(yaw) Rx(pitch) Rz(roll): +yaw turns the nose to the viewer's right, +pitch lowers
    it, +roll is counter-clockwise as seen. `translation` (3,) is the point between the ears in inter-pupil distances
    from the origin of the landmarks; `scale` is the inter-pupil distance in px.
    """

    rotation: NDArray[np.float64]  # (3, 3)
    translation: NDArray[np.float64]  # (3,)
    scale: float
    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: NDArray[np.float32] | NDArray[np.float64]) -> HeadPose:
    """The pose of landmarks (478, 3) in px (x right, y down, smaller z is nearer).

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (1991), on RIGID.
    """
    seen = np.asarray(landmarks, np.float64)[list(RIGID)] * (1.0, -1.0, -1.0)
    known = MEAN_FACE[list(RIGID)]
    seen_centre, known_centre = seen.mean(axis=0), known.mean(axis=0)
    left, stretch, right = np.linalg.svd((seen - seen_centre).T @ (known - known_centre))
    proper = np.array([1.0, 1.0, np.linalg.det(left @ right)])
    rotation = left @ np.diag(proper) @ right
    scale = float((stretch * proper).sum() / ((known - known_centre) ** 2).sum())
    translation = seen_centre / scale - rotation @ known_centre
    yaw, pitch, roll = angles(rotation)
    return HeadPose(rotation, translation, scale, yaw, pitch, roll)


def angles(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees of a rotation (3, 3)."""
    yaw = np.arctan2(rotation[0, 2], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[1, 2], -1.0, 1.0))
    roll = np.arctan2(rotation[1, 0], rotation[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def rotation_matrix(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Ry(yaw) Rx(pitch) Rz(roll) of angles in degrees, (3, 3)."""
    (cy, cp, cr), (sy, sp, sr) = np.cos(np.radians([yaw, pitch, roll])), np.sin(np.radians([yaw, pitch, roll]))
    about_y = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cp, -sp], [0.0, sp, cp]])
    about_z = np.array([[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(about_y @ about_x @ about_z)
