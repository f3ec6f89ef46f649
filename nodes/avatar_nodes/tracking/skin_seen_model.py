"""The shading of a person's skin, read from video: what the 52 coefficients do not tell of it."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.dynamics_model import Dynamics
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.skin_map_model import SIDE, contrast, log_skin, skin_share, softened
from avatar_nodes.face.skin_weights_model import COMPONENTS, strength, trained
from avatar_nodes.payloads import FaceMotion

Floats = NDArray[np.float32]
Landmarks = NDArray[np.floating[Any]]

MEMORY = 250  # frames: how far the person's own neutral goes back
KNOWN_AFTER = 50  # frames until the neutral is trusted
MOST_CHANGE = 0.4  # log of brightness; more is hair or a hand
LARGEST = 4.0  # of a component, whose usual spread is 1
_FRESH = np.float32(0.5)  # of the newest frame, the rest of those before
_SOFT = 1.0  # texels, as the maps were learned
_NOISE = 0.02  # squared noise of a map over what one component changes


class SkinSeen:
    """Follows one person's skin, frame by frame; what it has seen is its only state."""

    def __init__(self) -> None:
        self._neutral = np.zeros((SIDE, SIDE), np.float32)
        self._strength = 1.0
        self._frames = 0
        self._shading = np.zeros(COMPONENTS, np.float32)

    def shaded(self, face: FaceMotion, picture: NDArray[np.uint8], landmarks: Landmarks | None) -> FaceMotion:
        """The face with the shading that its picture shows; what is not seen fades."""
        read = self.add(picture, landmarks, face.expression) if landmarks is not None else np.float32(0.0)
        self._shading = self._shading + _FRESH * (read - self._shading)
        moves = Dynamics.of(face)
        if moves is None:
            return face
        return dataclasses.replace(face, dynamics=Dynamics(moves.geometry, self._shading).packed(), basis=BASIS)

    def add(self, picture: NDArray[np.uint8], landmarks: Landmarks, expression: NDArray[np.float32]) -> Floats:
        """SHADING of `dynamics_model` (COMPONENTS,) of the next frame: RGB, landmarks (478, 3) in its px, the 52."""
        laid = softened(log_skin(picture, landmarks), _SOFT)
        said = expression @ trained().weights
        if self._frames == 0:
            self._strength = strength(contrast(laid))
        told = self._strength * np.tensordot(said, trained().maps, 1)
        if self._frames == 0:
            self._neutral = laid - told
        self._frames += 1
        change = laid - self._neutral
        change -= np.float32(np.median(change[skin_share() > 0.9]))  # the camera's exposure
        change = np.clip(change, -MOST_CHANGE, MOST_CHANGE) - told
        self._neutral += change / min(self._frames, MEMORY)
        sure = min((self._frames - 1) / KNOWN_AFTER, 1.0)
        read = sure / self._strength * (_reading() @ change.ravel())
        return np.asarray(np.clip(read, -LARGEST, LARGEST), np.float32)


@cache
def _reading() -> Floats:
    """From a change of the map to components (COMPONENTS, SIDE * SIDE), light that falls otherwise left out."""
    share = skin_share()
    rows, columns = (np.mgrid[:SIDE, :SIDE] / (SIDE / 2) - 1.0).reshape(2, SIDE, SIDE)
    falls = (np.ones_like(rows), rows, columns, rows**2, rows * columns, columns**2)
    light = np.stack([share * part for part in falls])
    explained = np.concatenate([trained().maps, light]).reshape(COMPONENTS + len(light), -1).astype(np.float64)
    ridge = np.diag([_NOISE] * COMPONENTS + [1e-3] * len(light))
    found = np.linalg.solve(explained @ explained.T + ridge, explained * share.ravel())
    return np.asarray(found[:COMPONENTS], np.float32)
