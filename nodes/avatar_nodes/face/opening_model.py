"""The openings of a face, eyes and mouth: their outline in a frame, and the affine maps of flat things behind them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CELLS = 4  # a pixel's cells along each side
_SHIFT = 4  # fillPoly's fixed-point bits: 1/16 cell
_STEPS = 4  # points of the smooth outline between two vertices


@dataclass(frozen=True, slots=True)
class Opening:
    """An outline drawn with soft edges: `coverage` (height, width) 0 to 255, with its corner at (left, top)."""

    left: int
    top: int
    coverage: NDArray[np.uint8]


def draw_opening(upper: Array, lower: Array, size: int, blur: float = 0.0) -> Opening | None:
    """Fill the outline between two rims (n, 2) px that share their ends; None where it lies outside of the frame.

    `blur` is the standard deviation, px, of edges softer than those of a pixel.
    """
    outline = np.concatenate([smooth(upper), smooth(lower)[-2:0:-1]])
    margin = 1 + int(2 * blur)
    left, top = np.maximum(np.floor(outline.min(0)).astype(int) - margin, 0)
    right, bottom = np.minimum(np.ceil(outline.max(0)).astype(int) + 1 + margin, size)
    if right - left < 1 or bottom - top < 1:
        return None
    # OpenCV's anti-aliased polygons are ragged: fill a finer grid, and let each pixel be the mean of its cells.
    cells = np.zeros(((bottom - top) * _CELLS, (right - left) * _CELLS), np.uint8)
    fixed = np.rint(((outline - (left, top) + 0.5) * _CELLS - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(cells, [fixed[:, None]], (255.0,), cv2.LINE_8, _SHIFT)
    coverage = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    if blur > 0.0:
        coverage = cv2.GaussianBlur(coverage, (0, 0), blur)
    return Opening(int(left), int(top), np.asarray(coverage, np.uint8))


def smooth(rim: Array) -> Array:
    """A Catmull-Rom curve through the vertices of a rim (n, 2), ends kept."""
    return np.asarray(_smoothing(len(rim)) @ rim)


@functools.cache
def _smoothing(vertices: int) -> Array:
    """The matrix (points, vertices) of such a curve."""
    rim = np.eye(vertices)
    before = np.concatenate([2 * rim[:1] - rim[1:2], rim[:-2]])
    after = np.concatenate([rim[2:], 2 * rim[-1:] - rim[-2:-1]])
    along = (np.arange(_STEPS) / _STEPS)[:, None, None]
    start, end = rim[:-1], rim[1:]
    slope, slope_end = (end - before) / 2, (after - start) / 2
    cubic = 2 * start - 2 * end + slope + slope_end
    square = -3 * start + 3 * end - 2 * slope - slope_end
    curve = ((cubic * along + square) * along + slope) * along + start  # (steps, n - 1, n)
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, vertices), rim[-1:]])


def affine(source: Array, target: Array) -> Array:
    """The map (2, 3) that carries three points (3, 2) onto three others; four times faster than numpy's solver."""
    (ax, ay), (bx, by), (cx, cy) = source.tolist()
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    rows = []
    for a, b, c in target.T.tolist():
        b, c = (b - a) / area, (c - a) / area
        across, down = b * (cy - ay) - c * (by - ay), c * (bx - ax) - b * (cx - ax)
        rows.append((across, down, a - across * ax - down * ay))
    return np.array(rows)
