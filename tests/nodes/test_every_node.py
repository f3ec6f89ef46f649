"""What every registered node type must keep to, whatever it does."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import itertools
import os
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import avatar_nodes
from avatar_nodes.payloads import (
    AudioChunk,
    Emotion,
    FaceMotion,
    Gaze,
    HeadDistance,
    Phones,
    SpeechFeatures,
    VideoFrame,
)
from films import grey, write_film
from graphcore import Cancelled, Node, NodeError, Packet, Run, RunError
from graphcore.graph.files import find_input
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.node import is_source
from graphcore.payload import fields_of, mismatch
from graphcore.testing import Result, accept_params, feed, run_node
from sound_cards import Card, SoundCards

MS = 1_000_000
NODES = avatar_nodes.register_nodes()
HEAVY = {"torch", "cv2", "librosa", "mediapipe", "av", "numba", "scipy", "PIL", "matplotlib", "c2pa", "soxr"}
HEAVY |= {"sounddevice"}
# To these nothing need come.
LIVE_SINKS = {"browser_view", "obs_stream", "recorder", "speaker", "stream_push", "virtual_camera", "window"}
SECONDS = 0.4
SIZE = 256  # px
PORTRAIT = Path("package:matplotlib/mpl-data/sample_data/grace_hopper.jpg")

every_node = pytest.mark.parametrize("node_class", NODES, ids=[node_class.type_name for node_class in NODES])


@pytest.fixture(autouse=True)
def camera() -> Iterator[None]:
    """A virtual camera to send to, where the package for that is there."""
    if importlib.util.find_spec("pyvirtualcam") is None:
        yield
        return
    from fake_camera import fake_camera

    with fake_camera():
        yield


@pytest.fixture(autouse=True)
def sound_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A microphone and a speaker."""
    cards = SoundCards(Card("Desk", channels_in=1), Card("Box", channels_out=2))
    monkeypatch.setitem(sys.modules, "sounddevice", cards)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sound and a motion; movies are signed with a key of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    Path("nod.csv").write_text("# graphcore motion 1\ntime,headPitch\n0,0\n0.2,5\n0.4,0\n")
    write_film(Path("film.mkv"), grey([100] * 10), [0.04 * index for index in range(10)], 0.0, SECONDS)
    with wave.open("hum.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((hum() * 32767).astype("<i2").tobytes())
    return tmp_path


def hum() -> np.ndarray[Any, np.dtype[np.float32]]:
    times = np.arange(int(16000 * SECONDS)) / 16000
    return (0.3 * np.sin(2 * np.pi * 150 * times)).astype(np.float32)


def skip_without_its_device(node_class: type[Node]) -> None:
    """Those that need what not every machine has; the tests of each try what can be tried without."""
    if node_class.type_name == "virtual_camera" and importlib.util.find_spec("pyvirtualcam") is None:
        pytest.skip("pyvirtualcam is not installed")
    if node_class.type_name == "window" and not os.environ.get("DISPLAY"):
        pytest.skip("there is no screen")


def good_params(node_class: type[Node], world: Path) -> dict[str, Any]:
    """A value for every param that must be given."""
    skip_without_its_device(node_class)
    portrait = find_input(PORTRAIT, Path())
    known = {
        "audio_file": {"path": world / "hum.wav"},
        "audio_out_file": {"path": world / "out.wav"},
        "audio_stream": {"port": 0, "websocket_port": 0},
        "browser_view": {"port": free_port()},
        "obs_stream": {"port": free_port()},
        "stream_push": {"url": f"tcp://127.0.0.1:{free_port()}"},
        "camera": {"device": str(world / "film.mkv")},
        "video_file": {"path": world / "film.mkv"},
        "motion_file": {"path": world / "nod.csv"},
        "motion_out_file": {"path": world / "out.csv"},
        "movie_file": {"path": world / "out.mp4"},
        "picture_files": {"path": world / "out.png"},
        "recorder": {"path": world / "out.mp4", "recording": True},
        "text_to_speech": {"text": "Hello."},
        "latent_renderer": {"portrait": portrait, "size": SIZE},
    }
    return known.get(node_class.type_name, {})


@functools.cache
def free_port() -> int:
    """A port that nobody listens on, the same every time."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def face_seen() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture with a face, (SIZE, SIZE, 3)."""
    with Image.open(find_input(PORTRAIT, Path())) as photo:
        return np.asarray(photo.convert("RGB").crop((0, 0, 512, 512)).resize((SIZE, SIZE)))


def packets_of(payload_class: type, frames: int = 10) -> list[tuple[int, Any]]:
    """A short stream of any payload that the avatar knows."""
    rng, face = np.random.default_rng(3), face_seen()
    steps = range(frames)
    sound = hum().reshape(frames, -1, 1)
    rows = 4  # of features, in 40 ms
    streams: dict[type, Iterable[Any]] = {
        AudioChunk: (AudioChunk(sound[i].copy(), 16000) for i in steps),
        SpeechFeatures: (
            SpeechFeatures(
                rng.normal(-3, 1, (rows, 80)).astype(np.float32),
                np.full(rows, -20 - i, np.float32),
                np.full(rows, 120 + i, np.float32),
            )
            for i in steps
        ),
        Phones: (Phones(("m" if i % 2 else "a",), np.zeros(1, np.int64), np.full(1, 40 * MS)) for i in steps),
        Gaze: (Gaze(float(i), 0.0) for i in steps),
        HeadDistance: (HeadDistance(1.0 - 0.02 * i) for i in steps),
        Emotion: (Emotion(np.full(8, 0.1 * (i % 3), np.float32)) for i in steps),
        FaceMotion: (FaceMotion.neutral() for _ in steps),
        VideoFrame: (VideoFrame(face ^ rng.integers(0, 4, face.shape, dtype=np.uint8)) for _ in steps),
    }
    return [(index * 40 * MS, payload) for index, payload in enumerate(streams[payload_class])]


def run(node_class: type[Node], world: Path, **more: Any) -> Result:
    inputs = {name: packets_of(port.payload) for name, port in node_class.inputs.items()}
    more.setdefault("params", good_params(node_class, world))
    return run_node(node_class, inputs=inputs, until_ns=int(SECONDS * 1e9) if is_source(node_class) else None, **more)


def open_files() -> list[str]:
    """What this process has open and a node could: files and devices, not pipes or sockets."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:  # the descriptor that lists them
            continue
    return sorted(found)


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.name.startswith("graphcore-")}


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """What importing all the nodes' modules brings with it, in a process of its own."""
    code = "import sys, avatar_nodes; avatar_nodes.register_nodes(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_them_is_cheap(imported: set[str]) -> None:
    assert {node_class.__module__ for node_class in NODES} <= imported
    assert not imported & HEAVY


def test_type_names_are_unique() -> None:
    names = [node_class.type_name for node_class in NODES]
    assert sorted(set(names)) == sorted(names)


@every_node
def test_it_says_what_it_does(node_class: type[Node]) -> None:
    text = vars(node_class).get("__doc__")
    assert text
    first = inspect.cleandoc(text).splitlines()[0]
    assert first.endswith(".")
    assert len(first) <= 120


@every_node
def test_its_defaults_are_values_that_it_accepts(node_class: type[Node]) -> None:
    for param in node_class.params.values():
        if not param.required and param.default is not None:
            assert param.accept(param.default) == param.default


@every_node
def test_it_gives_everything_back(node_class: type[Node], world: Path) -> None:
    run(node_class, world)  # what is loaded once and stays: libraries, their models and thread pools
    before, running = open_files(), threads()
    for _ in range(2):
        run(node_class, world)
    assert threads() == running
    assert open_files() == before
    assert not [path for path in world.rglob("*") if "partial" in path.name]


@pytest.mark.parametrize("node_class", [n for n in NODES if not getattr(n, "live", False)], ids=lambda n: n.type_name)
def test_the_same_input_and_seed_give_the_same_output(node_class: type[Node], world: Path) -> None:
    first = run(node_class, world, seed=7)
    for made in first.made:
        if made.path.is_file():  # else a recorder would number the next one 2
            made.path.unlink()
    second = run(node_class, world, seed=7)
    assert first.notices == second.notices
    for name, packets in first.outputs.items():
        assert packets
        assert [p.timestamp for p in packets] == [p.timestamp for p in second.outputs[name]]
        for one, other in zip(packets, second.outputs[name], strict=True):
            assert_equal(one.payload, other.payload)
    assert [(made.count, made.unit) for made in first.made] == [(made.count, made.unit) for made in second.made]


def assert_equal(one: Any, other: Any) -> None:
    arrays = [field.name for field in fields_of(type(one)) if field.shape is not None]
    for name in one.__dataclass_fields__:
        if name in arrays:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        else:
            assert getattr(one, name) == getattr(other, name)


@every_node
def test_what_it_sends_is_as_declared_and_read_only(node_class: type[Node], world: Path) -> None:
    for name, packets in run(node_class, world).outputs.items():
        assert packets, f"nothing was sent on {name}"
        for packet in packets:
            assert mismatch(packet.payload) == ""
            for array in arrays_of(packet):
                assert not array.flags.writeable


def arrays_of(packet: Packet) -> Iterator[Any]:
    for name in [field.name for field in fields_of(type(packet.payload)) if field.shape is not None]:
        if getattr(packet.payload, name) is not None:
            yield getattr(packet.payload, name)


FAILING: dict[str, dict[str, Any]] = {
    "audio_file": {"path": Path("nowhere.wav")},
    "audio_out_file": {"path": Path("out.doc")},
    "audio_stream": {"port": 0, "websocket_port": 0, "host": "192.0.2.1", "token": "secret"},
    "camera": {"device": "nowhere.mkv"},
    "video_file": {"path": Path("nowhere.mkv")},
    "microphone": {"device": "nowhere"},
    "motion_file": {"path": Path("hum.wav")},
    "motion_out_file": {"path": Path("out.doc")},
    "movie_file": {"path": Path("out.doc")},
    "picture_files": {"path": Path("out.doc")},
    "recorder": {"path": Path("out.doc")},
    "text_to_speech": {"text": "..."},
    "latent_renderer": {"portrait": Path("hum.wav")},
}


@pytest.mark.parametrize("node_class", [n for n in NODES if n.type_name in FAILING], ids=lambda n: n.type_name)
def test_after_an_open_that_failed_it_closes_without_a_word(node_class: type[Node], world: Path) -> None:
    def fail() -> None:
        with pytest.raises(RunError) as caught:
            run(node_class, world, params=FAILING[node_class.type_name])
        assert isinstance(caught.value.cause, NodeError)

    fail()  # what is loaded once and stays
    before = open_files()
    fail()
    assert open_files() == before
    assert sorted(path.name for path in world.iterdir() if path.name != "data") == ["film.mkv", "hum.wav", "nod.csv"]


@every_node
def test_it_can_be_closed_before_anything_came(node_class: type[Node], world: Path) -> None:
    """As where another node of the graph fails to open."""
    before = {path for path in world.rglob("*") if path.is_file()}
    inputs: dict[str, Any] = {name: [] for name in node_class.inputs}
    params = good_params(node_class, world)
    if is_source(node_class) or node_class.outputs or node_class.type_name in LIVE_SINKS:
        run_node(node_class, inputs=inputs, params=params, until_ns=0)
    else:
        with pytest.raises(RunError):  # a sink says that nothing came
            run_node(node_class, inputs=inputs, params=params)
    after = {path for path in world.rglob("*") if path.is_file() and "data" not in path.parts}
    assert {path for path in after - before if path.parent == world} == set()


@every_node
def test_a_cancelled_run_closes_it(node_class: type[Node], world: Path) -> None:
    closed: list[bool] = []
    arrived = threading.Event()

    class Watched(node_class):  # type: ignore[misc, valid-type]
        """Says when it was closed."""

        def close(self) -> None:
            super().close()
            closed.append(True)

    def without_end(payload_class: type) -> Iterator[tuple[int, Any]]:
        payloads = [payload for _, payload in packets_of(payload_class)]
        for index in itertools.count():
            yield index * 40 * MS, payloads[index % len(payloads)]
            if index == 3:
                arrived.set()

    made = {"node": GraphNode("node", Watched, accept_params(Watched, good_params(node_class, world)), {})}
    for name, port in node_class.inputs.items():
        made[name] = GraphNode(name, feed(port.payload, without_end(port.payload)), {}, {})
        made["node"].links[name] = Link(name, "sent", "node", name, port.align)
    run = Run(Graph(made))
    run.start()
    assert is_source(node_class) or arrived.wait(30)
    run.cancel()
    with pytest.raises(Cancelled):
        run.wait(30)
    assert closed == [True]
