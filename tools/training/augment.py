"""Sounds made worse: rooms, microphones, noises, voices of other sizes; all that the encoder must hear through."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
import soxr
from numpy.typing import NDArray

RATE = 16_000  # Hz
NOTES = (110, 131, 147, 165, 196, 220, 262, 294, 330, 392, 440, 523, 659)  # Hz
Sound = NDArray[np.float32]
Random = np.random.Generator


def resized(sound: Sound, factor: float) -> Sound:
    """A voice `factor` times as high and as fast, as a vocal tract so much shorter has it."""
    made: Sound = soxr.resample(sound, RATE * factor, RATE, quality="MQ")
    return made


def filtered(sound: Sound, curve_db: Sequence[float] | NDArray[np.float64], at_hz: NDArray[np.float64]) -> Sound:
    """A sound through a smooth filter: `curve_db` at the frequencies `at_hz`, without delay of its envelope."""
    size = scipy.fft.next_fast_len(len(sound) + 2048, real=True)
    hz = np.fft.rfftfreq(size, 1 / RATE)
    gain = 10.0 ** (np.interp(hz, at_hz, curve_db) / 20.0)
    return scipy.fft.irfft(scipy.fft.rfft(sound, size) * gain.astype(np.float32), size)[: len(sound)]


def microphone(sound: Sound, random: Random) -> Sound:
    """A random smooth colouring, sometimes with a narrow band as of a telephone or a strong codec."""
    at_hz = np.array([0.0, 100, 200, 400, 800, 1600, 3000, 5000, 8000])
    curve = np.cumsum(random.normal(0.0, 2.5, len(at_hz)))
    curve = curve - curve.mean() + random.normal(0.0, 3.0) * np.linspace(-1.0, 1.0, len(at_hz))
    made = filtered(sound, curve, at_hz)
    if random.random() < 0.3:
        made = band_limited(made, random)
    return made


def band_limited(sound: Sound, random: Random) -> Sound:
    """Nothing below a low border and above a high one."""
    low = random.uniform(20.0, 350.0)
    high = random.choice([3300.0, 3800.0, 5000.0, 6000.0, 7000.0]) * random.uniform(0.95, 1.05)
    at_hz = np.array([0.0, 0.7 * low, low, high, 1.06 * high, 8000.0])
    return filtered(sound, [-50.0, -30.0, 0.0, 0.0, -45.0, -70.0], at_hz)


def room(sound: Sound, random: Random) -> Sound:
    """A direct sound, some early reflections and an exponentially decaying tail."""
    decay_s = random.uniform(0.08, 0.8)
    length = int(min(decay_s, 0.6) * RATE)
    time = np.arange(length) / RATE
    tail = random.standard_normal(length) * np.exp(-6.9 * time / decay_s)
    tail[: int(random.uniform(0.001, 0.012) * RATE)] = 0.0
    darker = np.exp(-np.arange(24) / random.uniform(0.5, 4.0))
    tail = np.convolve(tail, darker / darker.sum(), mode="same")
    tail *= 10.0 ** (-random.uniform(2.0, 16.0) / 20.0) / np.sqrt(np.sum(tail**2) + 1e-12)
    tail[0] += 1.0
    size = scipy.fft.next_fast_len(len(sound) + length, real=True)
    spectrum = scipy.fft.rfft(sound, size) * scipy.fft.rfft(tail.astype(np.float32), size)
    return scipy.fft.irfft(spectrum, size)[: len(sound)]


def coloured_noise(length: int, random: Random) -> Sound:
    """Noise with a random smooth spectrum, its loudness sometimes swelling."""
    noise = random.standard_normal(length).astype(np.float32)
    at_hz = np.array([0.0, 60, 150, 400, 1000, 2500, 5000, 8000])
    fall = random.uniform(-1.0, 7.0) * np.arange(len(at_hz))
    made = filtered(noise, random.normal(0.0, 4.0, len(at_hz)) - fall, at_hz)
    if random.random() < 0.3:
        swell = np.interp(np.arange(length), np.linspace(0, length, 12), random.uniform(-12.0, 6.0, 12))
        made = made * (10.0 ** (swell / 20.0)).astype(np.float32)
    return made


def tones(length: int, random: Random) -> Sound:
    """Something like music: chords of a few harmonics, changing a few times a second."""
    made = np.zeros(length, np.float32)
    start = 0
    while start < length:
        span = int(random.uniform(0.15, 0.9) * RATE)
        time = np.arange(min(span, length - start)) / RATE
        fade = np.exp(-time * random.uniform(0.3, 6.0)) * np.minimum(time / 0.01, 1.0)
        for hz in random.choice(
            [110, 131, 147, 165, 196, 220, 262, 294, 330, 392, 440, 523, 659], random.integers(1, 4)
        ):
            for harmonic in range(1, 5):
                phase = 2 * np.pi * hz * harmonic * time + random.uniform(0, 6.3)
                made[start : start + len(time)] += (np.sin(phase) * fade / harmonic**1.3).astype(np.float32)
        start += span
    return made


def hum(length: int, random: Random) -> Sound:
    """Mains hum with harmonics."""
    time = np.arange(length) / RATE
    hz = random.choice([50.0, 60.0])
    waves = [np.sin(2 * np.pi * hz * n * time + random.uniform(0, 6.3)) * random.uniform(0, 1) / n for n in range(1, 8)]
    return np.sum(waves, axis=0).astype(np.float32)


def breath(random: Random) -> Sound:
    """Air through the mouth: a swell of noise around 1 to 4 kHz; full scale is loud speech."""
    length = int(random.uniform(0.15, 0.6) * RATE)
    at_hz = np.array([0.0, 300, 900, 1800, 3500, 6000, 8000])
    curve = np.array([-40.0, -22, -8, 0, -4, -14, -24]) + random.normal(0.0, 3.0, 7)
    noise = filtered(random.standard_normal(length).astype(np.float32), curve, at_hz)
    swell = np.sin(np.pi * np.linspace(0, 1, length) ** random.uniform(0.6, 1.6)) ** 2
    return (noise * swell * random.uniform(0.2, 1.0) / (np.abs(noise).max() + 1e-9)).astype(np.float32)


def mixed(sound: Sound, noise: Sound, snr_db: float, loud: float) -> Sound:
    """A sound with noise `snr_db` below `loud`, the sound's mean square where it speaks."""
    power = float(np.mean(noise**2)) + 1e-12
    return sound + noise * np.float32(np.sqrt(loud / power * 10.0 ** (-snr_db / 10.0)))


def coarse(sound: Sound, random: Random) -> Sound:
    """Clipped, or with the few bits of an old codec."""
    peak = float(np.abs(sound).max()) + 1e-9
    if random.random() < 0.6:
        limit = np.float32(peak * random.uniform(0.15, 0.7))
        return np.clip(sound, -limit, limit)
    scaled = sound / peak
    law = np.sign(scaled) * np.log1p(255 * np.abs(scaled)) / np.log(256.0)  # mu-law, 8 bits
    steps = np.round(law * 127) / 127
    return (np.sign(steps) * (256.0 ** np.abs(steps) - 1) / 255 * peak).astype(np.float32)


def speaking_power(sound: Sound) -> float:
    """The mean square of the louder half of its 20 ms pieces."""
    pieces = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    if not len(pieces):
        return 1e-9
    power = np.sort((pieces**2).mean(axis=1))
    return float(power[len(power) // 2 :].mean()) + 1e-12
