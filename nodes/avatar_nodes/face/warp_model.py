"""The photo's person, stretched with a mesh and laid over a backdrop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.appearance_model import Layers
from avatar_nodes.face.compose_model import compose_rows
from avatar_nodes.face.kernel_model import compiled
from avatar_nodes.face.light_model import LitPerson
from avatar_nodes.face.raster_model import occupied, raster_rows

_BAND = 64  # rows that are mapped, then composed while the map is still in the cache
_NEAR = 2  # px around a triangle in which it still has a part


class Warp:
    """Draws one person over a backdrop (size, size, 3), or, where it has a fourth channel, with straight alpha.

    `layers.rest` is shown only over the photo's own background, of which it is a part.
    """

    def __init__(
        self,
        source: NDArray[np.float32],
        triangles: NDArray[np.int32],
        layers: Layers,
        backdrop: NDArray[np.uint8],
        tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> None:
        """`source` (n, 2) px is where the mesh stands in the photo; `tint`: how red, green, blue follow a gain."""
        size = len(backdrop)
        own = backdrop is layers.background
        self._backdrop = backdrop
        self._person = LitPerson(layers.person, tint)
        self._rest = layers.rest if own else np.zeros_like(layers.rest)
        self._source = source
        self._triangles = _with_person(source, triangles, layers)
        self._sampling, self._nearest = np.zeros((_BAND, size, 2), np.float32), np.empty((_BAND, size), np.float32)
        self._ends, self._words = np.empty((_BAND, 2), np.int32), np.empty(size, np.uint64)

    def draw(
        self,
        points: NDArray[np.float32],
        depth: NDArray[np.float32],
        gain: NDArray[np.float32] | None,
        picture: NDArray[np.uint8],
    ) -> None:
        """Fill `picture`, which is like the backdrop, with the mesh at `points` (n, 2); a larger `depth` is nearer.

        `gain` (cells, cells) is how much brighter the photo's pixels become.
        """
        np.copyto(picture, self._backdrop)
        _draw(
            points, depth, self._source, self._triangles,
            self._person.under(gain), self._backdrop, self._rest,
            self._sampling, self._nearest, self._ends, self._words, picture,
        )  # fmt: skip


def _with_person(source: NDArray[np.float32], triangles: NDArray[np.int32], layers: Layers) -> NDArray[np.int32]:
    """The triangles that show something else than the background; the others need not be drawn."""
    import cv2

    shown = (layers.person[:, :, 3] > 0) | layers.rest.any(axis=2)
    reach = 2 * _NEAR + 1
    near = cv2.dilate(shown.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    return np.ascontiguousarray(triangles[occupied(source, triangles, near)])


@compiled
def _draw(
    points: NDArray[np.float32],
    depth: NDArray[np.float32],
    source: NDArray[np.float32],
    triangles: NDArray[np.int32],
    person: NDArray[np.uint64],
    backdrop: NDArray[np.uint8],
    rest: NDArray[np.int16],
    sampling: NDArray[np.float32],
    nearest: NDArray[np.float32],
    ends: NDArray[np.int32],
    words: NDArray[np.uint64],
    picture: NDArray[np.uint8],
) -> None:
    for first in range(0, len(picture), len(nearest)):
        rows = min(len(nearest), len(picture) - first)
        maps = sampling[:rows], nearest[:rows], ends[:rows]
        raster_rows(points, depth, source, triangles, first, *maps)
        compose_rows(person, backdrop, rest, first, *maps, words, picture)
