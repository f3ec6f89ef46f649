"""The one thing that would make a better portrait: the worst of what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_nodes.face.photo_quality_model import SOFT, VERY_SOFT, is_too_bright, is_too_dark
from avatar_nodes.face.portrait_report_model import (
    LARGEST_SCALE,
    OWN_TEETH,
    UNSURE,
    PortraitReport,
    mouth_seems_covered,
)

# What is not worth a word: the worst of the portraits that were tried and look well, with a little room.
_SIDE_LIGHT = 4.0
_TURNED, _NODDED, _TILTED = 15.0, 12.0, 20.0  # degrees
_FAR = 1.5  # times these: more than a matter of taste
_VERY_SMALL = 2.0  # times enlarged


def advise(report: PortraitReport) -> str:
    """What would help most, or that nothing would."""
    wishes = (*_of_the_picture(report), *_of_the_face(report), *_of_taste(report))
    return next(iter(wishes), "nothing: this photo serves well")


def _of_the_picture(report: PortraitReport) -> Iterator[str]:
    """First what spoils everything, and what else is measured with it."""
    if report.quality.edge_width > VERY_SOFT:
        yield "a sharper photo: this one is very blurred"
    if is_too_dark(report.quality):
        yield "a photo that is lighter"
    if is_too_bright(report.quality):
        yield "a photo that is darker"
    if report.enlarged > _VERY_SMALL:
        yield _larger(report)
    if report.faces > 1:
        yield "a photo of one person, or cut to one"


def _of_the_face(report: PortraitReport) -> Iterator[str]:
    """Then what has to be made up."""
    if _turned(report) > _FAR:
        yield _straight(report)
    if max(report.eyes.shut) > UNSURE:
        yield "a photo with open eyes"
    if report.eyes.dark > UNSURE:
        yield "a photo without sunglasses, with light on the eyes"
    if mouth_seems_covered(report.quality):
        yield "a photo with nothing before the mouth"
    if any("cut off" in notice for notice in report.notices):
        yield "a photo that shows the whole head"


def _of_taste(report: PortraitReport) -> Iterator[str]:
    """Last what would only be a little better."""
    if report.quality.edge_width > SOFT:
        yield "a sharper photo"
    if any("fills the photo" in notice for notice in report.notices):
        yield "a photo with more room around the head"
    if report.enlarged > LARGEST_SCALE:
        yield _larger(report)
    if _turned(report) > 1.0:
        yield _straight(report)
    if report.quality.side_light > _SIDE_LIGHT:
        yield "a photo with even light on both sides of the face"
    if report.lips > OWN_TEETH:
        yield "a calm face with the lips together"


def _larger(report: PortraitReport) -> str:
    return f"a larger photo: the face is only {report.face_px:.0f} px wide"


def _turned(report: PortraitReport) -> float:
    """How far the head is turned, nodded or tilted; 1 is just worth a word."""
    return max(abs(angle) / limit for angle, limit in zip(report.pose, (_TURNED, _NODDED, _TILTED), strict=True))


def _straight(report: PortraitReport) -> str:
    yaw, pitch, roll = report.pose
    if abs(roll) / _TILTED > max(abs(yaw) / _TURNED, abs(pitch) / _NODDED):
        return "a photo with the head upright"
    return "a photo that looks straight into the camera"
