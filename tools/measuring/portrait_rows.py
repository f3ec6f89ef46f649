"""What one portrait is like in motion: how long it takes, whether it rests, whether lids and background obey."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.avatar_file_model import SUFFIX, read_avatar, write_avatar
from avatar_nodes.face.portrait_advice_model import advise
from avatar_nodes.face.portrait_cache_model import origin_of
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.portrait_sheet_model import motions, turns
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import FaceMotion
from measuring.mouth_rows import measure_mouth

SLIGHT = 0.001  # of a motion: it may change no pixel by more than 2 levels
BESIDE = 0.15  # of the frame: so far from the person nothing of it ever comes
FRAMES = 60  # are timed


@dataclass(frozen=True)
class PortraitFigures:
    """What was measured; times are of one core, after imports."""

    name: str
    cold_s: float  # photo to first frame
    prepared_s: float  # the same from an .avatar file
    file_mb: float
    frame_ms: float  # median over many motions
    rest_error: int  # levels: the frame at photo_motion against the photo
    slight_change: int  # levels: the largest one that a thousandth of a motion makes
    background_change: int  # levels: the largest one beside the person, in any motion
    lids_open: float  # at eyeBlink 1, as a share of the photo's; the wider eye
    teeth_cv: float | None  # of the width from canine to canine while talking; None: not measured
    notices: tuple[str, ...]
    advice: str


def measure_portrait(path: Path, size: int, talk: Sequence[FaceMotion]) -> tuple[PortraitFigures, Renderer]:
    """Prepare a photo, move it in every way of the contact sheet, and look; raises PortraitError."""
    started = time.perf_counter()
    portrait = prepare_portrait(path, size)
    renderer = Renderer(portrait)
    renderer.render(renderer.photo_motion)
    cold = time.perf_counter() - started
    prepared, file_mb = _prepared(path, portrait)
    strong = [motion for _, motion in (*motions(), *turns(renderer))]
    usual = [motion for _, motion in (*motions(), *turns(renderer, reach=1.0))]
    photo = renderer.photo_motion
    mouth = measure_mouth(renderer, talk) if talk else None
    figures = PortraitFigures(
        name=path.name,
        cold_s=cold,
        prepared_s=prepared,
        file_mb=file_mb,
        frame_ms=_frame_ms(renderer, strong),
        rest_error=_largest(renderer.render(photo), portrait.image),
        slight_change=max(_largest(renderer.render(photo.between(one, SLIGHT)), portrait.image) for one in usual),
        background_change=_background_change(renderer, portrait, strong),
        lids_open=_lids_open(renderer),
        teeth_cv=None if mouth is None else mouth.canines_cv,
        notices=portrait.notices,
        advice=advise(portrait.report),
    )
    return figures, renderer


def _prepared(path: Path, portrait: Portrait) -> tuple[float, float]:
    """Seconds from an .avatar file to its first frame, and its size in MB."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"portrait{SUFFIX}"
        write_avatar(file, portrait, origin_of(path.read_bytes(), path.name))
        started = time.perf_counter()
        renderer = Renderer(read_avatar(file)[0])
        renderer.render(renderer.photo_motion)
        return time.perf_counter() - started, file.stat().st_size / 1e6


def _frame_ms(renderer: Renderer, strong: list[FaceMotion]) -> float:
    times = []
    for number in range(FRAMES):
        motion = strong[number % len(strong)]
        started = time.perf_counter()
        renderer.render(motion)
        times.append(time.perf_counter() - started)
    return 1e3 * float(np.median(times))


def _largest(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> int:
    return int(cv2.absdiff(first, second).max())


def _background_change(renderer: Renderer, portrait: Portrait, strong: list[FaceMotion]) -> int:
    size = len(portrait.image)
    reach = 2 * round(BESIDE * size) + 1
    person = (portrait.matte > 0).astype(np.uint8)
    beside = cv2.dilate(person, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) == 0
    if not beside.any():
        return 0
    return max(int(cv2.absdiff(renderer.render(one), portrait.image)[beside].max()) for one in strong)


def _lids_open(renderer: Renderer) -> float:
    shut = dict(motions())["eyes shut"]
    heights = []
    for motion in (shut, renderer.photo_motion):
        points = renderer.puppet.place(motion).points
        heights.append([_height(points, rims) for rims in (mesh.RIGHT_EYE, mesh.LEFT_EYE)])
    return max(now / max(photo, 1e-3) for now, photo in zip(*heights, strict=True))


def _height(points: NDArray[np.float32], rims: tuple[tuple[int, ...], tuple[int, ...]]) -> float:
    upper, lower = (points[list(rim)] for rim in rims)
    return float(np.linalg.norm(upper - lower, axis=1).max())
