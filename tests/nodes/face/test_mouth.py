"""The inside of a mouth: teeth rigid in skull and jaw, and never where lips are shut."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
HISS = {"mouthLowerDown": 0.4, "mouthUpperUp": 0.4, "mouthStretch": 0.3, "jawOpen": 0.05}


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, 320)


@pytest.fixture(scope="module")
def renderer(portrait: Portrait) -> Renderer:
    return Renderer(portrait)


def motion(renderer: Renderer, closure: float = 0.0, **expression: float) -> FaceMotion:
    values = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for name, value in expression.items():
        names = [name] if name in EXPRESSION_INDEX else [f"{name}Left", f"{name}Right"]
        values[[EXPRESSION_INDEX[one] for one in names]] = value
    return FaceMotion(renderer.photo_motion.head, values, renderer.photo_motion.gaze, closure)


def teeth(renderer: Renderer, shown: FaceMotion) -> NDArray[np.float32]:
    return renderer.mouth.teeth(renderer.puppet.place(shown), shown)


def inside(renderer: Renderer, shown: FaceMotion) -> NDArray[np.uint8]:
    """The pixels (n, 3) well between the lips."""
    points = renderer.puppet.place(shown).points
    middle, height = points[[13, 14]].mean(0), points[14, 1] - points[13, 1]
    rows = slice(int(middle[1] - height / 4), int(middle[1] + height / 4) + 1)
    return renderer.render(shown)[rows, int(middle[0]) - 5 : int(middle[0]) + 6].reshape(-1, 3)


def test_shut_lips_show_no_teeth_and_a_hiss_shows_both_rows(renderer: Renderer) -> None:
    assert teeth(renderer, motion(renderer, closure=1.0, **HISS)).sum() == 0
    assert teeth(renderer, renderer.photo_motion).sum() == 0
    assert (teeth(renderer, motion(renderer, **HISS)).sum(axis=(0, 1)) > 5).all()


def test_round_lips_show_less_of_the_teeth_than_spread_ones(renderer: Renderer) -> None:
    round_ = teeth(renderer, motion(renderer, jawOpen=0.1, mouthPucker=0.7, mouthFunnel=0.3)).sum()
    assert round_ < 0.5 * teeth(renderer, motion(renderer, **HISS)).sum()


def spread(row: NDArray[np.float32]) -> float:
    """How wide a row of teeth is drawn, px."""
    columns = row.sum(axis=0)
    at = np.arange(len(columns))
    middle = (columns * at).sum() / columns.sum()
    return float(np.sqrt(12 * (columns * (at - middle) ** 2).sum() / columns.sum()))


def test_the_upper_teeth_stay_with_the_skull_whatever_the_face_does(renderer: Renderer) -> None:
    still = renderer.mouth.front_teeth(renderer.puppet.place(renderer.photo_motion))
    for strong in (motion(renderer, jawOpen=1.0), motion(renderer, mouthSmile=1.0, jawLeft=1.0)):
        np.testing.assert_array_equal(renderer.mouth.front_teeth(renderer.puppet.place(strong)), still)
    aside = np.array([0, 0, 0, 0.1, 0.05, 0], np.float32)
    moved = dataclasses.replace(renderer.photo_motion, head=renderer.photo_motion.head + aside)
    assert spread(renderer.mouth.front_teeth(renderer.puppet.place(moved))) == pytest.approx(spread(still), rel=0.005)


def test_the_lower_teeth_go_with_the_jaw(renderer: Renderer) -> None:
    def height(jaw: float) -> float:
        lower = teeth(renderer, motion(renderer, jawOpen=jaw, mouthLowerDown=0.8))[:, :, 1]
        return float((lower.sum(axis=1) * np.arange(len(lower))).sum() / lower.sum())

    assert height(0.7) > height(0.2) + 8


def test_an_open_mouth_is_filled_by_a_tongue_and_not_by_black(renderer: Renderer) -> None:
    colours = inside(renderer, motion(renderer, jawOpen=0.7))
    assert np.median(colours[:, 0]) > 60
    assert (np.median(colours, axis=0)[0] > np.median(colours, axis=0)[1:]).all()  # flesh


def test_the_tongue_comes_out(renderer: Renderer) -> None:
    th = {"jawOpen": 0.2, "mouthLowerDown": 0.3}
    kept, out = (renderer.render(motion(renderer, tongueOut=amount, **th)).astype(int) for amount in (0.0, 0.3))
    assert np.abs(out - kept).max() > 20
