"""How a head stands before the camera, and where its points are seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CAMERA_DISTANCE = 11.0  # inter-pupil distances: 70 cm, a portrait's perspective


@dataclass(frozen=True, slots=True)
class Stance:
    """How a head stands in a frame: what carries points of the head to the camera's axes."""

    rotation: Array  # (3, 3)
    shift: Array  # (3,) inter-pupil distances

    def moved(self, vertices: Array) -> Array:
        """Head coordinates to the camera's axes, in inter-pupil distances from the photo's point between the ears."""
        return np.asarray(vertices @ self.rotation.T + self.shift)


@dataclass(frozen=True, slots=True)
class Camera:
    """What a photo was taken with, as far as it matters: where its head stood, and how large it was."""

    photo: Stance
    origin: Array  # (3,) px, the point between the ears; y up
    eye_distance: float  # px

    def project(self, vertices: Array, in_photo: Array, stance: Stance) -> tuple[Array, Array]:
        """Pixels (n, 2) and depth (n,) of points in head coordinates; `in_photo` is where the photo has them.

        Perspective is relative to the photo, which has its own.
        """
        now = stance.moved(vertices)
        scale = (CAMERA_DISTANCE - self.photo.moved(in_photo)[:, 2]) / (CAMERA_DISTANCE - now[:, 2])
        x = self.origin[0] + self.eye_distance * scale * now[:, 0]
        y = -self.origin[1] - self.eye_distance * scale * now[:, 1]
        return np.stack([x, y], axis=1), now[:, 2]

    def flat(self, points: Array) -> Array:
        """Pixels (n, 2) to inter-pupil distances from the point between the ears, y up, in the camera's axes."""
        return np.asarray((points * (1.0, -1.0) - self.origin[:2]) / self.eye_distance)

    def upright(self, points: Array) -> Array:
        """Pixels (n, 2) to head coordinates as if they lay in the plane between the ears, roll undone."""
        roll = np.arctan2(self.photo.rotation[1, 0], self.photo.rotation[0, 0])
        cosine, sine = np.cos(roll), np.sin(roll)
        return np.asarray(self.flat(points) @ np.array([[cosine, -sine], [sine, cosine]]))
