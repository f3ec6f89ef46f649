"""Lines drawn on skin where video taught too little: forehead, glabella, corners of the eyes; and the photo's own."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import FACE_TRIANGLES
from avatar_nodes.face.identity_model import Identity
from avatar_nodes.face.skin_map_model import (
    SIDE,
    TEXELS,
    corners,
    face_cut,
    laid_flat,
    reach,
    skin_share,
    softened,
    texel_of_vertex,
)
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

Floats = NDArray[np.float32]

FOREHEAD_DEPTH = 0.07  # log of brightness, from line to ridge
GLABELLA_DEPTH = 0.12
OWN_GROWTH = 2.0  # of the photo's own lines, by how much the skin there shrinks
CROW_DEPTH = 0.06
_FOREHEAD_LINES = 3.3
_CROW_STEP, _CROW_TURN = 26.0, 8.0  # degrees from line to line, and of the middle one, down
_BROW_TOP = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
_TOP = (54, 103, 67, 109, 10, 338, 297, 332, 284)
_FINE, _BROAD = 0.7, 3.0  # texels: lines are between
_LEAST_SHRINK, _MOST_SHRINK = 0.02, 0.6
_LUMA = np.array([0.299, 0.587, 0.114])
_TINT = 0.65  # fitted to five people: red .74, green 1.10, blue 1.16 of the brightness
_ALIKE, _OTHER = 2.2, 4.0  # spreads of brightness around the face's own: skin, and no skin
_BRIGHT, _MOST_BURNT = 225.0, 0.85  # of 255: above it a channel is clipped


@cache
def drawn_lines() -> Floats:
    """The log of brightness that each coefficient draws (52, SIDE, SIDE), by formula."""
    found = np.zeros((len(EXPRESSION_NAMES), SIDE, SIDE), np.float32)
    across = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2) / TEXELS  # inter-pupil distances
    forehead = _forehead(across)
    found[EXPRESSION_INDEX["browInnerUp"]] = forehead * np.exp(-((across / 0.42) ** 2))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        found[EXPRESSION_INDEX[f"browOuterUp{side}"]] = forehead * np.exp(-(((across - sign * 0.5) / 0.32) ** 2))
        found[EXPRESSION_INDEX[f"browDown{side}"]] = _glabella(across, sign)
        found[EXPRESSION_INDEX[f"cheekSquint{side}"]] = _crows_feet(across, sign)
        found[EXPRESSION_INDEX[f"eyeSquint{side}"]] = 0.7 * found[EXPRESSION_INDEX[f"cheekSquint{side}"]]
    return found


def _forehead(across: Floats) -> Floats:
    """Soft dark lines along the brows with light ridges between, that die out towards brows and hair."""
    place = texel_of_vertex()
    columns = np.arange(SIDE, dtype=np.float32)
    brow = np.interp(columns, place[list(_BROW_TOP), 0], place[list(_BROW_TOP), 1])
    brow = cv2.GaussianBlur(brow.astype(np.float32)[None], (0, 0), 6.0)[0]
    top = np.interp(columns, place[list(_TOP), 0], place[list(_TOP), 1])
    up = (brow - np.arange(SIDE, dtype=np.float32)[:, None]) / np.maximum(brow - top, 4.0)  # 0 at the brows to 1
    wander = 0.12 * np.cos(4.0 * across + 0.6) + 0.07 * np.sin(9.0 * across)  # no two lines are ruled
    wave = np.cos(2 * np.pi * (_FOREHEAD_LINES * up + wander))
    sharp = 0.5 * (1 + wave)
    lines = -(sharp**2) + (3 / 8)  # dark lines are narrower than ridges; the mean is 0
    fade = np.clip(np.sin(np.pi * np.clip(up, 0.0, 1.0)), 0.0, 1.0) ** 0.7
    return np.asarray(FOREHEAD_DEPTH * lines * fade, np.float32)


def _glabella(across: Floats, sign: float) -> Floats:
    """One upright line beside the middle, between the brows, with a ridge beside it."""
    place = texel_of_vertex()
    middle, tall = float(place[[107, 336, 9], 1].mean()), 0.17 * TEXELS
    rows = np.arange(SIDE, dtype=np.float32)[:, None]
    beside = (across - sign * (0.10 + 0.02 * (middle - rows) / tall)) / 0.035
    line = -np.exp(-(beside**2)) + 0.35 * np.exp(-((beside * 0.4) ** 2))
    return np.asarray(GLABELLA_DEPTH * line * np.exp(-(((rows - middle) / tall) ** 2)), np.float32)


def _crows_feet(across: Floats, sign: float) -> Floats:
    """Three lines that spread from the outer corner of an eye, with ridges between."""
    corner = texel_of_vertex()[263 if sign > 0 else 33] - (SIDE - 1) / 2
    out = sign * (across - corner[0] / TEXELS)
    down = (np.arange(SIDE, dtype=np.float32)[:, None] - (SIDE - 1) / 2 - corner[1]) / TEXELS
    away, turn = np.hypot(out, down), np.degrees(np.arctan2(down, np.maximum(out, 1e-3)))
    wave = np.cos(np.radians(360.0 / _CROW_STEP) * (turn - _CROW_TURN))
    fan = np.exp(-(((turn - _CROW_TURN) / 40.0) ** 4) - ((away - 0.22) / 0.12) ** 2) * (out > 0)
    return np.asarray(-CROW_DEPTH * wave * fan, np.float32)


def own_lines(identity: Identity, laid: Floats) -> Floats:
    """How the photo's own fine lines, in its log of brightness `laid`, deepen where each coefficient shrinks the skin.

    (52, SIDE, SIDE); where skin is stretched they fade.
    """
    band = np.clip(softened(laid, _FINE) - softened(laid, _BROAD), -0.2, 0.1)
    around, weights = corners()
    found = np.zeros((len(EXPRESSION_NAMES), SIDE, SIDE), np.float32)
    for number, shrink in enumerate(_shrinking(identity)):
        if np.abs(shrink).max() > _LEAST_SHRINK:
            spread = np.einsum("yxk,yxk->yx", weights, shrink[around])
            found[number] = OWN_GROWTH * cv2.GaussianBlur(spread, (0, 0), 2.0) * band * reach(EXPRESSION_NAMES[number])
    return found


def _shrinking(identity: Identity) -> Floats:
    """How much smaller the skin at each vertex becomes by 1 of each coefficient (52, 468), as a log."""
    halves = 0.5 * np.eye(len(EXPRESSION_NAMES), dtype=np.float32)
    moved = np.stack([identity.basis.shifted(identity.neutral, half) for half in halves])
    rest = _areas(identity.neutral)
    shrunk = np.clip(2 * np.log(rest / _areas(moved)), -_MOST_SHRINK, _MOST_SHRINK)
    around = _triangles_around()
    return np.asarray((shrunk * rest) @ around.T / (around @ rest), np.float32)


def _areas(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice the area of each triangle (..., 852) of faces (..., 468, 3)."""
    a, b, c = (vertices[..., FACE_TRIANGLES[:, k], :] for k in range(3))
    (x, y, z), (u, v, w) = np.moveaxis(b - a, -1, 0), np.moveaxis(c - a, -1, 0)
    return np.asarray(np.sqrt((y * w - z * v) ** 2 + (z * u - x * w) ** 2 + (x * v - y * u) ** 2) + 1e-5)


