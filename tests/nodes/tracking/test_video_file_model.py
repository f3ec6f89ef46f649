"""A small film is written and read again: pictures, their times, and what is wrong with other files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.tracking.video_file_model import VideoFileError, VideoPictures, read_video, sound_lead
from films import grey, write_film


def levels(times: list[Fraction]) -> list[NDArray[np.uint8]]:
    """Pictures that get lighter."""
    return grey([20 * index for index in range(len(times))])


def test_pictures_come_in_order_with_their_own_times(tmp_path: Path) -> None:
    times = [Fraction(n, 100) for n in (0, 4, 8, 20, 24)]  # a gap, as cameras leave them
    write_film(tmp_path / "film.mkv", levels(times), times)
    pictures = list(read_video(tmp_path / "film.mkv"))
    np.testing.assert_allclose([picture.seconds for picture in pictures], [float(time) for time in times], atol=1e-3)
    seen = [float(picture.pixels.mean()) for picture in pictures]
    assert seen == sorted(seen)
    assert pictures[0].pixels.shape == (48, 64, 3)


def test_time_zero_is_the_first_picture(tmp_path: Path) -> None:
    times = [Fraction(n, 100) for n in (8, 12, 16)]
    write_film(tmp_path / "late.mkv", levels(times), times)
    assert [round(picture.seconds, 3) for picture in read_video(tmp_path / "late.mkv")] == [0.0, 0.04, 0.08]


@pytest.mark.parametrize(("picture_at", "sound_at", "lead"), [(8, 0, 0.08), (0, 12, -0.12), (0, 0, 0.0)])
def test_sound_may_start_before_or_after(tmp_path: Path, picture_at: int, sound_at: int, lead: float) -> None:
    times = [Fraction(picture_at + n, 100) for n in (0, 4, 8)]
    write_film(tmp_path / "film.mkv", levels(times), times, Fraction(sound_at, 100))
    assert sound_lead(tmp_path / "film.mkv") == pytest.approx(lead, abs=2e-3)


def test_a_file_without_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("no film")
    with pytest.raises(VideoFileError, match=r"words\.txt"):
        list(read_video(tmp_path / "words.txt"))
    with pytest.raises(VideoFileError, match=r"gone\.mp4"):
        list(read_video(tmp_path / "gone.mp4"))


def test_larger_pictures_are_shrunk(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mkv", grey([50], 120, 200), [Fraction(0)])
    video = VideoPictures(tmp_path / "film.mkv", largest=100)
    assert [picture.pixels.shape for picture in video.pictures()] == [(60, 100, 3)]
    video.close()


def test_damaged_packets_are_left_out_and_told(tmp_path: Path) -> None:
    times = [Fraction(n, 25) for n in range(30)]
    rng = np.random.default_rng(0)
    write_film(tmp_path / "film.mkv", [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in times], times)
    whole = (tmp_path / "film.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    video = VideoPictures(tmp_path / "cut.mkv")
    assert 5 < len(list(video.pictures())) < 30
    video.close()


@pytest.mark.parametrize("content", [b"", b"\x00" * 200])
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "film.mp4").write_bytes(content)
    with pytest.raises(VideoFileError, match=r"film\.mp4"):
        VideoPictures(tmp_path / "film.mp4")
