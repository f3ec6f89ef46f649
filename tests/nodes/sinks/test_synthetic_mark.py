"""The label that says that a picture is synthetic."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.sinks.synthetic_mark_model import marked


def corner_of(changed: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(changed)
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (1080, 1920), (1920, 1080)])
def test_it_stands_in_the_lower_right_corner_and_nothing_else_changes(size: tuple[int, int]) -> None:
    height, width = size
    picture = np.full((height, width, 3), 120, np.uint8)
    made = marked(picture)
    assert (picture == 120).all()
    top, bottom, left, right = corner_of((made != 120).any(axis=2))
    shorter = min(size)
    assert 50 <= right - left + 1 <= 0.25 * shorter
    assert 12 <= bottom - top + 1 <= 0.06 * shorter
    assert 0 < height - 1 - bottom <= 0.03 * shorter
    assert 0 < width - 1 - right <= 0.03 * shorter


def test_light_letters_stand_on_a_dark_plate() -> None:
    made = marked(np.full((512, 512, 3), 120, np.uint8))
    assert made.max() > 200
    assert made.min() < 60


def test_it_is_opaque_where_the_picture_is_transparent() -> None:
    made = marked(np.zeros((512, 512, 4), np.uint8))
    plain = marked(np.zeros((512, 512, 3), np.uint8))
    inside = made[:, :, 3] == 255
    assert inside.sum() > 800
    assert np.abs(made[inside, :3].astype(int) - plain[inside]).max() <= 1
    assert made[:400, :, 3].max() == 0


def test_an_opaque_picture_stays_opaque_and_looks_as_without_alpha() -> None:
    colours = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    made = marked(np.dstack([colours, np.full((300, 300), 255, np.uint8)]))
    assert (made[:, :, 3] == 255).all()
    assert np.abs(made[:, :, :3].astype(int) - marked(colours)).max() <= 1


def test_a_picture_too_small_for_it_stays_as_it_is() -> None:
    tiny = np.full((10, 20, 3), 7, np.uint8)
    assert (marked(tiny) == 7).all()
