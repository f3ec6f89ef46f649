"""Bytes of another program as samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_nodes.audio.pcm_model import FORMATS, RATES, FormatError, PcmFormat, PcmReader
from avatar_nodes.audio.spoken_order_model import OrderError, order_of

USUAL = PcmFormat(16_000, 1, "s16le")


def read(data: bytes, given_format: PcmFormat, cuts: list[int], rate: int = 16_000, channels: int = 1) -> np.ndarray:
    reader = PcmReader(given_format, rate, channels)
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    parts = [reader.read(data[start:end]) for start, end in pairwise(edges)]
    return np.concatenate(parts)


@given(st.lists(st.integers(0, 400)), st.sampled_from(list(FORMATS)), st.integers(1, 3))
def test_samples_are_the_same_wherever_the_bytes_are_cut(cuts, sample_format, channels):
    numbers = np.random.default_rng(1).uniform(-0.9, 0.9, (50, channels))
    scale = 32768 if sample_format == "s16le" else 1
    data = (numbers * scale).astype(FORMATS[sample_format])
    made = read(data.tobytes(), PcmFormat(16_000, channels, sample_format), cuts, channels=channels)
    np.testing.assert_allclose(made, data.astype(np.float32) / scale, atol=1e-7)


@pytest.mark.parametrize("rate", RATES)
def test_another_rate_sounds_the_same(rate):
    times = np.arange(rate) / rate
    tone = (0.5 * np.sin(2 * np.pi * 440 * times) * 32768).astype("<i2")
    made = read(tone.tobytes(), PcmFormat(rate, 1, "s16le"), [1001, 5000])[:, 0]
    assert abs(len(made) - 16_000) <= 1
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made))))
    assert np.argmax(spectrum) == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    ("given_channels", "channels", "expected"), [(2, 1, [0.5]), (1, 2, [0.5, 0.5]), (2, 3, [0.5] * 3)]
)
def test_other_numbers_of_channels_are_mixed_or_repeated(given_channels, channels, expected):
    data = np.tile(np.array([[0.25, 0.75] if given_channels == 2 else [0.5]], "<f4"), (10, 1))
    made = read(data.tobytes(), PcmFormat(16_000, given_channels, "f32le"), [], channels=channels)
    np.testing.assert_allclose(made, [expected] * 10)


def test_what_is_no_number_is_silence_and_peaks_are_cut():
    data = np.array([np.nan, np.inf, -np.inf, 3.0, -3.0, 0.5], "<f4")
    made = read(data.tobytes(), PcmFormat(16_000, 1, "f32le"), [])
    np.testing.assert_array_equal(made[:, 0], [0.0, 0.0, 0.0, 1.0, -1.0, 0.5])


@pytest.mark.parametrize(
    ("rate", "channels", "sample_format", "wrong"),
    [
        (16_001, 1, "s16le", "sample_rate is 16001"),
        ("16000", 1, "s16le", "sample_rate is '16000'"),
        (16_000, 0, "s16le", "channels is 0"),
        (16_000, True, "s16le", "channels is True"),
        (16_000, 1, "s24le", "format is 's24le', expected s16le or f32le"),
        (16_000, 1, ["s16le"], "format is"),
    ],
)
def test_a_format_that_cannot_be_taken(rate, channels, sample_format, wrong):
    with pytest.raises(FormatError, match=wrong):
        PcmFormat(rate, channels, sample_format)


def test_orders():
    assert order_of('{"interrupt": true}', USUAL) == "interrupt"
    assert order_of('{"end": true}', USUAL) == "end"
    assert order_of('{"sample_rate": 24000}', USUAL) == PcmFormat(24_000, 1, "s16le")
    assert order_of('{"channels": 2, "format": "f32le"}', USUAL) == PcmFormat(16_000, 2, "f32le")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hello", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "expected"),
        ("[]", "expected"),
        ('{"interrupt": false}', "expected"),
        ('{"rate": 16000}', "expected"),
        ('{"sample_rate": 1e99}', "sample_rate is 1e"),
        ('{"channels": null}', "channels is None"),
    ],
)
def test_an_order_that_cannot_be_obeyed(text, wrong):
    with pytest.raises(OrderError, match=wrong):
        order_of(text, USUAL)
