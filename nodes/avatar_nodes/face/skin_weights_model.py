"""The learned shading of skin: maps, how strongly each of the 52 coefficients calls them, and their file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.skin_map_model import SIDE
from avatar_nodes.payloads import EXPRESSION_NAMES

Floats = NDArray[np.float32]

FILE = Path(__file__).parents[1] / "weights" / "skin.safetensors"
COMPONENTS = 16
USUAL_CONTRAST = 0.04  # `skin_map_model.contrast` of a photo on which the maps hold as they are
_POWER = 0.7  # of a photo's contrast, by which shading grows
_STRENGTHS = (0.3, 1.6)


@dataclass(frozen=True, slots=True)
class SkinWeights:
    """Shading as components: log of brightness = amounts @ maps, amounts = coefficients @ weights."""

    maps: Floats  # (COMPONENTS, SIDE, SIDE)
    weights: Floats  # (52, COMPONENTS)

    @classmethod
    def read(cls, path: Path) -> SkinWeights:
        """From a file; raises ValueError where it holds something else."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            held = load_file(path)
            maps, weights = held["maps"].astype(np.float32), held["weights"].astype(np.float32)
        except (OSError, SafetensorError, KeyError) as error:
            raise ValueError(f"{path} holds no shading of skin ({error}); install the package again") from None
        if maps.shape != (COMPONENTS, SIDE, SIDE) or weights.shape != (len(EXPRESSION_NAMES), COMPONENTS):
            raise ValueError(f"{path} holds shading of another shape; install the package again")
        return cls(maps, weights)

    def write(self, path: Path, told: dict[str, str]) -> None:
        """Into a file, half as precise, with what else is told of it."""
        from safetensors.numpy import save_file

        held = {"maps": self.maps.astype(np.float16), "weights": self.weights.astype(np.float16)}
        save_file(held, path, metadata=told)


@cache
def trained() -> SkinWeights:
    """What the package ships."""
    return SkinWeights.read(FILE)


def strength(contrast: float) -> float:
    """How strongly a face of this contrast is shaded: flat light and flat drawings fold faintly."""
    return float(np.clip((contrast / USUAL_CONTRAST) ** _POWER, *_STRENGTHS))
