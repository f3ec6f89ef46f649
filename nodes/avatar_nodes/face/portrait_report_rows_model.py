"""A portrait's report in words, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.portrait_advice_model import advise
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.portrait_report_model import PARTED, PortraitReport
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
    yield "sharpness", f"edges are {quality.edge_width:.0f} thousandths of the frame wide"
    light = f"brightness {quality.brightness:.0f} of 255, {100 * quality.clipped:.0f} % black or white"
    yield "light", f"{light}, one side {quality.side_light:.1f} times as bright as the other"
    shut = [f"{side} eye {100 * sure:.0f} %" for side, sure in zip(("right", "left"), report.eyes.shut, strict=True)]
    yield "eyes", f"sure to be shut: {', '.join(shut)}; dark: {100 * report.eyes.dark:.0f} %"
    yield "glasses", f"{100 * report.eyes.glasses:.0f} % sure"
    yield "mouth", "closed" if report.lips <= PARTED else f"open by {100 * report.lips:.0f} % of the eyes' distance"
