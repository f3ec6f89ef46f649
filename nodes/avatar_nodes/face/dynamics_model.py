"""The learned components of FaceMotion.dynamics: what a face does beyond the 52 coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.face_basis_model import BASIS, face_basis
from avatar_nodes.payloads import FaceMotion

Array = NDArray[np.float64]

GEOMETRY = slice(0, 32)  # of the components: moves of the mesh, in units of their usual spread
SHADING = slice(32, 48)  # weights of the skin's maps (`skin_model`)
LIP_WEIGHT, DEPTH_WEIGHT = 2.0, 0.35  # lips are looked at; depth is guessed
_NOISE = 0.02  # squared noise of the landmarks over the squared usual spread of a component


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The components of one moment; all are 0 for a face that the 52 tell in full."""

    geometry: NDArray[np.float32]  # (32,)
    shading: NDArray[np.float32] | None  # (16,); None: nobody measured it

    @classmethod
    def of(cls, motion: FaceMotion) -> Dynamics | None:
        """What a motion carries; None where it has no dynamics, or those of another basis."""
        if motion.dynamics is None or motion.basis != BASIS:
            return None
        found = motion.dynamics[: SHADING.stop]
        geometry = np.zeros(GEOMETRY.stop, np.float32)
        geometry[: len(found[GEOMETRY])] = found[GEOMETRY]
        return cls(geometry, found[SHADING] if len(found) == SHADING.stop else None)

    def packed(self) -> NDArray[np.float32]:
        """As FaceMotion.dynamics carries them."""
        parts = [self.geometry] if self.shading is None else [self.geometry, self.shading]
        return np.concatenate(parts).astype(np.float32)

    def move(self) -> Array:
        """How the mesh moves (468, 3), in head coordinates."""
        return np.asarray(self.geometry.astype(np.float64) @ face_basis().geometry).reshape(-1, 3)


def geometry_of(left: Array, components: Array | None = None) -> NDArray[np.float32]:
    """The components (T, 32) of what the 52 leave of tracked faces, (T, 468, 3) in head coordinates."""
    project = _installed_projection() if components is None else projection(components)
    return np.asarray((left * landmark_weights()).reshape(len(left), -1) @ project, np.float32)


def landmark_weights() -> Array:
    """How much each coordinate of the mesh counts, (468, 3)."""
    weights = np.ones((mesh.FACE_VERTICES, 3))
    weights[sorted({index for ring in mesh.LIP_RINGS for rim in ring for index in rim})] = LIP_WEIGHT
    weights[:, 2] *= DEPTH_WEIGHT
    return weights


def projection(components: Array) -> Array:
    """From weighted moves to components (32, 468 * 3): regularised least squares, (468 * 3, 32)."""
    moves = components * landmark_weights().ravel()
    gram = moves @ moves.T
    return np.asarray(np.linalg.solve(gram + _NOISE * np.diag(np.diag(gram)), moves).T)


@cache
def _installed_projection() -> Array:
    return projection(face_basis().geometry)
