"""Bad worlds: small sounds and photos, a plugin that sends pictures without end, and the real command line."""

from __future__ import annotations

import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from PIL import Image

from graphcore.cli.main import main

BARS = '''
import sys
import threading
import numpy as np
from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Output, Node, Input, Param, Source, hookimpl, timestamp_of


class Bars(Source):
    """Noisy pictures and silence, without end; says when it has sent some."""

    frames = Output(VideoFrame)
    audio = Output(AudioChunk)
    say_at = Param(100)

    def produce(self):
        noise = self.context.rng.integers(0, 255, (8, 128, 128, 3), dtype=np.uint8)
        index = 0
        while True:
            self.frames.send(VideoFrame(noise[index % 8].copy()), timestamp=timestamp_of(index, 25))
            self.audio.send(AudioChunk(np.zeros((640, 1), np.float32), 16000), timestamp=timestamp_of(index, 25))
            index += 1
            if index == self.say_at:
                print("sent", file=sys.stderr, flush=True)
            yield


class Hang(Node):
    """Never returns."""

    video = Input(VideoFrame)

    def process(self, video):
        print("hanging", file=sys.stderr, flush=True)
        threading.Event().wait()


@hookimpl
def register_nodes():
    return [Bars, Hang]
'''

GRAPH = """\
nodes:
  bars: {type: bars}
  movie: {type: movie_file, params: {path: bars.mp4}, inputs: {video: bars.frames, audio: bars.audio}}
"""


@dataclass
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with half a second of a hum and the bars; movies are signed with a key of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("GRAPHCORE_TRACEBACK", raising=False)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "bars.py").write_text(BARS)
    (tmp_path / "bars.yaml").write_text(GRAPH)
    times = np.arange(8000) / 16000
    write_wav(tmp_path / "hum.wav", 0.3 * np.sin(2 * np.pi * 150 * times))
    return tmp_path


@pytest.fixture
def graphcore(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `graphcore ARGUMENTS...` in this process; what native libraries print is caught, too."""

    def run(*arguments: str) -> Answer:
        code = main(arguments)
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `graphcore run ARGUMENTS...` with the bars as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, prepare: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())", "run"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*command, *arguments, "--plugins", "more"],
            stdout=pipe, stderr=pipe, text=True, preexec_fn=prepare,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def grace(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    """A photo with a face."""
    with Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)) as photo:
        return photo.convert("RGB")


def write_wav(path: Path, samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """Mono, 16 bit, 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
