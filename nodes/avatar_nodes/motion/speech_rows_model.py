"""Speech features as one stream of rows: chunk borders end here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.payloads import FEATURE_RATE, MEL_BANDS, SpeechFeatures

ROW_NS = 1_000_000_000 // FEATURE_RATE
SILENT_DB = -100.0
SILENT_MEL = -10.0  # log10 of the power floor

Rows = NDArray[np.float32]


class SpeechRows:
    """The newest rows of a stream, by row number (media time / 10 ms); older ones are forgotten.

    `end` is the number after the newest row. A gap is silence; what was there already is not taken again.
    """

    def __init__(self, keep_rows: int = 100) -> None:
        self._keep = keep_rows
        self._first: int | None = None
        self._mel: Rows = np.empty((0, MEL_BANDS), np.float32)
        self._loudness: Rows = np.empty(0, np.float32)
        self._pitch: Rows = np.empty(0, np.float32)

    @property
    def first(self) -> int:
        """The number of the oldest row that is kept; 0 before the first."""
        return self._first or 0

    @property
    def end(self) -> int:
        """The number after the newest row; 0 before the first."""
        return 0 if self._first is None else self._first + len(self._loudness)

    def add(self, timestamp: int, features: SpeechFeatures) -> None:
        """Take the rows of a packet that starts at `timestamp` (ns)."""
        start = (timestamp + ROW_NS // 2) // ROW_NS
        if self._first is None:
            self._first = start
        fresh = self.end - start  # rows that are known already
        if fresh >= len(features.loudness):
            return
        gap = min(max(-fresh, 0), self._keep)
        if -fresh > gap:  # longer than what is kept: only the newest silence matters
            self._first = start - gap
            self._mel, self._loudness, self._pitch = self._mel[:0], self._loudness[:0], self._pitch[:0]
        skip = max(fresh, 0)
        self._mel = self._joined(self._mel, np.full((gap, MEL_BANDS), SILENT_MEL), features.mel[skip:])
        self._loudness = self._joined(self._loudness, np.full(gap, SILENT_DB), features.loudness[skip:])
        self._pitch = self._joined(self._pitch, np.zeros(gap), features.pitch[skip:])

    def forget_before(self, row: int) -> None:
        """Drop rows before this one, except for the newest `keep_rows` up to it."""
        if self._first is None:
            return
        count = min(row - self._keep - self._first, len(self._loudness))
        if count > 0:
            self._mel, self._loudness, self._pitch = self._mel[count:], self._loudness[count:], self._pitch[count:]
            self._first += count

    def loudness(self, start: int, stop: int) -> Rows:
        """Loudness (dB) of rows start to stop - 1; silence where nothing is known."""
        return self._slice(self._loudness, start, stop, SILENT_DB)

    def pitch(self, start: int, stop: int) -> Rows:
        """Pitch (Hz; 0: no voice) of rows start to stop - 1."""
        return self._slice(self._pitch, start, stop, 0.0)

    def mel(self, start: int, stop: int) -> Rows:
        """Log10 mel power (rows, 80) of rows start to stop - 1."""
        return self._slice(self._mel, start, stop, SILENT_MEL)

    @staticmethod
    def _joined(old: Rows, gap: NDArray[np.float64], new: Rows) -> Rows:
        return np.concatenate([old, gap.astype(np.float32), new])

    def _slice(self, rows: Rows, start: int, stop: int, fill: float) -> Rows:
        first = self.first
        low, high = max(start, first), min(stop, first + len(rows))
        if (low, high) == (start, stop):
            return rows[start - first : stop - first]
        made = np.full((max(stop - start, 0), *rows.shape[1:]), fill, np.float32)
        if low < high:
            made[low - start : high - start] = rows[low - first : high - first]
        return made
