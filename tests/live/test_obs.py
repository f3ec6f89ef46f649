"""obs_stream in a real OBS: transparency, lips and sound together, and a graph that dies."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from live.obs_fixtures import Obs

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

PLUGIN = '''
"""A square that flashes once a second, in the middle of nothing, and a beep with it."""

import numpy as np

from avatar_nodes.payloads import AudioChunk, VideoFrame
from graphcore import Output, Source, hookimpl, timestamp_of

SIZE, RATE, CHUNK, EVERY_NS, FLASH_NS = 256, 16000, 640, 1_040_000_000, 120_000_000


class FlashAndBeep(Source):
    """Flash and beep every 1.04 s, for 120 ms: not always between the same two frames of OBS."""

    frames = Output(VideoFrame, doc="a square, opaque")
    sound = Output(AudioChunk, doc="1 kHz")

    def produce(self):
        pictures = np.zeros((2, SIZE, SIZE, 4), np.uint8)
        pictures[:, 64:192, 64:192, 3] = 255
        pictures[1, 64:192, 64:192, :3] = 255
        tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(CHUNK) / RATE).astype(np.float32)
        index = 0
        while True:
            time = timestamp_of(index, 25)
            flash = int(time % EVERY_NS < FLASH_NS)
            self.frames.send(VideoFrame(pictures[flash]), timestamp=time)
            self.sound.send(AudioChunk(flash * tone[:, None], RATE), timestamp=time)
            index += 1
            yield


@hookimpl
def register_nodes():
    return [FlashAndBeep]
'''
GRAPH = """\
frame_rate: 25
nodes:
  square: {type: flash_and_beep}
  obs: {type: obs_stream, params: {mark: false}, inputs: {video: square.frames, audio: square.sound}}
"""
FACE = """\
frame_rate: 25
nodes:
  speech:
    type: text_to_speech
    params:
      text: >-
        One, two, three, four, five, six, seven, eight, nine, ten. And once more, so that there is time to look: one,
        two, three, four, five, six, seven, eight, nine, ten.
  features: {type: speech_features, inputs: {audio: speech.audio}}
  motion:   {type: vowel_lip_sync, inputs: {speech: features.speech, phones: speech.phones}}
  face:
    type: latent_renderer
    params:
      portrait: "package:matplotlib/mpl-data/sample_data/grace_hopper.jpg"
      size: 256
      background: transparent
    inputs: {motion: motion.motion}
  playout:  {type: playout, inputs: {video: face.frames, audio: speech.audio}}
  obs:      {type: obs_stream, inputs: {video: playout.frames, audio: playout.sound}}
"""
SECONDS = 8  # of a recording


@pytest.fixture
def graph(tmp_path: Path) -> list[str]:
    """What is given to `graphcore run`."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "flash.py").write_text(PLUGIN)
    (tmp_path / "flash.yaml").write_text(GRAPH)
    return ["flash.yaml", "--live", "--plugins", "more"]


def opaque(picture: NDArray[np.uint8]) -> bool:
    """Whether the square is there."""
    return bool(picture[128, 128, 3] == 255)


def test_the_face_arrives_cut_out_and_it_speaks(obs: Obs, tmp_path: Path) -> None:
    (tmp_path / "face.yaml").write_text(FACE)
    obs.run("face.yaml", "--live", cwd=tmp_path)
    obs.add_stream()
    first = obs.await_picture(opaque)
    assert first[:16, :16, 3].max() == 0  # of RGBA, the upper left corner
    assert first[96:224, 96:160, 3].min() == 255  # the face, and the chest below it
    obs.await_picture(lambda seen: bool(np.abs(mouth(seen) - mouth(first)).mean() > 3))


def mouth(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The lower half of the face."""
    return picture[130:180, 96:160, :3].astype(np.float32)


def test_a_graph_that_was_killed_is_back_within_three_seconds(obs: Obs, graph: list[str], tmp_path: Path) -> None:
    running = obs.run(*graph, cwd=tmp_path)
    obs.add_stream()
    obs.await_picture(opaque)
    took = []
    for _ in range(3):
        running.kill()
        running.wait()
        obs.await_picture(lambda picture: not opaque(picture))  # OBS clears what has ended
        begun = time.monotonic()
        running = obs.run(*graph, cwd=tmp_path)
        obs.await_picture(opaque)
        took.append(time.monotonic() - begun)
    said = f"from the start of the new process to the picture: {', '.join(f'{each:.2f} s' for each in took)}"
    print(said)  # noqa: T201 (a figure, for `pytest -s`)
    assert statistics.median(took) < 3.0, said


def test_picture_and_sound_are_recorded_together(obs: Obs, graph: list[str], tmp_path: Path) -> None:
    obs.run(*graph, cwd=tmp_path)
    obs.add_stream()
    obs.await_picture(opaque)
    time.sleep(2.0)  # OBS settles its buffers when a source begins
    offsets = offsets_s(obs.record(SECONDS))
    if obs.lost > 0.05:
        pytest.skip(f"this machine is too busy: OBS lost {obs.lost:.0%} of its own frames")
    assert len(offsets) >= SECONDS - 2, f"{len(offsets)} flashes with a beep in {SECONDS} s"
    median_ms, worst_ms = 1000 * statistics.median(offsets), 1000 * max(offsets, key=abs)
    said = f"sound after picture: {median_ms:+.0f} ms (median), {worst_ms:+.0f} ms (worst), of {len(offsets)}"
    print(said)  # noqa: T201 (a figure, for `pytest -s`)
    assert abs(median_ms) <= 20, said


def offsets_s(film: Path) -> list[float]:
    """How long after each flash its beep is heard."""
    brightness, loudness = [], []
    with av.open(str(film)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                brightness.append((frame.time, frame.to_ndarray(format="gray").max() / 255))
            else:
                levels = np.abs(frame.to_ndarray()).max(axis=0)
                loudness += [(frame.time + index / frame.sample_rate, level) for index, level in enumerate(levels)]
    flashes, beeps = starts(brightness, 0.5), starts(loudness, 0.05)
    return [min((beep - flash for beep in beeps), key=abs) for flash in flashes if beeps]


def starts(levels: list[tuple[float, float]], above: float) -> list[float]:
    """When a level rises above a value where it was not for half a second."""
    found, last = [], -1.0
    for time_s, level in levels:
        if level > above:
            if time_s - last > 0.5:
                found.append(time_s)
            last = time_s
    return [time_s for time_s in found if time_s > 0.5]  # the recording may begin in the middle of one
