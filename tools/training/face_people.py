"""Tracked faces of several people, to learn from: landmarks that `track_faces.py --landmarks` kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.expression_model import corrected, hand_made_basis
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.payloads import EXPRESSION_INDEX
from avatar_nodes.tracking.expression_fit_model import FITTED, ExpressionFit, left_over
from avatar_nodes.tracking.face_tracker_model import track_face
from avatar_nodes.tracking.person_model import Person
from avatar_nodes.tracking.seen_face_model import stand

Array = NDArray[np.float64]

MOST_CALIBRATING = 3000  # frames
_FITTED = [EXPRESSION_INDEX[name] for name in FITTED]


@dataclass(frozen=True)
class Faces:
    """Frames of one person."""

    name: str
    person: Person  # with a hand-made basis
    faces: Array  # (T, 468, 3) in head coordinates
    eyes: NDArray[np.float32]  # (T, 52) of which lids are true
    gaze: Array  # (T, 2) degrees

    def explained(self, corrections: Array) -> tuple[NDArray[np.float32], Array]:
        """The coefficients (T, 52) with corrected shapes, and what they leave (T, 468, 3)."""
        person = dataclasses.replace(self.person, basis=corrected(self.person.basis, corrections))
        expression = self.eyes.copy()
        expression[:, _FITTED] = ExpressionFit(person).solve(self.faces)[:, _FITTED]
        return expression, left_over(person, self.faces, expression, self.gaze)


def read_faces(name: str, files: Sequence[Path], most: int) -> Faces:
    """Up to `most` frames, evenly, of one person's files."""
    kept = []
    for file in files:
        with np.load(file, allow_pickle=False) as held:
            kept.append(held["points"][held["valid"]])
    points = np.concatenate(kept).astype(np.float64)
    person = Person.of(points[:: -(-len(points) // MOST_CALIBRATING)])
    person = dataclasses.replace(person, basis=hand_made_basis(person.neutral))
    tracked = track_face(points, person)
    chosen = slice(None, None, -(-len(points) // most))
    faces = stand(points[chosen], person.landmarks).into_head(points[chosen])[:, :FACE_VERTICES]
    return Faces(name, person, faces, tracked.expression[chosen], tracked.gaze[chosen])
