"""A face that is made to move: landmarks as the network would read them, with known pose and expression."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE, rotation_matrix
from avatar_nodes.face.expression_model import ExpressionBasis, build_basis
from avatar_nodes.face.identity_model import EYEBALL_RADIUS
from avatar_nodes.face.lids_model import lid_opening, move_lids
from avatar_nodes.face.lips_closure_model import LipClosure
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.payloads import FaceMotion

SCALE, CORNER = 80.0, np.array([3.0, -3.0, 0.0])  # px an inter-pupil distance; where the head stands in them
SEEN_OF_IRISES = np.array([1 / 1.4, 1 / 1.7])  # the network reads them as moving less than they do
STILL = FaceMotion.neutral().expression


class Puppet:
    """Moves the mean face by motion, with the renderer's own geometry."""

    def __init__(self) -> None:
        neutral = MEAN_FACE[:FACE_VERTICES].copy()
        self.closure = LipClosure.of(neutral)
        self.closure.close(neutral, 1.0, np.zeros(9))
        self.neutral = neutral
        self.basis: ExpressionBasis = build_basis(neutral)

    def landmarks(self, motion: FaceMotion) -> NDArray[np.float64]:
        """The 478 landmarks in px, y down."""
        face = self.basis.shifted(self.neutral, motion.expression)
        move_lids(face, lid_opening(motion.expression, 0.0), lid_opening(STILL, 0.0))
        self.closure.close(face, motion.closure, np.zeros(9))
        head = np.concatenate([face, MEAN_FACE[FACE_VERTICES:]])
        yaw, pitch = np.radians((0.0, 0.0) if motion.gaze is None else motion.gaze)
        head[FACE_VERTICES:, :2] += EYEBALL_RADIUS * SEEN_OF_IRISES * np.array([np.sin(yaw), -np.sin(pitch)])
        turned = head @ rotation_matrix(*(float(angle) for angle in motion.head[:3])).T
        return np.asarray(SCALE * (turned + CORNER + motion.head[3:]) * (1.0, -1.0, -1.0))

    def film(self, motions: Sequence[FaceMotion]) -> NDArray[np.float64]:
        """Landmarks (T, 478, 3) px."""
        return np.stack([self.landmarks(motion) for motion in motions])


@pytest.fixture(scope="session")
def puppet() -> Puppet:
    return Puppet()
