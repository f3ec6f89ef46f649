"""Lips as geometry: what must be exact, a closed mouth, is solved after all shapes are summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL

Array = NDArray[np.float64]

MEETING_LINE = 0.6  # where closed lips meet: this far from the lower lip to the upper one
UPPER_LIP, LOWER_LIP = (np.array(rim[1:-1]) for rim in mesh.LIPS_INNER)  # nine columns without the corners


@dataclass(frozen=True, slots=True)
class LipClosure:
    """How the face follows when the inner rims of the lips are brought together."""

    spread: Array  # (468, 18): of the upper rim's nine columns, then the lower rim's

    @classmethod
    def of(cls, vertices: Array) -> LipClosure:
        """For a face at rest (468, 3)."""
        still = {*OVAL, *mesh.EYES}
        still |= {1, 2, 4, 5, 195, 98, 327, 64, 294, 78, 308}
        rims = [*UPPER_LIP.tolist(), *LOWER_LIP.tolist()]
        return cls(mesh.extension(vertices, [*rims, *sorted(still)])[:, : len(rims)])

    def close(self, vertices: Array, closure: float, least: Array) -> None:
        """Scale the gap by (1 - closure) in place, and let no column overlap by more than `least` (9,) allows."""
        gap = vertices[UPPER_LIP] - vertices[LOWER_LIP]  # (9, 3)
        scale = np.full(gap.shape, 1.0 - closure)
        height = gap[:, 1] * scale[:, 1]
        overlap = height < least
        scale[overlap, 1] = least[overlap] / gap[overlap, 1]
        change = (1.0 - scale) * gap
        vertices += self.spread @ np.concatenate([-(1 - MEETING_LINE) * change, MEETING_LINE * change])


def lip_gap(vertices: Array) -> Array:
    """The height of the inner-lip gap in nine columns, right to left."""
    return np.asarray(vertices[UPPER_LIP, 1] - vertices[LOWER_LIP, 1])
