from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.motion.head_motion_model import head_share
from avatar_nodes.motion.posture_model import CAMERA, Posture

LENS = np.zeros(2)


def held(
    frames: int, speech: float = 1.0, seed: int = 0, command: np.ndarray = LENS, distance: float = 1.0
) -> np.ndarray:
    posture = Posture(np.random.default_rng(seed))
    return np.stack([posture.step(speech, 0.0, command, distance) for _ in range(frames)])


def test_ten_minutes_stay_where_a_head_is_comfortable() -> None:
    poses = held(15_000)
    assert np.abs(poses[:, :3]).max() < 14.0
    assert np.abs(poses[:, 3:]).max() < 0.4
    thirds = poses[:, :3].reshape(3, 5_000, 3)
    assert np.abs(thirds.mean(axis=1)).max() < 1.0  # it does not wander off
    assert thirds.std(axis=1).min() > 1.0


def test_a_silent_head_is_calmer_but_lives() -> None:
    talking, silent = held(3_000), held(3_000, speech=0.0)
    assert silent[:, :3].std(axis=0).max() < 0.8 * talking[:, :3].std(axis=0).min() + 1.0
    moving = np.abs(np.diff(silent, axis=0)).max(axis=1)
    assert np.median(moving) > 0.0
    assert np.linalg.norm(np.diff(silent[:, :3], axis=0), axis=1).mean() < 0.1


def test_nothing_jerks() -> None:
    poses = held(5_000)
    assert np.abs(np.diff(poses[:, :3], axis=0)).max() < 1.8  # degrees a frame
    assert np.abs(np.diff(poses[:, :3], n=2, axis=0)).max() < 0.9


def test_phrases_begin_and_end_postures() -> None:
    def changes(speech: np.ndarray) -> int:
        posture = Posture(np.random.default_rng(0))
        goals = [posture.step(float(one), 0.0, LENS, 1.0) is not None and tuple(posture._goal) for one in speech]
        return len(set(goals))

    phrases = np.tile(np.repeat([1.0, 0.0], 20), 50)
    assert changes(phrases) > 1.2 * changes(np.full(2_000, 0.5))


def test_a_listener_nods_now_and_then() -> None:
    listening = held(1_500, speech=0.0)
    posture = Posture(np.random.default_rng(0))
    posture._draw_nod = lambda: 1e9  # type: ignore[method-assign]
    posture._next_nod_s = 1e9
    still = np.stack([posture.step(0.0, 0.0, LENS, 1.0) for _ in range(1_500)])
    assert np.abs(listening - still)[:60].max() == 0.0  # not in the first 2.4 s
    assert np.abs(listening - still)[:, 1].max() > 0.5


@pytest.mark.parametrize("command", [(12.0, 0.0), (28.0, -8.0)])
def test_the_head_takes_its_share_of_a_gaze(command: tuple[float, float]) -> None:
    goal = np.array(command)
    turned = held(50, command=goal) - held(50)
    assert np.allclose(turned[:, :2], head_share(goal), atol=1e-6)


def test_the_head_comes_nearer_but_not_too_near() -> None:
    near, far = held(100, distance=0.95), held(100)
    assert np.allclose((near - far)[:, 2 + 3], 0.05 * CAMERA)
    assert (held(100, distance=0.2) - far)[-1, 5] == pytest.approx(1.2)
