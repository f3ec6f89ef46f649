"""One face of a photo, read: landmarks to a fraction of a pixel, the right way up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import LIPS_OUTER, MIRROR
from avatar_nodes.face.mediapipe_model import FaceModels
from avatar_nodes.face.photo_file_model import MID_GREY

MESH_SIDE = 512  # px of the upright cut that the landmarks are read from
FIRST_CUT = 2.2  # of the detector's box
SECOND_CUT = 2.2  # of the landmarks' extent
LOOKS = 3  # at the second cut: in videos of faces, one look is off from the video's own reading by 1.3 % of the
# distance between the pupils and 0.7 degrees of pitch, three by 0.5 % and 0.2
LEAST_SURE = 0.1  # of a detection that is only compared with another one
RIGHT_EYE, LEFT_EYE = 33, 263  # their outer corners
_GROUND = (MID_GREY, MID_GREY, MID_GREY)  # around a turned picture


@dataclass(frozen=True, slots=True)
class ReadFace:
    """A face as it was read."""

    landmarks: NDArray[np.float64]  # (478, 3) photo px
    score: float  # the detector's, in an upright cut
    doubt: float  # how far the lips of picture and mirror image differ, mean, in distances between the eyes


def read_face(
    models: FaceModels, photo: NDArray[np.uint8], centre: NDArray[np.float64], side: float, roll: float
) -> ReadFace | None:
    """Read the face in a square of the photo (px; roll in degrees, clockwise as seen); None: no landmarks there.

    In a face that stands on its head, detector and mesh see another one, with a mouth on the forehead. The detector
    is surer of it once it is turned: so it was for every upright and turned face that was tried.
    """
    if not all(0 <= place < length for place, length in zip(centre, (photo.shape[1], photo.shape[0]), strict=True)):
        return None  # seen in what surrounds a turned photo
    found = _read_landmarks(models, photo, centre, side, roll)
    if found is None:
        return None
    centre, extent, roll = extent_of(found[0])
    cut, _ = _upright_cut(photo, centre, extent * FIRST_CUT, roll)
    as_found, turned = _surest(models, cut), _surest(models, cut[::-1, ::-1])
    if turned > as_found:
        again = _read_landmarks(models, photo, centre, extent, roll + 180.0)
        if again is not None:
            return ReadFace(again[0], turned, again[1])
    return ReadFace(found[0], as_found, found[1])


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
) -> tuple[NDArray[np.float64], float] | None:
    """Landmarks, and how doubtful the lips are, from a cut around the detector's box, then from one around these."""
    first = _mesh_in_cut(models, photo, centre, side * FIRST_CUT, roll)
    if first is None:
        return None
    centre, extent, roll = extent_of(first[0])
    second = _mesh_in_cut(models, photo, centre, extent * SECOND_CUT, roll, LOOKS)
    return first if second is None else second


def _mesh_in_cut(
    models: FaceModels,
    photo: NDArray[np.uint8],
    centre: NDArray[np.float64],
    side: float,
    roll: float,
    looks: int = 1,
) -> tuple[NDArray[np.float64], float] | None:
    """Landmarks in photo px, and how doubtful the lips are, from a square of `side` px that is turned upright."""
    import cv2

    cut, to_cut = _upright_cut(photo, centre, side, roll)
    read = _both_ways(models, cut, looks)
    if read is None:
        return None
    landmarks, doubt = read
    back = cv2.invertAffineTransform(to_cut)
    zoom = float(np.hypot(back[0, 0], back[1, 0]))
    flat = landmarks[:, :2] @ back[:, :2].T + back[:, 2]
    return np.column_stack([flat, landmarks[:, 2] * zoom]), doubt


def _both_ways(models: FaceModels, cut: NDArray[np.uint8], looks: int) -> tuple[NDArray[np.float64], float] | None:
    """The mean of the landmarks of a picture and of its mirror image: halves what the network prefers on one side.

    Where it sees lips, the two agree (within .05 distances between the eyes on all photos and videos that were tried);
    where a hand or a mask is, it makes them up, and differently.
    """
    straight = models.mesh(cut, looks)
    mirrored = models.mesh(cut[:, ::-1], looks)
    if straight is None:
        return None
    if mirrored is None:
        return straight, 1.0
    back = mirrored[MIRROR]
    back[:, 0] = cut.shape[1] - 1 - back[:, 0]
    apart = np.linalg.norm((straight - back)[list(LIPS_OUTER), :2], axis=1).mean()
    return (straight + back) / 2, float(apart / np.linalg.norm((straight[LEFT_EYE] - straight[RIGHT_EYE])[:2]))


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
