"""Where a talking head's square frame lies in a photo, and that square as pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FACE_HEIGHT = 0.47  # of the frame's height, forehead to chin
LARGEST_FACE_HEIGHT = 0.62  # a frame may be narrowed to this, to stay inside the photo with the face centred
FACE_CENTRE = 0.46  # of the frame's height, from the top: leaves room for hair above and shoulders below
HAIR_HEIGHT = 0.36  # of the face's height: in a narrow frame the face stands lower, for shoulders matter less
LOWEST_CENTRE = 0.53
OFF_CENTRE = 0.05  # of the frame's width: how far a face may stand off the middle before the frame is narrowed
TIGHTEST_FACE_HEIGHT = 0.74  # beyond this the photo is too tight and its surroundings are made up


@dataclass(frozen=True, slots=True)
class Framing:
    """A square of the photo, in whole px; it may reach beyond the photo only where that is unavoidable."""

    left: int
    top: int
    side: int

    def transform(self, size: int) -> NDArray[np.float64]:
        """The affine map (2, 3) from photo px to px of a frame of `size`, both counted at px centres."""
        scale = size / self.side
        shift = 0.5 * scale - 0.5
        return np.array([[scale, 0.0, shift - self.left * scale], [0.0, scale, shift - self.top * scale]])

    def outside(self, width: int, height: int) -> bool:
        """Whether the square reaches beyond the photo."""
        return min(self.left, self.top) < 0 or self.left + self.side > width or self.top + self.side > height


def choose_framing(oval: NDArray[np.float64], width: int, height: int) -> Framing:
    """The best square for a face whose outline (n, 2) is given in photo px.

    As wide as a talking head wants it; narrower where the photo ends; beyond the photo only when the face
    would else fill it.
    """
    low, high = oval.min(axis=0), oval.max(axis=0)
    centre = (low + high) / 2
    extent = float(max(high[1] - low[1], 1.15 * (high[0] - low[0])))
    widest = extent / FACE_HEIGHT
    narrowest = extent / LARGEST_FACE_HEIGHT
    inside = float(min(width, height))
    for side in np.linspace(widest, narrowest, 16):
        corner = _wanted_corner(centre, extent, float(side))
        if side <= inside and _stray(corner, float(side), width, height) <= OFF_CENTRE:
            return _place(corner, float(side), width, height)
    side = max(min(narrowest, inside), extent / TIGHTEST_FACE_HEIGHT)
    return _place(_wanted_corner(centre, extent, side), side, width, height)


def _stray(corner: NDArray[np.float64], side: float, width: int, height: int) -> float:
    """How far the face stands off its place when the square is moved into the photo, in sides."""
    moved = np.clip(corner, 0.0, np.array([width, height]) - side)
    return float(np.abs(moved - corner).max() / side)


def _wanted_corner(centre: NDArray[np.float64], extent: float, side: float) -> NDArray[np.float64]:
    down = np.clip((0.5 + HAIR_HEIGHT) * extent / side, FACE_CENTRE, LOWEST_CENTRE)
    return np.asarray(centre - np.array([0.5, down]) * side)


def _place(corner: NDArray[np.float64], side: float, width: int, height: int) -> Framing:
    whole = round(side)
    left, top = (round(float(value)) for value in corner)
    return Framing(_move_inside(left, whole, width), _move_inside(top, whole, height), whole)


def _move_inside(start: int, side: int, limit: int) -> int:
    if side > limit:  # as much of the photo as there is, evenly extended
        return (limit - side) // 2
    return min(max(start, 0), limit - side)


def cut_frame(photo: NDArray[np.uint8], framing: Framing, size: int) -> NDArray[np.uint8]:
    """The square (size, size, 3), averaged when it shrinks and bicubic when it grows."""
    import cv2

    square = _cut(photo, framing)
    if framing.side == size:
        return np.ascontiguousarray(square)
    kind = cv2.INTER_AREA if framing.side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size, size), interpolation=kind), dtype=np.uint8)


def _cut(photo: NDArray[np.uint8], framing: Framing) -> NDArray[np.uint8]:
    height, width = photo.shape[:2]
    left, top = max(framing.left, 0), max(framing.top, 0)
    right, bottom = min(framing.left + framing.side, width), min(framing.top + framing.side, height)
    inner = photo[top:bottom, left:right]
    if not framing.outside(width, height):
        return inner
    beyond_right, beyond_bottom = framing.left + framing.side - right, framing.top + framing.side - bottom
    return _extend(inner, (top - framing.top, beyond_bottom), (left - framing.left, beyond_right))


def _extend(inner: NDArray[np.uint8], rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture with reflections around it that are blurred the more, the further out they lie."""
    import cv2

    known = np.pad(np.ones(inner.shape[:2], np.uint8), (rows, columns))
    sharp = cv2.copyMakeBorder(inner, *rows, *columns, cv2.BORDER_REFLECT)
    blur = max(*rows, *columns) / 3.0
    soft = cv2.GaussianBlur(sharp, (0, 0), blur)
    distance = cv2.distanceTransform(1 - known, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    weight = np.clip(distance / blur, 0.0, 1.0)[:, :, None]
    return np.asarray(np.round(sharp * (1.0 - weight) + soft * weight), dtype=np.uint8)
