from __future__ import annotations

from pathlib import Path

import pytest
import torch

from avatar_nodes.motion.flow_model import FlowConfig
from avatar_nodes.motion.lips_model import FEATURES, NUMBERS, STYLE_NAMES, LipsModel

torch.set_num_threads(1)  # small products only wait for a second thread

SMALL = FlowConfig(
    NUMBERS, {"speech": FEATURES, "guide": NUMBERS, "style": len(STYLE_NAMES)}, width=16, layers=2, heads=2, context=5
)


@pytest.fixture(scope="module")
def lips() -> LipsModel:
    torch.manual_seed(1)
    model = LipsModel(SMALL)
    torch.nn.init.normal_(model.flow.out.weight, 0.0, 0.5)  # far from trained: it would drift if it could
    model.spread.fill_(0.2)
    return model.eval()


def drawn(model: LipsModel, frames: int, guidance: float = 0.5, steps: int = 2) -> torch.Tensor:
    state = model.begin()
    hear = torch.Generator().manual_seed(0)
    features, guide = torch.randn(frames, 1, FEATURES, generator=hear), torch.rand(frames, 1, NUMBERS, generator=hear)
    made = [model.step([state], features[i], guide[i], [guidance], steps) for i in range(frames)]
    return torch.cat(made)


def test_lips_are_drawn_alike_every_time_and_stay_in_range(lips: LipsModel) -> None:
    first = drawn(lips, 300)
    assert torch.equal(first, drawn(lips, 300))
    assert first.shape == (300, NUMBERS)
    assert first.min() >= 0.0
    assert first.max() <= 1.0
    assert first[-100:].std() > 0.01  # it goes on moving


def test_guidance_and_steps_matter(lips: LipsModel) -> None:
    plain = drawn(lips, 5, guidance=0.0)
    assert not torch.allclose(plain, drawn(lips, 5, guidance=2.0))
    assert not torch.allclose(plain, drawn(lips, 5, guidance=0.0, steps=4))


def test_weights_are_kept_in_a_file(lips: LipsModel, tmp_path: Path) -> None:
    path = tmp_path / "lips.safetensors"
    lips.save(path, trained_on="nothing")
    again = LipsModel.load(path)
    assert again.flow.config == SMALL
    torch.testing.assert_close(drawn(again, 3), drawn(lips, 3), atol=0.02, rtol=0.0)
    assert torch.equal(again.noise, lips.noise)  # not a weight
