"""Trained weights in a file: safetensors, half as precise, with the shape of the network as JSON beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Network = TypeVar("Network", bound=nn.Module)

FIX = "install the package again, or train it (tools/train_motion.py)"


class WeightsError(ValueError):
    """A file that holds no weights of the network it is read for; `what` is said without the fix."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; {FIX}")
        self.what = what


def load_weights(path: Path, device: str, build: Callable[[dict[str, Any]], Network]) -> Network:
    """The network that `build` makes of the file's shape, with its weights, for use on a device.

    Raises WeightsError for all that is wrong with the file, RuntimeError for the device.
    """
    shape, weights = _read(path)
    try:
        network = build(shape)
        network.load_state_dict(weights)
    except Exception as error:  # a shape can be wrong in any way
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path} holds the weights of another network ({reason})") from None
    return network.to(device).eval()


def save_weights(path: Path, network: nn.Module, shape: DataclassInstance, told: dict[str, str]) -> None:
    """Write the weights of a network of this shape, with what else is `told` of them."""
    weights = {name: tensor.detach().half().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, str(path), metadata={"config": json.dumps(asdict(shape)), **told})


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Shape and weights of a file."""
    try:
        with safe_open(str(path), framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise WeightsError(f"{path} is missing") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"{path} is no safetensors file, or cut off or damaged ({error})") from None
    for name, tensor in weights.items():
        if not bool(torch.isfinite(tensor).all()):
            raise WeightsError(f"{path} is damaged: {name} holds numbers that are not finite")
    return _shape(path, metadata), weights


def _shape(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    try:
        shape = json.loads(metadata["config"])
    except (KeyError, ValueError):
        shape = None
    if not isinstance(shape, dict):
        raise WeightsError(f"{path} does not say the shape of its network (no JSON 'config' in its metadata)")
    return shape
