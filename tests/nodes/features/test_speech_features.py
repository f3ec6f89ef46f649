"""What is heard, 100 times a second."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar_nodes.features.speech_features import SpeechFeatures
from avatar_nodes.features.speech_features_model import SpeechFeatureStream
from avatar_nodes.payloads import AudioChunk
from graphcore import GraphcoreError
from graphcore.testing import Result, run_node

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000)


def vowel(pitch: float, rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    """A buzz with falling harmonics below 3 kHz, (n,)."""
    time = np.arange(int(rate * seconds)) / rate
    harmonics = range(1, int(3000 / pitch) + 1)
    return np.sum([0.2 / k * np.sin(2 * np.pi * pitch * k * time) for k in harmonics], axis=0).astype(np.float32)


def in_sizes(samples: NDArray[np.float32], rate: int, sizes: list[int]) -> tuple[NDArray[np.float32], ...]:
    """mel, loudness and pitch, with chunks of these sizes, over and over."""
    stream = SpeechFeatureStream(rate)
    made, start = [], 0
    while start < len(samples):
        size = sizes[len(made) % len(sizes)]
        made.append(stream.add(samples[start : start + size]))
        start += size
    made.append(stream.finish())
    assert [rows.first for rows in made] == list(np.cumsum([0, *(len(rows.mel) for rows in made[:-1])]))
    return tuple(np.concatenate([getattr(rows, name) for rows in made]) for name in ("mel", "loudness", "pitch"))


def hear(pairs: list[tuple[int, NDArray[np.float32]]], rate: int) -> Result:
    return run_node(SpeechFeatures, inputs={"audio": [(start, AudioChunk(samples, rate)) for start, samples in pairs]})


@settings(max_examples=25, deadline=None)
@given(
    rate=st.sampled_from(RATES),
    length=st.integers(1, 9_000),
    sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=5),
)
def test_chunk_borders_leave_no_trace(rate, length, sizes):
    samples = np.random.default_rng(length).uniform(-0.5, 0.5, length).astype(np.float32)
    at_once, in_parts = in_sizes(samples, rate, [length]), in_sizes(samples, rate, sizes)
    for whole, part in zip(at_once, in_parts, strict=True):
        assert np.allclose(whole, part, atol=1e-5)
    assert len(at_once[0]) == -(-length * 100 // rate)


def test_single_samples_are_chunks_too():
    samples = vowel(150, 22_050, 0.1)
    for whole, part in zip(in_sizes(samples, 22_050, [2_205]), in_sizes(samples, 22_050, [1]), strict=True):
        assert np.allclose(whole, part, atol=1e-5)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("click_ms", [203, 500, 777])
def test_a_click_is_in_the_rows_whose_window_covers_it(rate, click_ms):
    samples = np.zeros(rate, np.float32)
    samples[rate * click_ms // 1000] = 1.0
    _, loudness, _ = in_sizes(samples, rate, [rate // 50])
    starts = np.arange(100) * 10.0  # ms; a row's window is from 15 ms before to 10 ms after
    assert len(loudness) == 100
    # 2 ms of delay and 2 ms of a filter's skirt on either side are allowed for sound that is resampled
    inside = (starts - 15 + 4 < click_ms) & (click_ms < starts + 10 - 4)
    outside = (click_ms < starts - 15 - 5) | (starts + 10 + 5 < click_ms)
    assert np.all(loudness[inside] > -40)
    assert np.all(loudness[outside] < -75)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("pitch", [75.0, 120.0, 230.0, 410.0])
def test_pitch_and_loudness_of_a_vowel(rate, pitch):
    samples = vowel(pitch, rate, 0.5)
    _, loudness, found = in_sizes(samples, rate, [rate // 50])
    assert np.allclose(found[6:-1], pitch, rtol=0.005)
    expected = 10 * np.log10(np.mean(samples**2))
    assert np.allclose(loudness[6:-1], expected, atol=1.5)


def test_mel_bands_rise_with_frequency():
    time = np.arange(16_000) / 16_000
    loudest = []
    for frequency in (200, 500, 1000, 2000, 4000, 7000):
        mel, _, _ = in_sizes(np.sin(2 * np.pi * frequency * time).astype(np.float32), 16_000, [320])
        loudest.append(int(mel[50].argmax()))
    assert loudest == sorted(set(loudest))
    # Slaney's mel scale: 1000 Hz is 15 of the 45.245 mel up to 8000 Hz, of which 80 bands take 1/81 each.
    assert loudest[2] == pytest.approx(15 / 45.245 * 81 - 1, abs=1)


def test_resampling_folds_nothing_back():
    time = np.arange(48_000) / 48_000
    _, loudness, _ = in_sizes(np.sin(2 * np.pi * 9_500 * time).astype(np.float32), 48_000, [960])
    assert loudness[10:-1].max() < -55


def test_noise_and_silence_have_no_voice():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000).astype(np.float32)
    assert np.mean(in_sizes(noise, 16_000, [320])[2] > 0) < 0.05
    mel, loudness, pitch = in_sizes(np.zeros(16_000, np.float32), 16_000, [320])
    assert np.all(mel == -10.0)
    assert np.all(loudness == -100.0)
    assert np.all(pitch == 0.0)


def test_hum_behind_the_speaker_is_no_voice():
    time = np.arange(16_000) / 16_000
    hum = (0.005 * np.sin(2 * np.pi * 61 * time)).astype(np.float32)
    speech = np.concatenate([vowel(150, 16_000, 0.5), np.zeros(8_000, np.float32)])
    pitch = in_sizes(speech + hum, 16_000, [320])[2]
    assert np.allclose(pitch[6:49], 150, rtol=0.01)
    assert np.all(pitch[55:] == 0.0)


def test_rows_come_with_the_chunk_that_completes_them():
    samples = vowel(150, 44_100)[:, None]
    pairs = [(i * 20_000_000, samples[i * 882 : (i + 1) * 882]) for i in range(50)]
    sent = hear(pairs, 44_100).outputs["speech"]
    assert [packet.timestamp for packet in sent] == [i * 20_000_000 for i in range(50)]
    assert {packet.payload.mel.shape for packet in sent} == {(2, 80)}
    assert sent[0].payload.mel.dtype == sent[0].payload.loudness.dtype == sent[0].payload.pitch.dtype == np.float32


def test_a_long_chunk_is_sent_in_short_packets_and_takes_little_memory():
    rate = 44_100
    samples = np.tile(vowel(150, rate), 12)[:, None]
    run_node(SpeechFeatures, inputs={"audio": []})  # imports
    tracemalloc.start()
    long = hear([(0, samples)], rate).outputs["speech"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    step = rate // 50
    short = hear([(i * 20_000_000, samples[i * step : (i + 1) * step]) for i in range(600)], rate).outputs["speech"]
    assert {len(packet.payload.mel) for packet in long} == {10}
    assert [packet.timestamp for packet in long] == [i * 100_000_000 for i in range(120)]
    for name in ("mel", "loudness", "pitch"):
        whole, part = (np.concatenate([getattr(p.payload, name) for p in sent]) for sent in (long, short))
        assert np.allclose(whole, part, atol=1e-5)
    assert peak < 50e6  # bytes


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_silence_and_told_once(bad):
    samples = np.tile(vowel(150, 16_000, 0.4)[:, None], 2)
    broken, mended = samples.copy(), samples.copy()
    broken[1600:3200, 0], mended[1600:3200] = bad, 0
    broken[2000, 1] = -bad
    result = hear([(0, broken[:2000]), (125_000_000, broken[2000:])], 16_000)
    found = np.concatenate([packet.payload.mel for packet in result.outputs["speech"]])
    assert np.allclose(found, in_sizes(mended[:, 0], 16_000, [160])[0], atol=1e-5)
    assert len(result.notices) == 1
    assert "NaN or infinite" in result.notices[0]


def test_channels_are_mixed():
    left = vowel(150, 16_000, 0.3)
    sides = hear([(0, np.stack([left, np.zeros_like(left)], axis=1))], 16_000).outputs["speech"][0].payload
    middle = hear([(0, left[:, None] / 2)], 16_000).outputs["speech"][0].payload
    assert np.allclose(sides.mel, middle.mel, atol=1e-5)


def test_gaps_are_silence_and_doubles_are_left_out_and_told_once():
    samples = vowel(150, 16_000, 0.4)[:, None]
    pairs = [(0, samples[:1600]), (200_000_000, samples[3200:4800]), (250_000_000, samples[4000:])]
    result = hear(pairs, 16_000)
    expected = samples.copy()
    expected[1600:3200] = 0
    found = np.concatenate([packet.payload.mel for packet in result.outputs["speech"]])
    assert np.allclose(found, in_sizes(expected[:, 0], 16_000, [160])[0], atol=1e-5)
    assert len(result.notices) == 1
    assert "silence filled gaps" in result.notices[0]


@pytest.mark.parametrize("start_ns", [0, 10_000_000, 12_345_678, 3_600_000_000_000, 7_000_000])
def test_a_stream_may_start_anywhere(start_ns):
    result = hear([(start_ns, vowel(150, 16_000, 0.1)[:, None])], 16_000)
    sent = result.outputs["speech"]
    rows = sum(len(packet.payload.mel) for packet in sent)
    assert sent[0].timestamp == start_ns // 10_000_000 * 10_000_000
    assert rows == -(-(start_ns % 10_000_000 + 100_000_000) // 10_000_000)
    assert result.notices == []


def test_no_sound_gives_no_rows():
    assert hear([], 16_000).outputs["speech"] == []


def test_a_rate_that_changes_is_an_error():
    chunks = [(0, AudioChunk(np.zeros((160, 1), np.float32), 16_000))]
    chunks.append((10_000_000, AudioChunk(np.zeros((480, 1), np.float32), 48_000)))
    with pytest.raises(GraphcoreError, match="from 16000 to 48000 Hz"):
        run_node(SpeechFeatures, inputs={"audio": chunks})


@pytest.mark.parametrize(
    ("channels", "rate", "expected"), [(0, 16_000, "without a channel"), (1, 0, "at 0 Hz"), (1, -5, "at -5 Hz")]
)
def test_what_is_no_sound_is_an_error(channels, rate, expected):
    with pytest.raises(GraphcoreError, match=expected):
        hear([(0, np.zeros((10, channels), np.float32))], rate)


def test_a_rate_without_sense_is_an_error():
    with pytest.raises(GraphcoreError, match=r"100 Hz.*expected 4000"):
        hear([(0, np.zeros((10, 1), np.float32))], 100)
