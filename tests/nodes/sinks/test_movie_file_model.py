"""What was written is decoded again: sound and picture in step, colours, gaps, and a writer that is killed."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise, product
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from PIL import Image

from avatar_nodes.sinks.movie_file_model import LAG_NS, WAIT_NS, MovieWriter
from avatar_nodes.sinks.movie_time_model import MOST_GAP_NS, GapError
from avatar_nodes.sinks.picture_track import FRAMES_BETWEEN_LOOKS

NS_PER_S = 1_000_000_000
SIZE = (48, 64, 3)
RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(60)]


class Decoded(NamedTuple):
    """A movie as a player sees it; times in seconds."""

    frames: list[NDArray[np.uint8]]  # RGB
    frame_times: list[float]
    sound: NDArray[np.float32]  # (samples, channels)
    sound_start: float
    sample_rate: int
    durations: dict[str, float]  # by kind of track, without AAC's priming
    metadata: dict[str, str]


def decode(path: Path) -> Decoded:
    frames: list[Any] = []
    chunks: list[Any] = []
    times: list[float] = []
    start, rate = 0.0, 0
    durations: dict[str, float] = {}
    packet: Any
    frame: Any
    with av.open(str(path)) as container:
        metadata = dict(container.metadata)
        for packet in container.demux():
            if packet.duration and packet.pts is not None:
                durations[packet.stream.type] = float((packet.pts + packet.duration) * packet.time_base)
            for frame in packet.decode():
                if packet.stream.type == "video":
                    frames.append(frame.to_ndarray(format="rgb24"))
                    times.append(float(frame.pts * frame.time_base))
                else:
                    start = start if chunks else float(frame.pts * frame.time_base)
                    rate = frame.sample_rate
                    chunks.append(frame.to_ndarray())
    sound = np.concatenate(chunks, axis=1).T if chunks else np.zeros((0, 1), np.float32)
    return Decoded(frames, times, sound, start, rate, durations, metadata)


def writer(path: Path, frame_rate: Fraction | int = 25, **encoding: Any) -> MovieWriter:
    return MovieWriter(path, Fraction(frame_rate), tags={"title": "test"}, **encoding)


def grey(level: int, size: tuple[int, int, int] = SIZE) -> NDArray[np.uint8]:
    return np.full(size, level, np.uint8)


def frame_time(index: int, frame_rate: Fraction) -> int:
    return index * NS_PER_S * frame_rate.denominator // frame_rate.numerator


def write_flash_and_click(path: Path, frame_rate: Fraction, sample_rate: int, channels: int) -> float:
    """A white frame and a click at one time, which is returned, in s; sound in chunks of 700 samples."""
    count, flash = int(frame_rate), int(frame_rate) // 2
    sound = np.zeros((sample_rate, channels), np.float32)
    click = round(flash * sample_rate / frame_rate)
    sound[click : click + max(2, sample_rate // 4000)] = 0.9
    events = [(frame_time(index, frame_rate), 0, index) for index in range(count)]
    events += [(start * NS_PER_S // sample_rate, 1, start) for start in range(0, len(sound), 700)]
    movie = writer(path, frame_rate)
    for timestamp, kind, index in sorted(events):
        if kind == 0:
            movie.add_picture(timestamp, grey(255 if index == flash else 0))
        else:
            movie.add_sound(timestamp, sound[index : index + 700], sample_rate)
    movie.finish()
    return float(flash / frame_rate)


@pytest.mark.parametrize(
    ("frame_rate", "sample_rate", "channels"),
    [*product(RATES, [16_000, 22_050, 44_100, 48_000], [1, 2]), (RATES[1], 37_800, 1), (RATES[1], 192_000, 2)],
    ids=str,
)
def test_flash_and_click_are_heard_and_seen_together(
    tmp_path: Path, frame_rate: Fraction, sample_rate: int, channels: int
) -> None:
    path = tmp_path / "flash.mp4"
    truth = write_flash_and_click(path, frame_rate, sample_rate, channels)
    movie = decode(path)
    flash = movie.frame_times[int(np.argmax([frame.mean() for frame in movie.frames]))]
    loud = np.abs(movie.sound[:, -1])
    click = movie.sound_start + int(np.flatnonzero(loud > 0.5 * loud.max())[0]) / movie.sample_rate
    assert movie.sound.shape[1] == channels
    assert flash == pytest.approx(truth, abs=1e-4)
    assert click == pytest.approx(flash, abs=0.002)
    assert movie.frame_times[0] == movie.sound_start == 0.0
    assert movie.durations["audio"] == pytest.approx(movie.durations["video"], abs=0.001)


def test_the_shorter_sound_is_prolonged_by_silence(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_sound(0, np.full((4800, 1), 0.5, np.float32), 48_000)
    for index in range(25):
        movie.add_picture(frame_time(index, Fraction(25)), grey(90))
    assert movie.finish() == 25
    seen = decode(tmp_path / "m.mp4")
    assert seen.durations == {"video": pytest.approx(1.0), "audio": pytest.approx(1.0, abs=0.001)}
    assert np.abs(seen.sound[9600:]).max() < 1e-3 < np.abs(seen.sound[:4000]).max()


def test_the_shorter_picture_holds_its_last_frame(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_picture(0, grey(40))
    movie.add_sound(0, np.zeros((48_010, 1), np.float32), 48_000)
    movie.add_picture(40_000_000, grey(200))
    assert movie.finish() == 26
    seen = decode(tmp_path / "m.mp4")
    assert [round(frame.mean() / 10) for frame in seen.frames] == [4] + [20] * 25
    assert seen.durations["audio"] == pytest.approx(1.04, abs=0.001)


def test_gaps_hold_the_frame_before_and_are_silent(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    tone = np.full((4800, 1), 0.5, np.float32)
    movie.add_picture(0, grey(40))
    movie.add_sound(0, tone, 48_000)
    movie.add_picture(200_000_000, grey(200))  # 1 to 4 are missing
    movie.add_sound(200_000_000, tone, 48_000)  # so are 100 ms
    movie.finish()
    seen = decode(tmp_path / "m.mp4")
    assert [round(frame.mean() / 10) for frame in seen.frames] == [4] * 5 + [20] * 3
    middle, late = seen.sound[6000:9000], seen.sound[10_500:13_500]
    assert np.abs(middle).mean() < 0.02 < 0.3 < np.abs(late).mean()


def test_what_comes_too_late_is_counted_and_left_out(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    for timestamp in (0, 1_000_000, 40_000_000):
        movie.add_picture(timestamp, grey(90))
    for timestamp in (0, 50_000_000, 100_000_000):
        movie.add_sound(timestamp, np.zeros((4800, 1), np.float32), 48_000)
    assert movie.finish() == 5
    assert movie.picture is not None
    assert movie.sound is not None
    assert (movie.picture.dropped, movie.sound.cut, movie.sound.samples) == (1, 4800, 9600)


def test_rounded_timestamps_leave_no_holes(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    for index in range(300):
        movie.add_sound(index * 333 * 1000 // 44_100 * 1_000_000, np.full((333, 1), 0.25, np.float32), 44_100)
    movie.finish()
    assert movie.sound is not None
    assert (movie.sound.samples, movie.sound.cut) == (300 * 333, 0)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_chunk_borders_mean_nothing(tmp_path: Path, sample_rate: int) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (sample_rate, 2)).astype(np.float32)
    heard = []
    for borders in ([], [1, 2, 1000], list(range(333, sample_rate, 333))):
        movie = writer(tmp_path / "m.mp4")
        for start, stop in pairwise([0, *borders, sample_rate]):
            movie.add_sound(start * NS_PER_S // sample_rate, sound[start:stop], sample_rate)
        movie.finish()
        heard.append(decode(tmp_path / "m.mp4").sound)
    np.testing.assert_array_equal(heard[0], heard[1])
    np.testing.assert_array_equal(heard[0], heard[2])


def test_a_movie_begins_with_what_comes_first(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_picture(10 * NS_PER_S, grey(90))
    movie.add_sound(10 * NS_PER_S + 400_000_000, np.full((4800, 1), 0.5, np.float32), 48_000)
    assert movie.finish() == 13
    sound = decode(tmp_path / "m.mp4").sound[:, 0]
    assert int(np.flatnonzero(np.abs(sound) > 0.25)[0]) / 48_000 == pytest.approx(0.4, abs=0.002)


def test_only_picture_and_only_sound(tmp_path: Path) -> None:
    silent, blind = writer(tmp_path / "silent.mp4"), writer(tmp_path / "blind.mp4")
    for index in range(5):
        silent.add_picture(frame_time(index, Fraction(25)), grey(90))
        blind.add_sound(index * NS_PER_S // 5, np.zeros((9600, 6), np.float32), 48_000)
    assert (silent.finish(), blind.finish()) == (5, 0)
    assert list(decode(tmp_path / "silent.mp4").durations) == ["video"]
    heard = decode(tmp_path / "blind.mp4")
    assert list(heard.durations) == ["audio"]
    assert heard.durations["audio"] == pytest.approx(1.0, abs=0.001)
    assert heard.sound.shape[1] == 1  # six channels are mixed into one


def test_a_track_that_lags_is_filled(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_picture(0, grey(90))
    movie.add_sound(0, np.zeros((480, 1), np.float32), 48_000)
    movie.add_picture(LAG_NS + NS_PER_S, grey(90))
    assert movie.sound is not None
    assert movie.sound.samples == 48_000
    movie.add_sound(2 * LAG_NS + 2 * NS_PER_S, np.zeros((480, 1), np.float32), 48_000)
    assert movie.picture is not None
    assert movie.picture.frames == 25 * (LAG_NS + 2 * NS_PER_S) // NS_PER_S
    movie.finish()


def test_a_far_time_is_refused_and_nothing_is_filled(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_picture(NS_PER_S, grey(90))
    movie.add_sound(NS_PER_S, np.zeros((48_000, 1), np.float32), 48_000)
    with pytest.raises(GapError, match=r"a frame at 80000\.000 s, after nothing since 2\.000 s;"):
        movie.add_picture(80_000 * NS_PER_S, grey(90))
    with pytest.raises(GapError, match="sound at 80000"):
        movie.add_sound(80_000 * NS_PER_S, np.zeros((480, 1), np.float32), 48_000)
    assert movie.finish() == 25


def test_a_gap_as_long_as_allowed_is_filled(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4", 1)
    movie.add_picture(0, grey(90))
    movie.add_picture(MOST_GAP_NS, grey(90))
    assert movie.finish() == 601


def test_a_gap_is_not_filled_on_when_the_run_is_cancelled(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4", tracks=1, cancelled=lambda: True)
    movie.add_picture(0, grey(90))
    movie.add_picture(MOST_GAP_NS, grey(200))
    assert movie.broken_off
    assert movie.finish() == 1 + FRAMES_BETWEEN_LOOKS
    assert decode(tmp_path / "m.mp4").frames[-1].mean() < 100


def test_a_track_that_comes_after_the_file_was_begun_is_refused(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_picture(0, grey(90))
    movie.add_picture(WAIT_NS, grey(90))
    with pytest.raises(ValueError, match=r"the sound begins 5\.5 s after the picture, expected within 5 s"):
        movie.add_sound(WAIT_NS + NS_PER_S // 2, np.zeros((480, 1), np.float32), 48_000)
    movie.finish()


def test_changes_of_format_are_refused(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_picture(0, grey(90))
    movie.add_sound(0, np.zeros((480, 1), np.float32), 48_000)
    with pytest.raises(ValueError, match="from 64x48 to 32x32 px"):
        movie.add_picture(40_000_000, grey(90, (32, 32, 3)))
    with pytest.raises(ValueError, match="from 48000 Hz, 1 channel to 16000 Hz, 2 channels"):
        movie.add_sound(10_000_000, np.zeros((480, 2), np.float32), 16_000)
    movie.finish()


def test_sound_that_no_encoder_takes_is_made_harmless(tmp_path: Path) -> None:
    movie = writer(tmp_path / "m.mp4")
    movie.add_sound(0, np.array([[np.nan], [np.inf], [-np.inf], [7.0]] * 3000, np.float32), 48_000)
    movie.finish()
    assert np.isfinite(decode(tmp_path / "m.mp4").sound).all()
    assert movie.sound is not None
    assert movie.sound.broken == 9000


@pytest.mark.parametrize("shape", [(48, 64, 1), (48, 64, 2), (48, 64, 5), (0, 64, 3), (48, 0, 4), (0, 0, 0)])
def test_what_is_no_picture_is_refused(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    movie = writer(tmp_path / "m.mp4")
    with pytest.raises(ValueError, match="expected RGB or RGBA"):
        movie.add_picture(0, np.zeros(shape, np.uint8))
    assert movie.empty
    movie.abandon()


@pytest.mark.parametrize(("channels", "rate"), [(0, 48_000), (1, 0), (1, -1)])
def test_what_is_no_sound_is_refused(tmp_path: Path, channels: int, rate: int) -> None:
    movie = writer(tmp_path / "m.mp4")
    with pytest.raises(ValueError, match="expected"):
        movie.add_sound(0, np.zeros((480, channels), np.float32), rate)
    assert movie.empty
    movie.abandon()


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (224, 172, 138), (90, 60, 45)]


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_come_back(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    movie = writer(tmp_path / "m.mp4", crf=10)
    movie.add_picture(0, np.full(SIZE, colour, np.uint8))
    movie.finish()
    with av.open(str(tmp_path / "m.mp4")) as container:
        frame = next(container.decode(video=0))
        tags = (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc)
        assert [int(tag) for tag in tags] == [6, 1, 1, 13]  # BT.601 matrix, studio range, BT.709 primaries, sRGB
        seen = frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0)
    assert np.abs(seen - colour).max() < 3.0


@pytest.mark.parametrize(("height", "width"), [(47, 63), (45, 64), (46, 61)])
def test_odd_sizes_become_even_by_repeating_the_edge(tmp_path: Path, height: int, width: int) -> None:
    colour = (200, 120, 60)
    movie = writer(tmp_path / "m.mp4", crf=10)
    movie.add_picture(0, np.full((height, width, 3), colour, np.uint8))
    movie.finish()
    frame = decode(tmp_path / "m.mp4").frames[0]
    assert frame.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(frame.astype(int) - colour).max() < 5


def test_a_photo_comes_back_without_a_shift_of_colour(tmp_path: Path) -> None:
    with Image.open(str(get_sample_data("grace_hopper.jpg", asfileobj=False))) as picture:
        photo = np.asarray(picture.convert("RGB"))[:400, :400]
    movie = writer(tmp_path / "m.mp4", crf=10)
    movie.add_picture(0, photo)
    movie.finish()
    difference = decode(tmp_path / "m.mp4").frames[0].astype(float) - photo
    assert np.abs(difference.mean(axis=(0, 1))).max() < 2.0  # swscale decodes 1 to 1.4 too dark
    assert 10 * np.log10(255**2 / np.mean(difference**2)) > 36.0


def test_alpha_is_composed_over_the_background(tmp_path: Path) -> None:
    pixels = np.zeros((48, 64, 4), np.uint8)
    pixels[:, :, 0] = 255
    pixels[:, 16:32, 3], pixels[:, 32:, 3] = 128, 255
    movie = writer(tmp_path / "m.mp4", crf=5, background=(0, 0, 200))
    movie.add_picture(0, pixels)
    movie.finish()
    row = decode(tmp_path / "m.mp4").frames[0][24].astype(int)
    for column, expected in ((6, (0, 0, 200)), (24, (128, 0, 100)), (56, (255, 0, 0))):
        assert np.abs(row[column] - expected).max() < 8


def test_the_same_frames_give_the_same_picture(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, *SIZE), np.uint8)
    seen = []
    for name in ("one.mp4", "two.mp4"):
        movie = writer(tmp_path / name)
        for index, pixels in enumerate(noise):
            movie.add_picture(frame_time(index, Fraction(25)), pixels)
        movie.finish()
        seen.append(np.stack(decode(tmp_path / name).frames))
    np.testing.assert_array_equal(seen[0], seen[1])


KILLED = """
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from avatar_nodes.sinks.movie_file_model import MovieWriter

writer = MovieWriter(Path(sys.argv[1]), Fraction(25), tags={})
noise = np.random.default_rng(0).integers(0, 255, (10, 64, 64, 3), np.uint8)
for index in range(250):
    writer.add_sound(index * 40_000_000, np.zeros((1920, 1), np.float32), 48_000)
    writer.add_picture(index * 40_000_000, noise[index % 10])
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_writer_leaves_what_it_wrote(tmp_path: Path) -> None:
    path = tmp_path / "talk.partial.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
        child.kill()
    movie = decode(path)
    assert len(movie.frames) > 225
    assert len(movie.sound) > 0.9 * 480_000
