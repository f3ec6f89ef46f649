"""Skin that folds: how much brighter or darker the photo's skin becomes with an expression."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.dynamics_model import Dynamics
from avatar_nodes.face.identity_model import Identity
from avatar_nodes.face.skin_lines_model import drawn_lines, fold_tint, likeness, own_lines
from avatar_nodes.face.skin_map_model import contrast, log_skin, on_photo, skin_share
from avatar_nodes.face.skin_weights_model import strength, trained
from avatar_nodes.payloads import FaceMotion

Floats = NDArray[np.float32]

CELL = 4  # px of the frame
LIMIT = np.float32(0.25)  # of brightness: the most that a fold changes
BOLD = np.float32(1.4)  # regression shrinks what it predicts
_LEAST_SHARE = 0.004  # of skin in a cell: less is left alone


class Skin:
    """The shading of one photo's face: a log of brightness for each coefficient, and for each component beyond them."""

    def __init__(self, identity: Identity, image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
        cells = len(image) // CELL
        laid = log_skin(image, landmarks)
        alike = likeness(image, landmarks, laid)
        amount, learned = strength(contrast(laid)), trained()
        components = learned.maps * (amount * alike)
        lines = (drawn_lines() * amount + own_lines(identity, laid)) * (skin_share() * alike)
        place = on_photo(landmarks, len(image), cells)
        self._box = _bounds(_shown(skin_share() * alike, place) > _LEAST_SHARE)
        place = np.ascontiguousarray(place[self._box])
        self._weights = learned.weights
        self._components = _each(components, place)  # (COMPONENTS, cells)
        self._calls = _each(lines, place) + BOLD * learned.weights @ self._components  # (52, cells)
        self._photo = identity.photo_motion.expression
        self.tint = fold_tint(image, landmarks)
        self._flat = np.ones((cells, cells), np.float32)

    def gain(self, motion: FaceMotion) -> Floats | None:
        """How much brighter (1: unchanged) the photo's pixels become (cells, cells), CELL px each; None: not at all."""
        change = motion.expression - self._photo
        dynamics = Dynamics.of(motion)
        beyond = None if dynamics is None else dynamics.shading
        if beyond is None and not change.any():
            return None
        log: Floats = change @ self._calls
        if beyond is not None:  # measured beside what the coefficients tell, not beside that made bold
            log += (beyond - (BOLD - 1) * (change @ self._weights)) @ self._components
        log /= np.sqrt(1 + (log / LIMIT) ** 2)
        gain = self._flat.copy()
        box = gain[self._box]
        box += log.reshape(box.shape)
        return gain


def _bounds(shown: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns that hold every True."""
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if len(rows) == 0:
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _each(maps: NDArray[np.floating[Any]], place: Floats) -> Floats:
    """Maps (n, SIDE, SIDE) as the photo shows them, (n, cells)."""
    return np.stack([_shown(np.asarray(each, np.float32), place).ravel() for each in maps])


def _shown(laid: Floats, place: Floats) -> Floats:
    """A map where the photo shows it, 0 beyond the face."""
    if place.size == 0:
        return np.zeros(place.shape[:2], np.float32)
    found = cv2.remap(laid, place, None, cv2.INTER_LINEAR, borderValue=(0.0,))  # type: ignore[call-overload]
    return np.asarray(found, np.float32)
