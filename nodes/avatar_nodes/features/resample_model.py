"""Streaming resampling to another rate, without a growing delay and without chunk borders."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

HALF_WIDTH_S = 0.002  # of the filter, and so the delay of what comes out
STOPBAND_DB = 60.0


class PolyphaseResampler:
    """Resample mono sound by a Kaiser-windowed sinc; what comes out is `delay_s` late.

    Output n needs no input later than its own time n / target_rate: a caller that works in rows of 10 ms gets each
    row with the chunk that ends it. (A stream of libsoxr holds back 40 to 110 ms at such rates.)
    """

    def __init__(self, rate: int, target_rate: int) -> None:
        divisor = gcd(rate, target_rate)
        self._up, self._down = target_rate // divisor, rate // divisor
        self._exact = rate == target_rate
        self._half = max(1, round(HALF_WIDTH_S * rate))  # input samples
        self.delay_s = 0.0 if self._exact else self._half / rate
        self._bank = np.zeros((1, 1)) if self._exact else _filter_bank(rate, target_rate, self._half)
        self._held: NDArray[np.float32] = np.zeros(2 * self._half - 1, np.float32)  # silence before time zero
        self._taken = 0  # input samples
        self._given = 0  # output samples

    def add(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take (n,) samples and return those that can be computed now, (m,)."""
        if self._exact or not len(samples):
            return samples
        self._taken += len(samples)
        stretch = np.concatenate([self._held, samples])
        end = -(-self._taken * self._up // self._down)
        numerators = np.arange(self._given, end, dtype=np.int64) * self._down
        newest = numerators // self._up - (self._taken - len(samples))  # index of the last input it needs
        windows = np.lib.stride_tricks.sliding_window_view(stretch, 2 * self._half)
        # float64, so that the order of a sum, which depends on the number of rows, cannot be seen in float32
        made = np.einsum("ij,ij->i", windows[newest], self._bank[numerators % self._up])
        self._held = stretch[len(samples) :]
        self._given = end
        return np.asarray(made, np.float32)


def _filter_bank(rate: int, target_rate: int, half: int) -> NDArray[np.float64]:
    """One filter for each phase, (phases, 2 * half), oldest input first, with unit gain.

    Window and transition width by Kaiser's formulas, as in Oppenheim and Schafer, Discrete-Time Signal Processing.
    """
    phases = target_rate // gcd(rate, target_rate)
    transition = (STOPBAND_DB - 7.95) / (2.285 * 2 * np.pi) * rate / (2 * half)  # Hz
    # Downwards, what lies above the new half rate would fold back; upwards a faint image does no harm.
    cutoff = min(rate / 2, target_rate / 2 - transition / 2)
    beta = 0.1102 * (STOPBAND_DB - 8.7)
    ages = np.arange(2 * half - 1, -1, -1)[None, :] + np.arange(phases)[:, None] / phases - half  # of each input
    window = np.i0(beta * np.sqrt(np.clip(1 - (ages / half) ** 2, 0, 1))) / np.i0(beta)
    bank = window * np.sinc(2 * cutoff / rate * ages)
    return np.asarray(bank / bank.sum(axis=1, keepdims=True))
