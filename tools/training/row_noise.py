"""Speech rows of other voices, other microphones and other noises, without making any sound again."""

from __future__ import annotations

import librosa
import numpy as np
from numpy.typing import NDArray

MEL = 80
LOUDNESS = 80  # column

Rows = NDArray[np.float32]
Random = np.random.Generator


def _band_widths() -> NDArray[np.float64]:
    """About how much of all power a unit of mel power in each band stands for (80,): the bands' widths."""
    hz = librosa.mel_frequencies(MEL + 2, fmin=0.0, fmax=8000.0)
    return np.asarray(hz[2:] - hz[:-2])


WIDTHS = _band_widths()


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


def with_noise(rows: Rows, random: Random) -> Rows:
    """Rows (n, 82) under noise, hum or notes at 0 to 25 dB below the speech: powers add up, about."""
    kind = random.choice(["steady", "hum", "notes"], p=[0.6, 0.25, 0.15])
    noise = {"steady": _steady, "hum": _hum, "notes": _notes}[kind](len(rows), random)  # (n, 80) log10 power
    power = 10.0 ** rows[:, :MEL].astype(np.float64)
    loud = np.quantile(power @ WIDTHS, 0.8) + 1e-9
    added = 10.0**noise
    added *= loud / (np.mean(added @ WIDTHS) + 1e-12) * 10.0 ** (-random.uniform(0.0, 25.0) / 10.0)
    if random.random() < 0.2:  # it begins or ends on the way
        at = random.integers(len(rows))
        added[slice(0, at) if random.random() < 0.5 else slice(at, None)] = 1e-10
    made = rows.copy()
    made[:, :MEL] = np.log10(power + added)
    made[:, LOUDNESS] += 10.0 * np.log10(1.0 + (added @ WIDTHS) / (power @ WIDTHS + 1e-12))
    return made


def _steady(count: int, random: Random) -> NDArray[np.float64]:
    """A smooth spectrum that flickers as noise in 25 ms windows does: less in wide bands."""
    colour = np.interp(np.arange(MEL), np.linspace(0, MEL - 1, 6), random.normal(0.0, 0.5, 6))
    tilt = random.uniform(-2.0, 0.5) * np.arange(MEL) / MEL
    freedom = np.maximum(2.0, 2.0 * WIDTHS / 60.0)
    flicker = np.log10(random.chisquare(freedom, (count, MEL)) / freedom)
    swell = np.interp(np.arange(count), np.linspace(0, count, 8), random.normal(0.0, random.choice([0.05, 0.4]), 8))
    return np.asarray(colour + tilt + flicker + swell[:, None])


def _hum(count: int, random: Random) -> NDArray[np.float64]:
    """Mains: some low lines, steady."""
    lines = np.full(MEL, -6.0)
    centres = librosa.mel_frequencies(MEL + 2, fmin=0.0, fmax=8000.0)[1:-1]
    for harmonic in range(1, random.integers(2, 10)):
        near = np.exp(-0.5 * ((centres - random.choice([50.0, 60.0]) * harmonic) / 45.0) ** 2)
        lines = np.maximum(lines, np.log10(near + 1e-6) - random.uniform(0.0, 1.5))
    return np.asarray(lines + random.normal(0.0, 0.02, (count, MEL)))


def _notes(count: int, random: Random) -> NDArray[np.float64]:
    """Notes that come and fade: a few narrow lines each."""
    made = np.full((count, MEL), -6.0)
    centres = librosa.mel_frequencies(MEL + 2, fmin=0.0, fmax=8000.0)[1:-1]
    start = 0
    while start < count:
        span = int(random.integers(12, 90))
        part = made[start : start + span]
        fade = -np.arange(len(part)) / 100.0 * random.uniform(0.3, 4.0)
        lowest = random.uniform(100.0, 700.0)  # Hz
        for harmonic in range(1, 7):
            near = np.exp(-0.5 * ((centres - lowest * harmonic) / 60.0) ** 2)
            line = np.log10(near + 1e-6) - 0.4 * harmonic
            part[:] = np.maximum(part, line + fade[:, None])
        start += span
    return made
