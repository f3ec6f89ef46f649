"""Sound without holes: packets with timestamps become one stretch of samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.counted_model import counted

NS_PER_S = 1_000_000_000
TOLERANCE_S = 0.001  # what a timestamp may be off before silence is put in or samples are left out


def check_sound(samples: NDArray[np.float32], sample_rate: int) -> None:
    """Raise ValueError for (n, channels) samples that are no sound."""
    if sample_rate <= 0:
        raise ValueError(f"sound at {sample_rate} Hz, expected a sample rate above 0")
    if samples.shape[1] == 0:
        raise ValueError("sound without a channel, expected one at least")


class ContinuousSound:
    """Fills gaps with silence and trims overlaps; `start_ns` is the media time of the first sample given.

    NaN and infinity become silence. A gap is filled in stretches of at most one second, so that an hour of nothing
    takes no memory.
    """

    def __init__(self, sample_rate: int, channels: int, start_ns: int = 0) -> None:
        self.sample_rate = sample_rate
        self.channels = channels
        self.samples = 0  # given so far
        self.filled = 0  # of these, silence put into gaps
        self.trimmed = 0  # samples left out
        self.broken = 0  # samples that were NaN or infinite
        self._start_ns = start_ns

    def add(self, timestamp_ns: int, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Take (n, channels) samples and give what belongs next, in one or more stretches."""
        position = round((timestamp_ns - self._start_ns) * self.sample_rate / NS_PER_S)
        gap = position - self.samples
        tolerance = TOLERANCE_S * self.sample_rate
        if gap > tolerance:
            self.filled += gap
            yield from self.silence_until(position)
        elif gap < -tolerance:
            self.trimmed += min(-gap, len(samples))
            samples = samples[-gap:]
        if len(samples):
            self.samples += len(samples)
            yield self._finite(samples)

    def silence_until(self, position: int) -> Iterator[NDArray[np.float32]]:
        """Give silence up to sample `position`; it belongs there, and so is not counted as mended."""
        while self.samples < position:
            length = min(position - self.samples, self.sample_rate)
            self.samples += length
            yield np.zeros((length, self.channels), np.float32)

    def describe(self) -> str:
        """What had to be mended, in words; empty where nothing was."""
        parts = []
        if self.filled:
            parts.append(f"{self.filled / self.sample_rate:.3f} s of silence filled gaps in the sound")
        if self.trimmed:
            parts.append(f"{self.trimmed / self.sample_rate:.3f} s of sound came twice and were left out")
        if self.broken:
            parts.append(f"{counted(self.broken, 'sample')} made silent: NaN or infinite")
        return " and ".join(parts)

    def _finite(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        good = np.isfinite(samples)
        if good.all():
            return samples
        self.broken += int(samples.size - np.count_nonzero(good))
        return np.where(good, samples, np.float32(0.0))
