from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from avatar_nodes.motion.motion_diffusion_model import Drawn, MotionModel, MotionState, Wish, device_of
from avatar_nodes.motion.weights_file_model import WeightsError

torch.set_num_threads(1)  # small products only wait for a second thread

FRAMES = 24


@pytest.fixture(scope="module")
def model() -> MotionModel:
    return MotionModel.untrained()


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Audio frames of three sessions (3, FRAMES, 4, 82)."""
    rng = np.random.default_rng(0)
    mel = rng.normal(-3.0, 0.7, (3, FRAMES, 4, 80))
    loudness, pitch = rng.normal(-25.0, 5.0, (3, FRAMES, 4, 1)), rng.choice([0.0, 140.0], (3, FRAMES, 4, 1))
    return np.concatenate([mel, loudness, pitch], axis=-1).astype(np.float32)


def alone(model: MotionModel, rows: np.ndarray, seed: int = 0, wish: Wish | None = None) -> list[Drawn]:
    state = model.begin(seed)
    made = [model.step([state], frame[None], [wish or Wish()])[0] for frame in rows]
    assert made[:2] == [None, None]
    return [one for one in made if one is not None]


def everything(drawn: Drawn) -> np.ndarray:
    rest = [drawn.closure, drawn.heard_closure, drawn.touch, drawn.speech]
    return np.concatenate([drawn.lips, rest, drawn.pose])


def test_a_frame_needs_two_more_of_sound(model: MotionModel, rows: np.ndarray) -> None:
    made = alone(model, rows[0])
    assert len(made) == FRAMES - 2
    assert made[0].lips.shape == (12,)
    assert made[0].pose.shape == (14,)
    assert all(np.isfinite(everything(one)).all() for one in made)


def test_the_seed_moves_the_head_and_not_the_lips(model: MotionModel, rows: np.ndarray) -> None:
    first, again, other = (np.stack([everything(d) for d in alone(model, rows[0], seed)]) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first[:, :16], other[:, :16])
    assert np.abs(first[:, 16:22] - other[:, 16:22]).max() > 0.01


def test_sessions_of_any_age_are_drawn_together_as_alone(model: MotionModel, rows: np.ndarray) -> None:
    wishes = [Wish(), Wish(gaze=(8.0, -3.0), cfg_gaze=1.5), Wish(steps=2, cfg_speech=0.0, distance=0.9)]
    expected = [alone(model, rows[i], i, wishes[i]) for i in range(3)]
    states: list[MotionState] = []
    made: list[list[Drawn]] = [[], [], []]
    for tick in range(FRAMES):
        if tick % 4 == 0 and len(states) < 3:
            states.append(model.begin(len(states)))
        here = [tick - 4 * i for i in range(len(states))]
        drawn = model.step(states, np.stack([rows[i, frame] for i, frame in enumerate(here)]), wishes[: len(states)])
        for session, one in zip(made[: len(drawn)], drawn, strict=True):
            session += [] if one is None else [one]
    for some, all_of_it in zip(made, expected, strict=True):
        assert len(some) >= FRAMES - 10
        for one, other in zip(some, all_of_it, strict=False):
            np.testing.assert_allclose(everything(one), everything(other), atol=1e-4)


def test_phones_guide_the_lips_where_they_are_known(model: MotionModel, rows: np.ndarray) -> None:
    shut, wide = np.zeros(13, np.float32), np.ones(13, np.float32)
    made = [np.stack([d.lips for d in alone(model, rows[0], wish=Wish(guide=guide))]) for guide in (shut, wide)]
    assert np.abs(made[0] - made[1]).max() > 0.01


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"speech_encoder\.safetensors is missing"):
        MotionModel.load(folder=tmp_path)


def test_devices(model: MotionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == device_of("cpu") == "cpu"
    assert model.device.type == "cpu"
    with pytest.raises(RuntimeError, match="finds no CUDA GPU"):
        device_of("cuda")
    with pytest.raises(ValueError, match="expected one of auto, cpu, cuda"):
        device_of("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("auto") == device_of("cuda") == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
def test_a_gpu_draws_the_same_lips(model: MotionModel, rows: np.ndarray) -> None:
    other = MotionModel.untrained().to("cuda")
    for one, same in zip(alone(model, rows[0]), alone(other, rows[0]), strict=True):
        np.testing.assert_allclose(one.lips, same.lips, atol=1e-2)
