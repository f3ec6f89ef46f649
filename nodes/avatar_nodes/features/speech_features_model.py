"""What is heard, in rows of 10 ms: mel spectrum, loudness and pitch, from a stream of sound."""

from __future__ import annotations

from dataclasses import dataclass

import librosa.filters
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.features.pitch_model import PitchTracker
from avatar_nodes.features.resample_model import PolyphaseResampler

RATE = 16_000  # Hz, at which everything is measured
ROW = 160  # samples: 10 ms
WINDOW = 400  # samples: 25 ms
MEL_BANDS = 80
POWER_FLOOR = 1e-10  # of mel power, and of mean square: -100 dBFS


@dataclass(slots=True)
class Rows:
    """Consecutive rows; `first` is the number of the first one, at `first` * 10 ms."""

    first: int
    mel: NDArray[np.float32]  # (rows, 80) log10 power
    loudness: NDArray[np.float32]  # (rows,) dBFS: a sine of full scale has -3
    pitch: NDArray[np.float32]  # (rows,) Hz; 0: no voice


class SpeechFeatureStream:
    """Turns mono sound of any rate, in chunks of any size, into rows; the borders of chunks leave no trace.

    A row is complete with the sample that ends its window. Sound that is not at 16 kHz is 2 ms late in its row.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._resampler = PolyphaseResampler(sample_rate, RATE)
        self._pitch = PitchTracker(RATE)
        self._mel = librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=MEL_BANDS, fmin=0.0, fmax=RATE / 2).T
        self._hann = np.hanning(WINDOW + 1)[:-1]  # periodic
        self._held = np.zeros(self._pitch.window - ROW, np.float32)  # silence before time zero
        self._taken = 0  # samples at the sound's own rate
        self._made = 0  # rows

    def add(self, samples: NDArray[np.float32]) -> Rows:
        """Take (n,) samples and return the rows that they complete, maybe none."""
        self._taken += len(samples)
        return self._rows(np.concatenate([self._held, self._resampler.add(samples)]))

    def finish(self) -> Rows:
        """Return the row that is still open, as if silence followed: ceil(100 * duration) rows in all."""
        total = -(-self._taken * 100 // self._rate)
        missing = -(-total * self._rate // 100) - self._taken
        rows = self._rows(np.concatenate([self._held, self._resampler.add(np.zeros(missing, np.float32))]))
        wanted = total - rows.first
        return Rows(rows.first, rows.mel[:wanted], rows.loudness[:wanted], rows.pitch[:wanted])

    def _rows(self, stretch: NDArray[np.float32]) -> Rows:
        count = (len(stretch) - (self._pitch.window - ROW)) // ROW
        first, self._made = self._made, self._made + count
        self._held = stretch[count * ROW :]
        if count == 0:
            nothing = np.zeros(0, np.float32)
            return Rows(first, np.zeros((0, MEL_BANDS), np.float32), nothing, nothing)
        windows = np.lib.stride_tricks.sliding_window_view(stretch, self._pitch.window)[: count * ROW : ROW]
        recent = windows[:, -WINDOW:].astype(np.float64)
        power = np.abs(np.fft.rfft(recent * self._hann)) ** 2
        mel = np.log10(np.maximum(power @ self._mel, POWER_FLOOR))
        loudness = 10 * np.log10(np.maximum(np.mean(recent**2, axis=1), POWER_FLOOR))
        return Rows(first, mel.astype(np.float32), loudness.astype(np.float32), self._pitch.track(windows))
