"""The node: a rendered person winks and moves about, and what was shown comes out, at the graph's frame rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from matplotlib import cbook
from numpy.typing import NDArray

from avatar_nodes.face.portrait_model import prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import EXPRESSION_INDEX, FaceMotion, VideoFrame
from avatar_nodes.tracking.face_tracker import FaceTracker
from graphcore import RunError
from graphcore.testing import Result, run_node

MS = 1_000_000
REST, WINK = 12, 4  # frames
GREY = np.full((256, 256, 3), 118, np.uint8)
Film = list[NDArray[np.uint8]]


@pytest.fixture(scope="module")
def film() -> Film:
    """The person of the photo at rest, then winking with their left eye."""
    renderer = Renderer(prepare_portrait(Path(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)), 256))
    photo = renderer.photo_motion
    winks = [FaceMotion(photo.head, coefficients(eyeBlinkLeft=way), photo.gaze) for way in (0.5, *[1.0] * (WINK - 1))]
    return [renderer.render(photo).copy() for _ in range(REST)] + [renderer.render(wink).copy() for wink in winks]


def track(pictures: Film, step_ms: float = 40.0, frame_rate: Fraction | int = 25, **params: object) -> Result:
    frames = [(round(index * step_ms * MS), VideoFrame(picture)) for index, picture in enumerate(pictures)]
    return run_node(FaceTracker, inputs={"frames": frames}, params=params, frame_rate=frame_rate)


def motions(result: Result) -> list[FaceMotion]:
    return [packet.payload for packet in result.outputs["motion"]]


@pytest.mark.parametrize(("mirror", "shut", "open_"), [(False, "Left", "Right"), (True, "Right", "Left")])
def test_a_wink_is_seen_on_its_side(film: Film, mirror: bool, shut: str, open_: str) -> None:
    found = motions(track(film, mirror=mirror))
    amounts = [(face.expression[EXPRESSION_INDEX[f"eyeBlink{side}"]]) for face in found for side in (shut, open_)]
    assert len(found) == REST + WINK
    assert amounts[-2] > 0.8
    assert amounts[-1] < 0.3
    assert max(amounts[: 2 * REST]) < 0.3


@pytest.mark.parametrize(("mirror", "sign"), [(False, 1.0), (True, -1.0)])
def test_a_shift_to_the_right_is_positive_but_in_a_mirror(film: Film, mirror: bool, sign: float) -> None:
    moved = [np.roll(film[0], 3 * step, axis=1) for step in range(8)]
    found = motions(track([*film[:REST], *moved], mirror=mirror, smooth=0.0, neutral_s=0.2))
    assert sign * (found[-1].head[3] - found[REST - 1].head[3]) > 0.1


def test_a_film_that_changes_its_size_does_not_move_the_head(film: Film) -> None:
    smaller = np.ascontiguousarray(film[0][::2, ::2])
    found = motions(track([film[0]] * REST + [smaller] * 6, smooth=0.0, neutral_s=0.2))
    assert np.abs(found[-1].head[3:] - found[REST - 1].head[3:]).max() < 0.3


def test_motion_comes_at_the_graphs_frame_rate(film: Film) -> None:
    result = track(film[:7], step_ms=40.0, frame_rate=50)
    assert [packet.timestamp for packet in result.outputs["motion"]] == [20 * MS * index for index in range(13)]
    assert not result.losses


def test_frames_without_a_face_are_told(film: Film) -> None:
    result = track([*film[:4], GREY, GREY])
    assert "no face was seen in 2 of 6 frames" in " ".join(result.notices)
    assert len(result.outputs["motion"]) == 6
    np.testing.assert_array_equal(motions(result)[-1].expression, motions(result)[3].expression)


@pytest.mark.parametrize(("count", "said"), [(1, "in 1 frame"), (3, "in any of 3 frames")])
def test_nobody_at_all_is_an_error_with_a_fix(count: int, said: str) -> None:
    with pytest.raises(RunError, match=f"no face was seen {said}; show one face from the front"):
        track([GREY] * count)
