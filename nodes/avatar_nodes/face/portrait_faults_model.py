"""What makes a photo unfit to become a portrait: one clear error, with what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
from avatar_nodes.face.eyes_seen_model import EyesSeen
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.photo_quality_model import COVERED

# What a photo must show: brows, eyes and mouth.
INNER = (
    *RIGHT_BROW_UPPER, *RIGHT_BROW_LOWER, *LEFT_BROW_UPPER, *LEFT_BROW_LOWER, *RIGHT_EYE, *LEFT_EYE, *LIPS_OUTER,
)  # fmt: skip
SMALLEST_FACE = 80  # px of the photo, cheek to cheek
SURE = 0.7  # that eyes are shut or dark: eyes in mid-blink have .57 and more, seen ones of portraits .11 at most
LARGEST_YAW, LARGEST_PITCH, LARGEST_ROLL = 40.0, 30.0, 45.0  # degrees; beyond them half of the face is not seen


def face_width(landmarks: NDArray[np.float64]) -> float:
    """From cheek to cheek, px."""
    return float(np.ptp(landmarks[list(OVAL), 0]))


def check_face(path: Path, landmarks: NDArray[np.float64]) -> None:
    """Raise PortraitError where a face (478, 3) is too small, or turned too far, to be warped."""
    width = face_width(landmarks)
    if width < SMALLEST_FACE:
        raise PortraitError(
            f"{path}: the face is {width:.0f} px wide",
            f"expected at least {SMALLEST_FACE} px: use a larger copy of the photo, or one taken from nearer",
        )
    pose = head_pose(landmarks)
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


def check_whole(path: Path, landmarks: NDArray[np.float64], width: int, height: int) -> None:
    """Raise PortraitError where the photo ends within brows, eyes, nose or mouth."""
    edges = edges_beyond(landmarks[list(INNER), :2], width, height)
    if edges:
        raise PortraitError(
            f"{path}: the face is cut off {' and '.join(edges)}", "use a photo that shows all of the face, with hair"
        )


def check_seen(path: Path, eyes: EyesSeen, covered: float) -> None:
    """Raise PortraitError where both eyes, or the mouth, cannot be seen."""
    if min(eyes.shut) > SURE:
        raise PortraitError(f"{path}: the eyes are closed", "use a photo with open eyes")
    if eyes.dark > SURE:
        raise PortraitError(
            f"{path}: the eyes cannot be seen: sunglasses, or a dark shadow, seem to be before them",
            "use a photo that shows the eyes",
        )
    if covered > COVERED:
        raise PortraitError(
            f"{path}: the mouth cannot be seen: a hand, a mask or a microphone seems to be before it",
            "use a photo that shows the whole face",
        )


def edges_beyond(points: NDArray[np.float64], width: int, height: int, margin: float = 0.0) -> list[str]:
    """At which edges of the photo some of the points (n, 2) lie more than `margin` px outside."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    outside = {
        "at the top": -top,
        "at the left": -left,
        "at the right": right - (width - 1),
        "at the bottom": bottom - (height - 1),
    }
    return [edge for edge, by in outside.items() if by > margin]
