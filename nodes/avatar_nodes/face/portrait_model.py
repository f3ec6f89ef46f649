"""From any photo to a framed, matted portrait with a 3D face: what a renderer starts from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.background_model import fill_background
from avatar_nodes.face.canonical_model import (
    LEFT_BROW_LOWER,
    LEFT_BROW_UPPER,
    LEFT_EYE,
    LIPS_OUTER,
    OVAL,
    RIGHT_BROW_LOWER,
    RIGHT_BROW_UPPER,
    RIGHT_EYE,
    head_pose,
)
from avatar_nodes.face.find_face_model import FoundFace, find_face
from avatar_nodes.face.framing_model import Framing, choose_framing, cut_frame
from avatar_nodes.face.matte_model import person_matte
from avatar_nodes.face.mediapipe_model import FaceModels
from avatar_nodes.face.photo_file_model import PortraitError, read_photo

__all__ = ["Portrait", "PortraitError", "prepare_portrait"]

# What a photo must show: brows, eyes and mouth.
INNER = (
    *RIGHT_BROW_UPPER, *RIGHT_BROW_LOWER, *LEFT_BROW_UPPER, *LEFT_BROW_LOWER, *RIGHT_EYE, *LEFT_EYE, *LIPS_OUTER,
)  # fmt: skip
SMALLEST_FACE = 80  # px of the photo, cheek to cheek
LARGEST_YAW, LARGEST_PITCH, LARGEST_ROLL = 40.0, 30.0, 45.0  # degrees; beyond them half of the face is not seen
MOST_CUT_OFF = 0.03  # of the face's height: what may lie beyond the edge of the photo without a word
LARGEST_SCALE = 1.5  # above this the picture is soft, and the user is told


@dataclass(slots=True)
class Portrait:
    """A photo framed as a talking head, taken apart."""

    image: NDArray[np.uint8]  # (size, size, 3) RGB
    matte: NDArray[np.float32]  # (size, size) 0 to 1: the person, with hair and body
    background: NDArray[np.uint8]  # (size, size, 3) RGB: the photo with the person filled in from behind
    landmarks: NDArray[np.float32]  # (478, 3) MediaPipe's points in frame px: x right, y down, smaller z is nearer
    transform: NDArray[np.float64]  # (2, 3) affine: photo px to frame px
    scale: float  # frame px per photo px
    notices: list[str] = field(default_factory=list)  # what the user should know


def prepare_portrait(path: Path, size: int = 512) -> Portrait:
    """Read a photo, find its largest face, frame it as a talking head of `size` px and separate the person.

    The same photo gives the same arrays. Raises PortraitError where a photo cannot serve.
    """
    photo = read_photo(path)
    with FaceModels() as models:
        found = find_face(models, photo)
        if found is None:
            raise PortraitError(f"{path}: no face was found", "expected a photo of one person who looks at the camera")
        check_face(path, found)
        height, width = photo.shape[:2]
        check_whole(path, found, width, height)
        framing = choose_framing(_oval(found.landmarks), width, height)
        image = cut_frame(photo, framing, size)
        transform = framing.transform(size)
        landmarks = _into_frame(found.landmarks, transform)
        matte = person_matte(models, image, _oval(landmarks))
    return Portrait(
        image=image,
        matte=matte,
        background=fill_background(image, matte),
        landmarks=landmarks.astype(np.float32),
        transform=transform,
        scale=size / framing.side,
        notices=_notices(path, found, framing, size, (width, height)),
    )


def _oval(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    return landmarks[list(OVAL), :2]


def _into_frame(landmarks: NDArray[np.float64], transform: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = landmarks[:, :2] @ transform[:, :2].T + transform[:, 2]
    return np.column_stack([flat, landmarks[:, 2] * transform[0, 0]])


def check_face(path: Path, found: FoundFace) -> None:
    """Raise PortraitError where a face is too small, or turned too far, to be warped."""
    face_width = float(np.ptp(_oval(found.landmarks)[:, 0]))
    if face_width < SMALLEST_FACE:
        raise PortraitError(
            f"{path}: the face is {face_width:.0f} px wide",
            f"expected at least {SMALLEST_FACE} px: use a larger copy of the photo, or one taken from nearer",
        )
    pose = head_pose(found.landmarks)
    for turned, limit, way in (
        (pose.roll, LARGEST_ROLL, "tilted"),
        (pose.yaw, LARGEST_YAW, "turned sideways"),
        (pose.pitch, LARGEST_PITCH, "lowered" if pose.pitch > 0 else "raised"),
    ):
        if abs(turned) > limit:
            raise PortraitError(
                f"{path}: the head is {way} by {abs(turned):.0f} degrees",
                f"expected at most {limit:.0f}: "
                + (_turn(turned) if way == "tilted" else "use a photo that looks at the camera"),
            )


def _turn(roll: float) -> str:
    """How to turn a photo upright: by a quarter or half a turn where that nearly does it."""
    quarters = 90 * round(abs(roll) / 90)
    by = quarters if abs(abs(roll) - quarters) <= 20 else round(abs(roll))
    if by == 180:
        return "turn the photo by 180 degrees"
    return f"turn the photo by {by} degrees {'clockwise' if roll > 0 else 'counter-clockwise'}"


def check_whole(path: Path, found: FoundFace, width: int, height: int) -> None:
    """Raise PortraitError where the photo ends within brows, eyes, nose or mouth."""
    inner = found.landmarks[list(INNER), :2]
    beyond = _beyond(inner, width, height)
    if beyond:
        raise PortraitError(
            f"{path}: the face is cut off {' and '.join(beyond)}", "use a photo that shows all of the face, with hair"
        )


def _beyond(points: NDArray[np.float64], width: int, height: int, margin: float = 0.0) -> list[str]:
    """At which edges of the photo some of the points (n, 2) lie more than `margin` px outside."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    outside = {
        "at the top": -top,
        "at the left": -left,
        "at the right": right - (width - 1),
        "at the bottom": bottom - (height - 1),
    }
    return [edge for edge, by in outside.items() if by > margin]


def _notices(path: Path, found: FoundFace, framing: Framing, size: int, photo: tuple[int, int]) -> list[str]:
    notices = []
    if found.faces > 1:
        notices.append(f"{path.name}: {found.faces} faces; the largest one is taken")
    oval = _oval(found.landmarks)
    beyond = _beyond(oval, *photo, margin=MOST_CUT_OFF * float(np.ptp(oval[:, 1])))
    if beyond:
        notices.append(
            f"{path.name}: forehead, cheeks or chin are cut off {' and '.join(beyond)}; what the photo does not show "
            "is made up; a photo with the whole head would look better"
        )
    scale = size / framing.side
    if scale > LARGEST_SCALE:
        notices.append(
            f"{path.name}: enlarged {scale:.1f} times ({framing.side} px of the photo fill {size} px); "
            "a larger photo would be sharper"
        )
    if framing.outside(*photo) and not beyond:
        notices.append(f"{path.name}: the face fills the photo; what is around it is made up by blurred reflections")
    return notices
