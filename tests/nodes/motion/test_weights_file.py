from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from avatar_nodes.motion import shared_motion_model
from avatar_nodes.motion.flow_model import FlowConfig
from avatar_nodes.motion.lips_model import LipsModel
from avatar_nodes.motion.motion_diffusion import MotionDiffusion
from avatar_nodes.motion.pose_model import PoseModel
from avatar_nodes.motion.speech_encoder_model import EncoderConfig, SpeechEncoder
from avatar_nodes.motion.weights_file_model import WeightsError
from graphcore import NodeError, RunError
from graphcore.testing import run_node

FLOW = FlowConfig(13, {"speech": 128, "guide": 13, "style": 4}, width=8, layers=1, heads=1, context=3)
ENCODER = EncoderConfig(front=(8, 8, 8), dilations=(1,), features=8)
LOADS: list[Callable[[Path], Any]] = [LipsModel.load, PoseModel.load, SpeechEncoder.load]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1300000\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The weights of small lips."""
    LipsModel(FLOW).save(tmp_path / "lips.safetensors")
    return tmp_path / "lips.safetensors"


def refused(load: Callable[[Path], Any], path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load(path)
    said = str(caught.value)
    assert str(path) in said
    assert "install the package again, or train it (tools/train_motion.py)" in said
    assert "\n" not in said
    return said


@pytest.mark.parametrize("load", LOADS)
def test_a_file_that_is_missing(load: Callable[[Path], Any], tmp_path: Path) -> None:
    assert "is missing" in refused(load, tmp_path / "no.safetensors")


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("content", [b"", b"\x08", POINTER, b"\x02\0\0\0\0\0\0\0{}more"], ids=str)
def test_a_file_that_holds_no_weights(load: Callable[[Path], Any], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    assert "no safetensors file, or cut off or damaged" in refused(load, tmp_path / "w.safetensors")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    assert "no safetensors file" in refused(LipsModel.load, tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_file_that_was_cut_off(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert "cut off" in refused(LipsModel.load, path)


@pytest.mark.parametrize("metadata", [None, {"kind": "lips"}, {"config": "{"}, {"config": "[1]"}], ids=str)
def test_a_file_without_a_shape(path: Path, metadata: dict[str, str] | None) -> None:
    save_file(load_file(path), path, metadata=metadata)
    assert "does not say the shape" in refused(LipsModel.load, path)


@pytest.mark.parametrize("config", [{}, {"width": 8}, {"numbers": "13", "conditions": 4, "width": None}])
def test_a_shape_that_is_none(path: Path, config: dict[str, Any]) -> None:
    save_file(load_file(path), path, metadata={"config": json.dumps(config)})
    assert "another network" in refused(LipsModel.load, path)


def test_weights_of_another_network(path: Path) -> None:
    SpeechEncoder(ENCODER).save(path.with_name("encoder.safetensors"))
    assert "another network" in refused(PoseModel.load, path)
    assert "another network" in refused(SpeechEncoder.load, path)
    assert "another network" in refused(LipsModel.load, path.with_name("encoder.safetensors"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(path: Path, value: float) -> None:
    model = LipsModel(FLOW)
    torch.nn.init.constant_(model.flow.out.bias, value)
    model.save(path)
    assert "flow.out.bias holds numbers that are not finite" in refused(LipsModel.load, path)


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (WeightsError("lips.safetensors is missing"), "install the package again, or train it"),
        (RuntimeError("device cuda: no GPU"), "set device to auto or cpu"),
    ],
)
def test_the_node_says_what_mends_it(monkeypatch: pytest.MonkeyPatch, error: Exception, fix: str) -> None:
    def fail(device: str) -> None:
        raise error

    monkeypatch.setattr(shared_motion_model, "shared_motion_model", fail)
    with pytest.raises((NodeError, RunError), match=fix) as caught:
        run_node(MotionDiffusion, inputs={"speech": []})
    assert ("device" in str(caught.value)) == isinstance(error, RuntimeError)
    assert str(caught.value).count("install the package") == isinstance(error, WeightsError)
