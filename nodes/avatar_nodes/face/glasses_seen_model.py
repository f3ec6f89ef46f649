"""Whether a photo shows glasses, and which of its pixels are their frame: lines around the eyes and across the nose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.path_model import best_path

Array = NDArray[np.float64]
Numbers = NDArray[np.float32]

# Lengths are in inter-pupil distances.
_SURE, _NONE = 18.0, 9.0  # levels a hundredth: an edge across the nose bridge that is surely a frame, or surely none
_LARGEST = 80.0  # px: at this inter-pupil distance frames are looked for
_BRIDGE_ROOT = 168  # the vertex between the eyes
_THICKEST, _THICKEST_BRIDGE = 0.16, 0.32  # a line; what is wider is no line
_ANGLES, _STEPS = 96, 64
_LENS, _LENS_SPREAD = 0.36, 0.4  # how far a frame is from its eye
_REACH = 0.72  # and at most
_BROW = 0.33  # above this a line over the eye is rather the brow
_NOSE = (0.28, 0.22)  # half the width and height of where a bridge is looked for
_HALF_LINE = 18.0  # levels
_HALF_FRAME = (0.04, 0.07)  # a frame reaches so far from its middle: towards the eye, and away from it
_FAINT = 0.6  # of the line's darkness: what still belongs to it
_COVERED = 0.25  # of a brow: from here on the frame lies over it
_GROWN = 0.025  # how much is added around
_LASHES = 0.075  # what is nearer to an eye belongs to it
_BEND = 0.1  # what a step sideways costs


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


def glasses_certainty(image: NDArray[np.uint8], points: Array) -> float:
    """How sure it is that a photo shows glasses, 0 to 1; landmarks (n, 2) px."""
    return float(np.clip((_bridge_edge(image, points) - _NONE) / (_SURE - _NONE), 0.0, 1.0))


def _bridge_edge(image: NDArray[np.uint8], points: Array) -> float:
    """The steepest edge across the bridge of the nose, in levels a hundredth of an inter-pupil distance."""
    eyes = EyeRegion.of(points)
    root = (points[_BRIDGE_ROOT] - eyes.centre) @ eyes.across / eyes.unit
    columns, rows = np.meshgrid(root + np.linspace(-0.08, 0.08, 17), np.arange(-0.13, 0.3, 0.01))
    patch = cv2.GaussianBlur(_read(image, eyes, columns, rows), (0, 0), 1.0)
    return float(np.abs(np.median(np.diff(patch, axis=0), axis=1)).max())


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
    mask, near = np.zeros(lines.shape, np.uint8), np.zeros(lines.shape, bool)
    for rims in (mesh.RIGHT_EYE, mesh.LEFT_EYE):
        opening = np.concatenate([points[list(rims[0])], points[list(rims[1])][-2:0:-1]])
        inner, outer = _around(lines, eyes, opening)
        mask |= _filled(mask.shape, outer) & ~_filled(mask.shape, inner)
        away = cv2.distanceTransform(1 - _filled(mask.shape, opening), cv2.DIST_L2, cv2.DIST_MASK_5)
        mask[away < _LASHES * eyes.unit] = 0
        near |= away < 0.08 * eyes.unit
    typical = float(np.median(lines[mask > 0])) if mask.any() else 0.0
    mask[lines < _FAINT * typical] = 0
    mask |= _filled(mask.shape, _across_nose(thick, eyes))
    mask |= _hinges(mask, lines > 0.6 * typical, eyes)
    brows = [_filled(mask.shape, points[list(row)]) for row in (mesh.RIGHT_BROW, mesh.mirrored(mesh.RIGHT_BROW))]
    if max(float(mask[hair > 0].mean()) if hair.any() else 0.0 for hair in brows) < _COVERED:
        away = cv2.distanceTransform(1 - (brows[0] | brows[1]), cv2.DIST_L2, cv2.DIST_MASK_5)
        mask[away < 0.06 * eyes.unit] = 0  # else the frame lies over the brows
    reach = 2 * round(_GROWN * eyes.unit) + 1
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    soft = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), max(_GROWN / 2 * eyes.unit, 0.6))
    soft[soft < 1 / 255] = 0.0
    return FoundFrame(np.asarray(soft, np.float32), (soft == 0) & ~near & (thick < max(0.5 * typical, 8.0)))


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
    seen = _read(lines, eyes, x, y)
    score = seen / (seen + _HALF_LINE) * np.exp(-(((away - _LENS) / _LENS_SPREAD) ** 2))
    score = score * (1 - 0.7 * (np.sin(angles) < -0.5) * np.clip((away - _BROW) / 0.06, 0, 1))
    eye = _read(_filled(lines.shape, opening).astype(np.float32), eyes, x, y) > 0.4
    inside = np.cumsum(eye[:, ::-1], axis=1)[:, ::-1] > 0
    score[inside] = 0.0
    score[:, 7:][inside[:, :-7]] *= 0.3  # lids and lashes are lines too
    low, high = _edges(seen, best_path(score, _BEND, closed=True), _STEPS / _REACH)
    picked = np.arange(_ANGLES)
    grid = _px(eyes, x, y)
    return grid[picked, low], grid[picked, high]


def _across_nose(lines: Numbers, eyes: EyeRegion) -> Array:
    """The outline (n, 2) px of the line that best crosses the nose between the eyes."""
    wide, high = _NOSE
    x, y = np.meshgrid(np.linspace(-wide, wide, _STEPS), np.linspace(-high, high, _STEPS), indexing="ij")
    seen = _read(lines, eyes, x, y)
    above, below = _edges(seen, best_path(seen / (seen + _HALF_LINE), _BEND), _STEPS / (2 * high))
    grid, picked = _px(eyes, x, y), np.arange(_STEPS)
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


def _px(eyes: EyeRegion, x: Array, y: Array) -> Array:
    return np.asarray(eyes.centre + eyes.unit * (x[..., None] * eyes.across + y[..., None] * eyes.down))


def _read(picture: NDArray[Any], eyes: EyeRegion, x: Array, y: Array) -> Array:
    """A picture at points given in the eyes' axes and unit."""
    at = _px(eyes, x, y).astype(np.float32)
    found = cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float64)


def _filled(shape: tuple[int, ...], outline: Array) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)[:, None]], (1.0,), cv2.LINE_8, 4)
    return mask
