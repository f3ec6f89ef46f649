"""Sound by its media time, between who brings it and who plays it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LONGEST_S = 10.0  # that is kept: nobody plays what is older
FADE_S = 0.005


class Timeline:
    """Samples (n, channels) by their number since media time zero; where none were brought there is silence."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate = rate
        self.channels = channels
        self._begin = 0  # number of the first sample that is kept
        self._kept: NDArray[np.float32] = np.zeros((0, channels), np.float32)

    @property
    def end(self) -> int:
        """Where what was brought ends."""
        return self._begin + len(self._kept)

    def add(self, first: int, samples: NDArray[np.float32]) -> None:
        """Take samples of which the first is number `first`; what was brought before stays as it was."""
        if not len(self._kept) or first - self.end > LONGEST_S * self.rate:
            self._begin, self._kept = first, np.zeros((0, self.channels), np.float32)
        gap = max(0, first - self.end)
        new = samples[max(0, self.end - first) :]
        self._kept = np.concatenate([self._kept, np.zeros((gap, self.channels), np.float32), new])
        self.forget_before(self.end - int(LONGEST_S * self.rate))

    def forget_before(self, number: int) -> None:
        """Silence before this sample."""
        spare = min(max(0, number - self._begin), len(self._kept))
        self._begin += spare
        self._kept = self._kept[spare:]

    def begin_at(self, number: int) -> None:
        """Silence before this sample, then a short fade."""
        self.forget_before(number)
        length = min(int(FADE_S * self.rate), len(self._kept))
        fade = np.linspace(0, 1, length, dtype=np.float32)[:, None]
        self._kept = np.concatenate([self._kept[:length] * fade, self._kept[length:]])

    def silence_from(self, number: int) -> None:
        """A short fade that begins there, then silence up to the end."""
        start = min(max(0, number - self._begin), len(self._kept))
        length = min(int(FADE_S * self.rate), len(self._kept) - start)
        fade = np.linspace(1, 0, length, dtype=np.float32)[:, None]
        faded = self._kept[start : start + length] * fade
        silence = np.zeros((len(self._kept) - start - length, self.channels), np.float32)
        self._kept = np.concatenate([self._kept[:start], faded, silence])

    def between(self, first: int, count: int) -> NDArray[np.float32]:
        """`count` samples from number `first` on."""
        found = np.zeros((count, self.channels), np.float32)
        start, stop = max(first, self._begin), min(first + count, self.end)
        if start < stop:
            found[start - first : stop - first] = self._kept[start - self._begin : stop - self._begin]
        return found
