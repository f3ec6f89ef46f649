"""Glasses stay rigid: their frame is taken off the face, and laid over it again as the head alone moves it."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.appearance_model import Layers
from avatar_nodes.face.canonical_model import OVAL
from avatar_nodes.face.eye_shading_model import lay_frame
from avatar_nodes.face.glasses_frame_model import find_frame
from avatar_nodes.face.glasses_seen_model import SURE_OF_GLASSES, EyeRegion, glasses_certainty
from avatar_nodes.face.lattice_model import sampled
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.push_pull_model import push_pull

Array = NDArray[np.float64]

_SOFT = 0.35  # per px: how softly what is taken for the frame ends at the face's outline
_LIKE = (8.0, 28.0)  # levels by which skin differs from what is filled in, and by which a frame does


class Glasses:
    """The frame of one photo's glasses, and the photo without it."""

    def __init__(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], layers: Layers) -> None:
        points = landmarks[:, :2].astype(np.float64)
        place = _around_eyes(points, len(image))
        corner = np.array([place[1].start, place[0].start])
        part = image[place]
        inside = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(inside, [np.rint(points[list(OVAL)] - corner).astype(np.int32)[:, None]], (1.0,))
        inside[[0, -1]] = inside[:, [0, -1]] = 0  # an empty pixel all around
        solid = (layers.person[place][:, :, 3] == 255) * inside
        solid = np.clip(cv2.distanceTransform(solid, cv2.DIST_L2, cv2.DIST_MASK_5) * _SOFT - 1.0, 0.0, 1.0)
        found = find_frame(part, points - corner)
        behind = push_pull(part.astype(np.float32), (found.behind & (solid == 1.0)).astype(np.float32))
        mask = found.mask * solid * _unlike(part, behind)
        bare = np.rint(part + mask[:, :, None] * (behind - part)).clip(0, 255).astype(np.uint8)
        self._place = place
        self._frame = np.dstack([part - (1.0 - mask[:, :, None]) * bare.astype(np.float32), mask]).astype(np.float32)
        self.bare = image.copy()
        self.bare[place] = bare

    @classmethod
    def of(cls, image: NDArray[np.uint8], landmarks: NDArray[np.float32], layers: Layers) -> Glasses | None:
        """The glasses of a framed photo; None where it shows none."""
        if glasses_certainty(image, landmarks[:, :2].astype(np.float64)) < SURE_OF_GLASSES:
            return None
        return cls(image, landmarks, layers)

    def taken_off(self, layers: Layers) -> Layers:
        """The layers of the photo without the frame."""
        person = layers.person.copy()
        seen = self._frame[:, :, 3] > 0
        person[self._place][seen, :3] = self.bare[self._place][seen]
        return dataclasses.replace(layers, person=person)

    def worn_by(self, puppet: Puppet) -> WornGlasses:
        """The glasses on the face they belong to."""
        rows, columns = self._place
        return WornGlasses(puppet, self._frame, int(columns.start), int(rows.start))


def _around_eyes(points: Array, size: int) -> tuple[slice, slice]:
    """The rows and columns of a frame where glasses are worn."""
    eyes = EyeRegion.of(points)
    reach = eyes.unit * np.array([1.3, 0.85])
    left, top = np.clip(np.floor(eyes.centre - reach).astype(int), 0, size - 3)
    right, bottom = np.clip(np.ceil(eyes.centre + reach).astype(int), (left + 3, top + 3), size)
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def _unlike(image: NDArray[np.uint8], behind: NDArray[np.float32]) -> NDArray[np.float32]:
    """0 where a pixel looks as what is behind, 1 where it and its neighbours surely do not."""
    differs = np.abs(image - behind).max(axis=2)
    share = cv2.dilate(np.clip((differs - _LIKE[0]) / (_LIKE[1] - _LIKE[0]), 0.0, 1.0), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 0.7), np.float32)


class WornGlasses:
    """Draws a frame where the head carries it."""

    def __init__(self, puppet: Puppet, frame: NDArray[np.float32], left: int, top: int) -> None:
        self._puppet = puppet
        self._frame = frame
        self._face = puppet.place(puppet.identity.photo_motion).face
        source = puppet.source[: mesh.FACE_VERTICES]
        corners = source[mesh.FACE_TRIANGLES]
        low, high = np.array([left, top]), np.array([left, top]) + frame.shape[1::-1]
        near = ((corners.max(axis=1) >= low - 1) & (corners.min(axis=1) <= high + 1)).all(axis=1)
        used, triangles = np.unique(mesh.FACE_TRIANGLES[near], return_inverse=True)
        self._used, self._triangles = used, triangles.reshape(-1, 3).astype(np.int32)
        self._source = (source[used] - low).astype(np.float32)

    def draw(self, placed: Placed, picture: NDArray[np.uint8]) -> None:
        """Lay the frame into `picture` (size, size, 3 or 4)."""
        face = self._face[self._used]
        points, depth = self._puppet.project(face, face, placed.stance)
        seen = sampled(points, self._source, self._triangles, len(picture), depth)
        lay_frame(picture, seen.left, seen.top, seen.sampling, seen.nearest, self._frame)
