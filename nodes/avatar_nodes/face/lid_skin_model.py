"""The skin of a shut eye, made from an open one: lashes, lid rims and eyeball give way to the skin around them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.push_pull_model import push_pull

Array = NDArray[np.float64]
Numbers = NDArray[np.float32]

# All lengths are in eye widths, corner to corner.
_NEAR, _FAR = 0.14, 0.45  # how far from the rims skin is sure to be skin
_RIM = 0.035  # what lies nearer to the rims is never skin
_LASHES = (0.4, 0.75)  # up to where lashes may reach above the rim: surely, at most
_BELOW = (0.08, 0.3)  # and how far below it something else than skin is painted over
_BORDER = 0.1  # how near to the face's outline skin is used, and painted over
_EDGE = 0.12  # how softly the patch ends
_TOLERANCE = (6.0, 30.0, 0.22)  # levels by which a pixel may differ from the skin: at the rims, and so far away
_DARKER = 1.6  # how much sooner what is darker than skin is taken for something else
_STRAND = 0.12  # the thickest lashes
_HAIR = 10  # levels they are darker than skin
_LIKE_CHEEK = 45.0  # levels by which skin around an eye may differ from the cheek's
_PORES, _FINE = 0.05, 16.0  # how coarse texture may be, and how strong in levels
_CHEEK = 0.6  # how far below skin is textured as lids are
_UNDER = 0.2  # what is right under an eye
_LIGHTER, _SHADIEST, _SHADED = 1.12, 0.75, 0.25
_CREASE = 0.1  # how much darker the lid is at its lashes
_HUMP = 0.04  # and how much lighter where it is roundest


@dataclass(frozen=True, slots=True)
class LidSkin:
    """A patch of the photo with its eye covered by skin, and where to show it when the eye is shut."""

    left: int  # where the patch lies in the photo, px
    top: int
    skin: Numbers  # (height, width, 4): RGB, then by how much it replaces the photo (0 to 1)


def cover_eye(image: NDArray[np.uint8], outline: Array, rims: tuple[Array, Array], brow: Array, oval: Array) -> LidSkin:
    """Paint over the eye between two rims (n, 2) px: only inside of `outline` and the face's `oval`, never the brow."""
    upper, lower = rims
    width = float(np.hypot(*(upper[-1] - upper[0])))
    margin = int(np.ceil(_FAR * width))
    left, top = np.maximum(np.floor(outline.min(0)).astype(int) - margin, 0)
    right, bottom = np.ceil(outline.max(0)).astype(int) + margin
    patch = image[top:bottom, left:right].astype(np.float32)
    corner = np.array([left, top])
    opening = _filled(patch, np.concatenate([upper, lower[-2:0:-1]]) - corner)
    away = _distance(np.asarray(1 - opening, np.uint8)) / width
    above = _is_above(patch, upper - corner, lower - corner)
    hair = _filled(patch, brow - corner, grown=0.04 * width)
    face = _filled(patch, oval - corner)
    usable = (hair == 0) & (opening == 0) & (_distance(face) > _BORDER * width)
    skin = _skin(_without_strands(patch, width), away, usable, above, width)
    shade = _no_lighter(patch, skin, usable & ~above & (away < _UNDER), opening > 0)
    skin *= (1.0 + (shade - 1.0) * np.exp(-((away / _SHADED) ** 2)))[:, :, None]
    dark = np.where(above | (opening > 0), np.exp(-((away / 0.06) ** 2)), 0.0)
    round_ = np.where(above, np.exp(-(((away - 0.16) / 0.08) ** 2)), 0.0)
    skin *= (1.0 - _CREASE * dark + _HUMP * round_)[:, :, None]
    inside = _distance(_filled(patch, outline - corner)) / (width * _EDGE)
    near = np.where(above, _fade(away, _LASHES), _fade(away, _BELOW))
    inside = np.minimum(inside, np.maximum(_distance(face) / width - _BORDER, 0.0) / _EDGE)
    weight = np.minimum(inside, 1.0) * near * (1.0 - cv2.GaussianBlur(hair.astype(np.float32), (0, 0), 0.03 * width))
    weight = np.maximum(weight, opening)
    soft = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), max(0.015 * width, 0.5))
    return LidSkin(int(left), int(top), np.dstack([skin.clip(0, 255), soft]).astype(np.float32))


