"""The largest face in a photo of any size, and its landmarks to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.mediapipe_model import Detection, FaceModels
from avatar_nodes.face.photo_file_model import MID_GREY
from avatar_nodes.face.read_face_model import ReadFace, extent_of, read_face, shrunk

GROUND = (MID_GREY, MID_GREY, MID_GREY)  # around a turned picture
SEARCH_SIDE = 1024  # px: a photo is searched on a copy no larger than this
TILE_SIDE = 640  # px: a face of 80 px is an eighth of it, which the detector still finds
ROLLS = (0.0, 30.0, -30.0, 60.0, -60.0, 90.0, -90.0, 180.0)  # degrees; the detector bears about 20 of each
SURE = 0.75  # of a detection in the upright cut around a face: what is less sure is none beside one that is


@dataclass(frozen=True, slots=True)
class FoundFace:
    """The face that was found."""

    landmarks: NDArray[np.float64]  # (478, 3) photo px: x right, y down, smaller z is nearer
    faces: int  # how many there were
    doubt: float  # of the lips, see `ReadFace`


@dataclass(frozen=True, slots=True)
class _Candidate:
    centre: NDArray[np.float64]  # photo px
    side: float  # of the detector's box, photo px
    roll: float  # degrees, clockwise as seen
    score: float


def find_face(models: FaceModels, photo: NDArray[np.uint8], *, quick: bool = False) -> FoundFace | None:
    """The largest face of `photo` (height, width, 3), looked for over scales and rotations; None: there is none.

    `quick` only looks for one that is upright and fills some of the picture.
    """
    unsure: list[ReadFace] = []
    for candidates in islice(_searches(models, photo), 1 if quick else None):
        read = [read_face(models, photo, each.centre, each.side, each.roll) for each in _distinct(candidates)]
        faces = [face for face in read if face is not None]
        sure = _apart([face for face in faces if face.score >= SURE])
        if sure:
            return FoundFace(sure[0].landmarks, len(sure), sure[0].doubt)
        unsure += faces
    return FoundFace(unsure[0].landmarks, 1, unsure[0].doubt) if unsure else None


def _searches(models: FaceModels, photo: NDArray[np.uint8]) -> Iterator[list[_Candidate]]:
    """Faces found in ever more laborious ways: the whole photo, turned, then in parts and with lower demands."""
    copy, shrink = shrunk(photo, SEARCH_SIDE)
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
    copy, shrink = shrunk(photo, 4096)
    height, width = copy.shape[:2]
    side = max(height, width) // 2
    while side >= TILE_SIDE // 2:
        found = []
        for top in _starts(height, side):
            for left in _starts(width, side):
                tile, tile_shrink = shrunk(copy[top : top + side, left : left + side], TILE_SIDE)
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


def _apart(faces: list[ReadFace]) -> list[ReadFace]:
    """One of each: different boxes can lead to the same landmarks."""
    kept: list[ReadFace] = []
    for face in faces:
        centre, extent, _ = extent_of(face.landmarks)
        if all(np.hypot(*(centre - extent_of(other.landmarks)[0])) > extent / 2 for other in kept):
            kept.append(face)
    return kept
