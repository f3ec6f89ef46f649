"""Speech rows of other voices and other microphones, without making any sound again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEL = 80
LOUDNESS = 80  # column

Rows = NDArray[np.float32]
Random = np.random.Generator


def disturbed(rows: Rows, random: Random) -> Rows:
    """Rows of another voice, gain and microphone, with some bands and moments unheard."""
    rows = rows.copy()
    mel = rows[:, :MEL] @ _warp(random)
    if random.random() < 0.2:
        mel = mel @ _BLUR
    gain_db = random.uniform(-10.0, 10.0)
    colour = np.interp(np.arange(MEL), np.linspace(0, MEL, 6), random.normal(0.0, 0.15, 6))
    rows[:, :MEL] = np.maximum(mel + (gain_db / 10.0 + colour), -10.0)
    rows[:, MEL] = np.maximum(rows[:, MEL] + gain_db, -100.0)
    mean = rows[:, :MEL].mean(axis=0)
    for _ in range(random.integers(0, 3)):
        low = random.integers(MEL)
        bands = slice(low, min(low + random.integers(1, 10), MEL))
        rows[:, bands] = mean[bands]
    if random.random() < 0.4:
        start = random.integers(len(rows))
        rows[start : start + random.integers(2, 9), :MEL] = mean
    return rows


def _warp(random: Random) -> Rows:
    """Bands (80, 80) moved along the mel axis, as another vocal tract moves its formants, each a little apart."""
    knots = np.linspace(0, MEL - 1, 7)
    moved = np.interp(np.arange(MEL), knots, np.concatenate([[0.0], random.normal(0.0, 1.0, 6)]))
    at = np.clip(np.arange(MEL) / random.uniform(0.9, 1.1) + moved, 0, MEL - 1.001)
    low = at.astype(np.int64)
    matrix = np.zeros((MEL, MEL), np.float32)
    matrix[low, np.arange(MEL)] = 1.0 - (at - low)
    matrix[low + 1, np.arange(MEL)] += at - low
    return matrix


def _blurred(width: float = 1.2) -> Rows:
    """Bands (80, 80) mixed with their neighbours: the harmonics of a high voice or a whisper leave no trace."""
    apart = np.arange(MEL)[:, None] - np.arange(MEL)[None, :]
    matrix = np.exp(-0.5 * (apart / width) ** 2)
    return (matrix / matrix.sum(axis=0)).astype(np.float32)


_BLUR = _blurred()
