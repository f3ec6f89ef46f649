"""Sound between its samples: for a speed that changes by a hair, and from any rate to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF_WIDTH = 24  # of the filter, in samples of the lower rate
STOPBAND_DB = 70.0
PHASES = 256  # filters between two samples; those between them are interpolated


class BetweenSamples:
    """A Kaiser-windowed sinc between any two samples; what the target rate cannot hold is filtered out.

    `half` is how many samples it needs on each side.
    """

    def __init__(self, rate: float, target_rate: float) -> None:
        share = min(1.0, target_rate / rate)
        self.half = int(np.ceil(HALF_WIDTH / share))
        transition = (STOPBAND_DB - 7.95) / (2.285 * 2 * np.pi) / (2 * HALF_WIDTH)  # of the lower rate
        cutoff = share * (0.5 - transition / 2)
        beta = 0.1102 * (STOPBAND_DB - 8.7)
        ages = np.arange(self.half - 1, -self.half - 1, -1)[None, :] + np.arange(PHASES + 1)[:, None] / PHASES
        window = np.i0(beta * np.sqrt(np.clip(1 - (ages / self.half) ** 2, 0, 1)))
        bank = window * np.sinc(2 * cutoff * ages)
        self._bank = np.asarray(bank / bank.sum(axis=1, keepdims=True), np.float32)  # (PHASES + 1, 2 * half)

    def at(self, sound: NDArray[np.float32], positions: NDArray[np.float64]) -> NDArray[np.float32]:
        """Samples of (n, channels) at fractional positions (m,), each from half - 1 to n - half - 1: (m, channels)."""
        whole = np.floor(positions).astype(np.int64)
        phase = (positions - whole) * PHASES
        lower = np.minimum(phase.astype(np.int64), PHASES - 1)
        weight = (phase - lower).astype(np.float32)[:, None]
        taps = self._bank[lower] * (1 - weight) + self._bank[lower + 1] * weight  # (m, 2 * half)
        windows = np.lib.stride_tricks.sliding_window_view(sound, 2 * self.half, axis=0)  # (n', channels, 2 * half)
        return np.asarray(np.einsum("ijk,ik->ij", windows[whole - self.half + 1], taps), np.float32)
