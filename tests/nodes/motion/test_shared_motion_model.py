from __future__ import annotations

import pytest
import torch

from avatar_nodes.motion.motion_diffusion import MotionDiffusion
from avatar_nodes.motion.shared_motion_model import shared_motion_model
from graphcore import NodeError, RunError
from graphcore.testing import run_node


def test_all_who_draw_on_a_device_share_one_model() -> None:
    assert shared_motion_model("cpu") is shared_motion_model("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test wants to be missing")
def test_auto_takes_the_cpu_where_there_is_no_gpu_and_cuda_says_that_there_is_none() -> None:
    assert shared_motion_model("auto") is shared_motion_model("cpu")
    with pytest.raises(RunError, match="finds no CUDA GPU") as caught:
        run_node(MotionDiffusion, inputs={"speech": []}, params={"device": "cuda"})
    assert isinstance(caught.value.cause, NodeError)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_draws_what_the_cpu_draws(features) -> None:
    inputs = {"speech": features([("a", 0.4), ("m", 0.1), ("i", 0.4)])}
    made = [run_node(MotionDiffusion, inputs=inputs, params={"device": d}).outputs["motion"] for d in ("cpu", "cuda")]
    for one, other in zip(*made, strict=True):
        assert abs(one.payload.expression - other.payload.expression).max() < 0.02
        assert abs(one.payload.head - other.payload.head).max() < 0.5
