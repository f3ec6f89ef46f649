"""What is told about the eyes of a photo."""

from __future__ import annotations

import cv2
import numpy as np

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.eyes_seen_model import see_eyes

POINTS = (MEAN_FACE * (90.0, -90.0, -90.0) + (128.0, 128.0, 0.0)).astype(np.float32)
SKIN = np.full((256, 256, 3), 170, np.uint8)


def test_open_eyes_in_the_light_raise_nothing() -> None:
    seen = see_eyes(SKIN, POINTS)
    assert seen.shut == (0.0, 0.0)
    assert seen.dark == 0.0
    assert seen.glasses == 0.0


def test_sunglasses_are_dark_and_one_shaded_eye_is_not() -> None:
    for eyes, expected in (((0, 1), 1.0), ((0,), 0.0)):
        image = SKIN.copy()
        for eye in eyes:
            x, y = POINTS[list(mesh.EYE_CORNERS[eye]), :2].mean(0)
            cv2.ellipse(image, (int(x), int(y)), (36, 28), 0, 0, 360, (25, 25, 25), -1)
        assert see_eyes(image, POINTS).dark == expected


def test_a_shut_eye_is_told_by_side() -> None:
    points = POINTS.copy()
    upper, lower = (list(rim) for rim in mesh.LEFT_EYE)
    points[upper] = points[lower]
    assert see_eyes(SKIN, points).shut == (0.0, 1.0)
