"""The largest face in a photo of any size, and its landmarks to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MIRROR
from avatar_nodes.face.mediapipe_model import Detection, FaceModels
from avatar_nodes.face.photo_file_model import MID_GREY

GROUND = (MID_GREY, MID_GREY, MID_GREY)  # around a turned picture
SEARCH_SIDE = 1024  # px: a photo is searched on a copy no larger than this
TILE_SIDE = 640  # px: a face of 80 px is an eighth of it, which the detector still finds
ROLLS = (0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 180.0)  # degrees; the detector bears about 20 of each
MESH_SIDE = 512  # px of the upright cut that the landmarks are read from
FIRST_CUT = 2.2  # of the detector's box
SECOND_CUT = 1.5  # of the landmarks' extent
RIGHT_EYE, LEFT_EYE = 33, 263  # their outer corners


@dataclass(frozen=True, slots=True)
class FoundFace:
    """Landmarks (478, 3) in photo px (x right, y down, smaller z is nearer), and how many faces there were."""

    landmarks: NDArray[np.float64]
    faces: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    centre: NDArray[np.float64]  # photo px
    side: float  # of the detector's box, photo px
    roll: float  # degrees, clockwise as seen
    score: float


def find_face(models: FaceModels, photo: NDArray[np.uint8]) -> FoundFace | None:
    """The largest face of `photo` (height, width, 3), looked for over scales and rotations; None: there is none."""
    for candidates in _searches(models, photo):
        ordered = _distinct(candidates)
        for candidate in ordered:
            landmarks = _read_landmarks(models, photo, candidate)
            if landmarks is not None:
                return FoundFace(landmarks, len(ordered))
    return None


def _searches(models: FaceModels, photo: NDArray[np.uint8]) -> Iterator[list[_Candidate]]:
    """Faces found in ever more laborious ways: the whole photo, turned, then in parts and with lower demands."""
    copy, shrink = _shrunk(photo, SEARCH_SIDE)
    yield _search(models, copy, shrink, (0.0,), 0.5)
    yield _search(models, copy, shrink, ROLLS[1:], 0.5)
    yield _search_tiles(models, photo)
    yield _search(models, copy, shrink, ROLLS, 0.25)


def _search(
    models: FaceModels, copy: NDArray[np.uint8], shrink: float, rolls: tuple[float, ...], least_score: float
) -> list[_Candidate]:
    found = []
    for roll in rolls:
        turned, back = _turned(copy, roll)
        for near in (True, False):
            for detection in models.detect(turned, near=near, least_score=least_score):
                found.append(_candidate(detection, back, shrink, roll))
    return found


def _search_tiles(models: FaceModels, photo: NDArray[np.uint8]) -> list[_Candidate]:
    """Faces too small for the whole: overlapping squares, the larger ones first."""
    copy, shrink = _shrunk(photo, 4096)
    height, width = copy.shape[:2]
    side = max(height, width) // 2
    while side >= TILE_SIDE // 2:
        found = []
        for top in _starts(height, side):
            for left in _starts(width, side):
                tile, tile_shrink = _shrunk(copy[top : top + side, left : left + side], TILE_SIDE)
                back = np.array([[1.0 / tile_shrink, 0.0, left], [0.0, 1.0 / tile_shrink, top]])
                for detection in models.detect(tile, near=False, least_score=0.5):
                    found.append(_candidate(detection, back, shrink, 0.0))
        if found:
            return found
        side //= 2
    return []


def _starts(length: int, side: int) -> list[int]:
    """Where overlapping windows begin, the last one flush with the end."""
    return sorted({*range(0, max(length - side, 0), max(side // 2, 1)), max(length - side, 0)})


def _shrunk(picture: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], float]:
    import cv2

    shrink = min(1.0, side / max(picture.shape[:2]))
    if shrink == 1.0:
        return picture, shrink
    return np.asarray(cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)), shrink


def _turned(picture: NDArray[np.uint8], roll: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture turned counter-clockwise by `roll` degrees, and the affine map (2, 3) back."""
    import cv2

    if roll == 0.0:
        return picture, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    height, width = picture.shape[:2]
    side = int(np.hypot(height, width))
    turn = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), roll, 1.0), np.float64)
    turn[:, 2] += np.array([side - width, side - height]) / 2
    turned = cv2.warpAffine(picture, turn, (side, side), flags=cv2.INTER_LINEAR, borderValue=GROUND)
    return np.asarray(turned), np.asarray(cv2.invertAffineTransform(turn))


