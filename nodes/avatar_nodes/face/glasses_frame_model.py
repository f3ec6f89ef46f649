"""Which pixels of a photo are the frame of glasses: lines around the eyes and across the nose."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.glasses_seen_model import EyeRegion
from avatar_nodes.face.path_model import best_path

Array = NDArray[np.float64]
Numbers = NDArray[np.float32]

# Lengths are in inter-pupil distances.
_LARGEST = 80.0  # px: at this inter-pupil distance frames are looked for
_THICKEST, _THICKEST_BRIDGE = 0.16, 0.32  # a line; what is wider is no line
_ANGLES, _STEPS = 96, 64
_LENS, _LENS_SPREAD = 0.36, 0.4  # how far a frame is from its eye
_REACH = 0.72  # and at most
_BROW = 0.33  # above this a line over the eye is rather the brow
_NOSE = (0.28, 0.22)  # half the width and height of where a bridge is looked for
_HALF_LINE = 18.0  # levels
_HALF_FRAME = (0.04, 0.07)  # a frame reaches so far from its middle: towards the eye, and away from it
_FAINT = 0.6  # of the line's darkness: what still belongs to it
_COVERED = 0.1  # of a brow: from here on the frame may lie over it
_GROWN = 0.025  # how much is added around
_LASHES = 0.075  # what is nearer to an eye belongs to it
_BROW_EDGE = 0.03  # how far a brow's hair may reach beyond its outline
_BEND = 0.1  # what a step sideways costs


@dataclass(frozen=True, slots=True)
class FoundFrame:
    """Which pixels of a photo belong to the frame of glasses."""

    mask: Numbers  # (size, size) 0 to 1
    behind: NDArray[np.bool_]  # (size, size) skin beside it, that tells what is behind


def find_frame(image: NDArray[np.uint8], points: Array) -> FoundFrame:
    """The frame in a photo that shows glasses; the eyes themselves are left out."""
    unit = EyeRegion.of(points).unit
    if unit <= _LARGEST:
        return _find_frame(image, points)
    height, width = image.shape[:2]
    smaller = cv2.resize(image, None, fx=_LARGEST / unit, fy=_LARGEST / unit, interpolation=cv2.INTER_AREA)
    found = _find_frame(np.asarray(smaller, np.uint8), points * (_LARGEST / unit))
    mask, behind = (cv2.resize(one.astype(np.float32), (width, height)) for one in (found.mask, found.behind))
    return FoundFrame(np.asarray(mask, np.float32), (behind > 0.99) & (mask == 0))


def _find_frame(image: NDArray[np.uint8], points: Array) -> FoundFrame:
    eyes = EyeRegion.of(points)
    lines, thick = (_lines(image, most * eyes.unit) for most in (_THICKEST, _THICKEST_BRIDGE))
    openings = [np.concatenate([points[list(a)], points[list(b)][-2:0:-1]]) for a, b in (mesh.RIGHT_EYE, mesh.LEFT_EYE)]
    mask = np.zeros(lines.shape, np.uint8)
    for opening in openings:
        inner, outer = _around(lines, eyes, opening)
        mask |= _filled(mask.shape, outer) & ~_filled(mask.shape, inner)
    away = _away([_filled(mask.shape, opening) for opening in openings]) / eyes.unit
    mask[away < _LASHES] = 0
    typical = float(np.median(lines[mask > 0])) if mask.any() else 0.0
    mask[lines < _FAINT * typical] = 0
    mask |= _filled(mask.shape, _across_nose(thick, eyes))
    mask |= _hinges(mask, lines > _FAINT * typical, eyes)
    _leave_brows(mask, points, eyes.unit)
    soft = _softened(mask, _GROWN * eyes.unit)
    return FoundFrame(soft, (soft == 0) & (away > 0.08) & (thick < max(0.5 * typical, 8.0)))


def _softened(mask: NDArray[np.uint8], grown: float) -> Numbers:
    """A mask with soft edges around all of it."""
    reach = 2 * round(grown) + 1
    wider = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))).astype(np.float32)
    soft = cv2.GaussianBlur(wider, (0, 0), max(grown / 2, 0.6))
    return np.where(soft < 1 / 255, 0.0, soft).astype(np.float32)


def _leave_brows(mask: NDArray[np.uint8], points: Array, unit: float) -> None:
    """Take the brows out of a mask in place, unless the frame lies over them."""
    brows = [_filled(mask.shape, points[list(row)]) for row in (mesh.RIGHT_BROW, mesh.mirrored(mesh.RIGHT_BROW))]
    if max(float(mask[hair > 0].mean()) if hair.any() else 0.0 for hair in brows) < _COVERED:
        mask[_away(brows) < _BROW_EDGE * unit] = 0


def _away(masks: list[NDArray[np.uint8]]) -> Array:
    """How far each pixel is from some masks, px."""
    none = np.asarray(np.max(masks, axis=0) == 0, np.uint8)
    return np.asarray(cv2.distanceTransform(none, cv2.DIST_L2, cv2.DIST_MASK_5), np.float64)


def _hinges(mask: NDArray[np.uint8], strong: NDArray[np.bool_], eyes: EyeRegion) -> NDArray[np.uint8]:
    """The parts of a frame beyond the outer corners of the eyes: lines that touch what was found."""
    y, x = np.mgrid[: mask.shape[0], : mask.shape[1]]
    offset = (np.stack([x, y], axis=2) - eyes.centre) / eyes.unit
    beside = (np.abs(offset @ eyes.across) > 0.88) & (np.abs(offset @ eyes.across) < 1.15)
    beside &= np.abs(offset @ eyes.down) < 0.3
    count, labels = cv2.connectedComponents((strong & beside).astype(np.uint8), connectivity=8)
    touching = np.zeros(count, bool)
    touching[np.unique(labels[cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0])] = True
    touching[0] = False
    return touching[labels].astype(np.uint8)


def _lines(image: NDArray[np.uint8], thickest: float) -> Numbers:
    """How much darker, or lighter, than both sides each pixel is, levels; of lines up to `thickest` px."""
    reach = 2 * round(thickest / 2) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    soft = cv2.GaussianBlur(image, (0, 0), max(0.075 * thickest, 0.5))
    either = [cv2.morphologyEx(soft, way, disc).max(axis=2) for way in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)]
    return np.asarray(np.maximum(*either), np.float32)


def _around(lines: Numbers, eyes: EyeRegion, opening: Array) -> tuple[Array, Array]:
    """The inner and outer outline (angles, 2) px of the line that best surrounds an eye."""
    middle = (opening[0] + opening[len(opening) // 2]) / 2
    centre = ((middle - eyes.centre) @ np.stack([eyes.across, eyes.down], 1) + (0, 0.06 * eyes.unit)) / eyes.unit
    angles = np.arange(_ANGLES)[:, None] / _ANGLES * 2 * np.pi
    away = (np.arange(_STEPS)[None] + 0.5) / _STEPS * _REACH
    x, y = centre[0] + np.cos(angles) * away, centre[1] + np.sin(angles) * away
    seen = eyes.read(lines, x, y)
    score = seen / (seen + _HALF_LINE) * np.exp(-(((away - _LENS) / _LENS_SPREAD) ** 2))
    score = score * (1 - 0.7 * (np.sin(angles) < -0.5) * np.clip((away - _BROW) / 0.06, 0, 1))
    eye = eyes.read(_filled(lines.shape, opening).astype(np.float32), x, y) > 0.4
    inside = np.cumsum(eye[:, ::-1], axis=1)[:, ::-1] > 0
    score[inside] = 0.0
    score[:, 7:][inside[:, :-7]] *= 0.3  # lids and lashes are lines too
    low, high = _edges(seen, best_path(score, _BEND, closed=True), _STEPS / _REACH)
    picked = np.arange(_ANGLES)
    grid = eyes.px(x, y)
    return grid[picked, low], grid[picked, high]


def _across_nose(lines: Numbers, eyes: EyeRegion) -> Array:
    """The outline (n, 2) px of the line that best crosses the nose between the eyes."""
    wide, high = _NOSE
    x, y = np.meshgrid(np.linspace(-wide, wide, _STEPS), np.linspace(-high, high, _STEPS), indexing="ij")
    seen = eyes.read(lines, x, y)
    above, below = _edges(seen, best_path(seen / (seen + _HALF_LINE), _BEND), _STEPS / (2 * high))
    grid, picked = eyes.px(x, y), np.arange(_STEPS)
    return np.concatenate([grid[picked, above], grid[picked, below][::-1]])


def _edges(seen: Array, path: NDArray[np.int64], steps: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How far the line along a path (n,) reaches to both sides, on a grid (n, steps)."""
    picked = np.arange(len(path))
    on_path = seen[picked, path]
    strong = np.mean([np.roll(on_path, by) for by in (-2, -1, 0, 1, 2)], axis=0)
    part = seen > _FAINT * strong[:, None]
    low, high = path.copy(), path.copy()
    inwards, outwards = (round(half * steps) for half in _HALF_FRAME)
    for step in range(outwards):
        down, up = np.maximum(low - (step < inwards), 0), np.minimum(high + 1, seen.shape[1] - 1)
        low, high = np.where(part[picked, down], down, low), np.where(part[picked, up], up, high)
    return _even(low) - 1, _even(high) + 1


def _even(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Their running median over five."""
    shifted = [np.roll(values, by) for by in (-2, -1, 0, 1, 2)]
    return np.asarray(np.clip(np.median(shifted, axis=0), 1, _STEPS - 2), np.int64)


def _filled(shape: tuple[int, ...], outline: Array) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)[:, None]], (1.0,), cv2.LINE_8, 4)
    return mask
