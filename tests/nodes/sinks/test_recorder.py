"""recorder: each time that it records gives one complete movie, and nothing that goes wrong ends the run."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.provenance import read_provenance
from avatar_nodes.sinks.recorder import FRAMES, Recorder
from avatar_nodes.sinks.recorder_model import Beside, next_take
from avatar_nodes.sinks.take import Take
from graphcore import Cancelled, Context, NodeError, Run, RunError, VirtualClock
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params, feed, run_node

FRAME_NS = 40_000_000


def frame(index: int, size: int = 64) -> tuple[int, VideoFrame]:
    return index * FRAME_NS, VideoFrame(np.full((size, size, 3), 40 + 3 * (index % 60), np.uint8))


def frames(count: int) -> list[tuple[int, VideoFrame]]:
    return [frame(index) for index in range(count)]


def sound(count: int) -> list[tuple[int, AudioChunk]]:
    return [(index * FRAME_NS, AudioChunk(np.zeros((640, 1), np.float32), 16_000)) for index in range(count)]


def run_with(path: Path, switches: dict[int, bool], count: int = 60, **params: Any) -> Run:
    """A live run over frames and sound, done; `recording` is set before the frames that `switches` names."""

    def sent() -> Iterator[tuple[int, VideoFrame]]:
        for index in range(count):
            if index in switches:
                run.set("recorder", "recording", switches[index])
            yield frame(index)
            recorder = run.assembly.members["recorder"].node
            assert isinstance(recorder, Recorder)
            assert recorder._beside is not None
            recorder._beside.wait_for_room(FRAMES, 20)  # no time passes here, but encoding takes some

    accepted = accept_params(Recorder, {"path": path, **params})
    nodes = {
        "camera": GraphNode("camera", feed(VideoFrame, sent()), {}, {}),
        "voice": GraphNode("voice", feed(AudioChunk, sound(count)), {}, {}),
        "recorder": GraphNode("recorder", Recorder, accepted, {}),
    }
    nodes["recorder"].links["video"] = Link("camera", "sent", "recorder", "video", "each")
    nodes["recorder"].links["audio"] = Link("voice", "sent", "recorder", "audio", "each")
    run = Run(Graph(nodes), live=True, clock=VirtualClock())
    run.run()
    return run


def levels(path: Path) -> list[int]:
    """Which frame each one is, by how bright it is."""
    with av.open(str(path)) as container:
        return [round((picture.to_ndarray(format="rgb24").mean() - 40) / 3) for picture in container.decode(video=0)]


def test_each_take_is_complete_signed_and_announced(tmp_path: Path) -> None:
    path = tmp_path / "live.mp4"
    run = run_with(path, {10: True, 30: False, 40: True, 50: False})
    first, second = tmp_path / "live-1.mp4", tmp_path / "live-2.mp4"
    assert [(made.path, made.unit) for made in run.made] == [(first, "frames"), (second, "frames")]
    assert run.notices == [f"recorder: recorded {first}", f"recorder: recorded {second}"]
    assert run.stats()["nodes"]["recorder"]["counts"] == {"takes": 2, "frames dropped": 0, "sound chunks dropped": 0}
    for take, begin, end in ((first, 10, 30), (second, 40, 50)):
        found = read_provenance(take)
        assert found is not None
        assert (found.state, found.synthetic) == ("valid", True)
        shown = levels(take)
        assert abs(shown[0] - begin) <= 1
        assert abs(shown[-1] - (end - 1)) <= 1
        assert abs(len(shown) - (end - begin)) <= 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["live-1.mp4", "live-2.mp4"]


def test_a_take_that_runs_when_the_run_ends_is_complete(tmp_path: Path) -> None:
    run = run_with(tmp_path / "live.mp4", {50: True})
    assert [made.path.name for made in run.made] == ["live-1.mp4"]
    assert abs(len(levels(tmp_path / "live-1.mp4")) - 10) <= 2


def test_while_it_is_off_there_is_no_file(tmp_path: Path) -> None:
    run = run_with(tmp_path / "live.mp4", {})
    assert (run.made, run.notices, list(tmp_path.iterdir())) == ([], [], [])


def test_a_cancelled_run_leaves_a_complete_take(tmp_path: Path) -> None:
    def sent() -> Iterator[tuple[int, VideoFrame]]:
        for index in range(1000):
            yield frame(index)
            if index == 20:
                run.cancel()

    accepted = accept_params(Recorder, {"path": tmp_path / "live.mp4", "recording": True})
    link = Link("camera", "sent", "recorder", "video", "each")
    nodes = {
        "camera": GraphNode("camera", feed(VideoFrame, sent()), {}, {}),
        "recorder": GraphNode("recorder", Recorder, accepted, {"video": link}),
    }
    run = Run(Graph(nodes), live=True, clock=VirtualClock())
    with pytest.raises(Cancelled):
        run.run()
    assert [made.path.name for made in run.made] == ["live-1.mp4"]
    assert len(levels(tmp_path / "live-1.mp4")) >= 15


def test_offline_nothing_is_left_out(tmp_path: Path) -> None:
    params = {"path": tmp_path / "live.mp4", "recording": True}
    result = run_node(Recorder, inputs={"video": frames(150)}, params=params)
    assert [(made.count, made.unit) for made in result.made] == [(150, "frames")]


def test_takes_are_numbered_after_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "live.mp4"
    assert next_take(tmp_path / "nowhere" / "live.mp4").name == "live-1.mp4"
    assert next_take(path).name == "live-1.mp4"
    for name in ("live-2.mp4", "live-9.partial.mp4", "live-11.mov", "live-12.mp4.txt", "alive-20.mp4", "live.mp4"):
        (tmp_path / name).touch()
    assert next_take(path).name == "live-10.mp4"


def test_nothing_came_to_be_recorded(tmp_path: Path) -> None:
    result = run_node(Recorder, inputs={"video": []}, params={"path": tmp_path / "live.mp4", "recording": True})
    assert result.notices == ["node: nothing came to be recorded"]
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_changes_its_size_ends_the_take_and_not_the_run(tmp_path: Path) -> None:
    pairs = [*frames(5), *[(index * FRAME_NS, frame(index, 32)[1]) for index in range(5, 10)]]
    params = {"path": tmp_path / "live.mp4", "recording": True}
    result = run_node(Recorder, inputs={"video": pairs}, params=params, live=True)
    assert result.notices[0].startswith(f"node: the take has ended: {tmp_path / 'live-1.mp4'} could not be written")
    assert "the picture changed from 64x64 to 32x32 px" in result.notices[0]
    assert "what there is was kept as" in result.notices[1]
    assert len(levels(tmp_path / "live-1.partial.mp4")) == 5


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.recorder import Recorder
from graphcore.testing import run_node

noise = np.random.default_rng(0).integers(0, 255, (50, 128, 128, 3), np.uint8)
pairs = [(index * 40_000_000, VideoFrame(pixels)) for index, pixels in enumerate(noise)]
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
print(*run_node(Recorder, inputs={"video": pairs}, params={"path": Path(sys.argv[1]), "recording": True}).notices)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_full_disk_ends_the_take_and_not_the_run(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "live.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "the take has ended:" in done.stdout
    assert "live-1.mp4 could not be written: File too large" in done.stdout


def test_a_name_that_is_no_movie(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"expected a name that ends in \.mp4") as caught:
        run_node(Recorder, inputs={"video": frames(1)}, params={"path": tmp_path / "live.avi"})
    assert isinstance(caught.value.cause, NodeError)


def test_jobs_beside_are_done_in_order_before_it_closes() -> None:
    done: list[int] = []
    beside = Beside("test", lambda error: None)
    for number in range(100):
        beside.wait_for_room("numbers", 10)
        assert beside.waiting["numbers"] < 10
        beside.do(lambda number=number: done.append(number), "numbers", 1)  # type: ignore[misc]
    beside.close()
    assert done == list(range(100))


def test_a_job_that_fails_is_told_and_the_next_is_done() -> None:
    done: list[int] = []
    told: list[str] = []
    beside = Beside("test", lambda error: told.append(str(error)))
    beside.do(lambda: assert_true(False), "numbers", 5)
    beside.do(lambda: done.append(1))
    beside.wait_for_room("numbers", 1)
    beside.close()
    assert (done, len(told)) == ([1], 1)


@dataclass
class Told:
    """As much of a node's context as a take needs."""

    notices: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"takes": 0})

    def notice(self, text: str) -> None:
        self.notices.append(text)


