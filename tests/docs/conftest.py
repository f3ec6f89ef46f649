"""A folder like the one a reader sits in: the graphs, the plugin, and small files called me.something."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from avatar_nodes.audio.text_to_speech import TextToSpeech
from graphcore.testing import run_node

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`me.jpg`, `you.jpg`, `me.wav`, `me.mp3` and `clip.mp4`: portraits, a word, and a face that shakes."""
    folder = tmp_path_factory.mktemp("me")
    portrait = files("matplotlib").joinpath("mpl-data", "sample_data", "grace_hopper.jpg")
    for name in ("me.jpg", "you.jpg"):
        (folder / name).write_bytes(portrait.read_bytes())
    _speak("Yes.", folder / "me.wav", folder / "me.mp3")
    _write_video(folder / "videos" / "me.mp4", folder / "me.jpg")
    shutil.copy(folder / "videos" / "me.mp4", folder / "clip.mp4")
    _write_recordings(folder / "recordings")
    return folder


def _write_video(path: Path, portrait: Path) -> None:
    """Two seconds of a face that shakes, with noise."""
    path.parent.mkdir()
    with Image.open(portrait) as photo:
        pixels = np.asarray(photo.convert("RGB").resize((320, 372)))
    with av.open(str(path), "w") as movie:
        picture = movie.add_stream("libx264", rate=25)
        sound = movie.add_stream("aac", rate=16_000, layout="mono")
        picture.height, picture.width = pixels.shape[:2]
        for index in range(50):
            movie.mux(picture.encode(av.VideoFrame.from_ndarray(np.roll(pixels, index % 4, axis=1))))
        noise = np.random.default_rng(0).normal(0, 0.1, (1, 32_000)).astype(np.float32)
        heard = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        heard.sample_rate = 16_000
        movie.mux([*sound.encode(heard), *picture.encode(None), *sound.encode(None)])


def _write_recordings(folder: Path) -> None:
    """One recording, and what is said in it, as both tools read it."""
    said = "Hello my friend, this is a very nice day."
    (folder / "speech").mkdir(parents=True)
    _speak(said, folder / "speech" / "day.wav", voice="en-us+klatt4")  # one that the judge understands well
    (folder / "transcripts.csv").write_text(f'file,text\nspeech/day.wav,"{said}"\n')
    (folder / "texts.txt").write_text(f"day: {said}\n")


def _speak(text: str, *paths: Path, voice: str = "en-us") -> None:
    params = {"text": text, "voice": voice, "lead_in_s": 0.0, "lead_out_s": 0.0}
    spoken = run_node(TextToSpeech, params=params).outputs["audio"]
    samples = np.concatenate([packet.payload.samples for packet in spoken])
    for path in paths:
        soundfile.write(path, samples, spoken[0].payload.sample_rate)


@pytest.fixture
def reader(small_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of somebody who follows a page."""
    shutil.copytree(small_files, tmp_path, dirs_exist_ok=True)
    (tmp_path / "nodes" / "avatar_nodes" / "weights").mkdir(parents=True)
    (tmp_path / "book.txt").write_text("Maybe five brave women paved a path. This is a very small book. It is enough.")
    for name in ("graphs", "plugins"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GRAPHCORE_TRACEBACK", raising=False)
    return tmp_path
