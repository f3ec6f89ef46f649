"""A film is played: pictures at their own times, and the sound that belongs to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_nodes.tracking.video_file import VideoFile
from films import RATE, grey, write_film
from graphcore import GraphcoreError
from graphcore.testing import Result, run_node

MS = 1_000_000


def play(path: Path, **params: object) -> Result:
    return run_node(VideoFile, params={"path": path, **params})


def test_pictures_keep_their_times_and_sound_comes_beside_them(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mkv", grey([0, 50, 100, 150]), [0, 0.04, 0.12, 0.16], sound_at=0, sound_s=0.2)
    result = play(tmp_path / "a.mkv")
    frames, audio = result.outputs["frames"], result.outputs["audio"]
    assert [packet.timestamp for packet in frames] == [0, 40 * MS, 120 * MS, 160 * MS]
    assert [round(float(packet.payload.pixels.mean()), -1) for packet in frames] == [0, 50, 100, 150]
    assert [packet.timestamp for packet in audio] == [i * 20 * MS for i in range(10)]
    assert sum(len(packet.payload.samples) for packet in audio) == RATE // 5
    assert result.losses == []


@pytest.mark.parametrize(("picture_at", "sound_at"), [(0.0, 0.1), (0.1, 0.0)])
def test_sound_and_picture_stay_together(tmp_path: Path, picture_at: float, sound_at: float) -> None:
    """The tone begins 100 ms after the first picture, or has begun already."""
    write_film(tmp_path / "a.mkv", grey([0, 0, 0]), [picture_at + 0.04 * n for n in range(3)], sound_at, sound_s=0.3)
    packets = play(tmp_path / "a.mkv").outputs["audio"]
    heard = np.zeros(RATE)
    for packet in packets:
        first = packet.timestamp * RATE // 1_000_000_000
        heard[first : first + len(packet.payload.samples)] = packet.payload.samples[:, 0]
    (sounding,) = np.nonzero(np.abs(heard) > 0.01)
    begins, ends = max(sound_at - picture_at, 0.0), sound_at - picture_at + 0.3
    assert (sounding[0] / RATE, sounding[-1] / RATE) == pytest.approx((begins, ends), abs=0.002)


def test_a_silent_film_is_told_and_played(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", grey([0, 100]), [0, 0.04])
    result = play(tmp_path / "a.mp4", largest=64)
    assert len(result.outputs["frames"]) == 2
    assert result.outputs["audio"] == []
    assert "there is no sound in it: only its pictures are sent" in " ".join(result.notices)


@pytest.mark.parametrize(("content", "said"), [(b"no film", r"words\.txt: cannot be read"), (None, "cannot be read")])
def test_what_is_no_film_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(GraphcoreError, match=said):
        play(tmp_path / "words.txt")
