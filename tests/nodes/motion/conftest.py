"""Speech features of made-up sounds: a vowel, a hiss, a hum, silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from avatar_nodes.payloads import Phones, SpeechFeatures

Pairs = list[tuple[int, SpeechFeatures]]

# Log10 power by band (80, 0 to 8 kHz): the lower third carries voices, the upper hisses.
BANDS = np.arange(80)
SPECTRA = {
    "a": -1.0 - 0.03 * BANDS + 1.2 * np.exp(-(((BANDS - 21) / 6) ** 2)),
    "i": -1.0 - 0.03 * BANDS + 1.2 * np.exp(-(((BANDS - 8) / 4) ** 2)) + 1.2 * np.exp(-(((BANDS - 40) / 6) ** 2)),
    "s": -5.0 + 0.04 * BANDS,
    "m": -1.5 - 0.12 * BANDS + 1.0 * np.exp(-(((BANDS - 6) / 3) ** 2)),
    "noise": np.full(80, -3.5),
    "_": np.full(80, -10.0),
}
LOUDNESS = {"a": -18.0, "i": -20.0, "s": -30.0, "m": -27.0, "noise": -38.0, "_": -100.0}
PITCH = {"a": 130.0, "i": 135.0, "m": 120.0}


def _features(sounds: Sequence[tuple[str, float]], chunk_rows: int = 2, gain_db: float = 0.0, seed: int = 1) -> Pairs:
    """Features of sounds with their durations (s), as packets of `chunk_rows`; a little unrest in every row."""
    names = [name for name, seconds in sounds for _ in range(round(seconds * 100))]
    rng = np.random.default_rng(seed)
    mel = np.stack([SPECTRA[name] for name in names]) + gain_db / 10 + rng.normal(0, 0.08, (len(names), 80))
    loudness = np.array([LOUDNESS[name] for name in names]) + gain_db + rng.normal(0, 0.7, len(names))
    pitch = np.array([PITCH.get(name, 0.0) for name in names])
    rows = [array.astype(np.float32) for array in (np.maximum(mel, -10), np.maximum(loudness, -100), pitch)]
    return [
        (i * 10_000_000, SpeechFeatures(*(np.ascontiguousarray(array[i : i + chunk_rows]) for array in rows)))
        for i in range(0, len(names), chunk_rows)
    ]


def _phones(*spoken: tuple[str, float]) -> list[tuple[int, Phones]]:
    """Phones with their durations (s), one packet each, from time zero."""
    pairs, now = [], 0
    for symbol, seconds in spoken:
        duration = round(seconds * 1e9)
        pairs.append((now, Phones((symbol,), np.zeros(1, np.int64), np.array([duration], np.int64))))
        now += duration
    return pairs


@pytest.fixture(scope="session")
def features() -> Callable[..., Pairs]:
    return _features


@pytest.fixture(scope="session")
def phones() -> Callable[..., list[tuple[int, Phones]]]:
    return _phones


@pytest.fixture(scope="session")
def talk() -> Pairs:
    """Some 12 s of syllables in phrases, with pauses between them."""
    phrase = [("a", 0.16), ("m", 0.07), ("i", 0.14), ("s", 0.1), ("a", 0.2), ("m", 0.08), ("a", 0.25)]
    return _features([("_", 0.3), *([*phrase, *phrase, ("_", 0.5)] * 5)])
