"""Left and right of fields over the face, in head coordinates (x to the viewer's right)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MIRROR
from avatar_nodes.face.mesh_model import FACE_VERTICES

Array = NDArray[np.float64]


def other_side(field: Array) -> Array:
    """The mirror image of vertices or their moves (468, 3)."""
    return np.asarray(field[MIRROR[:FACE_VERTICES]] * [-1.0, 1.0, 1.0])


def symmetric(field: Array) -> Array:
    """The mean of a field and its mirror image."""
    return np.asarray((field + other_side(field)) / 2)


def with_right(left: dict[str, Array]) -> dict[str, Array]:
    """The shapes of the left side, and their mirror images under the names of the right."""
    return left | {name.replace("Left", "Right"): other_side(field) for name, field in left.items()}
