"""The skin of a face laid flat: a small map that is the same for every face, and the way to and from pictures."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import FACE_TRIANGLES, LIPS_OUTER, MEAN_FACE, OVAL

Floats = NDArray[np.float32]
Array = NDArray[np.float64]

SIDE = 96  # texels of a map, each way
TEXELS = 34.0  # per inter-pupil distance
BEYOND = -1e3  # far outside any map
_AXIS = 1.2  # inter-pupil distances behind the ears: the face is unrolled about an upright line there
_MIDDLE = -0.21  # height of a map's centre in head coordinates
_CRACK = 1e-6  # neighbours overlap by this share rather than leave a texel out
_AROUND = 9  # px of the picture around a face, for its blur
_DARKEST = 16.0  # of 255: below it, noise is all there is
_BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
_NOSTRILS = ((98, 97, 2, 326, 327, 294, 278, 344, 1, 115, 48, 64),)
# What is no skin, and by how many texels it is widened.
_HOLES = (
    *((ring, 1) for ring in _BROWS),
    *((upper + lower[::-1], 1) for upper, lower in (mesh.RIGHT_LIDS[0], tuple(map(mesh.mirrored, mesh.RIGHT_LIDS[0])))),
    (LIPS_OUTER, 1),
    *((ring, 0) for ring in _NOSTRILS),
)
_CENTRE, _INNER = (SIDE - 1) / 2, np.array((0.78, 0.95), np.float32)  # the outline's sides show hair and ears
_EDGE_FADE, _HOLE_FADE = 7.0, 3.0  # texels over which a map fades out
_UPPER_END, _LOWER_BEGIN = -0.1, 0.25  # inter-pupil distances below the eyes' corners: between them both reach
_FINE, _BROAD = 1.2, 6.0  # texels: the band of shading in which contrast is measured


@cache
def texel_of_vertex() -> Floats:
    """Where each vertex of the face lies in the map, (468, 2) texels: x right, y down."""
    face = MEAN_FACE[: mesh.FACE_VERTICES]
    radius = _AXIS + float(face[:, 2].max())
    around = np.arctan2(face[:, 0], face[:, 2] + _AXIS) * radius * 0.67
    flat = np.stack([around, _MIDDLE - face[:, 1]], axis=1)
    return np.ascontiguousarray(flat * TEXELS + (SIDE - 1) / 2, np.float32)


@cache
def corners() -> tuple[NDArray[np.int32], Floats]:
    """For each texel the three vertices around it (SIDE, SIDE, 3), and their weights; weights 0 where there is none."""
    return _covering(texel_of_vertex(), np.zeros(mesh.FACE_VERTICES, np.float32), SIDE)


def _covering(points: Floats, depth: Floats, side: int) -> tuple[NDArray[np.int32], Floats]:
    """`corners` of a square grid on which the vertices stand at points (468, 2); larger depth is nearer."""
    triangles = FACE_TRIANGLES[np.argsort(depth[FACE_TRIANGLES].sum(1), kind="stable")]  # the nearest are written last
    a, b, c = (points[triangles[:, k]].astype(np.float64) for k in range(3))
    low = np.clip(np.ceil(np.minimum(np.minimum(a, b), c)), 0, side - 1).astype(np.int64)
    high = np.clip(np.floor(np.maximum(np.maximum(a, b), c)), 0, side - 1).astype(np.int64)
    wide, tall = np.maximum(high - low + 1, 0).T
    which = np.repeat(np.arange(len(triangles)), wide * tall)
    within = np.arange(len(which)) - np.repeat(np.cumsum(wide * tall) - wide * tall, wide * tall)
    x, y = low[which, 0] + within % wide[which], low[which, 1] + within // wide[which]
    shares = _shares(a[which], b[which], c[which], np.stack([x, y], axis=1))
    inside = (shares >= -_CRACK).all(1)
    around, weights = np.zeros((side, side, 3), np.int32), np.zeros((side, side, 3), np.float32)
    around[y[inside], x[inside]] = triangles[which[inside]]
    weights[y[inside], x[inside]] = shares[inside]
    return around, weights


def _shares(a: Array, b: Array, c: Array, points: NDArray[np.int64]) -> Array:
    """The weights (n, 3) of the corners of triangles in points (n, 2); not finite in triangles without area."""
    across, along, off = b - a, c - a, points - a
    with np.errstate(divide="ignore", invalid="ignore"):
        area = across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]
        of_b = (off[:, 0] * along[:, 1] - off[:, 1] * along[:, 0]) / area
        of_c = (across[:, 0] * off[:, 1] - across[:, 1] * off[:, 0]) / area
    return np.stack([1 - of_b - of_c, of_b, of_c], axis=1)


@cache
def skin_share() -> Floats:
    """How much of a texel is skin that folds (SIDE, SIDE): 0 at eyes, brows, lips, nostrils and beyond the face."""
    place = texel_of_vertex()
    face = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(face, [_outline((place - _CENTRE) * _INNER + _CENTRE, OVAL)], (1.0,))
    no_hole = np.ones_like(face)
    for ring, wider in _HOLES:
        hole = np.zeros_like(face)
        cv2.fillPoly(hole, [_outline(place, ring)], (1.0,))
        no_hole[cv2.dilate(hole, np.ones((2 * wider + 1, 2 * wider + 1), np.uint8)) > 0] = 0
    share = _faded(face, _EDGE_FADE) * _faded(no_hole, _HOLE_FADE)
    return np.asarray((share + share[:, ::-1]) / 2, np.float32)


@cache
def reach(name: str) -> Floats:
    """How far a coefficient reaches in each row of the map (SIDE, 1): brows not to cheeks, mouths not to the eyes."""
    down = (np.arange(SIDE, dtype=np.float32)[:, None] - texel_of_vertex()[33, 1]) / TEXELS
    below = np.clip((down - _UPPER_END) / (_LOWER_BEGIN - _UPPER_END), 0.0, 1.0)
    below = below * below * (3 - 2 * below)
    if name.startswith("brow"):
        return np.asarray(1.0 - below, np.float32)
    return np.asarray(below if name.startswith(("mouth", "jaw")) else np.ones_like(below), np.float32)


def _faded(inside: NDArray[np.uint8], over: float) -> Floats:
    away = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    share = np.clip(away / np.float32(over), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _outline(place: Floats, ring: tuple[int, ...]) -> NDArray[np.int32]:
    return np.asarray(np.rint(place[list(ring)])[:, None], np.int32)


def log_skin(picture: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> Floats:
    """The log of the face's brightness laid flat (SIDE, SIDE), from RGB and landmarks (478, 3) in its px."""
    cut, moved = face_cut(picture, landmarks)
    flat = laid_flat(np.asarray(cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY), np.uint8), moved)
    return np.asarray(np.log(np.maximum(flat, np.float32(_DARKEST))), np.float32)


