from __future__ import annotations

import argparse
import json
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
import train_motion
from speech_corpus import SAMPLE_RATE, Utterance, write_voice
from torch import Tensor, nn
from training import loop
from training.bank import Bank, fill
from training.labels import ROW_S, labels_of, lips_over, sounds_from
from training.loop import Batch, Figures, Plan, Training, train
from training.scenes import SceneMaker, SceneSettings

from avatar_nodes.motion.coarticulation_model import lips_at
from avatar_nodes.motion.speech_encoder_model import SpeechEncoder

PHONES = ("_", "p", "aɪ", "f", "uː", "_")
BORDERS = np.array([0.0, 0.3, 0.38, 0.6, 0.7, 0.9, 1.2])


class Line:
    """Learns to add three numbers up."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Linear(3, 1)

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        numbers = torch.from_numpy(rng.standard_normal((size, 3)).astype(np.float32))
        return {"numbers": numbers, "sum": numbers.sum(dim=1, keepdim=True)}

    def loss(self, batch: Batch) -> tuple[Tensor, Figures]:
        error = (self.model(batch["numbers"]) - batch["sum"]).square().mean()
        return error, {}

    def check(self, model: nn.Module) -> Figures:
        assert isinstance(model, nn.Linear)
        return {"score": -float((model.weight - 1.0).abs().max())}


def utterance(seed: int = 0) -> Utterance:
    """Noise in which loud stands for a vowel."""
    random = np.random.default_rng(seed)
    loudness = np.repeat([0.001, 0.01, 0.3, 0.05, 0.3, 0.001], np.diff(BORDERS * SAMPLE_RATE).round().astype(int))
    samples = np.clip(random.standard_normal(len(loudness)) * loudness, -1, 1) * 32767
    return Utterance("one", "noise", "en", "flite", samples.astype(np.int16), PHONES, BORDERS[:-1], BORDERS[1:])


def test_a_training_learns_logs_and_keeps_the_average_of_its_weights(tmp_path: Path) -> None:
    plan = Plan(steps=120, rate=0.05, warmup=5, average=0.9, check_every=60, log_every=20)
    model = train(Line(), plan, tmp_path)
    assert isinstance(model, nn.Linear)
    torch.testing.assert_close(model.weight, torch.ones(1, 3), atol=0.05, rtol=0)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [20, 40, 60, 80, 100, 120]
    assert lines[-1]["check_score"] > -0.05


def test_a_resumed_training_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    plan = Plan(steps=12, rate=0.05, warmup=2, average=0.5, device="cpu")
    whole = Training(Line(), plan, tmp_path / "whole")
    list(whole.steps())
    broken = Training(Line(), plan, tmp_path / "broken")
    for _ in zip(range(5), broken.steps(), strict=False):  # the sixth step ends with Ctrl-C, so to speak
        pass
    broken.save()
    resumed = Training(Line(), plan, tmp_path / "broken")
    resumed.resume()
    assert 0 < resumed.at.step < plan.steps
    list(resumed.steps())
    assert resumed.at.step == plan.steps
    for name, value in whole.averaged().state_dict().items():
        torch.testing.assert_close(resumed.averaged().state_dict()[name], value)


def test_ctrl_c_leaves_the_weights_and_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "STOPPED", Event())
    line = Line()
    usual = line.batch

    def interrupted(rng: np.random.Generator, size: int) -> Batch:
        if training_steps.pop() == 0:
            raise KeyboardInterrupt
        return usual(rng, size)

    training_steps = [0, 1, 2]
    monkeypatch.setattr(line, "batch", interrupted)
    model = train(line, Plan(steps=9, device="cpu"), tmp_path)
    assert loop.STOPPED.is_set()
    assert isinstance(model, nn.Linear)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["at"]["step"] == 2


def test_labels_are_what_the_rules_of_coarticulation_say() -> None:
    sounds = sounds_from(PHONES, list(BORDERS[:-1]), list(BORDERS[1:]))
    times = np.arange(130) * ROW_S
    lips, closures = lips_over(times, sounds)
    one_by_one = [lips_at(float(time), sounds, 0.04) for time in times]
    np.testing.assert_allclose(lips, [one.amounts for one in one_by_one], atol=1e-6)
    np.testing.assert_allclose(closures, [one.closure for one in one_by_one], atol=1e-6)


def test_labels_tell_closures_teeth_and_speech_from_rest() -> None:
    labels = labels_of(sounds_from(PHONES, list(BORDERS[:-1]), list(BORDERS[1:])), 130)
    closure, touch, speech = labels.events.T
    assert closure[34] == 1.0
    assert closure[50] == 0.0
    assert touch[65] == 1.0
    assert touch[34] == 0.0
    assert (speech[[10, 34, 65, 110]] == [0.0, 1.0, 1.0, 0.0]).all()
    assert labels.phones[10] == 0
    assert labels.phones[34] != labels.phones[50]


def test_scenes_depend_on_their_number_and_crops_keep_labels_in_time(tmp_path: Path) -> None:
    maker = SceneMaker([utterance(1), utterance(2)], [], SceneSettings(seconds=1.5, empty=0.0))
    rows, labels = maker.scene(np.random.default_rng([0, 3]))
    again, _ = maker.scene(np.random.default_rng([0, 3]))
    np.testing.assert_array_equal(rows, again)
    assert rows.shape == (150, 82)
    assert len(labels.lips) == 150
    fill(tmp_path, maker, 2, seed=0)
    bank = Bank(tmp_path)
    crop = bank.crop(np.random.default_rng(0), 40, speed=1.1)
    assert crop.rows.shape == (40, 82)
    assert crop.events.min() >= 0.0
    assert crop.events.max() <= 1.0


def test_an_encoder_is_trained_from_a_corpus(tmp_path: Path) -> None:
    write_voice(tmp_path / "speech", "noise", [utterance(1), utterance(2)])
    settings = {
        "count": 1,
        "frames": 12,
        "model": {"front": [8, 8, 16], "dilations": [1], "features": 16},
        "scenes": {"seconds": 1.5},
    }
    wanted = argparse.Namespace(data=tmp_path, out=tmp_path / "out", minutes=None, device="cpu", resume=False)
    plan = {"steps": 2, "batch": 2, "check_every": 2}
    train_motion.run("encoder", settings | {"plan": plan}, wanted)
    encoder = SpeechEncoder.load(tmp_path / "out" / "encoder" / "speech_encoder.safetensors")
    assert encoder.config.front == (8, 8, 16)


def test_a_config_with_an_unknown_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "motion.yaml").write_text("encodr: {}\n")
    with pytest.raises(SystemExit, match="expected the stages encoder, lips, pose"):
        train_motion.read_config(tmp_path / "motion.yaml")
    wanted = argparse.Namespace(data=tmp_path, out=tmp_path, minutes=None, device=None, resume=False)
    with pytest.raises(ValueError, match="unexpected keyword argument 'step'"):
        train_motion.run("encoder", {"plan": {"step": 1}}, wanted)
