"""What a face does beside its lips, and how people do it: blinks, the head, and whether the head hears the voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from measuring.alignment import RATE
from measuring.aperture import FRAME_RATE, Curve

LONG_S = 8.0  # clips from here on tell something of the head
SHUT = 0.5  # a blink is a peak of the lids above this
SLOW_HZ = 1.0
SHIFTS = 20
LEAST_SHIFT_S = 1.0
COUPLED_S = 5.0  # clips from here on tell something of head and voice
DRIFT_S = 4.0  # what is slower than this is posture, and no answer to the voice
LAGS = (-6, -3, 0, 3, 6)  # frames by which the voice may lead or follow


@dataclass(frozen=True)
class Blinks:
    """What the lids of one clip do."""

    seconds: float
    durations_ms: tuple[float, ...]  # at half of each blink's height

    @property
    def a_minute(self) -> float:
        """How often."""
        return 60.0 * len(self.durations_ms) / self.seconds


@dataclass(frozen=True)
class HeadFigures:
    """How one head moves: degrees; the share of its power below SLOW_HZ."""

    yaw: float
    pitch: float
    roll: float
    slow: float
    a_frame: float


def blinks_of(shut: Curve, rate: float = FRAME_RATE) -> Blinks:
    """Find the blinks in a curve (T,) of how far the lids are shut, 0 to 1."""
    durations = []
    index = 0
    while index < len(shut):
        if shut[index] < SHUT:
            index += 1
            continue
        end = index
        while end + 1 < len(shut) and shut[end + 1] >= 0.25:
            end += 1
        peak = index + int(np.argmax(shut[index : end + 1]))
        if index > 0 and end < len(shut) - 1:
            durations.append(1000.0 / rate * (_half(shut, peak, 1) + _half(shut, peak, -1)))
        index = end + 1
    return Blinks(len(shut) / rate, tuple(durations))


def _half(shut: Curve, peak: int, step: int) -> float:
    """Frames from the peak to where half of its height is left, between frames by a straight line."""
    half, index = shut[peak] / 2, peak
    while 0 <= index + step < len(shut) and shut[index + step] > half:
        index += step
    beyond = index + step
    if not 0 <= beyond < len(shut):
        return float(abs(index - peak))
    return abs(index - peak) + float((shut[index] - half) / max(shut[index] - shut[beyond], 1e-9))


def head_of(head: NDArray[np.floating]) -> HeadFigures:
    """The figures of a head (T, 6 or 3): yaw, pitch and roll in degrees come first."""
    angles = head[:, :3].astype(np.float64)
    spread = angles.std(axis=0)
    power = np.abs(np.fft.rfft(angles - angles.mean(axis=0), axis=0)) ** 2
    hz = np.fft.rfftfreq(len(angles), 1 / FRAME_RATE)
    steps = np.linalg.norm(np.diff(angles, axis=0), axis=1)
    slow = float(power[hz < SLOW_HZ].sum() / max(power.sum(), 1e-12))
    return HeadFigures(float(spread[0]), float(spread[1]), float(spread[2]), slow, float(steps.mean()))


def voice_of(samples: NDArray[np.float32], frames: int) -> NDArray[np.float64]:
    """Loudness and log F0 at the frames' times, (T, 2); F0 goes on straight where there is no voice."""
    stream = SpeechFeatureStream(RATE)
    parts = [stream.add(samples), stream.finish()]
    loudness = np.concatenate([part.loudness for part in parts])
    pitch = np.concatenate([part.pitch for part in parts])
    voiced = np.flatnonzero(pitch > 0)
    rows = np.arange(len(pitch))
    tone = np.interp(rows, voiced, np.log(pitch[voiced])) if len(voiced) else np.zeros(len(pitch))
    both = np.stack([np.maximum(loudness, loudness.max() - 50.0), tone], axis=1)
    window = np.hanning(14)[1:-1] / np.hanning(14).sum()
    smooth = np.stack([np.convolve(column, window, mode="same") for column in both.T], axis=1)
    return np.asarray(smooth[np.minimum(np.arange(frames) * 4, len(smooth) - 1)])


@dataclass(frozen=True)
class Coupling:
    """How much of the heads' moves the voices explain (R2, pooled), and the same with the sound shifted round."""

    explained: float
    shifted: tuple[float, ...]

    @property
    def above(self) -> float:
        """The share of the shifts that explain less."""
        return float(np.mean(np.array(self.shifted) < self.explained))


def coupling(heads: Sequence[NDArray[np.floating]], voices: Sequence[NDArray[np.float64]], seed: int = 0) -> Coupling:
    """Regress each head (T, 6) on its own voice (T, 2) at several lags, drift taken off both; pooled over clips.

    What is explained: yaw, pitch, roll, and how fast they change, which in tracked people tell most of it.
    """
    rng = np.random.default_rng(seed)
    moves = [_without_drift(_moves(head[:, :3].astype(np.float64))) for head in heads]
    explained = _explained(moves, voices)
    shifted = []
    least = round(LEAST_SHIFT_S * FRAME_RATE)
    for _ in range(SHIFTS):
        turned = [np.roll(voice, int(rng.integers(least, len(voice) - least)), axis=0) for voice in voices]
        shifted.append(_explained(moves, turned))
    return Coupling(explained, tuple(shifted))


def _moves(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    speed = np.linalg.norm(np.gradient(angles, axis=0), axis=1)
    return np.concatenate([angles, speed[:, None]], axis=1)


def _explained(moves: Sequence[NDArray[np.float64]], voices: Sequence[NDArray[np.float64]]) -> float:
    """The share of the variance of all moves that least squares on each clip's own voice take off."""
    left = total = 0.0
    for move, voice in zip(moves, voices, strict=True):
        scale = np.maximum(move.std(axis=0), 1e-9)
        target = (move - move.mean(axis=0)) / scale
        plain = _without_drift(voice)
        lagged = np.concatenate([np.roll(plain, lag, axis=0) for lag in LAGS], axis=1)
        lagged = (lagged - lagged.mean(axis=0)) / np.maximum(lagged.std(axis=0), 1e-9)
        gains = np.linalg.lstsq(lagged, target, rcond=None)[0]
        left += float(((target - lagged @ gains) ** 2).sum())
        total += float((target**2).sum())
    return 1.0 - left / max(total, 1e-9)


def _without_drift(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    count = round(DRIFT_S * FRAME_RATE) | 1
    window = np.hanning(count + 2)[1:-1]
    norm = np.convolve(np.ones(len(curves)), window, mode="same")
    slow = np.stack([np.convolve(column, window, mode="same") / norm for column in curves.T], axis=1)
    return np.asarray(curves - slow)
