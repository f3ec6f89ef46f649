"""Face coefficients by name: `mouthSmile` stands for its left and right half."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, EYE_LOOK_DEG

Floats = NDArray[np.float64]


def indices_of(name: str) -> tuple[int, ...]:
    """Where a coefficient stands among the 52; both sides for a name without one."""
    if name in EXPRESSION_INDEX:
        return (EXPRESSION_INDEX[name],)
    return EXPRESSION_INDEX[name + "Left"], EXPRESSION_INDEX[name + "Right"]


def coefficients(**amounts: float) -> NDArray[np.float32]:
    """The 52 coefficients (52,) with these amounts, all others 0: `coefficients(jawOpen=0.3, mouthSmile=0.5)`."""
    made = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for name, amount in amounts.items():
        made[list(indices_of(name))] = amount
    return made


def eye_look(gaze: Floats) -> dict[str, float]:
    """The eight eyeLook* coefficients, by name, of a gaze: eye in head, yaw and pitch in degrees."""
    yaw, pitch = np.clip(gaze / EYE_LOOK_DEG, -1.0, 1.0)
    right, left, down, up = (float(max(part, 0.0)) for part in (yaw, -yaw, pitch, -pitch))
    sides = {"OutLeft": right, "InRight": right, "InLeft": left, "OutRight": left}
    both = {f"{way}{side}": part for way, part in (("Down", down), ("Up", up)) for side in ("Left", "Right")}
    return {f"eyeLook{name}": part for name, part in (sides | both).items()}


def smoothstep(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """0 up to `low`, 1 from `high`, an ease with flat ends between them."""
    x = min(max((value - low) / (high - low), 0.0), 1.0)
    return x * x * (3.0 - 2.0 * x)
