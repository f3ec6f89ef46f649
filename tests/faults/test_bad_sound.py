"""Sounds that cannot be heard: one clear message, and nothing that was made before is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

Graphcore = Callable[..., Any]


def copy(graphcore: Graphcore, sound: str, *more: str) -> Any:
    """`graphs/louder.yaml` of this sound."""
    return graphcore("run", "louder", f"--set=speech.path={sound}", "--set=copy.path=copy.wav", *more)


def wav_of(folder: Path, name: str, samples: int) -> None:
    header = (folder / "hum.wav").read_bytes()[:40]
    body = b"\0\0" * samples
    riff = (36 + len(body)).to_bytes(4, "little")
    (folder / name).write_bytes(header[:4] + riff + header[8:] + len(body).to_bytes(4, "little") + body)


def make_bad(folder: Path, kind: str) -> str:
    name = f"{kind}.wav"
    if kind == "empty":
        wav_of(folder, name, 0)
    elif kind == "nothing":
        (folder / name).write_bytes(b"")
    elif kind == "text":
        (folder / name).write_text("not a sound at all\n" * 50)
    elif kind == "noise":
        (folder / name).write_bytes(np.random.default_rng(0).bytes(5000))
    else:
        name = "mute.mp4"
        with av.open(name, "w") as container:
            stream = container.add_stream("libx264", 25)
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            for _ in range(5):
                picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
    return name


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("empty", "its sound is empty (zero samples)"),
        ("nothing", "is empty (0 bytes); expected wav, flac"),
        ("text", "not a media file, or damaged (Invalid data found when processing input); expected wav, flac"),
        ("noise", "not a media file, or damaged"),
        ("mute", "there is no sound in it; give a file with a sound track"),
    ],
)
def test_a_file_without_sound_is_told_in_one_line(folder: Path, graphcore: Graphcore, kind: str, expected: str) -> None:
    name = make_bad(folder, kind)
    (folder / "copy.wav").write_bytes(b"old")
    answer = copy(graphcore, name)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith(f"error: speech: {folder / name}: ")
    assert expected in answer.err
    assert answer.err.count("\n") == 1
    assert (folder / "copy.wav").read_bytes() == b"old"
    assert not list(folder.glob("*partial*")) + list(folder.glob(".*partial*"))


def test_silence_is_a_sound_and_is_remarked(folder: Path, graphcore: Graphcore) -> None:
    wav_of(folder, "silent.wav", 1600)
    answer = copy(graphcore, "silent.wav")
    assert answer.code == 0
    assert answer.err == "note: speech: silent.wav: the sound is silent from beginning to end\n"
    assert answer.out.startswith(f"{folder / 'copy.wav'}: 1600 samples, ")


def test_a_missing_sound_is_a_mistake_with_the_nearest_name(folder: Path, graphcore: Graphcore) -> None:
    answer = copy(graphcore, "hun.wav")
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "there is no file" in answer.err
    assert "did you mean 'hum.wav'?" in answer.err


def test_a_name_that_is_not_utf8_is_a_mistake(folder: Path, graphcore: Graphcore) -> None:
    answer = copy(graphcore, "h\udcffm.wav", "--set=copy.path=c\udcffpy.wav")
    assert answer.code == 2
    assert answer.err.count("is not UTF-8 text; expected a file name in UTF-8") == 2
    assert "Traceback" not in answer.err
