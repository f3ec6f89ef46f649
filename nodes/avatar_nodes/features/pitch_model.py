"""The pitch of a voice, from the last 40 ms of sound only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WINDOW_S = 0.040
LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
SURE = 0.15  # of the normalised difference: the first dip below this is the period
NEARLY = 0.02  # where none is sure: the first dip that is so little worse than the best
VOICED = 0.35  # no dip below this: no voice
QUIETEST = 1e-6  # mean square; -60 dBFS
BELOW_SPEECH = 1e-3  # of the loudest power lately: hum and far voices are 30 dB softer than the speaker
FADING = 0.99  # of that loudest power, each row: half of it is forgotten in 0.7 s
JUMP_PENALTY = 0.05  # added to a dip an octave away from the pitch before; halves the octave errors on real speech


class PitchTracker:
    """YIN (de Cheveigne and Kawahara 2002, steps 1 to 5) with a pull towards the pitch just before.

    The pull mends octave errors, and looks only at the past.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self.window = round(WINDOW_S * sample_rate)  # samples
        self._longest = int(sample_rate / LOWEST_HZ) + 1  # lags, in samples
        self._shortest = int(sample_rate / HIGHEST_HZ)
        self._loudest = 0.0  # power lately, mean square
        self._before = 0.0  # the last pitch, Hz; 0 where there was no voice

    def track(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The pitch at the end of each of (rows, window) consecutive windows, in Hz; 0 where there is no voice."""
        exact = windows.astype(np.float64)
        # The older part is compared with later ones; as long as it is silence there is nothing to compare.
        powers = exact[:, : self.window - self._longest].var(axis=1)
        difference = _normalised_difference(exact, self._longest)
        pitches = np.zeros(len(windows), np.float32)
        for row in range(len(windows)):
            power = float(powers[row])
            self._loudest = max(power, self._loudest * FADING)
            heard = power > max(QUIETEST, self._loudest * BELOW_SPEECH)
            self._before = self._pick(difference[row]) if heard else 0.0
            pitches[row] = self._before
        return pitches

    def _pick(self, difference: NDArray[np.float64]) -> float:
        inner = difference[1:-1]
        dips = np.flatnonzero((inner < difference[:-2]) & (inner <= difference[2:]) & (inner < VOICED)) + 1
        dips = dips[dips >= self._shortest]
        if not len(dips):
            return 0.0
        depths = difference[dips]
        if self._before > 0.0:
            depths = depths + JUMP_PENALTY * np.minimum(np.abs(np.log2(self._rate / dips / self._before)), 1.0)
        lag = int(dips[np.argmax(depths < max(SURE, float(depths.min()) + NEARLY))])  # the first that will do
        pitch = self._rate / _vertex(difference, lag)
        return pitch if LOWEST_HZ <= pitch <= HIGHEST_HZ else 0.0


def _normalised_difference(windows: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """YIN's cumulative mean normalised difference for lags 0 to `longest`, (rows, longest + 1)."""
    length = windows.shape[1]
    part = length - longest  # samples that are compared
    size = 1 << (length - 1).bit_length()
    spectrum = np.fft.rfft(windows, size)
    head = np.fft.rfft(windows[:, :part], size)
    # Wrapped terms of the circular correlation start at lag size - part, which is beyond `longest`.
    products = np.fft.irfft(spectrum * head.conj(), size)[:, : longest + 1]
    energy = np.cumsum(np.pad(windows**2, ((0, 0), (1, 0))), axis=1)
    moved = energy[:, part : part + longest + 1] - energy[:, : longest + 1]
    difference = np.maximum(moved[:, :1] + moved - 2 * products, 0.0)
    lags = np.arange(1, longest + 1)
    normalised: NDArray[np.float64] = np.ones_like(difference)
    total = np.cumsum(difference[:, 1:], axis=1)
    known = total > 1e-9 * energy[:, -1:]  # less is what rounding leaves
    np.divide(difference[:, 1:] * lags, total, out=normalised[:, 1:], where=known)
    return normalised


def _vertex(values: NDArray[np.float64], index: int) -> float:
    """Where the parabola through a dip and its neighbours is lowest."""
    before, here, after = values[index - 1 : index + 2]
    bend = before - 2 * here + after
    return index + (0.5 * (before - after) / bend if bend > 0 else 0.0)
