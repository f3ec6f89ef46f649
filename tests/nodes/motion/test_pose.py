from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar_nodes.motion.pose_model import FARTHEST, POSE_NAMES, SHAPE, SIZE, PoseModel, PoseWish

torch.set_num_threads(1)  # small products only wait for a second thread

WISH = PoseWish(gaze=(3.0, -2.0), emotion=np.eye(8, dtype=np.float32)[1], steps=2)


@pytest.fixture(scope="module")
def model() -> PoseModel:
    torch.manual_seed(1)
    made = PoseModel(replace(SHAPE, width=16, layers=2, heads=2, context=5))
    torch.nn.init.normal_(made.flow.out.weight, 0.0, 0.3)  # far from trained: it would drift if it could
    return made.eval()


def sound(frames: int, seed: int = 0) -> np.ndarray:
    """Rows (T, 4, 82) of a voice that comes and goes."""
    rows = np.random.default_rng(seed).normal(-40.0, 6.0, (frames, 4, 82)).astype(np.float32)
    rows[:, :, 81] = 120.0
    rows[::3] = -100.0
    rows[::3, :, 81] = 0.0
    return rows


def drawn(
    model: PoseModel, frames: int, seed: int = 0, wish: PoseWish = WISH, rows: np.ndarray | None = None
) -> np.ndarray:
    state, poses = model.begin(seed), []
    for four in sound(frames) if rows is None else rows:
        model.hear([state], four[None])
        poses.append(model.step([state], [1.0], [wish])[0])
    return np.stack(poses)


def test_the_seed_makes_the_pose(model: PoseModel) -> None:
    first = drawn(model, 20)
    assert first.shape == (20, len(POSE_NAMES))
    assert first.dtype == np.float32
    assert np.array_equal(first, drawn(model, 20))
    assert np.abs(first - drawn(model, 20, seed=1)).max() > 0.1


def test_sessions_of_one_batch_do_not_see_each_other(model: PoseModel) -> None:
    wishes = [WISH, PoseWish(steps=2), replace(WISH, guidance=(0.0, 0.0, 0.0))]
    rows = [sound(24, seed) for seed in range(3)]
    states = [model.begin(seed) for seed in range(3)]
    together: list[list[np.ndarray]] = [[], [], []]
    for frame in range(24):
        here = [i for i in range(3) if frame >= 4 * i]  # each begins later than the one before
        model.hear([states[i] for i in here], np.stack([rows[i][frame - 4 * i] for i in here]))
        poses = model.step([states[i] for i in here], [1.0 for _ in here], [wishes[i] for i in here])
        for i, pose in zip(here, poses, strict=True):
            together[i].append(pose)
    for i in range(3):
        alone = drawn(model, 24 - 4 * i, i, wishes[i], rows[i][: 24 - 4 * i])
        assert np.abs(alone - np.stack(together[i])).max() < 1e-4


@pytest.mark.parametrize("index", [0, 1, 2])
def test_every_guidance_changes_the_pose(model: PoseModel, index: int) -> None:
    stronger = tuple(3.0 if i == index else weight for i, weight in enumerate(WISH.guidance))
    assert np.abs(drawn(model, 8) - drawn(model, 8, wish=replace(WISH, guidance=stronger))).max() > 1e-3


def test_guidance_of_what_is_not_told_is_nothing(model: PoseModel) -> None:
    bare = PoseWish(steps=2)
    assert np.array_equal(drawn(model, 8, wish=bare), drawn(model, 8, wish=replace(bare, guidance=(0.5, 2.0, 2.0))))


def test_a_network_that_runs_away_is_held_back(model: PoseModel) -> None:
    state = model.begin(0)
    with torch.inference_mode():
        model.flow.out.bias += 3.0
    for four in sound(120):
        model.hear([state], four[None])
        pose = model.step([state], [1.0], [WISH])[0]
    with torch.inference_mode():
        model.flow.out.bias -= 3.0
    assert np.abs(state.where).max() < 4.0 * FARTHEST
    assert np.abs(pose[:3]).max() < 4.0 * FARTHEST * SIZE[:3].max() + 15.0
    assert pose[6:].min() >= 0.0
    assert pose[6:].max() <= 1.0


def test_weights_are_kept_in_a_file(model: PoseModel, tmp_path: Path) -> None:
    model.save(tmp_path / "pose.safetensors", data="none")
    read = PoseModel.load(tmp_path / "pose.safetensors")
    assert read.flow.config == model.flow.config
    assert np.abs(drawn(read, 10) - drawn(model, 10)).max() < 0.1  # half as precise
