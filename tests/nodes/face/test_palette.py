"""The colours of a mouth, measured in a photo that does not show them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.mouth_layers_model import CAVITY, GUMS, TEETH, TONGUE
from avatar_nodes.face.palette_model import Palette, measure

SIZE = 256
SKIN, LIPS, WHITES = (200, 145, 120), (180, 105, 100), (215, 205, 200)
LANDMARKS = (MEAN_FACE * (60.0, -60.0, -60.0) + (SIZE / 2, SIZE / 2, 0)).astype(np.float32)
LUMA = np.array([0.299, 0.587, 0.114])


def painted(
    skin: tuple[int, int, int] = SKIN, lips: tuple[int, int, int] = LIPS, whites: tuple[int, int, int] = WHITES
) -> Palette:
    """What is measured in a flat face of these colours."""
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = skin
    for rims, colour in ((mesh.LIPS_OUTER, lips), (mesh.RIGHT_EYE, whites), (mesh.LEFT_EYE, whites)):
        outline = np.concatenate([LANDMARKS[list(rims[0]), :2], LANDMARKS[list(rims[1]), :2][::-1]])
        cv2.fillPoly(image, [np.rint(outline).astype(np.int32)[:, None]], colour)
    return measure(image, LANDMARKS, 1.0)


def tint(colour: np.ndarray) -> np.ndarray:
    return np.asarray(colour / (colour @ LUMA))


def test_teeth_are_paler_and_lighter_than_the_skin_and_flesh_is_redder() -> None:
    mouth = painted().mouth
    assert np.ptp(tint(mouth[TEETH])) < 0.6 * np.ptp(tint(np.array(SKIN)))
    assert mouth[TEETH] @ LUMA > 1.1 * (SKIN @ LUMA)
    for part in (GUMS, TONGUE):
        assert tint(mouth[part])[0] > 1.1 * tint(np.array(SKIN))[0]
    assert mouth[CAVITY].max() < 0.35 * max(SKIN)


@pytest.mark.parametrize("skin", [SKIN, (90, 60, 45), (235, 205, 190)])
def test_teeth_are_no_brighter_than_half_as_bright_again_as_the_skin(skin: tuple[int, int, int]) -> None:
    assert painted(skin).mouth[TEETH] @ LUMA <= min(1.5 * (skin @ LUMA), 226.0) + 0.5


def test_paint_on_the_lips_does_not_reach_inside() -> None:
    blue, plain = painted(lips=(60, 30, 140)).mouth, painted().mouth
    assert np.abs(tint(blue[TONGUE]) - tint(plain[TONGUE])).max() < 0.35
    np.testing.assert_allclose(blue[TEETH], plain[TEETH], rtol=0.02)


def test_stone_has_a_mouth_of_stone() -> None:
    stone = (170, 115, 85)
    mouth = painted(stone, (150, 101, 75), stone).mouth
    for part in (TEETH, GUMS, TONGUE):
        np.testing.assert_allclose(tint(mouth[part]), tint(np.array(stone)), atol=0.12)


def test_a_grey_photo_has_a_grey_mouth() -> None:
    mouth = painted((150, 150, 150), (110, 110, 110), (190, 190, 190)).mouth
    assert np.ptp(mouth, axis=1).max() < 8


def test_a_flat_drawing_does_not_tell_teeth_apart_as_a_photo_does() -> None:
    rng = np.random.default_rng(0)
    rough = np.clip(rng.normal(150, 12, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
    assert painted().detail < 0.3
    assert measure(cv2.GaussianBlur(rough, (0, 0), 1.0), LANDMARKS, 1.0).detail > 0.9
