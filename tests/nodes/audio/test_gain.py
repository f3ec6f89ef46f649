"""gain."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.audio.gain import Gain
from avatar_nodes.payloads import AudioChunk
from graphcore import ParamError
from graphcore.testing import run_node


@pytest.mark.parametrize(("gain_db", "factor"), [(0.0, 1.0), (6.0, 1.99526), (-20.0, 0.1)])
def test_scales_and_keeps_time_and_rate(gain_db, factor):
    samples = np.random.default_rng(0).uniform(-0.4, 0.4, (480, 2)).astype(np.float32)
    pairs = [(0, AudioChunk(samples, 48_000)), (10_000_000, AudioChunk(-samples, 48_000))]
    sent = run_node(Gain, inputs={"audio": pairs}, params={"gain_db": gain_db}).outputs["scaled"]
    assert [packet.timestamp for packet in sent] == [0, 10_000_000]
    assert np.allclose(sent[1].payload.samples, -samples * factor, atol=1e-5)
    assert sent[0].payload.sample_rate == 48_000
    assert sent[0].payload.samples.dtype == np.float32


def test_is_bounded():
    with pytest.raises(ParamError):
        run_node(Gain, inputs={"audio": []}, params={"gain_db": 25.0})
