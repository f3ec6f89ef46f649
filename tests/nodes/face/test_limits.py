"""How far a head may turn, from the photo's pose and its frame."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from avatar_nodes.face.limits_model import Limits, Room

FRONTAL = np.zeros(6, np.float32)


def pose(*values: float) -> np.ndarray:
    return np.array([*values, *[0.0] * (6 - len(values))], np.float32)


def test_small_turns_are_left_alone_and_a_turned_photo_has_less_room() -> None:
    frontal, turned = Limits.of(FRONTAL), Limits.of(pose(20))
    small = pose(5, -4, 3, 0.1)
    np.testing.assert_allclose(frontal.soften(small), small, atol=1e-6)
    far = np.full(6, 500, np.float32)
    assert (frontal.soften(far) <= frontal.high).all()
    assert (frontal.soften(-far) >= frontal.low).all()
    assert turned.soften(far)[0] < frontal.soften(far)[0]


@pytest.mark.parametrize("yaw", [-15.0, 15.0])
def test_a_frontal_photo_shows_a_yaw_of_15_degrees(yaw: float) -> None:
    assert Limits.of(FRONTAL).soften(pose(yaw))[0] == pytest.approx(yaw, abs=0.2)


def test_what_is_shown_rises_with_what_is_asked_for_and_slowly_at_first() -> None:
    limits = Limits.of(FRONTAL)
    shown = [limits.soften(pose(yaw))[0] for yaw in np.linspace(0, 60, 200)]
    assert all(one < two for one, two in pairwise(shown))
    assert limits.soften(pose(0.015))[0] < 0.005
    assert limits.soften(pose(0.3))[0] == pytest.approx(0.3, abs=1e-6)


def test_cut_off_hair_keeps_a_head_from_sinking_and_a_tight_frame_from_rising() -> None:
    roomy, tight = Limits.of(FRONTAL, Room(1.0, 2.0)), Limits.of(FRONTAL, Room(0.0, 0.4))
    down = pose(0, 30, 30, 0, -1, -3)
    assert (np.abs(tight.soften(down))[[2, 4]] < 0.9 * np.abs(roomy.soften(down))[[2, 4]]).all()
    assert tight.soften(pose(0, 0, 0, 0, 1))[4] < 0.5 * roomy.soften(pose(0, 0, 0, 0, 1))[4]
    assert tight.soften(pose(15))[0] == roomy.soften(pose(15))[0]


def test_room_is_measured_above_the_hair_and_below_the_chin() -> None:
    alpha = np.zeros((100, 100), np.uint8)
    alpha[20:, 30:70] = 255
    alpha[5:, :10] = 255  # a raised hand
    oval = np.array([[40, 30], [60, 30], [60, 70], [40, 70]], float)
    room = Room.of(alpha, oval, 10.0)
    assert room.above == pytest.approx(2.0)
    assert room.below == pytest.approx(3.0)
