"""A photo that is moved about as a film: the landmarks go with it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib import cbook
from numpy.typing import NDArray
from PIL import Image

from avatar_nodes.face.canonical_model import LEFT_PUPIL, RIGHT_PUPIL
from avatar_nodes.tracking.face_follower_model import FaceFollower

GREY = np.full((300, 256, 3), 118, np.uint8)


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    hopper = Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")
    return np.asarray(hopper.resize((256, 300)))


@pytest.fixture(scope="module")
def follower() -> Iterator[FaceFollower]:
    with FaceFollower() as follower:
        yield follower


def test_landmarks_lie_where_the_face_is(follower: FaceFollower, photo: NDArray[np.uint8]) -> None:
    landmarks = follower.read(photo)
    assert landmarks is not None
    assert landmarks.shape == (478, 3)
    assert landmarks[RIGHT_PUPIL, 0] + 20 < landmarks[LEFT_PUPIL, 0]  # the subject's left is the viewer's right
    assert np.all((landmarks[:, :2] > (60, 20)) & (landmarks[:, :2] < (200, 220)))


def test_they_follow_a_shift(follower: FaceFollower, photo: NDArray[np.uint8]) -> None:
    before = follower.read(photo)
    after = follower.read(np.roll(photo, (6, -9), axis=(0, 1)))
    assert before is not None
    assert after is not None
    moved = (after - before)[:, :2]
    np.testing.assert_allclose(moved.mean(0), (-9.0, 6.0), atol=1.0)


def test_a_face_that_leaves_is_not_made_up_and_found_again(follower: FaceFollower, photo: NDArray[np.uint8]) -> None:
    assert follower.read(photo) is not None
    assert follower.read(GREY) is None
    small = np.asarray(Image.fromarray(photo).resize((160, 188)))
    returned = GREY.copy()
    returned[100:288, 60:220] = small
    found = [follower.read(returned) for _ in range(12)]  # searched for now and then
    assert found[-1] is not None
    assert found[-1][:, 0].min() > 90


def test_one_spoilt_frame_costs_one_frame(follower: FaceFollower, photo: NDArray[np.uint8]) -> None:
    assert follower.read(photo) is not None
    assert follower.read(GREY) is None
    assert follower.read(photo) is not None


def test_a_picture_without_a_face_gives_none(photo: NDArray[np.uint8]) -> None:
    with FaceFollower(both_ways=False) as one:
        assert one.read(GREY) is None


def test_a_quick_search_finds_an_upright_face(photo: NDArray[np.uint8]) -> None:
    with FaceFollower(both_ways=False, quick=True) as one:
        assert one.read(photo) is not None
        assert one.read(GREY) is None