def _candidate(detection: Detection, back: NDArray[np.float64], shrink: float, roll: float) -> _Candidate:
    x, y, width, height = detection.box
    centre = back @ np.array([x + width / 2, y + height / 2, 1.0])
    zoom = float(np.hypot(back[0, 0], back[1, 0]))
    side = max(width, height) * zoom / shrink
    return _Candidate(centre / shrink, side, roll + detection.roll, detection.score)


def _distinct(candidates: list[_Candidate]) -> list[_Candidate]:
    """One of each face, the largest face first; of several finds of one face the surest."""
    kept: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda found: -found.score):
        apart = [np.hypot(*(candidate.centre - other.centre)) for other in kept]
        near = [distance < 0.6 * max(candidate.side, other.side) for distance, other in zip(apart, kept, strict=True)]
        if not any(near):
            kept.append(candidate)
    return sorted(kept, key=lambda found: -found.side)


def _read_landmarks(models: FaceModels, photo: NDArray[np.uint8], candidate: _Candidate) -> NDArray[np.float64] | None:
    """Landmarks from an upright cut around the detector's box, then once more from a tighter one."""
    first = _mesh_in_cut(models, photo, candidate.centre, candidate.side * FIRST_CUT, candidate.roll)
    if first is None:
        return None
    low, high = first[:, :2].min(axis=0), first[:, :2].max(axis=0)
    eyes = first[LEFT_EYE] - first[RIGHT_EYE]
    roll = float(np.degrees(np.arctan2(eyes[1], eyes[0])))
    second = _mesh_in_cut(models, photo, (low + high) / 2, float((high - low).max()) * SECOND_CUT, roll)
    return first if second is None else second


def _mesh_in_cut(
    models: FaceModels, photo: NDArray[np.uint8], centre: NDArray[np.float64], side: float, roll: float
) -> NDArray[np.float64] | None:
    """Landmarks in photo px, read from a square of `side` px around `centre` that is turned upright."""
    import cv2

    cut, to_cut = _upright_cut(photo, centre, side, roll)
    landmarks = _both_ways(models, cut)
    if landmarks is None:
        return None
    back = cv2.invertAffineTransform(to_cut)
    zoom = float(np.hypot(back[0, 0], back[1, 0]))
    flat = landmarks[:, :2] @ back[:, :2].T + back[:, 2]
    return np.column_stack([flat, landmarks[:, 2] * zoom])


def _both_ways(models: FaceModels, cut: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """The mean of the landmarks of a picture and of its mirror image: halves what the network prefers on one side."""
    straight = models.mesh(cut)
    mirrored = models.mesh(cut[:, ::-1])
    if straight is None or mirrored is None:
        return straight
    back = mirrored[MIRROR]
    back[:, 0] = cut.shape[1] - 1 - back[:, 0]
    return (straight + back) / 2


def _upright_cut(
    photo: NDArray[np.uint8], centre: NDArray[np.float64], side: float, roll: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A square of MESH_SIDE px, and the affine map (2, 3) from photo px to it."""
    import cv2

    reach = side * 0.75  # the half diagonal of a turned square, and a margin
    left, top = (max(int(value - reach), 0) for value in centre)
    right, bottom = (int(value + reach) + 1 for value in centre)
    region, shrink = _shrunk(photo[top:bottom, left:right], int(2 * MESH_SIDE))
    half = 0.5 * shrink - 0.5  # px are counted at their centres
    to_region = np.array([[shrink, 0.0, half - left * shrink], [0.0, shrink, half - top * shrink], [0.0, 0.0, 1.0]])
    middle = (np.asarray(centre) - (left, top)) * shrink
    pivot = (float(middle[0]), float(middle[1]))
    turn = np.asarray(cv2.getRotationMatrix2D(pivot, roll, MESH_SIDE / (side * shrink)), np.float64)
    turn[:, 2] += MESH_SIDE / 2 - middle
    cut = cv2.warpAffine(region, turn, (MESH_SIDE, MESH_SIDE), flags=cv2.INTER_LINEAR, borderValue=GROUND)
    return np.asarray(cut), np.asarray(turn @ to_region)
