"""The whole mesh in motion: the face as a 3D body, and hair, neck and shoulders that follow it less and less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.body_model import Body
from avatar_nodes.face.canonical_model import OVAL, rotation_matrix
from avatar_nodes.face.identity_model import Identity
from avatar_nodes.face.limits_model import Limits, Room
from avatar_nodes.face.relief_model import unfolded
from avatar_nodes.face.stance_model import Camera, Stance
from avatar_nodes.face.sway_model import STILL, Sway
from avatar_nodes.payloads import FaceMotion

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placed:
    """One frame's mesh."""

    points: NDArray[np.float32]  # (n, 2) px: face, then surroundings
    depth: NDArray[np.float32]  # (n,) larger is nearer
    face: Array  # (468, 3) in head coordinates
    stance: Stance


class Puppet:
    """The mesh of one photo; `place` moves it."""

    def __init__(self, identity: Identity, size: int, alpha: NDArray[np.uint8] | None = None) -> None:
        """`alpha` (size, size) tells where the person is, 0 to 255."""
        self.identity = identity
        self.photo_stance = Stance(identity.photo_rotation, np.zeros(3))
        self.camera = Camera(self.photo_stance, identity.origin, identity.eye_distance)
        seen = identity.deformed(identity.photo_motion)
        standing = self.photo_stance.moved(seen)
        self._relief = (unfolded(standing) - standing) @ identity.photo_rotation
        self._photo_face = seen + self._relief
        self._body = Body(self.camera, self._photo_face, size, alpha)
        face = self.project(self._photo_face, self._photo_face, self.photo_stance)[0]
        room = None if alpha is None else Room.of(alpha, face[list(OVAL)], identity.eye_distance)
        self.limits = Limits.of(identity.photo_motion.head, room)
        self.source = np.concatenate([face, self._body.rings.source]).astype(np.float32)
        self.triangles = np.concatenate([mesh.FACE_TRIANGLES, self._body.rings.triangles])

    def stance(self, motion: FaceMotion) -> Stance:
        """Where the head stands for a motion, within the limits of the photo."""
        return self._stance(self.limits.soften(motion.head))

    def _stance(self, change: Array) -> Stance:
        turned = rotation_matrix(*(self.limits.photo[:3] + change[:3]))
        straight = rotation_matrix(*self.limits.photo[:3])
        # Through the difference, so that rounding of the photo's angles does not show.
        return Stance(turned @ straight.T @ self.photo_stance.rotation, change[3:])

    def place(self, motion: FaceMotion, sway: Sway = STILL) -> Placed:
        """The mesh for one motion; at `photo_motion`, and still, every vertex stands where the photo has it."""
        change = self.limits.soften(motion.head)
        stance = self._stance(change)
        face = self.identity.deformed(motion) + self._relief
        face_px, face_depth = self.project(face, self._photo_face, stance)
        around_px, around_depth = self._body.place(change, stance, (face - self._photo_face)[list(OVAL)], sway)
        points = np.concatenate([face_px, around_px]).astype(np.float32)
        return Placed(points, np.concatenate([face_depth, around_depth]).astype(np.float32), face, stance)

    def project(self, vertices: Array, in_photo: Array, stance: Stance) -> tuple[Array, Array]:
        """Pixels (n, 2) and depth (n,) of points in head coordinates; `in_photo` is where the photo has them."""
        return self.camera.project(vertices, in_photo, stance)
