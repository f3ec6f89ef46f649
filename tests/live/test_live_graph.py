"""`graphs/live.yaml` as it is shipped: somebody speaks into a virtual microphone, and viewers see and hear a face."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from avatar_nodes.audio.text_to_speech import TextToSpeech
from avatar_nodes.payloads import EXPRESSION_INDEX
from graphcore import Packet, Run, check
from graphcore.graph.load import load_text
from graphcore.plugins import find_nodes
from graphcore.testing import run_node
from live.pulse_fixtures import Pulse, live_run, skip_without_pulse, wait_until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

GRAPH = Path(__file__).parents[2] / "graphs" / "live.yaml"
LOUD = 0.02  # of the sound, root mean square
MOUTH = (slice(150, 200), slice(98, 158))  # of the photo at 256 px


@dataclass
class Viewer:
    """Looks at obs_stream until it ends: what was seen and heard, with media times in s."""

    port: int
    times: list[float] = field(default_factory=list)
    corners: list[int] = field(default_factory=list)  # alpha
    mouths: list[Any] = field(default_factory=list)
    sound: list[tuple[float, Any]] = field(default_factory=list)

    def look(self) -> None:
        """On a thread of its own."""
        with av.open(f"tcp://127.0.0.1:{self.port}", format="nut", options={"probesize": "4096"}) as stream:
            for frame in stream.decode():
                if isinstance(frame, av.VideoFrame):
                    pixels = frame.to_ndarray()
                    self.times.append(float(frame.time or 0.0))
                    self.corners.append(int(pixels[0, 0, 3]))
                    self.mouths.append(pixels[MOUTH][..., :3].astype(np.float32))
                else:
                    self.sound.append((float(frame.time or 0.0), frame.to_ndarray().astype(np.float32) / 32768))

    def loudness_at(self, seconds: float) -> float:
        """Of the 40 ms from there on."""
        near = [samples for at, samples in self.sound if seconds <= at < seconds + 0.04]
        return float(np.sqrt(np.mean(np.concatenate(near, axis=1) ** 2))) if near else 0.0


def free_port() -> int:
    """One that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulse]:
    skip_without_pulse()
    made = Pulse(tmp_path_factory.mktemp("pa"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some words."""
    words = run_node(TextToSpeech, params={"text": "Far away, a large dog barks at the dark water."})
    chunks = [packet.payload for packet in words.outputs["audio"]]
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(path, np.concatenate([chunk.samples for chunk in chunks]), chunks[0].sample_rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("motion", ["motion_diffusion", "vowel_lip_sync"])
def test_who_speaks_into_the_microphone_is_seen_and_heard(
    pulse: Pulse, speech: Path, motion: str, tmp_path: Path
) -> None:
    viewer = Viewer(free_port())
    text = GRAPH.read_text(encoding="utf-8").replace("motion_diffusion", motion).replace("size: 512", "size: 256")
    text = text.replace("type: obs_stream,", f"type: obs_stream, params: {{port: {viewer.port}}},")
    text = text.replace("type: browser_view,", "type: browser_view, params: {port: 0},")
    text = text.replace("path: out/live.mp4", "path: out/live.mp4, recording: true")
    with live_run(text, tmp_path, pulse.environment) as run:
        looking = threading.Thread(target=viewer.look)
        looking.start()
        wait_until(lambda: bool(viewer.times) and bool(viewer.sound))
        pulse.say(speech)
        run.go_on(1.0)
        stats = run.stats["nodes"]
    looking.join(20)
    assert set(viewer.corners) == {0}, "nothing stands behind the person"
    told_apart(viewer)
    assert stats["playout"]["counts"]["sound delay ms"] > 0
    with av.open(str(tmp_path / "out" / "live-1.mp4")) as movie:
        assert {stream.type for stream in movie.streams} == {"video", "audio"}


def told_apart(viewer: Viewer) -> None:
    """Where there is sound, the mouth moves; where there is none, it rests."""
    moved = [float(np.abs(after - before).mean()) for before, after in pairwise(viewer.mouths)]
    loud = [viewer.loudness_at(at) > LOUD for at in viewer.times[1:]]
    assert sum(loud) > 20, "nothing was heard"
    speaking = np.mean([change for change, is_loud in zip(moved, loud, strict=True) if is_loud])
    silent = np.median([change for change, is_loud in zip(moved, loud, strict=True) if not is_loud])
    assert speaking > 1.5 * silent, (speaking, silent)  # the head moves, too


def test_an_interrupt_stills_lips_and_sound_until_more_is_said(tmp_path: Path) -> None:
    said = " ".join(["My mother may bring a large apple pie."] * 20)
    voice = f'{{type: text_to_speech, params: {{text: "{said}", wait_for_lines: true}}}}'
    text = GRAPH.read_text(encoding="utf-8").replace("{type: microphone}", voice).replace("size: 512", "size: 256")
    settings = {"obs.port": "0", "page.port": "0", "recorder.path": str(tmp_path / "live.mp4")}
    run = Run(check(load_text(text, overrides=settings), find_nodes()), live=True)
    faces: list[Packet] = []
    sound: list[Packet] = []
    run.tap("motion", "motion", faces.append)
    run.tap("playout", "sound", sound.append)
    run.start()
    wait_until(lambda: bool(faces) and jaw(faces[-1]) > 0.1)
    before, now = len(faces), run.clock.now()
    run.interrupt()
    wait_until(lambda: len(faces) > before + 25)
    assert max(jaw(face) for face in faces[before + 3 : before + 25]) < 0.02  # one may have been on its way
    later = [packet.payload.samples for packet in sound if packet.timestamp > now + 100_000_000]
    assert later
    assert max(float(np.abs(samples).max()) for samples in later) == 0.0
    run.set("microphone", "line", said)
    after = len(faces)
    wait_until(lambda: max(jaw(face) for face in faces[after:] or faces[-1:]) > 0.1)
    run.stop()
    assert run.wait(20)


def jaw(face: Packet) -> float:
    """How far the jaw is open."""
    return float(face.payload.expression[EXPRESSION_INDEX["jawOpen"]])
