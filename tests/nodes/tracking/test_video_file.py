"""A small film is written and read again: pictures, their times, and what is wrong with other files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avatar_nodes.tracking.video_file_model import VideoFileError, read_video, sound_lead


def write_film(path: Path, times: list[Fraction], sound_at: Fraction | None = None) -> None:
    """Grey pictures that get lighter, at `times` s; silence of half a second from `sound_at` on."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        sound = None if sound_at is None else container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for i, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * i, np.uint8), format="rgb24")
            frame.pts, frame.time_base = int(time * 1000), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound is not None and sound_at is not None:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = 16000, int(sound_at * 16000), Fraction(1, 16000)
            container.mux(sound.encode(samples))
            container.mux(sound.encode())


def test_pictures_come_in_order_with_their_own_times(tmp_path: Path) -> None:
    times = [Fraction(n, 100) for n in (0, 4, 8, 20, 24)]  # a gap, as cameras leave them
    write_film(tmp_path / "film.mkv", times)
    pictures = list(read_video(tmp_path / "film.mkv"))
    np.testing.assert_allclose([picture.seconds for picture in pictures], [float(time) for time in times], atol=1e-3)
    levels = [float(picture.pixels.mean()) for picture in pictures]
    assert levels == sorted(levels)
    assert pictures[0].pixels.shape == (48, 64, 3)


def test_time_zero_is_the_first_picture(tmp_path: Path) -> None:
    write_film(tmp_path / "late.mkv", [Fraction(n, 100) for n in (8, 12, 16)])
    assert [round(picture.seconds, 3) for picture in read_video(tmp_path / "late.mkv")] == [0.0, 0.04, 0.08]


@pytest.mark.parametrize(("picture_at", "sound_at", "lead"), [(8, 0, 0.08), (0, 12, -0.12), (0, 0, 0.0)])
def test_sound_may_start_before_or_after(tmp_path: Path, picture_at: int, sound_at: int, lead: float) -> None:
    times = [Fraction(picture_at + n, 100) for n in (0, 4, 8)]
    write_film(tmp_path / "film.mkv", times, Fraction(sound_at, 100))
    assert sound_lead(tmp_path / "film.mkv") == pytest.approx(lead, abs=2e-3)


def test_a_file_without_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no film")
    with pytest.raises(VideoFileError, match=r"words\.txt"):
        list(read_video(tmp_path / "words.txt"))
    with pytest.raises(VideoFileError, match=r"gone\.mp4"):
        list(read_video(tmp_path / "gone.mp4"))
