"""The whole mesh in motion: the face as a 3D body, and hair, neck and shoulders that follow it less and less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL, rotation_matrix
from avatar_nodes.face.identity_model import Identity
from avatar_nodes.face.limits_model import Limits
from avatar_nodes.face.relief_model import unfolded
from avatar_nodes.payloads import FaceMotion

Array = NDArray[np.float64]

CAMERA_DISTANCE = 11.0  # inter-pupil distances: 70 cm, a portrait's perspective
_HAIR_DEPTH = 0.12  # how far behind the outline of the face its surroundings lie, inter-pupil distances
_NECK_DEPTH = 0.75
_HAIR_REACH = 2.6  # where surroundings stop following the head: beside and above it
_NECK_REACH = 1.15  # and below it
_SKIN_REACH = 0.45  # how far the neck takes part in what the face's outline does


@dataclass(frozen=True, slots=True)
class Stance:
    """How a head stands in a frame: what carries points of the head to pixels."""

    rotation: Array  # (3, 3)
    shift: Array  # (3,) inter-pupil distances

    def moved(self, vertices: Array) -> Array:
        """Head coordinates to the camera's axes, in inter-pupil distances from the photo's point between the ears."""
        return np.asarray(vertices @ self.rotation.T + self.shift)


@dataclass(frozen=True, slots=True)
class Placed:
    """One frame's mesh."""

    points: NDArray[np.float32]  # (n, 2) px: face, then surroundings
    depth: NDArray[np.float32]  # (n,) larger is nearer
    face: Array  # (468, 3) in head coordinates
    stance: Stance


class Puppet:
    """The mesh of one photo; `place` moves it."""

    def __init__(self, identity: Identity, size: int) -> None:
        self.identity = identity
        self.limits = Limits.of(identity.photo_motion.head)
        self.photo_stance = Stance(identity.photo_rotation, np.zeros(3))
        seen = identity.deformed(identity.photo_motion)
        standing = self.photo_stance.moved(seen)
        self._relief = (unfolded(standing) - standing) @ identity.photo_rotation
        self._photo_face = seen + self._relief
        face = self.project(self._photo_face, self._photo_face, self.photo_stance)[0]
        self.around = mesh.surround(face[list(OVAL)], identity.eye_distance, size)
        self.source = np.concatenate([face, self.around.points]).astype(np.float32)
        self.triangles = np.concatenate([mesh.FACE_TRIANGLES, self.around.triangles])
        below = self._below_jaw()
        self._around_head = self._into_head(below)
        self._follow = self._following(below)

    def stance(self, motion: FaceMotion) -> Stance:
        """Where the head stands for a motion, within the limits of the photo."""
        change = self.limits.soften(motion.head)
        turned = rotation_matrix(*(self.limits.photo[:3] + change[:3]))
        straight = rotation_matrix(*self.limits.photo[:3])
        # Through the difference, so that rounding of the photo's angles does not show.
        return Stance(turned @ straight.T @ self.photo_stance.rotation, change[3:])

    def place(self, motion: FaceMotion) -> Placed:
        """The mesh for one motion; at `photo_motion` every vertex stands where the photo has it."""
        stance = self.stance(motion)
        face = self.identity.deformed(motion) + self._relief
        face_px, face_depth = self.project(face, self._photo_face, stance)
        skin = (face - self._photo_face)[list(OVAL)][self.around.ray]
        share = np.exp(-((self.around.distance / _SKIN_REACH) ** 2))
        around_px, around_depth = self.project(self._around_head + skin * share[:, None], self._around_head, stance)
        around_px = self.around.points + self._follow[:, None] * (around_px - self.around.points)
        points = np.concatenate([face_px, around_px]).astype(np.float32)
        return Placed(points, np.concatenate([face_depth, around_depth]).astype(np.float32), face, stance)

    def project(self, vertices: Array, in_photo: Array, stance: Stance) -> tuple[Array, Array]:
        """Pixels (n, 2) and depth (n,) of points in head coordinates; `in_photo` is where the photo has them.

        Perspective is relative to the photo, which has its own.
        """
        identity = self.identity
        now = stance.moved(vertices)
        photo = self.photo_stance.moved(in_photo)
        scale = (CAMERA_DISTANCE - photo[:, 2]) / (CAMERA_DISTANCE - now[:, 2])
        x = identity.origin[0] + identity.eye_distance * scale * now[:, 0]
        y = -identity.origin[1] - identity.eye_distance * scale * now[:, 1]
        return np.stack([x, y], axis=1), now[:, 2]

    def _below_jaw(self) -> Array:
        """For each point around the face, 0 above the mouth to 1 below the jaw."""
        points = self._flat(self.around.points)
        mouth = self._photo_face[[13, 14], 1].mean()
        jaw = self._photo_face[mesh.CHIN, 1]
        share = np.clip((mouth - points[:, 1]) / (mouth - jaw), 0.0, 1.0)
        return np.asarray(share * share * (3 - 2 * share))

    def _flat(self, points: Array) -> Array:
        """Pixels to head coordinates as if they lay in the plane between the ears, roll undone."""
        identity = self.identity
        offset = (points * (1.0, -1.0) - identity.origin[:2]) / identity.eye_distance
        roll = np.arctan2(identity.photo_rotation[1, 0], identity.photo_rotation[0, 0])
        cosine, sine = np.cos(roll), np.sin(roll)
        return np.asarray(offset @ np.array([[cosine, -sine], [sine, cosine]]))

    def _into_head(self, below: Array) -> Array:
        """The points around the face in head coordinates, with the depth of hair or neck."""
        identity = self.identity
        oval_depth = self.photo_stance.moved(self._photo_face)[list(OVAL), 2][self.around.ray]
        recede = 1.0 - np.exp(-self.around.distance / 0.5)
        depth = oval_depth - recede * (_HAIR_DEPTH + (_NECK_DEPTH - _HAIR_DEPTH) * below)
        flat = (self.around.points * (1.0, -1.0) - identity.origin[:2]) / identity.eye_distance
        return np.asarray(np.column_stack([flat, depth]) @ identity.photo_rotation)

    def _following(self, below: Array) -> Array:
        """How far each point around the face goes with the head: 1 at the face, 0 at shoulders and frame edges."""
        reach = _HAIR_REACH + (_NECK_REACH - _HAIR_REACH) * below
        share = np.clip(1.0 - self.around.distance / reach, 0.0, 1.0)
        follow = share * share * (3 - 2 * share)
        follow[self.around.border] = 0.0
        return np.asarray(follow)
