"""One face of a photo, read: landmarks to a fraction of a pixel, the right way up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MIRROR
from avatar_nodes.face.mediapipe_model import FaceModels
from avatar_nodes.face.photo_file_model import MID_GREY

MESH_SIDE = 512  # px of the upright cut that the landmarks are read from
FIRST_CUT = 2.2  # of the detector's box
SECOND_CUT = 1.5  # of the landmarks' extent
LEAST_SURE = 0.1  # of a detection that is only compared with another one
RIGHT_EYE, LEFT_EYE = 33, 263  # their outer corners
_GROUND = (MID_GREY, MID_GREY, MID_GREY)  # around a turned picture


@dataclass(frozen=True, slots=True)
class ReadFace:
    """A face as it was read."""

    landmarks: NDArray[np.float64]  # (478, 3) photo px
    score: float  # the detector's, in an upright cut


def read_face(
    models: FaceModels, photo: NDArray[np.uint8], centre: NDArray[np.float64], side: float, roll: float
) -> ReadFace | None:
    """Read the face in a square of the photo (px; roll in degrees, clockwise as seen); None: no landmarks there.

    In a face that stands on its head, detector and mesh see another one, with a mouth on the forehead. The detector
    is surer of it once it is turned: so it was for every upright and turned face that was tried.
    """
    if not all(0 <= place < length for place, length in zip(centre, (photo.shape[1], photo.shape[0]), strict=True)):
        return None  # seen in what surrounds a turned photo
    landmarks = _read_landmarks(models, photo, centre, side, roll)
    if landmarks is None:
        return None
    centre, extent, roll = extent_of(landmarks)
    cut, _ = _upright_cut(photo, centre, extent * FIRST_CUT, roll)
    as_found, turned = _surest(models, cut), _surest(models, cut[::-1, ::-1])
    if turned > as_found:
        again = _read_landmarks(models, photo, centre, extent, roll + 180.0)
        return ReadFace(landmarks, as_found) if again is None else ReadFace(again, turned)
    return ReadFace(landmarks, as_found)


def _surest(models: FaceModels, cut: NDArray[np.uint8]) -> float:
    found = [detection for near in (True, False) for detection in models.detect(cut, near=near, least_score=LEAST_SURE)]
    return max((detection.score for detection in found), default=0.0)


def extent_of(landmarks: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """Middle (2,) and larger side of the landmarks in px, and the roll of the eyes in degrees, clockwise as seen."""
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    eyes = landmarks[LEFT_EYE] - landmarks[RIGHT_EYE]
    return (low + high) / 2, float((high - low).max()), float(np.degrees(np.arctan2(eyes[1], eyes[0])))


def _read_landmarks(
    models: FaceModels, photo: NDArray[np.uint8], centre: NDArray[np.float64], side: float, roll: float
) -> NDArray[np.float64] | None:
    """Landmarks from an upright cut around the detector's box, then once more from a tighter one."""
    first = _mesh_in_cut(models, photo, centre, side * FIRST_CUT, roll)
    if first is None:
        return None
    centre, extent, roll = extent_of(first)
    second = _mesh_in_cut(models, photo, centre, extent * SECOND_CUT, roll)
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
    region, shrink = shrunk(photo[top:bottom, left:right], int(2 * MESH_SIDE))
    half = 0.5 * shrink - 0.5  # px are counted at their centres
    to_region = np.array([[shrink, 0.0, half - left * shrink], [0.0, shrink, half - top * shrink], [0.0, 0.0, 1.0]])
    middle = (np.asarray(centre) - (left, top)) * shrink
    pivot = (float(middle[0]), float(middle[1]))
    turn = np.asarray(cv2.getRotationMatrix2D(pivot, roll, MESH_SIDE / (side * shrink)), np.float64)
    turn[:, 2] += MESH_SIDE / 2 - middle
    cut = cv2.warpAffine(region, turn, (MESH_SIDE, MESH_SIDE), flags=cv2.INTER_LINEAR, borderValue=_GROUND)
    return np.asarray(cut), np.asarray(turn @ to_region)


def shrunk(picture: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], float]:
    """The picture at no more than `side` px, and by how much it was shrunk: 1.0 at most."""
    import cv2

    shrink = min(1.0, side / max(picture.shape[:2]))
    if shrink == 1.0:
        return picture, shrink
    return np.asarray(cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)), shrink
