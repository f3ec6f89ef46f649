from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tracks import Track, write_track
from training.loop import Plan
from training.pose import FRAMES, PoseStage, run
from training.pose_pieces import Piece, local_line, read_pieces, varied

from avatar_nodes.motion.pose_model import POSE_NAMES, SHAPE, PoseModel
from avatar_nodes.payloads import EXPRESSION_INDEX

torch.set_num_threads(1)
FRAMES_TRACKED = 100
PITCH = POSE_NAMES.index("pitch")


def track(name: str, seed: int) -> Track:
    """A head that nods at 1.5 Hz on a slow turn; the tracker takes half of the mouth's gap for pitch."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(FRAMES_TRACKED) / 25.0
    aperture = (0.1 + 0.1 * np.sin(2 * np.pi * 4.0 * seconds + seed)).astype(np.float32)
    head = rng.normal(0.0, 0.02, (FRAMES_TRACKED, 6)).astype(np.float32)
    head[:, 0] += 5.0 * np.sin(2 * np.pi * 0.05 * seconds)
    head[:, 1] += np.sin(2 * np.pi * 1.5 * seconds + seed) - 5.0 * aperture
    expression = rng.uniform(0.0, 0.02, (FRAMES_TRACKED, 52)).astype(np.float32)
    expression[:, EXPRESSION_INDEX["browInnerUp"]] += 0.1 * np.sin(2 * np.pi * seconds).astype(np.float32) ** 2
    nothing = np.zeros(FRAMES_TRACKED, np.float32)
    seen = np.ones(FRAMES_TRACKED, bool)
    sound = (3000 * rng.normal(size=FRAMES_TRACKED * 640)).astype(np.int16)
    gaze = np.zeros((FRAMES_TRACKED, 2), np.float32)
    return Track(name, "made up", head, expression, gaze, nothing, aperture, nothing + 0.5, nothing + 1.0, seen, sound)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data") / "tracks" / "somebody"
    for seed in range(4):
        write_track(made, track(f"clip{seed}", seed))
    return made


@pytest.fixture(scope="module")
def pieces(folder: Path) -> list[Piece]:
    return read_pieces(sorted(folder.glob("*.npz")))


def test_pieces_are_what_is_quick_in_units_of_the_person(pieces: list[Piece]) -> None:
    poses = np.concatenate([piece.pose for piece in pieces])
    assert poses.shape == (4 * FRAMES_TRACKED, len(POSE_NAMES))
    assert np.allclose(poses[:, :3].std(axis=0), 1.0, atol=0.1)
    assert np.abs(pieces[0].slow[:, 0]).max() > 3.0  # the turn
    assert pieces[0].sound.shape == (FRAMES_TRACKED, SHAPE.conditions["sound"])


def test_what_follows_the_mouth_is_left_out(pieces: list[Piece]) -> None:
    seconds = np.arange(FRAMES_TRACKED) / 25.0
    aperture = np.concatenate([np.sin(2 * np.pi * 4.0 * seconds + seed) for seed in range(4)])
    nods = np.concatenate([np.sin(2 * np.pi * 1.5 * seconds + seed) for seed in range(4)])
    pitch = np.concatenate([piece.pose[:, PITCH] for piece in pieces])
    assert abs(np.corrcoef(pitch, aperture)[0, 1]) < 0.1
    assert np.corrcoef(pitch, nods)[0, 1] > 0.9


def test_a_line_is_its_own_local_line() -> None:
    line = np.stack([np.linspace(0.0, 3.0, 50), np.full(50, 2.0)], axis=1).astype(np.float32)
    assert np.allclose(local_line(line, 0.5), line, atol=1e-3)


def test_a_varied_piece_is_sometimes_the_mirrored_one(pieces: list[Piece]) -> None:
    sides = []
    for seed in range(12):
        one = varied(pieces[0], np.random.default_rng(seed))
        count = min(len(one.pose), 80)
        sides.append(np.sign(np.corrcoef(one.pose[:count, 0], pieces[0].pose[:count, 0])[0, 1]))
        assert len(one.pose) == len(one.sound) == len(one.gaze) == len(one.emotion)
    assert {-1.0, 1.0} == set(sides)


def test_the_pose_learns_from_tracks(pieces: list[Piece]) -> None:
    torch.manual_seed(0)
    model = PoseModel(replace(SHAPE, width=16, layers=1, heads=2, context=4))
    stage = PoseStage(model, pieces, [1.0] * len(pieces))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    losses = []
    for step in range(40):
        batch = stage.batch(np.random.default_rng(step), 8)
        loss, _ = stage.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert batch["pose"].shape == (8, FRAMES + 1, len(POSE_NAMES))
    assert np.mean(losses[-10:]) < 0.95 * np.mean(losses[:10])


def test_a_run_leaves_weights_that_load(folder: Path, tmp_path: Path) -> None:
    plan = Plan(steps=2, batch=2, check_every=2, warmup=1)
    settings = {"people": {"somebody": 1.0}, "shape": {"width": 16, "layers": 1, "heads": 2, "context": 4}}
    run(settings, folder.parents[1], tmp_path, plan, resume=False)
    assert PoseModel.load(tmp_path / "pose.safetensors").flow.config.width == 16
    with pytest.raises(FileNotFoundError, match="track_faces"):
        run({"people": {"nobody": 1.0}}, folder.parents[1], tmp_path, plan, resume=False)
