"""What landmarks say without knowing the person: where the head stands, how far lips and lids are open.

Landmarks are (frames, 478, 3) in px as `FaceFollower` reads them; head coordinates as in `expression_model`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE, RIGID
from avatar_nodes.face.identity_model import EYEBALL_RADIUS
from avatar_nodes.face.lips_closure_model import LOWER_LIP, UPPER_LIP

Array = NDArray[np.float64]

MIDDLE = slice(3, 6)  # of the nine columns of the inner lips
_IRIS_HEIGHT = 0.03  # of an iris that looks straight ahead, above the corners of its eye
_PUPILS = (468, 473)  # right, left


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a head stands in each frame: px = scale * (rotation @ head point + shift), y up."""

    rotation: Array  # (T, 3, 3)
    shift: Array  # (T, 3) inter-pupil distances from the frame's corner
    scale: Array  # (T,) px of the inter-pupil distance

    def into_head(self, landmarks: Array) -> Array:
        """The landmarks (T, 478, 3) in head coordinates."""
        seen = landmarks * (1.0, -1.0, -1.0) / self.scale[:, None, None] - self.shift[:, None]
        return np.asarray(seen @ self.rotation)


def stand(landmarks: Array, template: Array = MEAN_FACE) -> Standing:
    """Fit a face (478, 3) in head coordinates to the skull of each frame (Umeyama 1991), on RIGID."""
    seen = landmarks[:, RIGID] * (1.0, -1.0, -1.0)  # (T, n, 3)
    known = template[list(RIGID)]
    seen_centre, known_centre = seen.mean(1), known.mean(0)
    left, stretch, right = np.linalg.svd(np.swapaxes(seen - seen_centre[:, None], 1, 2) @ (known - known_centre))
    proper = np.ones_like(stretch)
    proper[:, 2] = np.linalg.det(left @ right)
    rotation = (left * proper[:, None]) @ right
    scale = (stretch * proper).sum(1) / ((known - known_centre) ** 2).sum()
    shift = seen_centre / scale[:, None] - rotation @ known_centre
    return Standing(rotation, shift, scale)


def measure_lips(landmarks: Array) -> tuple[Array, Array]:
    """The gap between the inner lips (T,) and the width of the mouth (T,), in inter-pupil distances.

    As the landmarks have it: closed lips read a small gap that differs between people.
    """
    heads = stand(landmarks).into_head(landmarks)
    return lip_opening(heads), lip_width(heads)


def lip_opening(heads: Array) -> Array:
    """The height of the gap in the middle of the mouth (T,), for heads (T, 478, 3)."""
    return np.asarray((heads[:, UPPER_LIP, 1] - heads[:, LOWER_LIP, 1])[:, MIDDLE].mean(1))


def lip_width(heads: Array) -> Array:
    """From corner to corner (T,)."""
    return np.asarray(np.linalg.norm(heads[:, 291] - heads[:, 61], axis=1))


def lid_aspects(heads: Array) -> Array:
    """Height over width of the opening of each eye (T, 2), right and left (as Soukupova and Cech)."""
    aspects = []
    for upper, lower in (mesh.RIGHT_EYE, mesh.LEFT_EYE):
        height = np.linalg.norm(heads[:, upper[3:6]] - heads[:, lower[3:6]], axis=2).mean(1)
        aspects.append(height / np.linalg.norm(heads[:, upper[0]] - heads[:, upper[-1]], axis=1))
    return np.stack(aspects, axis=1)


def eye_gaze(heads: Array) -> Array:
    """Yaw and pitch of the eyes in the head (T, 2) in degrees, the mean of both, from the irises."""
    looks = []
    for iris, corners in zip(_PUPILS, mesh.EYE_CORNERS, strict=True):
        offset = heads[:, iris, :2] - heads[:, list(corners), :2].mean(1) - (0.0, _IRIS_HEIGHT)
        looks.append(np.clip(offset / EYEBALL_RADIUS, -0.6, 0.6))
    degrees = np.degrees(np.arcsin(np.mean(looks, axis=0)))
    return np.asarray(degrees * (1.0, -1.0))


def turn_angles(rotation: Array) -> Array:
    """Yaw, pitch and roll (T, 3) in degrees of rotations (T, 3, 3)."""
    yaw = np.arctan2(rotation[:, 0, 2], rotation[:, 2, 2])
    pitch = np.arcsin(np.clip(-rotation[:, 1, 2], -1.0, 1.0))
    roll = np.arctan2(rotation[:, 1, 0], rotation[:, 1, 1])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=1)))
