"""The One Euro filter: steady at rest, without lag in motion (Casiez, Roussel and Vogel 2012)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SPEED_CUTOFF = 1.0  # Hz, of the speed by which the cutoff is chosen, as in the paper


class OneEuro:
    """Smooths numbers (n,) that come one after the other, each with its own settings.

    `cutoff` (n,) in Hz holds at rest: lower is steadier. `beta` (n,) in Hz for each unit a second of speed: higher
    follows sooner.
    """

    def __init__(self, cutoff: Array, beta: Array) -> None:
        self._cutoff, self._beta = cutoff, beta
        self._value: Array | None = None
        self._raw = np.zeros_like(cutoff)
        self._speed = np.zeros_like(cutoff)

    def smooth(self, raw: Array, step_s: float, strength: float = 1.0) -> Array:
        """The value (n,) now, `step_s` after the one before; `strength` 0 smooths nothing, 2 twice as much."""
        if self._value is None or step_s <= 0.0 or strength <= 0.0:
            self._value = raw.copy() if self._value is None or step_s > 0.0 else self._value
        else:
            speed = (raw - self._raw) / step_s
            self._speed += _share(np.float64(_SPEED_CUTOFF), step_s) * (speed - self._speed)
            cutoff = (self._cutoff + self._beta * np.abs(self._speed)) / strength
            self._value = self._value + _share(cutoff, step_s) * (raw - self._value)
        self._raw = raw
        return self._value


def _share(cutoff: Array | np.float64, step_s: float) -> Array:
    """How much of a change a first-order low-pass lets through in one step."""
    reach = 2.0 * np.pi * cutoff * step_s
    return np.asarray(reach / (1.0 + reach))
