"""What stands behind a person, on made pictures."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.background_model import fill_background


def soft_disc(size: int, x: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    away = np.hypot(columns - x, rows - size / 2) - size / 4
    return np.clip(0.5 - away / 8, 0.0, 1.0).astype(np.float32)


def mixed(matte: np.ndarray, person: np.ndarray, behind: np.ndarray) -> np.ndarray:
    return np.rint(matte[:, :, None] * person + (1 - matte[:, :, None]) * behind).astype(np.uint8)


def test_what_fills_a_grainy_wall_is_as_grainy_as_the_wall() -> None:
    rng = np.random.default_rng(5)
    wall = np.clip(rng.normal(130, 7, (128, 128, 3)), 0, 255).astype(np.uint8)
    matte = soft_disc(128, 64)
    filled = fill_background(mixed(matte, np.full_like(wall, 20), wall), matte)
    inside = filled[52:76, 52:76].astype(float)
    assert inside.std() == pytest.approx(wall.std(), rel=0.35)
    assert abs(inside.mean() - 130) < 4


def test_a_busy_background_is_kept_up_to_the_person() -> None:
    columns = np.broadcast_to((np.arange(128) // 8 % 2 * 200)[None, :, None], (128, 128, 3)).astype(np.uint8)
    matte = soft_disc(128, 64)
    filled = fill_background(mixed(matte, np.full_like(columns, 90), columns), matte)
    far = distance_from(matte > 0.02) > 8
    assert (filled[far] == columns[far]).all()
    assert np.abs(np.diff(filled[64, 48:80].astype(int), axis=0)).max() < 40  # and no stripes behind the person


def test_a_person_who_nearly_fills_the_frame_leaves_what_little_there_is_beside_them() -> None:
    image = np.full((256, 256, 3), 200, np.uint8)
    matte = np.ones((256, 256), np.float32)
    image[:, :5], matte[:, :5] = 30, 0.0
    assert np.abs(fill_background(image, matte).astype(int) - 30).max() <= 1
    assert (fill_background(image[:, ::-1], np.ones_like(matte)) > 0).any()  # and who fills it wholly is no error


def distance_from(mask: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def test_what_moves_into_sight_beside_a_person_goes_on_from_what_is_there() -> None:
    rows = np.broadcast_to((np.arange(192) // 12 % 2 * 200)[:, None, None], (192, 192, 3)).astype(np.uint8)
    matte = soft_disc(192, 96)
    filled = fill_background(mixed(matte, np.full_like(rows, 90), rows), matte).astype(int)
    revealed = (matte > 0.5) & (distance_from(matte < 0.02) < 7)
    assert filled[revealed].std() > 60  # stripes, not their mean
