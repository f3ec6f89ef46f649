"""Sounds to measure with: speech in noise, stretches of silence between speech, and how loud a voice is."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from measuring.alignment import RATE
from measuring.aperture import FRAME_RATE, Curve
from measuring.clips import sound_of

Sound = NDArray[np.float32]

NOISES = (
    "deepfilternet_noise_freesound_573577.wav", "speechbrain_noise1.wav", "speechbrain_noise2.wav",
    "speechbrain_noise3.wav", "speechbrain_noise4.wav", "speechbrain_noise5.wav",
)  # fmt: skip
ACTIVE_DB = 30.0  # below the loudest 20 ms: what is softer is no speech
SILENCE_S = 4.0
SETTLE_S = 0.7  # after the last and before the next sound the lips may still move
VOICE_HZ = (200.0, 4000.0)
FADE_S = 0.01


@dataclass(frozen=True)
class Quiet:
    """A stretch without speech in a sound: its kind, and where it is, s."""

    kind: str
    start: float
    end: float


def with_noise(speech: Sound, name: str, folder: Path, snr_db: float) -> Sound:
    """Speech with a noise of the folder under it, which one the clip's name decides; the ratio is to active speech."""
    noise = sound_of(folder / NOISES[zlib.crc32(name.encode()) % len(NOISES)])
    noise = np.resize(noise, len(speech))
    gain = _active_rms(speech) / max(_rms(noise), 1e-9) / 10 ** (snr_db / 20)
    return np.asarray(speech + gain * noise, np.float32)


def with_silences(speech: Sound, seed: int = 0) -> tuple[Sound, list[Quiet]]:
    """Speech, digital zero, speech, noise at -50 dB, speech, breath, speech: and where the quiet stretches are."""
    rng = np.random.default_rng(seed)
    fade = np.minimum(np.arange(len(speech)) / (FADE_S * RATE), 1.0)
    phrase = (speech * fade * fade[::-1]).astype(np.float32)
    count = round(SILENCE_S * RATE)
    noise = 10 ** (-50 / 20) * rng.standard_normal(count)
    parts, quiets, at = [phrase], [], len(phrase)
    for kind, quiet in (("zero", np.zeros(count)), ("noise -50 dB", noise), ("breath", breath(rng, count))):
        quiets.append(Quiet(kind, at / RATE, (at + count) / RATE))
        parts += [quiet.astype(np.float32), phrase]
        at += count + len(phrase)
    return np.concatenate(parts), quiets


def breath(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Breathing in and out, 4 s long, at -45 and -50 dB: noise between 300 and 3000 Hz, swelling and fading."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.exp(-((np.log2(np.maximum(hz, 1.0) / 1000.0)) ** 2) / 2)
    air = np.fft.irfft(spectrum * shape, count)
    air /= max(_rms(air), 1e-9)
    time = np.arange(count) / RATE
    swell = np.exp(-(((time - 1.0) / 0.35) ** 2)) * 10 ** (-45 / 20) + np.exp(-(((time - 2.5) / 0.6) ** 2)) * 10**-2.5
    return np.asarray(air * swell)


def quiet_frames(quiet: Quiet, frames: int) -> slice:
    """The frames in which the lips should rest."""
    first = int(np.ceil((quiet.start + SETTLE_S) * FRAME_RATE))
    return slice(first, min(int((quiet.end - SETTLE_S / 2) * FRAME_RATE), frames))


def voiced_energy(samples: Sound, frames: int) -> tuple[Curve, NDArray[np.bool_]]:
    """Energy of the voice between 200 and 4000 Hz at the frames' times, smoothed, and where anybody speaks."""
    stream = SpeechFeatureStream(RATE)
    parts = [stream.add(samples), stream.finish()]
    pitch = np.concatenate([part.pitch for part in parts])
    loudness = np.concatenate([part.loudness for part in parts])
    banded = np.sqrt(np.maximum(_banded_power(samples, len(pitch)), 1e-12)) * (pitch > 0)
    window = np.hanning(14)[1:-1]
    smooth = np.convolve(banded, window / window.sum(), mode="same")
    rows = np.minimum(np.arange(frames) * 4, len(pitch) - 1)
    active = np.convolve(loudness > np.percentile(loudness, 98) - ACTIVE_DB, np.ones(20), mode="same") > 0
    return smooth[rows], active[rows]


def rows_of(sound: Sound) -> NDArray[np.float32]:
    """Speech rows (4 T, 82) of a sound: mel, loudness, pitch."""
    stream = SpeechFeatureStream(RATE)
    parts = [stream.add(sound), stream.finish()]
    mel, loudness, pitch = (np.concatenate([getattr(p, name) for p in parts]) for name in ("mel", "loudness", "pitch"))
    rows = np.concatenate([mel, loudness[:, None], pitch[:, None]], axis=1).astype(np.float32)
    return rows[: len(rows) // 4 * 4]


def _banded_power(samples: Sound, rows: int) -> NDArray[np.float64]:
    """Power between VOICE_HZ in windows of 25 ms around the rows' times."""
    padded = np.concatenate([np.zeros(200), samples, np.zeros(400 + 160)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160][:rows]
    power = np.abs(np.fft.rfft(windows * np.hanning(400))) ** 2
    hz = np.fft.rfftfreq(400, 1 / RATE)
    return np.asarray(power[:, (hz >= VOICE_HZ[0]) & (hz <= VOICE_HZ[1])].mean(axis=1))


def _active_rms(speech: Sound) -> float:
    frames = speech[: len(speech) // 320 * 320].reshape(-1, 320)
    levels = np.sqrt((frames**2).mean(axis=1))
    return _rms(frames[levels > levels.max() * 10 ** (-ACTIVE_DB / 20)])


def _rms(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0
