"""The trained networks, loaded once for each device and shared by all who draw with them."""

from __future__ import annotations

import threading

import torch

from avatar_nodes.motion.motion_diffusion_model import MotionModel, device_of

_lock = threading.Lock()
_loaded: dict[str, MotionModel] = {}


def shared_motion_model(device: str) -> MotionModel:
    """The model on "auto", "cpu" or "cuda"; what a session remembers is apart from it.

    Raises WeightsError without sound weights, RuntimeError without the device.
    """
    chosen = device_of(device)
    with _lock:
        if chosen not in _loaded:
            _loaded[chosen] = MotionModel.load(chosen)
        return _loaded[chosen]


def share(model: MotionModel) -> None:
    """Let all who ask for the model's device draw with this one from now on: for tools that compare weights."""
    with _lock:
        _loaded[model.device.type] = model


def compute_on_one_thread() -> None:
    """Products this small are slower on several threads, and the same bytes come from one only."""
    torch.set_num_threads(1)
