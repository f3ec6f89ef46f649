from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tracks import Track, write_track
from training.lips import FRAMES, LipsStage, drawn
from training.lips_pieces import Piece, scene_pieces, styled, tracked_pieces
from training.loop import Plan, train

from avatar_nodes.motion.flow_model import FlowConfig
from avatar_nodes.motion.lips_model import CLOSURE, SHAPE, LipsModel
from avatar_nodes.motion.speech_encoder_model import CLASSES, SpeechEncoder
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES, VISEMES

torch.set_num_threads(1)
SMALL = FlowConfig(SHAPE.motion, SHAPE.conditions, width=16, layers=1, heads=2, context=4)
PUCKER = LIP_NAMES.index("mouthPucker")


@pytest.fixture(scope="module")
def encoder() -> SpeechEncoder:
    torch.manual_seed(0)
    return SpeechEncoder().eval()


@pytest.fixture(scope="module")
def scenes(encoder: SpeechEncoder, tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    """Two scenes of 4 s: "apa" again and again."""
    a, p = CLASSES.index(VISEMES["a"]), CLASSES.index(VISEMES["p"])
    phones = np.tile(np.repeat([a, p, a, 0], [20, 8, 22, 50]), 4).astype(np.uint8)
    rows = np.random.default_rng(0).normal(-3.0, 1.0, (2, 400, 82)).astype(np.float16)
    shard = {"rows": rows, "lips": np.zeros((2, 400, 12)), "events": np.zeros((2, 400, 3)), "phones": [phones] * 2}
    folder = tmp_path_factory.mktemp("bank")
    np.savez(folder / "00000.npz", **shard)
    return list(scene_pieces(folder, encoder, 2))


def test_scenes_tell_what_the_phones_ask_of_the_lips(scenes: list[Piece]) -> None:
    lips = scenes[0].lips.astype(np.float32)
    assert lips.shape == (100, 13)
    assert lips[6, CLOSURE] == 1.0  # 240 ms: in the middle of the p
    assert lips[2, CLOSURE] == 0.0
    assert lips[2, JAW] > 0.25
    assert lips[22, JAW] < 0.05  # rest
    assert [piece.kept_out for piece in scenes] == [True, False]


def test_styles_change_how_far_lips_go_and_keep_closures() -> None:
    lips, level = np.full((50, 13), 0.2, np.float32), np.full(50, 0.6, np.float32)
    plain, wide, calm = (
        styled(lips, level, style, np.random.default_rng(1)) for style in ([0, 0, 0, 0], [0, 0, 1, 0], [-1, 0, 0, 0])
    )
    assert np.array_equal(plain[:, CLOSURE], calm[:, CLOSURE])
    assert wide[:, PUCKER].mean() > 1.8 * plain[:, PUCKER].mean()
    assert calm[:, JAW].mean() < 0.8 * plain[:, JAW].mean()
    assert 0.0 < plain[:, JAW].std() < 0.05  # some unrest
    assert np.array_equal(styled(lips, level, [0, 0, 0, 1], np.random.default_rng(1)), lips)  # people as they are


def test_tracks_with_sound_are_pieces(encoder: SpeechEncoder, tmp_path: Path) -> None:
    frames, random = 50, np.random.default_rng(0)
    parts = {"head": 6, "expression": 52, "gaze": 2}
    wide = {name: random.random((frames, size)).astype(np.float32) for name, size in parts.items()}
    flat = {name: np.ones(frames, np.float32) for name in ("closure", "aperture", "width", "eye_open")}
    sound = random.integers(-2000, 2000, frames * 640).astype(np.int16)
    for name, samples in (("said", sound), ("mute", sound[:0])):
        write_track(tmp_path, Track(name, name, **wide, **flat, valid=np.ones(frames, bool), samples=samples))
    pieces = list(tracked_pieces(tmp_path, encoder))
    assert len(pieces) == 1
    assert pieces[0].tracked
    assert pieces[0].lips.shape == (frames, 13)
    assert pieces[0].sure.all()


def test_a_few_steps_learn_and_the_model_draws(scenes: list[Piece], tmp_path: Path) -> None:
    torch.manual_seed(0)
    stage = LipsStage(LipsModel(SMALL), scenes, tracked=0.3, clips=[])
    begun = stage.check(stage.model)["kept_out"]
    plan = Plan(steps=40, batch=8, rate=2e-2, warmup=5, average=0.5, check_every=40, device="cpu")
    model = train(stage, plan, tmp_path)
    assert isinstance(model, LipsModel)
    assert stage.check(model)["kept_out"] < 0.9 * begun
    assert stage.batch(np.random.default_rng(0), 2)["lips"].shape == (2, FRAMES, 13)


def test_clips_are_drawn_together(encoder: SpeechEncoder) -> None:
    with torch.inference_mode():
        heard = [encoder(torch.zeros(1, rows, 82)) for rows in (40, 24)]
    lips = drawn(LipsModel(SMALL).eval(), [(None, one) for one in heard])  # type: ignore[list-item]
    assert [one.shape for one in lips] == [(10, 13), (6, 13)]
