"""movie_file as a graph runs it: what it makes, what it keeps, and what it says when the world is in its way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avatar_nodes.payloads import AudioChunk, VideoFrame
from avatar_nodes.sinks.movie_file import MovieFile
from avatar_nodes.sinks.partial_name_model import PartialName
from avatar_nodes.sinks.picture_track import FRAMES_BETWEEN_LOOKS
from avatar_nodes.sinks.provenance import read_provenance
from graphcore import NodeError, RunError
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.runtime.context import RunContext
from graphcore.runtime.run import Run
from graphcore.testing import accept_params, feed, run_node

FRAME_NS = 40_000_000


def frames(count: int, size: int = 64) -> list[tuple[int, VideoFrame]]:
    noise = np.random.default_rng(0).integers(0, 255, (count, size, size, 3), np.uint8)
    return [(index * FRAME_NS, VideoFrame(pixels)) for index, pixels in enumerate(noise)]


def sound(count: int) -> list[tuple[int, AudioChunk]]:
    return [(index * FRAME_NS, AudioChunk(np.zeros((640, 1), np.float32), 16_000)) for index in range(count)]


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def count_whole_frames(path: Path) -> int:
    """As `count_frames`, of a movie that ends in the middle of a frame."""
    count = 0
    with av.open(str(path)) as container, suppress(av.error.InvalidDataError):
        for _ in container.decode(video=0):
            count += 1
    return count


def state(path: Path) -> str | None:
    found = read_provenance(path)
    return found.state if found else None


def test_a_movie_is_made_signed_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    result = run_node(MovieFile, inputs={"video": frames(25), "audio": sound(25)}, params={"path": path})
    assert [(made.path, made.count, made.unit) for made in result.made] == [(path, 25, "frames")]
    assert result.notices == []
    assert (count_frames(path), state(path)) == (25, "valid")
    assert [file.name for file in tmp_path.iterdir()] == ["talk.mp4"]
    with av.open(str(path)) as container:
        assert container.metadata["comment"] == "Synthetic media made by graphcore"
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]


@pytest.mark.parametrize("suffix", [".mov", ".m4v", ".MP4"])
def test_other_suffixes_of_the_same_family(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"talk{suffix}"
    run_node(MovieFile, inputs={"video": frames(5)}, params={"path": path})
    assert (count_frames(path), state(path)) == (5, "valid")


def test_only_sound(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    result = run_node(MovieFile, inputs={"audio": sound(10)}, params={"path": path})
    assert [(made.count, made.unit) for made in result.made] == [(6400, "samples")]
    assert state(path) == "valid"


def test_sign_false_is_said(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    result = run_node(MovieFile, inputs={"video": frames(5)}, params={"path": path, "sign": False})
    assert result.notices == [f"node: {path} will not be signed as synthetic media (sign: false)"]
    assert state(path) == "absent"


def test_losses_are_said(tmp_path: Path) -> None:
    pairs = [(0, frames(1)[0][1]), (1_000_000, frames(1)[0][1])]
    chunk = AudioChunk(np.zeros((6400, 1), np.float32), 16_000)
    inputs: dict[str, list[tuple[int, Any]]] = {"video": pairs, "audio": [(0, chunk), (200_000_000, chunk)]}
    result = run_node(MovieFile, inputs=inputs, params={"path": tmp_path / "talk.mp4"})
    assert result.notices == [
        "node: 1 frame left out: too late in coming",
        "node: 200 ms of sound left out: too late in coming",
    ]


def test_any_number_of_threads_makes_the_same_picture_and_sound(tmp_path: Path) -> None:
    made: list[list[Any]] = []
    for threads in (1, None):
        path = tmp_path / f"{threads}.mp4"
        nodes = {
            "camera": GraphNode("camera", feed(VideoFrame, frames(40)), {}, {}),
            "voice": GraphNode("voice", feed(AudioChunk, sound(50)), {}, {}),
            "movie": GraphNode("movie", MovieFile, accept_params(MovieFile, {"path": path}), {}),
        }
        nodes["movie"].links["video"] = Link("camera", "sent", "movie", "video", "each")
        nodes["movie"].links["audio"] = Link("voice", "sent", "movie", "audio", "each")
        Run(Graph(nodes), threads=threads).run()
        with av.open(str(path)) as container:
            decoded: list[Any] = [frame for packet in container.demux() for frame in packet.decode()]
            made.append([frame.to_ndarray() for frame in decoded])
    assert len(made[0]) == len(made[1]) > 50
    for one, other in zip(*made, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_live_run_makes_the_same_movie(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    result = run_node(MovieFile, inputs={"video": frames(10), "audio": sound(10)}, params={"path": path}, live=True)
    assert (result.notices, count_frames(path), state(path)) == ([], 10, "valid")


def fail_after(pairs: list[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    yield from pairs
    raise RuntimeError("the camera burns")


def failing_run(path: Path, pairs: list[tuple[int, VideoFrame]], **params: Any) -> Run:
    """A run whose picture fails after these frames; it has failed when this returns."""
    accepted = accept_params(MovieFile, {"path": path, **params})
    link = Link("camera", "sent", "movie", "video", "each")
    nodes = {
        "camera": GraphNode("camera", feed(VideoFrame, fail_after(pairs)), {}, {}),
        "movie": GraphNode("movie", MovieFile, accepted, {"video": link}),
    }
    run = Run(Graph(nodes), threads=1)
    with pytest.raises(RunError, match="the camera burns"):
        run.run()
    return run


def test_a_failed_run_keeps_what_there_is_and_the_good_movie(tmp_path: Path) -> None:
    path, partial = tmp_path / "talk.mp4", tmp_path / "talk.partial.mp4"
    run_node(MovieFile, inputs={"video": frames(5)}, params={"path": path})
    good = path.read_bytes()
    run = failing_run(path, frames(30))
    assert path.read_bytes() == good
    assert 1 <= count_frames(partial) <= 30
    assert state(partial) == "valid"
    assert run.notices == [f"movie: the movie is not complete; what there is was kept as {partial}, signed"]
    assert run.made == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["talk.mp4", "talk.partial.mp4"]


def test_a_run_beside_another_one_has_a_part_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    other = PartialName(path)  # as another run holds it
    other.path.write_bytes(b"what the other run has written")
    run_node(MovieFile, inputs={"video": frames(3)}, params={"path": path})
    assert count_frames(path) == 3
    assert failing_run(path, frames(30)).notices[-1].endswith("talk.partial-2.mp4, signed")
    assert count_frames(tmp_path / "talk.partial-2.mp4") >= 1
    assert other.path.read_bytes() == b"what the other run has written"
    other.release()
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("deleted", ["file", "folder"])
def test_a_part_that_is_deleted_is_noticed_at_once_and_not_called_kept(tmp_path: Path, deleted: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    partial = folder / "talk.partial.mp4"

    def sent() -> Iterator[tuple[int, VideoFrame]]:
        for index in range(1000):
            yield index * FRAME_NS, frames(1)[0][1]
            if index == 40:
                partial.unlink() if deleted == "file" else shutil.rmtree(folder)

    link = Link("camera", "sent", "movie", "video", "each")
    accepted = accept_params(MovieFile, {"path": folder / "talk.mp4"})
    nodes = {
        "camera": GraphNode("camera", feed(VideoFrame, sent()), {}, {}),
        "movie": GraphNode("movie", MovieFile, accepted, {"video": link}),
    }
    run = Run(Graph(nodes), threads=1)
    with pytest.raises(RunError, match=rf"{partial} was deleted while it was written; leave it there") as caught:
        run.run()
    assert caught.value.timestamp is not None
    assert caught.value.timestamp < 100 * FRAME_NS
    assert run.notices == ["movie: the movie is not complete, and nothing of it was kept"]


def test_a_failed_run_without_a_frame_leaves_nothing(tmp_path: Path) -> None:
    assert failing_run(tmp_path / "talk.mp4", []).notices == []
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_nothing_to_keep_leaves_an_older_part_alone(tmp_path: Path) -> None:
    partial = tmp_path / "talk.partial.mp4"
    failing_run(tmp_path / "talk.mp4", frames(30))
    older = partial.read_bytes()
    failing_run(tmp_path / "talk.mp4", [])
    grey = VideoFrame(np.zeros((64, 64, 1), np.uint8))
    silence = AudioChunk(np.zeros((640, 0), np.float32), 16_000)
    inputs: dict[str, list[tuple[int, Any]]]
    for inputs in ({"video": []}, {"video": [(0, grey)]}, {"audio": [(0, silence)]}):
        with pytest.raises(RunError):
            run_node(MovieFile, inputs=inputs, params={"path": tmp_path / "talk.mp4"})
    assert partial.read_bytes() == older
    run_node(MovieFile, inputs={"video": frames(3)}, params={"path": tmp_path / "talk.mp4"})
    assert [path.name for path in tmp_path.iterdir()] == ["talk.mp4"]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"video": [(0, VideoFrame(np.zeros((64, 64, 1), np.uint8)))]}, "a frame of 64x64 px with 1 channel,"),
        ({"video": [(0, VideoFrame(np.zeros((0, 0, 3), np.uint8)))]}, "a frame of 0x0 px"),
        ({"audio": [(0, AudioChunk(np.zeros((640, 0), np.float32), 16_000))]}, "sound without a channel"),
        ({"audio": [(0, AudioChunk(np.zeros((640, 1), np.float32), 0))]}, "sound at 0 Hz"),
    ],
    ids=["one channel", "no pixels", "no channel", "no rate"],
)
def test_what_no_movie_can_hold_is_told_in_plain_words(tmp_path: Path, inputs: Any, said: str) -> None:
    with pytest.raises(RunError, match=said) as caught:
        run_node(MovieFile, inputs=inputs, params={"path": tmp_path / "talk.mp4"})
    assert isinstance(caught.value.cause, NodeError)
    assert list(tmp_path.iterdir()) == []


def test_sound_that_is_no_number_is_silent_and_said(tmp_path: Path) -> None:
    chunk = AudioChunk(np.full((640, 1), np.nan, np.float32), 16_000)
    result = run_node(MovieFile, inputs={"audio": [(0, chunk)]}, params={"path": tmp_path / "talk.mp4"})
    assert result.notices == ["node: 640 samples made silent: NaN or infinite"]


def test_a_failed_run_without_a_signature_says_so(tmp_path: Path) -> None:
    notices = failing_run(tmp_path / "talk.mp4", frames(30), sign=False).notices
    assert notices[-1].endswith("talk.partial.mp4, not signed")


def test_nothing_came(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="neither a frame nor sound came"):
        run_node(MovieFile, inputs={"video": []}, params={"path": tmp_path / "talk.mp4"})
    assert list(tmp_path.iterdir()) == []


def test_a_far_time_names_both_times_and_keeps_what_there_is(tmp_path: Path) -> None:
    pairs = [*frames(3), (80_000_000_000_000, frames(1)[0][1])]
    with pytest.raises(RunError, match=r"a frame at 80000\.000 s, after nothing since 0\.080 s.*look at the times"):
        run_node(MovieFile, inputs={"video": pairs}, params={"path": tmp_path / "talk.mp4"})
    assert count_frames(tmp_path / "talk.partial.mp4") == 3


class Breaking(MovieFile):
    """A movie file whose run is cancelled before it begins to fill a gap at the end."""

    def finish(self) -> None:
        assert isinstance(self.context, RunContext)
        self.context._cancelled.set()
        super().finish()


def test_a_movie_that_was_cancelled_at_its_end_is_not_called_complete(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    long = [(0, AudioChunk(np.zeros((16_000 * 30, 1), np.float32), 16_000))]
    result = run_node(Breaking, inputs={"video": frames(1), "audio": long}, params={"path": path})
    assert result.made == []
    assert [file.name for file in tmp_path.iterdir()] == ["talk.partial.mp4"]
    assert count_frames(tmp_path / "talk.partial.mp4") == 1 + FRAMES_BETWEEN_LOOKS


def test_a_picture_that_changes_its_size(tmp_path: Path) -> None:
    pairs = [*frames(3), (3 * FRAME_NS, frames(1, 32)[0][1])]
    with pytest.raises(RunError, match="the picture changed from 64x64 to 32x32 px") as caught:
        run_node(MovieFile, inputs={"video": pairs}, params={"path": tmp_path / "talk.mp4"})
    assert caught.value.timestamp == 3 * FRAME_NS
    assert count_frames(tmp_path / "talk.partial.mp4") == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("talk.avi", "expected a name that ends in .mp4, .m4v, .mov"),
        ("talk", "expected a name that ends in"),
        ("folder.mp4", "is a folder; give the name of a file in it"),
        ("taken.mp4", "taken.mp4 could not be written: Is a directory; a folder has the name of the partial movie"),
    ],
)
def test_names_that_cannot_be_written(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "taken.partial.mp4").mkdir()
    with pytest.raises(RunError) as caught:
        run_node(MovieFile, inputs={"video": frames(2)}, params={"path": tmp_path / name})
    assert said in str(caught.value)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is a folder where nobody may write, even root")
def test_a_folder_that_cannot_be_written() -> None:
    with pytest.raises(RunError, match=r"/proc/talk\.mp4 could not be written: .*; take a folder you may write to"):
        run_node(MovieFile, inputs={"video": frames(2)}, params={"path": "/proc/talk.mp4"})


def test_a_background_of_two_numbers(tmp_path: Path) -> None:
    params = {"path": tmp_path / "talk.mp4", "background": [0, 0]}
    with pytest.raises(RunError, match="expected three numbers: red, green, blue"):
        run_node(MovieFile, inputs={"video": frames(2)}, params=params)


def test_lost_transparency_is_told_once(tmp_path: Path) -> None:
    clear = [(time, VideoFrame(np.zeros((64, 64, 4), np.uint8))) for time in (0, FRAME_NS, 2 * FRAME_NS)]
    params = {"path": tmp_path / "talk.mp4", "background": [0, 128, 255]}
    (notice,) = run_node(MovieFile, inputs={"video": clear}, params=params).notices
    assert "mp4 keeps no transparency, so the pictures are laid over background [0, 128, 255]" in notice
    assert "picture_files keeps it" in notice


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.movie_file import MovieFile
from graphcore import GraphcoreError
from graphcore.testing import run_node

noise = np.random.default_rng(0).integers(0, 255, (50, 128, 128, 3), np.uint8)
pairs = [(index * 40_000_000, VideoFrame(pixels)) for index, pixels in enumerate(noise)]
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    run_node(MovieFile, inputs={"video": pairs}, params={"path": Path(sys.argv[1])})
except GraphcoreError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_full_disk_is_one_clear_line_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp4"
    run_node(MovieFile, inputs={"video": frames(5)}, params={"path": path})
    good = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "talk.mp4 could not be written: File too large; files may not become this large here" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert path.read_bytes() == good
    partial = tmp_path / "talk.partial.mp4"
    assert partial.stat().st_size == 300_000
    assert count_whole_frames(partial) > 5


def test_importing_the_node_is_cheap() -> None:
    code = (
        "import sys; import avatar_nodes.sinks.movie_file;"
        "print([name for name in ('av', 'cv2', 'c2pa', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
