"""Whether a photo shows glasses: an edge across the bridge of the nose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh

Array = NDArray[np.float64]

SURE_OF_GLASSES = 0.4  # from here on they are drawn as glasses
# Lengths are in inter-pupil distances.
_SURE, _NONE = 18.0, 9.0  # levels a hundredth: an edge across the nose bridge that is surely a frame, or surely none
_BRIDGE_ROOT = 168  # the vertex between the eyes


@dataclass(frozen=True, slots=True)
class EyeRegion:
    """Where the eyes of a photo are: its axes (px) and a unit, the distance of their middles."""

    centre: Array
    across: Array  # (2,) to the viewer's right, of length 1
    down: Array
    unit: float

    @classmethod
    def of(cls, points: Array) -> EyeRegion:
        """From landmarks (n, 2) px."""
        right, left = (points[list(corners)].mean(0) for corners in mesh.EYE_CORNERS)
        unit = max(float(np.hypot(*(left - right))), 1e-3)
        across = (left - right) / unit
        return cls((left + right) / 2, across, np.array([-across[1], across[0]]), unit)

    def px(self, x: Array, y: Array) -> Array:
        """Points given in these axes and this unit, as (..., 2) px."""
        return np.asarray(self.centre + self.unit * (x[..., None] * self.across + y[..., None] * self.down))

    def read(self, picture: NDArray[Any], x: Array, y: Array) -> Array:
        """A picture at such points."""
        at = self.px(x, y).astype(np.float32)
        found = cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float64)


def glasses_certainty(image: NDArray[np.uint8], points: Array) -> float:
    """How sure it is that a photo shows glasses, 0 to 1; landmarks (n, 2) px."""
    return float(np.clip((_bridge_edge(image, points) - _NONE) / (_SURE - _NONE), 0.0, 1.0))


def _bridge_edge(image: NDArray[np.uint8], points: Array) -> float:
    """The steepest edge across the bridge of the nose, in levels a hundredth of an inter-pupil distance."""
    eyes = EyeRegion.of(points)
    root = (points[_BRIDGE_ROOT] - eyes.centre) @ eyes.across / eyes.unit
    columns, rows = np.meshgrid(root + np.linspace(-0.08, 0.08, 17), np.arange(-0.13, 0.3, 0.01))
    patch = cv2.GaussianBlur(eyes.read(image, columns, rows), (0, 0), 1.0)
    return float(np.abs(np.median(np.diff(patch, axis=0), axis=1)).max())
