"""How to test a node: run it over a few packets, and look at what it sent."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.payloads import AudioChunk
from graphcore import ParamError
from graphcore.testing import run_node
from hello_node.tremolo import Tremolo

RATE = 16_000
CHUNK = 320  # 20 ms


def trembled(sound: np.ndarray, chunk: int, **params: object) -> np.ndarray:
    """A sound after the node, given to it in chunks of this many samples."""
    chunks = [
        (start * 1_000_000_000 // RATE, AudioChunk(sound[start : start + chunk], RATE))
        for start in range(0, len(sound), chunk)
    ]
    result = run_node(Tremolo, inputs={"audio": chunks}, params=params)
    return np.concatenate([packet.payload.samples for packet in result.outputs["trembling"]])


def test_depth_zero_changes_nothing() -> None:
    sound = np.ones((RATE, 1), np.float32)
    np.testing.assert_array_equal(trembled(sound, CHUNK, depth=0.0), sound)


def test_full_depth_falls_to_silence_as_often_as_it_is_told() -> None:
    loudness = trembled(np.ones((RATE, 1), np.float32), CHUNK, depth=1.0, rate_hz=4.0)[:, 0]
    silent = loudness < 0.01
    assert np.count_nonzero(silent[1:] & ~silent[:-1]) == 4


def test_chunk_borders_mean_nothing() -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, (RATE, 2)).astype(np.float32)
    np.testing.assert_allclose(trembled(sound, 100), trembled(sound, 1000), atol=1e-5)


def test_bounds_are_checked() -> None:
    with pytest.raises(ParamError, match=r"from 0\.0 to 1\.0"):
        trembled(np.ones((10, 1), np.float32), CHUNK, depth=2.0)
