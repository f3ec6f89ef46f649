"""The one thing that would make a better portrait: the worst of what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_nodes.face.photo_quality_model import COVERED_A_LITTLE
from avatar_nodes.face.portrait_report_model import LARGEST_SCALE, OWN_TEETH, UNSURE, PortraitReport

# What is not worth a word: the worst of the portraits that were tried and look well, with a little room.
_BLURRED = 18.0  # thousandths of the frame
_DARK, _BRIGHT, _CLIPPED, _SIDE_LIGHT = 45.0, 235.0, 0.2, 4.0
_TURNED, _NODDED, _TILTED = 15.0, 12.0, 20.0  # degrees


def advise(report: PortraitReport) -> str:
    """What would help most, or that nothing would."""
    return max(_wishes(report), default=(0.0, "nothing: this photo serves well"))[1]


def _wishes(report: PortraitReport) -> Iterator[tuple[float, str]]:
    """What would help, with how much: 1 is just worth a word."""
    quality, (yaw, pitch, roll) = report.quality, report.pose
    if quality.covered > COVERED_A_LITTLE:
        yield 10.0, "a photo with nothing before the mouth"
    if max(report.eyes.shut) > UNSURE:
        yield 9.0, "a photo with open eyes"
    if report.eyes.dark > UNSURE:
        yield 9.0, "a photo without sunglasses, with light on the eyes"
    if any("cut off" in notice for notice in report.notices):
        yield 8.0, "a photo that shows the whole head"
    if any("fills the photo" in notice for notice in report.notices):
        yield 4.0, "a photo with more room around the head"
    if quality.edge_width > _BLURRED:
        yield 2.0 * quality.edge_width / _BLURRED, "a sharper photo"
    if report.enlarged > LARGEST_SCALE:
        yield 2.0 * report.enlarged / LARGEST_SCALE, f"a larger photo: the face is only {report.face_px:.0f} px wide"
    if quality.brightness < _DARK or quality.brightness > _BRIGHT or quality.clipped > _CLIPPED:
        yield 3.0, f"a photo that is {'lighter' if quality.brightness < 128 else 'darker'}"
    turned = max(abs(yaw) / _TURNED, abs(pitch) / _NODDED, abs(roll) / _TILTED)
    if turned > 1.0:
        yield 1.5 * turned, "a photo that looks straight into the camera"
    if quality.side_light > _SIDE_LIGHT:
        yield quality.side_light / _SIDE_LIGHT, "a photo with even light on both sides of the face"
    if report.lips > OWN_TEETH:
        yield 1.0, "a calm face with the lips together"
