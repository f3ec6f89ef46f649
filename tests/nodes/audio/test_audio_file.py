"""The sound of files: every container, to the sample; and what is wrong with some of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from avatar_nodes.audio.audio_file import AudioFile
from graphcore import GraphcoreError
from graphcore.testing import Result, run_node

CLICK_S = 0.5
LENGTH_S = 1.2


def click(rate: int, channels: int) -> NDArray[np.float32]:
    """Silence, (samples, channels), with 2 ms of sound at CLICK_S."""
    samples = np.zeros((int(LENGTH_S * rate), channels), np.float32)
    start = int(CLICK_S * rate)
    samples[start : start + rate // 500] = 0.8
    return samples


def encode(
    path: Path, codec: str, samples: NDArray[np.float32], rate: int, *, picture=False, late_s=0.0, options=None
) -> None:
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    with av.open(str(path), "w", options=options or {}) as container:
        sound = container.add_stream(codec, rate=rate, layout=layout)
        if picture:
            add_picture(container)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate = rate
        for converted in av.AudioResampler(format=sound.codec_context.format, layout=layout, rate=rate).resample(frame):
            converted.time_base = Fraction(1, rate)
            converted.pts = int(late_s * rate)
            container.mux(sound.encode(converted))
        container.mux(sound.encode(None))


def add_picture(container) -> None:
    video = container.add_stream("mpeg4", rate=25)
    video.width = video.height = 64
    video.pix_fmt = "yuv420p"
    for index in range(30):
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
        frame.pts = index
        container.mux(video.encode(frame))
    container.mux(video.encode(None))


def sound_of(result: Result) -> NDArray[np.float32]:
    return np.concatenate([packet.payload.samples for packet in result.outputs["audio"]])


def read(path: Path, **params) -> tuple[NDArray[np.float32], int, Result]:
    result = run_node(AudioFile, params={"path": path, **params})
    return sound_of(result), result.outputs["audio"][0].payload.sample_rate, result


def onset_s(samples: NDArray[np.float32], rate: int) -> float:
    loud = np.abs(samples[:, 0])
    return int(np.argmax(loud > 0.4 * loud.max())) / rate


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels"),
    [
        ("a.wav", "pcm_s16le", 44_100, 2),
        ("a.wav", "pcm_f32le", 8_000, 1),
        ("a.flac", "flac", 48_000, 1),
        ("a.ogg", "libopus", 48_000, 1),
        ("a.mp3", "libmp3lame", 44_100, 2),
        ("a.mp3", "libmp3lame", 16_000, 1),
        ("a.m4a", "aac", 44_100, 2),
        ("a.m4a", "aac", 16_000, 1),
    ],
)
def test_a_click_comes_out_when_it_was_put_in(tmp_path, name, codec, rate, channels):
    path = tmp_path / name
    encode(path, codec, click(rate, channels), rate)
    samples, found_rate, result = read(path)
    assert (found_rate, samples.shape) == (rate, (int(LENGTH_S * rate), channels))
    assert samples.dtype == np.float32
    assert onset_s(samples, rate) == pytest.approx(CLICK_S, abs=0.002)
    assert 0.5 < np.abs(samples).max() < 1.2
    assert result.notices == []


def test_a_fragmented_mp4_is_read_to_its_end(tmp_path):
    path = tmp_path / "a.mp4"
    options = {"movflags": "frag_keyframe+delay_moov+default_base_moof", "frag_duration": "200000"}
    encode(path, "aac", click(48_000, 1), 48_000, picture=True, options=options)
    samples, rate, result = read(path)
    assert onset_s(samples, rate) == pytest.approx(CLICK_S, abs=0.002)
    assert len(samples) / rate == pytest.approx(LENGTH_S, abs=0.045)
    assert result.notices == []


def test_ogg_vorbis(tmp_path):
    path = tmp_path / "a.ogg"
    soundfile.write(path, click(44_100, 2), 44_100, format="OGG", subtype="VORBIS")
    samples, rate, _ = read(path)
    assert abs(len(samples) - LENGTH_S * 44_100) <= 256
    assert samples.shape[1] == 2
    assert onset_s(samples, rate) == pytest.approx(CLICK_S, abs=0.002)


@pytest.mark.parametrize("late_s", [0.0, 0.3])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_sound_of_a_video_keeps_its_place_beside_the_picture(tmp_path, name, late_s):
    path = tmp_path / name
    encode(path, "aac", click(48_000, 1), 48_000, picture=True, late_s=late_s)
    samples, rate, _ = read(path)
    assert onset_s(samples, rate) == pytest.approx(CLICK_S + late_s, abs=0.002)
    assert len(samples) / rate == pytest.approx(LENGTH_S + late_s, abs=0.025)
    assert np.abs(samples[: max(0, int(late_s * rate) - 2000)]).max(initial=0.0) == 0.0


@pytest.mark.parametrize("channels", [4, 6])
def test_many_channels(tmp_path, channels):
    path = tmp_path / "a.wav"
    soundfile.write(path, click(16_000, channels), 16_000)
    assert read(path)[0].shape == (19_200, channels)


@pytest.mark.parametrize("chunk_ms", [5, 20, 333, 1000])
def test_chunk_borders_mean_nothing(tmp_path, chunk_ms):
    path = tmp_path / "a.wav"
    noise = np.random.default_rng(0).integers(-30_000, 30_000, (44_099, 2), np.int16)
    soundfile.write(path, noise, 44_100)
    samples, rate, result = read(path, chunk_ms=chunk_ms)
    assert np.array_equal(samples, noise / np.float32(32768))
    packets = result.outputs["audio"]
    starts = np.cumsum([0, *(len(packet.payload.samples) for packet in packets[:-1])])
    assert [packet.timestamp for packet in packets] == [int(start) * 10**9 // rate for start in starts]
    assert {len(packet.payload.samples) for packet in packets[:-1]} <= {44_100 * chunk_ms // 1000}


def test_silence_is_told_but_works(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(16_000), 16_000)
    samples, _, result = read(path)
    assert samples.shape == (16_000, 1)
    assert any("silent" in notice for notice in result.notices)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_truncated_file_gives_what_is_there_and_says_so(tmp_path, name):
    path = tmp_path / name
    noise = np.random.default_rng(0).standard_normal(32_000).astype(np.float32) * 0.1
    soundfile.write(path, noise, 16_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    samples, _, result = read(path)
    assert 12_000 < len(samples) < 17_000
    assert np.abs(samples[:12_000, 0] - noise[:12_000]).max() < 1e-3
    assert any("cut short" in notice for notice in result.notices)


def test_a_damaged_middle_is_told(tmp_path):
    path = tmp_path / "a.mp3"
    noise = np.random.default_rng(0).standard_normal((48_000, 1)).astype(np.float32) * 0.1
    encode(path, "libmp3lame", noise, 16_000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    path.write_bytes(content)
    samples, rate, result = read(path)
    assert 1.5 < len(samples) / rate < 3.1
    assert any("cut short" in notice or "damaged" in notice for notice in result.notices)


def write_text(path: Path) -> None:
    path.write_text("this is no sound\n" * 50)


def write_picture_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        add_picture(container)


def write_no_samples(path: Path) -> None:
    soundfile.write(path, np.zeros((0, 1)), 16_000)


def write_half_an_mp4(path: Path) -> None:
    encode(path, "aac", click(16_000, 1), 16_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        ("a.mp3", write_text, "not a media file|cannot be decoded|empty"),
        ("a.mp4", write_picture_only, "no sound in it"),
        ("a.wav", write_no_samples, "zero samples"),
        ("a.wav", Path.touch, r"empty \(0 bytes\)"),
        ("a.m4a", write_half_an_mp4, "not a media file, or damaged"),
        ("folder.wav", Path.mkdir, "is a folder"),
        ("a.wav", lambda path: None, "no such file"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, make, expected):
    path = tmp_path / name
    make(path)
    with pytest.raises(GraphcoreError, match=expected) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert "; " in str(caught.value)
