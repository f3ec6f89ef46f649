"""A portrait's report in words, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_nodes.face.eyes_seen_model import EyesSeen
from avatar_nodes.face.glasses_seen_model import SURE_OF_GLASSES
from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.photo_quality_model import SOFT, VERY_SOFT, PhotoQuality, is_too_bright, is_too_dark
from avatar_nodes.face.portrait_advice_model import advise
from avatar_nodes.face.portrait_faults_model import SURE
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.portrait_report_model import OWN_TEETH, PARTED, UNSURE, PortraitReport
from avatar_nodes.face.puppet_model import Puppet


def report_rows(portrait: Portrait) -> Iterator[tuple[str, str]]:
    """What was measured, the limits, the fallbacks, and the one thing that would help most."""
    report = portrait.report
    yield from _photo_rows(report)
    limits = Puppet(identify(portrait.landmarks), len(portrait.image), portrait.layers.person[:, :, 3]).limits
    for axis, name in enumerate(("may turn", "may nod", "may tilt")):
        low, high = (limits.photo[axis] + change[axis] for change in (limits.low, limits.high))
        yield name, f"from {low:+.0f} to {high:+.0f} degrees"
    if limits.room is not None and limits.room.above <= 0.0:
        yield "note", "hair reaches the upper edge: what is beyond is made up, and the head goes less far down"
    for text in (*report.notices, *report.fallbacks):
        yield "note", text
    yield "would help most", advise(report)


def _photo_rows(report: PortraitReport) -> Iterator[tuple[str, str]]:
    yaw, pitch, roll = report.pose
    quality = report.quality
    yield "face", f"{report.face_px:.0f} px wide; one px of the photo becomes {report.enlarged:.2f} px"
    yield "head", f"turned {yaw:+.0f}, lowered {pitch:+.0f}, tilted {roll:+.0f} degrees"
    yield "sharpness", f"{_sharpness(quality)} (edges are {quality.edge_width / 10:.1f} % of the frame wide)"
    yield "light", _light(quality)
    yield "eyes", _eyes(report.eyes)
    glasses = "yes" if report.eyes.glasses >= SURE_OF_GLASSES else "no"
    yield "glasses", f"{glasses} ({100 * report.eyes.glasses:.0f} % likely)"
    yield "mouth", _mouth(report.lips)


def _sharpness(quality: PhotoQuality) -> str:
    if quality.edge_width > VERY_SOFT:
        return "very soft"
    return "soft" if quality.edge_width > SOFT else "sharp"


def _light(quality: PhotoQuality) -> str:
    found = "too dark" if is_too_dark(quality) else "too bright" if is_too_bright(quality) else "good"
    figures = f"brightness {quality.brightness:.0f} of 255, {100 * quality.clipped:.0f} % pure black or white"
    return f"{found} ({figures}, one side of the face {quality.side_light:.1f} times as bright as the other)"


def _eyes(eyes: EyesSeen) -> str:
    words = ("shut" if shut > SURE else "half shut" if shut > UNSURE else "open" for shut in eyes.shut)
    right, left = (f"{word} ({100 * shut:.0f} % shut)" for word, shut in zip(words, eyes.shut, strict=True))
    dark = f"; behind something dark ({100 * eyes.dark:.0f} % likely)" if eyes.dark > UNSURE else ""
    return f"right {right}, left {left}{dark}"


def _mouth(lips: float) -> str:
    if lips <= PARTED:
        return "closed"
    return f"{'open' if lips > OWN_TEETH else 'slightly open'} (by {100 * lips:.0f} % of the distance between the eyes)"
