"""Glasses move with the head only."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.glasses_model import Glasses
from avatar_nodes.face.glasses_seen_model import glasses_certainty
from avatar_nodes.face.path_model import best_path
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import EXPRESSION_INDEX

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, 256)


def test_a_frame_across_the_nose_is_found_and_bare_skin_has_none(portrait: Portrait) -> None:
    assert glasses_certainty(portrait.image, portrait.landmarks[:, :2].astype(float)) == 1.0
    skin = np.random.default_rng(0).normal(150, 5, (256, 256, 3)).clip(0, 255).astype(np.uint8)
    points = MEAN_FACE[:, :2] * (90.0, -90.0) + (128.0, 128.0)
    assert glasses_certainty(skin, points) == 0.0
    assert Glasses.of(skin, np.column_stack([points, points[:, 0]]).astype(np.float32), portrait.layers) is None


def test_the_frame_stays_while_brows_and_cheeks_move(portrait: Portrait) -> None:
    renderer, glasses = Renderer(portrait), Glasses(portrait.image, portrait.landmarks, portrait.layers)
    photo = renderer.photo_motion
    assert (renderer.render(photo) == portrait.image).all()
    off = np.abs(glasses.bare.astype(int) - portrait.image).max(axis=2) > 40  # what is surely frame
    assert off.sum() > 200
    values = photo.expression.copy()
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekSquintLeft", "eyeBlinkLeft"):
        values[EXPRESSION_INDEX[name]] = 1.0
    raised = renderer.render(dataclasses.replace(photo, expression=values))
    assert np.percentile(np.abs(raised.astype(int) - portrait.image).max(axis=2)[off], 90) < 25
    assert renderer.glasses is not None
    renderer.glasses = None
    without = renderer.render(dataclasses.replace(photo, expression=values))
    assert np.percentile(np.abs(without.astype(int) - portrait.image).max(axis=2)[off], 90) > 60


def test_the_best_path_follows_a_line_and_closes() -> None:
    rows = np.arange(48)
    line = np.rint(20 + 8 * np.sin(rows / 48 * 2 * np.pi)).astype(int)
    score = np.random.default_rng(1).uniform(0, 0.3, (48, 40))
    score[rows, line] = 1.0
    assert (best_path(score, 0.05, closed=True) == line).all()
    assert (best_path(score, 0.05) == line).all()