def _skin(patch: Numbers, away: Array, usable: NDArray[np.bool_], above: NDArray[np.bool_], width: float) -> Numbers:
    """The patch with all that is not skin filled in: first from what surely is, then from what resembles that."""
    near = usable & (away > _NEAR) & (away < _FAR)
    cheek = near & ~above
    if not cheek.any():  # nothing tells what is skin here
        cheek = near = np.ones_like(usable)
    tolerance = max(_LIKE_CHEEK, 2.0 * float(patch[cheek].std(axis=0).mean()))
    expected = push_pull(patch, _alike(patch - np.median(patch[cheek], axis=0), tolerance) * near)
    low, high, reach = _TOLERANCE
    allowed = low + (high - low) * np.clip(away / reach, 0.0, 1.0) ** 2
    found = np.asarray(_alike(patch - expected, allowed) * (usable & (away > _RIM)), np.float32)
    return push_pull(patch, found) + _detail(patch, found, width)


def _no_lighter(patch: Numbers, skin: Numbers, under: NDArray[np.bool_], lid: NDArray[np.bool_]) -> float:
    """The factor that makes lids hardly lighter than what is right under the eye: sockets lie in the shade."""
    if not under.any() or not lid.any():
        return 1.0
    most = _LIGHTER * float(patch[under].mean())
    return float(np.clip(most / max(float(skin[lid].mean()), 1.0), _SHADIEST, 1.0))


def _detail(patch: Numbers, found: Numbers, width: float) -> Numbers:
    """The pores, grain or brush strokes of the skin below the eye, for where none was found."""
    detail = patch - cv2.GaussianBlur(patch, (0, 0), _PORES * width)
    detail = np.clip(detail * _alike(detail, _FINE)[:, :, None], -_FINE, _FINE)
    last = len(patch) - 1
    rows = last - np.abs(last - (np.arange(len(patch)) + round(_CHEEK * width)))  # mirrored at the lower edge
    return np.asarray(detail[rows] * (1.0 - found[:, :, None]), np.float32)


def _without_strands(patch: Numbers, width: float) -> Numbers:
    """The patch without thin dark lines that stand upright, as lashes do; creases lie."""
    reach = 2 * int(np.ceil(_STRAND * width / 2)) + 1
    closed = cv2.morphologyEx(patch, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8))
    return np.where((closed - patch).max(axis=2, keepdims=True) > _HAIR, closed, patch).astype(np.float32)


def _alike(differs: Numbers, tolerance: Array | float) -> Numbers:
    """1 for colours that do not differ, less the more they do; what is darker is sooner something else."""
    by = np.maximum(differs.max(axis=2), _DARKER * -differs.min(axis=2))
    return np.asarray(np.exp(-((by / tolerance) ** 4)) + 1e-7, np.float32)


def _filled(patch: Numbers, outline: Array, grown: float = 0.0) -> NDArray[np.uint8]:
    mask = np.zeros(patch.shape[:2], np.uint8)
    points = np.rint(outline * 16).astype(np.int32)[:, None]
    cv2.fillPoly(mask, [points], (1.0,), cv2.LINE_8, 4)
    if grown > 0:
        reach = 2 * int(np.ceil(grown)) + 1
        mask = np.asarray(cv2.dilate(mask, np.ones((reach, reach), np.uint8)), np.uint8)
    return mask


def _distance(mask: NDArray[np.uint8]) -> Array:
    """How far the pixels of a mask are from its outside, px."""
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float64)


def _is_above(patch: Numbers, upper: Array, lower: Array) -> NDArray[np.bool_]:
    """On which side of the eye's middle line pixels lie."""
    middle = (upper + lower) / 2
    across = middle[-1] - middle[0]
    length = max(float(np.hypot(*across)), 1e-3)
    across = across / length
    down = np.array([-across[1], across[0]])
    down *= 1.0 if down @ (lower - upper).sum(0) > 0 else -1.0
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]]
    along = (x - middle[0, 0]) * across[0] + (y - middle[0, 1]) * across[1]
    deep = (x - middle[0, 0]) * down[0] + (y - middle[0, 1]) * down[1]
    line = np.interp(along, (middle - middle[0]) @ across, (middle - middle[0]) @ down)
    return np.asarray(deep < line)


def _fade(away: Array, span: tuple[float, float]) -> Array:
    share = np.clip((span[1] - away) / (span[1] - span[0]), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share))
