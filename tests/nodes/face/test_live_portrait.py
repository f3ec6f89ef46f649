"""Another photo, or another background, while the face is talking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from PIL import Image

from avatar_nodes.face.latent_renderer import LatentRenderer
from avatar_nodes.face.loaded_face_model import FaceLoader, LoadedFace, Wish
from avatar_nodes.face.portrait_cache_model import load_portrait
from avatar_nodes.face.portrait_model import PortraitError
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion, VideoFrame
from graphcore import Input, Node, Packet, Run, VirtualClock
from graphcore.graph.spec import Graph, GraphNode, Link
from graphcore.testing import accept_params, feed

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
FRAME_NS = 40_000_000
SIZE = 256


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "mirrored.png"
    with Image.open(GRACE_HOPPER) as photo:
        photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path)
    return path


def talking() -> FaceMotion:
    values = np.zeros(len(EXPRESSION_NAMES), np.float32)
    values[EXPRESSION_INDEX["jawOpen"]] = 0.8
    return FaceMotion(np.array([8, 0, 0, 0, 0, 0], np.float32), values, np.zeros(2, np.float32))


class Shown(Node):
    """Takes the frames."""

    video: Input[Any] = Input(VideoFrame)

    def process(self, video: Any) -> None:
        """They are looked at elsewhere."""


def run_with(changes: dict[int, tuple[str, object]], count: int = 40, **params: Any) -> tuple[list[Any], Run]:
    """Frames of a live run; before frame `index` a param is set, and a later one waits until it is loaded."""

    def sent() -> Iterator[tuple[int, FaceMotion]]:
        for index in range(count):
            if index in changes:
                run.set("face", *changes[index])
            if index - 2 in changes:  # by now the face was told
                face = run.assembly.members["face"].node
                assert isinstance(face, LatentRenderer)
                assert face._loader is not None
                if (loading := face._loader._thread) is not None:
                    loading.join(30)
            yield index * FRAME_NS, talking()

    accepted = accept_params(LatentRenderer, {"portrait": GRACE_HOPPER, "size": SIZE, "sway": 0, **params})
    graph = Graph(
        {
            "motion": GraphNode("motion", feed(FaceMotion, sent()), {}, {}),
            "face": GraphNode("face", LatentRenderer, accepted, {}),
            "shown": GraphNode("shown", Shown, {}, {}),
        }
    )
    graph.nodes["face"].links["motion"] = Link("motion", "sent", "face", "motion", "exact")
    graph.nodes["shown"].links["video"] = Link("face", "frames", "shown", "video", "exact")
    packets: list[Packet] = []
    run = Run(graph, live=True, clock=VirtualClock())
    run.tap("face", "frames", packets.append)
    run.run()
    return [packet.payload.pixels for packet in packets], run


def photo_of(path: Path) -> np.ndarray:
    return load_portrait(path, SIZE).image


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one[:, :, :3].astype(int) - other[:, :, :3]).mean())


def first_change(frames: list[Any], before: list[Any]) -> int:
    """The first frame that is not as it was."""
    return next(index for index, frame in enumerate(frames) if not np.array_equal(frame, before[index]))


def test_another_photo_begins_as_it_is_and_eases_into_the_motion(mirrored: Path) -> None:
    frames, run = run_with({15: ("portrait", mirrored)})
    after = photo_of(mirrored)
    assert len(frames) == 40
    first = first_change(frames, run_with({})[0])  # while it is loaded the face goes on
    assert 15 <= first <= 18
    assert difference(frames[first], after) < 0.1
    away = [difference(frame, after) for frame in frames[first : first + 9]]
    assert away == sorted(away)
    np.testing.assert_array_equal(frames[first + 9], frames[39])
    assert run.losses == []


def test_a_file_that_is_no_photo_is_a_notice_and_the_face_goes_on(tmp_path: Path, mirrored: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("not a picture")
    frames, run = run_with({15: ("portrait", path), 20: ("background", "#102030"), 25: ("background", "wall")})
    assert first_change(frames, run_with({})[0]) >= 20
    assert run.notices[0].startswith("face: notes.jpg:")
    assert run.notices[0].endswith("; grace_hopper.jpg is shown as before")
    assert (frames[24][2, 2] == (0x10, 0x20, 0x30)).all()
    assert "background 'wall': expected photo, blur" in run.notices[1]
    assert run.values()["face"] == {"portrait": GRACE_HOPPER, "background": "#102030", "sway": 0}
    assert (frames[39][2, 2] == (0x10, 0x20, 0x30)).all()


def test_another_background_does_not_disturb_the_motion() -> None:
    frames, _ = run_with({15: ("background", "transparent")})
    still = run_with({})[0]
    first = first_change(frames, still)
    assert (frames[first - 1].shape, frames[first].shape) == ((SIZE, SIZE, 3), (SIZE, SIZE, 4))
    person = frames[first][:, :, 3] == 255
    assert np.abs(frames[first][person][:, :3].astype(int) - still[first][person]).max() <= 1


def test_a_whole_photo_of_another_size_is_refused(tmp_path: Path) -> None:
    with Image.open(GRACE_HOPPER) as photo:
        photo.crop((0, 0, photo.width, photo.height - 40)).save(tmp_path / "lower.png")
    frames, run = run_with({3: ("portrait", tmp_path / "lower.png")}, count=6, framing="full")
    assert len({frame.shape for frame in frames}) == 1
    assert "lower.png: 512 x 560 px, expected 512 x 600 px" in run.notices[-1]


def test_of_several_wishes_only_the_newest_is_shown(mirrored: Path) -> None:
    loader = FaceLoader()
    wish = Wish(GRACE_HOPPER, SIZE, full=False, background="photo", background_picture=None)
    loader.ask(wish)
    loader.ask(Wish(Path("nowhere.jpg"), SIZE, full=False, background="photo", background_picture=None))
    loader.ask(Wish(mirrored, SIZE, full=False, background="photo", background_picture=None))
    made = loader.take(30)
    assert isinstance(made, LoadedFace)
    assert made.wish.portrait == mirrored
    assert loader.take() is None
    loader.ask(Wish(Path("nowhere.jpg"), SIZE, full=False, background="photo", background_picture=None))
    assert isinstance(loader.take(30), PortraitError)
    loader.close()