class Unclosable:
    """A movie on a disk that has gone."""

    path, empty, done = Path("live-1.mp4"), False, False

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise OSError(errno.EIO, f"no {name}: input/output error")

        return fail


def test_a_take_that_cannot_be_begun_is_told_and_takes_nothing(tmp_path: Path) -> None:
    told = Told()
    take = Take(cast(Context, told), lambda: next_take(tmp_path / ("x" * 300) / "live.mp4"))  # type: ignore[arg-type,return-value]
    take.begin()
    take.add_picture(0, frame(0)[1].pixels)
    take.end()
    assert len(told.notices) == 1
    assert "File name too long" in told.notices[0]
    assert told.notices[0].endswith("; for another, switch recording off and on")


def test_a_take_on_a_disk_that_goes_away_is_told_and_ends(tmp_path: Path) -> None:
    told = Told()
    take = Take(cast(Context, told), Unclosable)  # type: ignore[arg-type]
    take.begin()
    take.add_picture(0, frame(0)[1].pixels)
    take.end()
    ended, incomplete = told.notices
    assert "the take has ended: [Errno 5] no add_picture: input/output error" in ended
    assert incomplete == "live-1.mp4 may not be complete: [Errno 5] no close: input/output error"


@pytest.mark.parametrize(
    ("name", "kind", "sent", "dropped", "kept"),
    [
        ("video", VideoFrame, frames(60), {"frames dropped": 10, "sound chunks dropped": 0}, (50, "frames")),
        ("audio", AudioChunk, sound(260), {"frames dropped": 0, "sound chunks dropped": 10}, (160_000, "samples")),
    ],
)
def test_what_the_encoder_cannot_take_is_left_out_and_counted(
    tmp_path: Path, name: str, kind: type, sent: list[Any], dropped: dict[str, int], kept: tuple[int, str]
) -> None:
    go_on = threading.Event()

    def fed() -> Iterator[Any]:
        recorder = run.assembly.members["recorder"].node
        assert isinstance(recorder, Recorder)
        assert recorder._beside is not None
        recorder._beside.do(lambda: assert_true(go_on.wait(30)))  # the encoder is busy
        yield from sent
        go_on.set()

    accepted = accept_params(Recorder, {"path": tmp_path / "live.mp4", "recording": True})
    link = Link("feed", "sent", "recorder", name, "each")
    nodes = {
        "feed": GraphNode("feed", feed(kind, fed()), {}, {}),
        "recorder": GraphNode("recorder", Recorder, accepted, {name: link}),
    }
    run = Run(Graph(nodes), live=True, clock=VirtualClock())
    run.run()
    assert run.stats()["nodes"]["recorder"]["counts"] == {"takes": 1, **dropped}
    assert [(made.count, made.unit) for made in run.made] == [kept]


def assert_true(value: bool) -> None:
    assert value
