"""What tracked faces taught of how faces move: corrections of the hand-made shapes, and what is left beyond the 52."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FILE = Path(__file__).parents[1] / "weights" / "face_basis.safetensors"
BASIS = "faces-1"  # FaceMotion.basis of dynamics that belong to this file
FIX = "install the package again, or train it (tools/train_face.py)"


class FaceBasisError(ValueError):
    """A file that holds no learned basis."""


@dataclass(frozen=True, slots=True)
class FaceBasis:
    """Moves of the mesh in head coordinates (see `expression_model`), the same for everybody."""

    corrections: Array  # (52, 468 * 3) added to the hand-made shapes, per unit of each coefficient
    geometry: Array  # (32, 468 * 3) per unit of each component of FaceMotion.dynamics


@cache
def face_basis() -> FaceBasis:
    """The installed basis; raises FaceBasisError."""
    return read_face_basis(FILE)


def read_face_basis(path: Path) -> FaceBasis:
    """A basis that `tools/train_face.py` wrote; raises FaceBasisError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            basis = (file.metadata() or {}).get("basis")
            corrections, geometry = (file.get_tensor(name).astype(np.float64) for name in ("corrections", "geometry"))
    except (SafetensorError, OSError, ValueError) as error:
        raise FaceBasisError(f"{path} holds no learned basis ({error}); {FIX}") from None
    if basis != BASIS:
        raise FaceBasisError(f"{path} holds the basis {basis!r}, expected {BASIS!r}; {FIX}")
    return FaceBasis(corrections, geometry)


def write_face_basis(path: Path, basis: FaceBasis, told: dict[str, object]) -> None:
    """Write a basis, half as precise, with what else is told of it."""
    from safetensors.numpy import save

    arrays = {"corrections": basis.corrections, "geometry": basis.geometry}
    halves = {name: np.ascontiguousarray(array.astype(np.float16)) for name, array in arrays.items()}
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(save(halves, metadata={"basis": BASIS, "told": json.dumps(told)}))
    unfinished.replace(path)
