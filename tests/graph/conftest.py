"""Small real nodes, and a graph's text turned into a graph or into its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from numpy.typing import NDArray

from graphcore import GraphError, Input, Node, Output, Param, Shape, Source, payload
from graphcore.graph.check import check
from graphcore.graph.load import load_text
from graphcore.graph.spec import Graph
from graphcore.plugins import Registry


@payload
class Sound:
    """Sound."""

    samples: Annotated[NDArray[np.float32], Shape("samples")]


@payload
class Speech(Sound):
    """Sound that is speech."""


@payload
class Look:
    """A direction."""

    yaw: float

    def between(self, other: Look, weight: float) -> Look:
        """This at weight 0, the other at weight 1."""
        return Look(self.yaw + (other.yaw - self.yaw) * weight)


@payload
class Picture:
    """A picture."""

    pixels: Annotated[NDArray[np.uint8], Shape("height", "width", 3)]


class Speak(Source):
    """Speaks a text."""

    sound = Output(Speech)
    words = Param(type=str, doc="what to say")
    speed = Param[int | None](None, ge=1, le=9)
    loops = Param(False)

    def produce(self) -> Iterator[None]:
        yield


class Looker(Source):
    """Looks around, and hums."""

    look = Output(Look)
    hum = Output(Sound)

    def produce(self) -> Iterator[None]:
        yield


class Gain(Node):
    """Scales loudness.

    In dB.
    """

    audio = Input(Sound)
    scaled = Output(Sound)
    gain_db = Param(0.0, ge=-60.0, le=24.0, unit="dB", live=True, doc="how much louder")

    def process(self, audio: Sound) -> None:
        self.scaled.send(audio)


class Mix(Node):
    """Adds two sounds."""

    first = Input(Sound)
    second = Input(Sound, default=None)
    mixed = Output(Sound)

    def process(self, first: Sound, second: Sound | None) -> None:
        self.mixed.send(first)


class Merge(Node):
    """Takes every sound by itself."""

    one = Input(Sound, align="each")
    other = Input(Sound, align="each")
    merged = Output(Sound)

    def process(self, one: Sound | None, other: Sound | None) -> None: ...


class Painter(Node):
    """Paints what it hears."""

    own_thread = True

    sound = Input(Sound)
    look = Input(Look, follows=True, default=Look(0.0))
    past = Input(Look, follows=True, window_ms=200)
    frames = Output(Picture)
    photo = Param.file_in()
    style = Param("oil", choices=("oil", "ink"))
    size = Param((512, 512), ge=16)

    def process(self, sound: Sound, look: Look, past: Sequence[Look]) -> None: ...


class Save(Node):
    """Writes pictures."""

    picture = Input(Picture)
    path = Param.file_out()

    def process(self, picture: Picture) -> None: ...


class Tap(Node):
    """Writes sound, and reads its own settings from nothing."""

    audio = Input(Sound)
    path = Param.file_out("tap.wav")

    def process(self, audio: Sound) -> None: ...


TYPES = (Speak, Looker, Gain, Mix, Merge, Painter, Save, Tap)

TALK = """\
frame_rate: 25
seed: 7
nodes:
  voice: {type: speak, params: {words: hello}}
  eyes:  {type: looker}
  louder:
    type: gain
    params: {gain_db: 6}
    inputs: {audio: voice.sound}
  art:
    type: painter
    params: {photo: photo.png}
    inputs:
      sound: louder.scaled
      look: {from: eyes.look, align: interpolate}
  movie: {type: save, params: {path: out.mp4}, inputs: {picture: art.frames}}
"""


@pytest.fixture
def registry() -> Registry:
    return Registry(types={one.type_name: one for one in TYPES}, origins={one.type_name: "parts" for one in TYPES})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a test; it holds a photo."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(b"photo")
    return tmp_path


@pytest.fixture
def talk() -> str:
    """A whole graph without mistakes."""
    return TALK


@pytest.fixture
def checked(registry: Registry) -> Callable[..., Graph]:
    def run(text: str, **overrides: str) -> Graph:
        return check(
            load_text(text, "g.yaml", {key.replace("__", "."): one for key, one in overrides.items()}), registry
        )

    return run


@pytest.fixture
def mistakes(checked: Callable[..., Graph]) -> Callable[..., list[str]]:
    def run(text: str, **overrides: str) -> list[str]:
        with pytest.raises(GraphError) as caught:
            checked(text, **overrides)
        return [str(one) for one in caught.value.mistakes]

    return run
