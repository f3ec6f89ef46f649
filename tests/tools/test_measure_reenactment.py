"""Self-reenactment's figures: what is alike scores as alike, and where 0 is does not matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measure_reenactment import mean_of
from measuring.reenactment_clips import Clip
from measuring.reenactment_drawn import WAYS, counted_from
from measuring.reenactment_score import Judge, Nearness, similarity, ssim_map
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE, rotation_matrix
from avatar_nodes.payloads import FaceMotion


def landmarks(yaw: float = 0.0, gap: float = 0.0) -> NDArray[np.float64]:
    """The mean face in a picture of 256 px, turned, its lower lip lowered."""
    face = MEAN_FACE.copy()
    face[[14, 87, 317, 17, 84, 314], 1] -= gap
    return face @ rotation_matrix(yaw, 0.0, 0.0).T * (70.0, -70.0, -70.0) + (128.0, 110.0, 0.0)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """Smooth random colours."""
    noise = np.random.default_rng(5).uniform(0, 255, (32, 32, 3))
    return np.asarray(np.kron(noise, np.ones((8, 8, 1))), np.uint8)


def test_the_real_picture_is_as_near_as_can_be(picture: NDArray[np.uint8]) -> None:
    near = Judge(picture, landmarks()).nearness(picture, landmarks())
    assert (near.face_ssim, near.mouth_ssim) == pytest.approx((1.0, 1.0))
    assert (near.all_error, near.lips_error) == (0.0, 0.0)
    assert near.mouth_psnr > 70


def test_a_moved_picture_is_less_near_until_it_is_aligned(picture: NDArray[np.uint8]) -> None:
    moved, seen = np.roll(picture, (3, 2), (0, 1)), landmarks() + np.array([2.0, 3.0, 0.0])
    judge = Judge(picture, landmarks())
    plain, aligned = judge.nearness(moved, seen), judge.aligned(moved, seen)
    assert plain.face_ssim < 0.8 < 0.95 < aligned.face_ssim
    assert plain.all_error == pytest.approx(100 * np.hypot(2, 3) / 70.0, rel=0.02)
    assert aligned.all_error < 1e-6


def test_ssim_follows_its_formula(picture: NDArray[np.uint8]) -> None:
    flat = np.full_like(picture, 100)
    assert ssim_map(flat, flat).min() == pytest.approx(1.0)
    brighter = 2 * 100 * 120 + 6.5025
    assert ssim_map(flat, np.full_like(flat, 120)).mean() == pytest.approx(brighter / (100**2 + 120**2 + 6.5025))


def test_similarity_finds_turn_scale_and_shift() -> None:
    points = np.random.default_rng(2).normal(0, 1, (20, 2))
    laid = 1.5 * points @ rotation_matrix(0, 0, 20)[:2, :2].T + (3.0, -4.0)
    found = similarity(points, laid)
    assert points @ found[:, :2].T + found[:, 2] == pytest.approx(laid)


def test_the_photo_is_the_frame_at_rest() -> None:
    frames = [landmarks(15.0), landmarks(0.0, 0.2), landmarks(-12.0), landmarks(), landmarks(0.0, 0.3), landmarks(9.0)]
    many = np.stack(frames * 4)
    clip = Clip("someone.mp4", np.arange(24), many, np.arange(0, 24, 3), [np.zeros((2, 2, 3), np.uint8)] * 8)
    assert clip.kept[clip.photo()] % 6 == 3
    assert clip.person == "someone"


def test_position_counts_from_the_photo() -> None:
    heads = np.array([[5.0, 0, 0, 0.1, 0.2, 1.0], [0, 0, 0, 0.3, 0.1, 0.5]])
    counted = counted_from(heads, 1)
    assert counted[1, 3:] == pytest.approx([0, 0, 0])
    assert counted[0, 0] == 5.0
    assert counted[0, 5] == pytest.approx(11.0 * (1 - (10.0 / 11.0) / (10.5 / 11.0)))


def test_relative_motion_at_the_photo_is_the_photos_own() -> None:
    seen, photo = FaceMotion.neutral(), FaceMotion.neutral()
    seen.expression[:] = 0.2
    photo.head[0] = 7.0
    seen = FaceMotion(seen.head, seen.expression, seen.gaze, 0.0, np.ones(32, np.float32), "faces-1")
    drawn = WAYS["relative"](seen, photo, seen)
    assert np.array_equal(drawn.head, photo.head)
    assert np.array_equal(drawn.expression, photo.expression)
    assert drawn.dynamics is not None
    assert not drawn.dynamics.any()


def test_a_person_of_two_clips_counts_once() -> None:
    rows = {
        name: {"52": Nearness(value, value, value, value, value)} for name, value in zip("abc", (0, 2, 4), strict=True)
    }
    assert mean_of(rows, {"a": "x", "b": "x", "c": "y"}, ["a", "b", "c"])["52"].face_ssim == pytest.approx(2.5)


def test_a_folder_without_a_face_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    from measure_reenactment import main

    (tmp_path / "broken.mp4").write_bytes(b"no video")
    before, sys.argv = sys.argv, ["measure_reenactment", str(tmp_path)]
    try:
        assert main() == 1
    finally:
        sys.argv = before
    assert "broken.mp4" in capsys.readouterr().err
