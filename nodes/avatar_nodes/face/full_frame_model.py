"""A talking head where it was cut out: the whole photo, of which one square moves."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.puppet_model import Placed, Puppet

_REACH = 0.12  # of the frame: how far from an edge that is held the mesh begins to move less


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges of a frame at which nothing may move, because the photo goes on beyond them."""

    left: bool = False
    top: bool = False
    right: bool = False
    bottom: bool = False


NO_EDGES = Edges()


class Hold:
    """Keeps the mesh around a face still at some edges of the frame, so that it fits what is beyond."""

    def __init__(self, puppet: Puppet, size: int, edges: Edges) -> None:
        self._still = puppet.place(puppet.identity.photo_motion).points
        last = size - 1.0
        left, top = self._still.T.astype(np.float64)
        away = np.full(len(self._still), np.inf)
        for held, distance in (
            (edges.left, left),
            (edges.top, top),
            (edges.right, last - left),
            (edges.bottom, last - top),
        ):
            if held:
                away = np.minimum(away, distance)
        share = np.clip(away / (_REACH * size), 0.0, 1.0)
        share[: mesh.FACE_VERTICES] = 1.0
        self._moves = (share * share * (3 - 2 * share)).astype(np.float32)[:, None]

    def __call__(self, placed: Placed) -> Placed:
        """The same mesh, with less movement near the edges and none at them."""
        return dataclasses.replace(placed, points=self._still + self._moves * (placed.points - self._still))


class FullFrame:
    """A photo whose portrait was cut out at the photo's own resolution (`prepare_portrait(path, None)`)."""

    def __init__(self, portrait: Portrait) -> None:
        height, width = portrait.photo.shape[:2]
        size = len(portrait.image)
        left, top = (-round(float(shift)) for shift in portrait.transform[:, 2])
        self._photo = portrait.photo
        self._rows, self._columns = slice(max(top, 0), top + size), slice(max(left, 0), left + size)
        self._inside = slice(max(-top, 0), height - top), slice(max(-left, 0), width - left)
        self.edges = Edges(left > 0, top > 0, left + size < width, top + size < height)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self._photo.shape[1], self._photo.shape[0]

    def smaller_than(self, photo: Path) -> bool:
        """Whether a photo file has more px than are shown; False for what is no photo."""
        from PIL import Image

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(photo) as opened:
                    return max(opened.size) > max(self.size)
        except (OSError, SyntaxError, ValueError):  # what Pillow raises for what it cannot read
            return False

    def around(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The whole photo (height, width, 3) with this frame (size, size, 3) in its place."""
        whole = self._photo.copy()
        whole[self._rows, self._columns] = frame[self._inside]
        return whole