@cache
def _triangles_around() -> NDArray[np.float64]:
    """1 where a triangle touches a vertex (468, 852)."""
    touches = np.zeros((mesh.FACE_VERTICES, len(FACE_TRIANGLES)))
    for k in range(3):
        touches[FACE_TRIANGLES[:, k], np.arange(len(FACE_TRIANGLES))] = 1.0
    return touches


def likeness(image: NDArray[np.uint8], landmarks: NDArray[np.float32], laid: Floats) -> Floats:
    """How much each texel (SIDE, SIDE) looks like this face's skin, from the photo and its log of brightness.

    A fringe, a beard or a hand does not fold, and what is overexposed turns grey where it is darkened.
    """
    sure = skin_share() > 0.9
    wide = softened(laid, 1.5)
    middle = np.median(wide[sure])
    spread = max(1.48 * float(np.median(np.abs(wide[sure] - middle))), 0.08)
    alike = _step((_OTHER - np.abs(wide - middle) / spread) / (_OTHER - _ALIKE))
    cut, moved = face_cut(image, landmarks)
    brightest = softened(laid_flat(cut.max(axis=2), moved), 1.5)
    unburnt = 1.0 - _MOST_BURNT * _step((brightest - _BRIGHT) / (255.0 - _BRIGHT))
    return np.asarray(cv2.GaussianBlur(alike * unburnt, (0, 0), 1.0), np.float32)


def fold_tint(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> tuple[float, float, float]:
    """How much of a fold's shade the red, green and blue of this skin take: what skin reflects most changes least."""
    cut, moved = face_cut(image, landmarks)
    sure = skin_share() > 0.9
    colour = np.array([np.median(laid_flat(np.ascontiguousarray(cut[:, :, k]), moved)[sure]) for k in range(3)])
    red, green, blue = 1.0 + _TINT * (1.0 - colour / max(float(colour @ _LUMA), 1.0))
    return float(red), float(green), float(blue)


def _step(share: Floats) -> Floats:
    share = np.clip(share, 0.0, 1.0).astype(np.float32)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
