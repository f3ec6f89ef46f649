"""What a photo is good for as a portrait: measured, with what had to be made up and what would help most."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from avatar_nodes.face.canonical_model import OVAL, head_pose
from avatar_nodes.face.eyes_seen_model import EyesSeen
from avatar_nodes.face.find_face_model import FoundFace
from avatar_nodes.face.framing_model import Framing
from avatar_nodes.face.glasses_seen_model import SURE_OF_GLASSES
from avatar_nodes.face.photo_quality_model import (
    COVERED_A_LITTLE,
    VERY_SOFT,
    PhotoQuality,
    is_too_bright,
    is_too_dark,
)
from avatar_nodes.face.portrait_faults_model import edges_beyond, face_width

MOST_CUT_OFF = 0.03  # of the face's height: what may lie beyond the edge of the photo without a word
LARGEST_SCALE = 1.5  # above this the picture is soft, and the user is told
UNSURE = 0.3  # of shut or dark eyes: seen ones of portraits have .11 at most
PARTED = 0.03  # distances between the eyes: lips that are further apart are not closed
OWN_TEETH = 0.045  # and from here on they show teeth


@dataclass(frozen=True, slots=True)
class PortraitReport:
    """What was measured in a photo, and what was done about it; plain values, so that a file can hold it."""

    face_px: float  # of the photo, cheek to cheek
    faces: int  # how many there were
    pose: tuple[float, float, float]  # yaw, pitch, roll, degrees
    enlarged: float  # frame px per px of the photo
    eyes: EyesSeen
    lips: float  # how far they are apart, in distances between the eyes
    quality: PhotoQuality
    notices: tuple[str, ...]  # what the user should know, one sentence each
    fallbacks: tuple[str, ...]  # what else was made up, or done in another way than usual


def report_from(said: dict[str, Any]) -> PortraitReport:
    """The report that `report_to` made plain; raises KeyError, TypeError, ValueError or OverflowError."""
    yaw, pitch, roll = said["pose"]
    right, left = said["eyes"]["shut"]
    quality = {name: float(said["quality"][name]) for name in PhotoQuality.__slots__}
    return PortraitReport(
        face_px=float(said["face_px"]),
        faces=int(said["faces"]),
        pose=(float(yaw), float(pitch), float(roll)),
        enlarged=float(said["enlarged"]),
        eyes=EyesSeen((float(right), float(left)), float(said["eyes"]["dark"]), float(said["eyes"]["glasses"])),
        lips=float(said["lips"]),
        quality=PhotoQuality(**quality),
        notices=tuple(map(_sentence, said["notices"])),
        fallbacks=tuple(map(_sentence, said["fallbacks"])),
    )


def _sentence(said: object) -> str:
    """What may be shown in a terminal."""
    text = str(said)
    if not text.isprintable():
        raise ValueError(f"{text!r} is no sentence")
    return text


def report_to(report: PortraitReport) -> dict[str, Any]:
    """The report as plain values, for JSON."""
    return asdict(report)


def report_on(
    found: FoundFace, framing: Framing, size: int, photo: tuple[int, int], eyes: EyesSeen, quality: PhotoQuality
) -> PortraitReport:
    """Sum up a photo (width, height) whose face was found, framed at `size` px and measured."""
    pose = head_pose(found.landmarks)
    lips = float(np.linalg.norm(found.landmarks[13, :2] - found.landmarks[14, :2])) / pose.scale
    return PortraitReport(
        face_px=face_width(found.landmarks),
        faces=found.faces,
        pose=(pose.yaw, pose.pitch, pose.roll),
        enlarged=size / framing.side,
        eyes=eyes,
        lips=lips,
        quality=quality,
        notices=(*_framed_notices(found, framing, size, photo), *_seen_notices(eyes, quality)),
        fallbacks=tuple(_fallbacks(eyes, lips)),
    )


def _framed_notices(found: FoundFace, framing: Framing, size: int, photo: tuple[int, int]) -> list[str]:
    notices = []
    if found.faces > 1:
        notices.append(f"{found.faces} faces; the largest one is taken")
    oval = found.landmarks[list(OVAL), :2]
    beyond = edges_beyond(oval, *photo, margin=MOST_CUT_OFF * float(np.ptp(oval[:, 1])))
    if beyond:
        notices.append(
            f"forehead, cheeks or chin are cut off {' and '.join(beyond)}; what the photo does not show "
            "is made up; a photo with the whole head would look better"
        )
    scale = size / framing.side
    if scale > LARGEST_SCALE:
        notices.append(
            f"enlarged {scale:.1f} times ({framing.side} px of the photo fill {size} px); "
            "a larger photo would be sharper"
        )
    if framing.outside(*photo) and not beyond:
        notices.append("the face fills the photo; what is around it is made up by blurred reflections")
    return notices


def _light_notices(quality: PhotoQuality) -> list[str]:
    notices = []
    if quality.edge_width > VERY_SOFT:
        notices.append("the photo is very blurred, and the movie will be as well; a sharp photo would look better")
    if is_too_dark(quality):
        notices.append("the face is very dark; a photo with more light on it would look better")
    if is_too_bright(quality):
        notices.append("much of the face is nearly white; a photo with less light on it would look better")
    return notices


def _seen_notices(eyes: EyesSeen, quality: PhotoQuality) -> list[str]:
    notices = _light_notices(quality)
    if max(eyes.shut) > UNSURE:
        which = "the eyes are" if min(eyes.shut) > UNSURE else "one eye is"
        notices.append(f"{which} nearly closed; what the lids hide is made up; open eyes would look better")
    if eyes.dark > UNSURE:
        notices.append("the eyes are dark, as behind sunglasses; what cannot be seen of them is made up")
    if mouth_seems_covered(quality):
        notices.append("something seems to cover part of the mouth; what covers it will move with the lips")
    return notices


def mouth_seems_covered(quality: PhotoQuality) -> bool:
    """Whether something may lie before part of the mouth; dark and very soft lips look so without."""
    return quality.covered > COVERED_A_LITTLE and quality.edge_width <= VERY_SOFT and not is_too_dark(quality)


def _fallbacks(eyes: EyesSeen, lips: float) -> list[str]:
    fallbacks = []
    if eyes.glasses >= SURE_OF_GLASSES:
        fallbacks.append("glasses: their frame moves with the head only")
    if lips > PARTED:
        fallbacks.append("the lips are apart in the photo: a closed mouth is made from it")
    if lips > OWN_TEETH:
        fallbacks.append("the photo's own teeth are shown where it shows them")
    return fallbacks