def laid_flat(grey: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]) -> Floats:
    """One channel (height, width) of a picture laid flat (SIDE, SIDE)."""
    blur = 0.5 * float(np.linalg.norm(landmarks[468, :2] - landmarks[473, :2])) / TEXELS  # half a texel
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), max(blur, 0.3))
    around, weights = corners()
    at = np.einsum("yxk,yxkc->yxc", weights, landmarks[: mesh.FACE_VERTICES, :2].astype(np.float32)[around])
    return np.asarray(cv2.remap(soft, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)  # type: ignore[call-overload]


def face_cut(
    picture: NDArray[np.uint8], landmarks: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.uint8], NDArray[np.floating[Any]]]:
    """The part of a picture around a face, and the landmarks in its px."""
    height, width = picture.shape[:2]
    left, top = np.clip(landmarks[:, :2].min(0).astype(int) - _AROUND, 0, (width - 2, height - 2))
    right, bottom = np.clip(landmarks[:, :2].max(0).astype(int) + _AROUND, (left + 2, top + 2), (width, height))
    return np.ascontiguousarray(picture[top:bottom, left:right]), landmarks - np.array((left, top, 0))


def softened(laid: Floats, texels: float) -> Floats:
    """A map (SIDE, SIDE) blurred over the skin alone: what is no skin takes no part."""
    skin = (skin_share() > 0).astype(np.float32)
    total = cv2.GaussianBlur(laid * skin, (0, 0), texels)
    return np.asarray(total / np.maximum(cv2.GaussianBlur(skin, (0, 0), texels), 1e-3), np.float32)


def contrast(laid: Floats) -> float:
    """How strongly a face is shaded: the median size of what changes over a fold's width, in the log of brightness."""
    band = softened(laid, _FINE) - softened(laid, _BROAD)
    return float(np.median(np.abs(band[skin_share() > 0.3])))


def on_photo(landmarks: NDArray[np.floating[Any]], size: int, grid: int) -> Floats:
    """Where in the map each point of a grid over a photo lies (grid, grid, 2), texels; BEYOND what is no face."""
    face = np.asarray(landmarks[: mesh.FACE_VERTICES], np.float32)
    points = (face[:, :2] + np.float32(0.5)) * np.float32(grid / size) - np.float32(0.5)
    around, weights = _covering(points, -face[:, 2], grid)
    place = np.einsum("yxk,yxkc->yxc", weights, texel_of_vertex()[around])
    place[weights.sum(2) == 0] = BEYOND
    return np.asarray(place, np.float32)
