"""virtual_camera: everything before the device, which is a backend of pyvirtualcam of our own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.opaque_model import opaque
from avatar_nodes.sinks.synthetic_mark_model import marked
from avatar_nodes.sinks.virtual_camera import VirtualCamera
from avatar_nodes.sinks.virtual_camera_model import CameraError, CameraSender, fitted
from avatar_nodes.virtual_camera_doctor import findings
from graphcore import NodeError, RunError
from graphcore.testing import run_node

GREEN = (0, 177, 64)


class Kept:
    """A device that keeps what it was shown."""

    device = "kept"

    def __init__(self) -> None:
        self.pictures: list[Any] = []
        self.closed = False
        self.fails = False
        self.changed = threading.Condition()

    def send(self, frame: Any) -> None:
        if self.fails:
            raise RuntimeError("it was pulled away")
        with self.changed:
            self.pictures.append(frame)
            self.changed.notify_all()

    def close(self) -> None:
        self.closed = True

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.pictures) >= count, 30)


def sender(camera: Kept, **more: Any) -> CameraSender:
    given: dict[str, Any] = {"size": None, "background": GREEN, "mark": False, "told": lambda _: None, **more}
    return CameraSender(given.pop("reopen", lambda size: camera), 50.0, **given)


def picture(level: int, width: int = 64, height: int = 64) -> Any:
    return np.full((height, width, 3), level, np.uint8)


def test_the_newest_picture_is_shown_and_held() -> None:
    camera = Kept()
    shown = sender(camera)
    shown.newest.put(picture(1))
    camera.wait_for(3)  # the same one again, because none comes
    shown.newest.put(picture(2))
    camera.wait_for(len(camera.pictures) + 2)
    shown.close()
    assert camera.closed
    levels = [int(each[0, 0, 0]) for each in camera.pictures]
    assert levels == sorted(levels)
    assert set(levels) == {1, 2}


def test_what_comes_too_fast_is_passed_over_and_counted() -> None:
    camera, asked, opening = Kept(), threading.Event(), threading.Event()

    def reopen(_size: tuple[int, int]) -> Kept:
        asked.set()
        assert opening.wait(30)
        return camera

    shown = sender(camera, reopen=reopen)
    shown.newest.put(picture(0))
    assert asked.wait(30)
    for level in range(1, 6):
        shown.newest.put(picture(level))
    assert shown.newest.passed_over == 4
    opening.set()
    camera.wait_for(2)
    shown.close()
    assert [int(each[0, 0, 0]) for each in camera.pictures][:2] == [0, 5]


def test_a_camera_that_fails_is_opened_again() -> None:
    first, second, told = Kept(), Kept(), []
    cameras = iter([first, second])
    shown = sender(first, reopen=lambda size: next(cameras), told=told.append)
    shown.newest.put(picture(7))
    first.wait_for(1)
    first.fails = True
    second.wait_for(1)
    shown.close()
    assert (told, shown.reopened) == (["it was pulled away"], 1)
    assert first.closed
    assert second.pictures[0][0, 0, 0] == 7


def test_a_camera_that_stays_away_is_told_once_until_it_shows_again() -> None:
    camera, told = Kept(), []
    tries = iter(["gone", "gone", "", "gone again", "gone again", ""])

    def reopen(_size: tuple[int, int]) -> Kept:
        camera.fails = False
        if why := next(tries):
            raise CameraError(why)
        return camera

    shown = sender(camera, reopen=reopen, told=told.append, again_s=0.0)
    shown.newest.put(picture(7))
    camera.wait_for(1)
    camera.fails = True
    with camera.changed:
        assert camera.changed.wait_for(lambda: shown.reopened == 5 and not camera.fails, 30)
    shown.close()
    assert told == ["gone", "it was pulled away"]


def test_closing_does_not_wait_for_a_camera_that_is_away() -> None:
    asked = threading.Event()

    def reopen(_size: tuple[int, int]) -> Kept:
        asked.set()
        raise CameraError("gone")

    shown = sender(Kept(), reopen=reopen)
    shown.newest.put(picture(7))
    assert asked.wait(30)
    shown.close()


def shown_of(pixels: Any, **more: Any) -> Any:
    camera = Kept()
    shown = sender(camera, **more)
    shown.newest.put(pixels)
    camera.wait_for(1)
    shown.close()
    return camera.pictures[0]


def test_transparency_is_laid_over_the_colour_and_the_size_is_kept() -> None:
    pixels = np.zeros((48, 64, 4), np.uint8)
    pixels[:, 32:] = (10, 20, 30, 255)
    made = shown_of(pixels, size=(128, 64))
    assert made.shape == (64, 128, 3)
    assert (made[:, :20] == GREEN).all()
    assert (made[:, 25:60] == GREEN).all()
    assert (made[:, 68:100] == (10, 20, 30)).all()
    assert (made[:, 110:] == GREEN).all()


def test_the_label_is_not_mirrored() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    camera = Kept()
    shown = sender(camera, mark=True)
    shown.mirror = True
    shown.newest.put(pixels)
    camera.wait_for(1)
    shown.close()
    np.testing.assert_array_equal(camera.pictures[0], marked(np.ascontiguousarray(pixels[:, ::-1])))


def test_a_picture_fills_what_it_can() -> None:
    assert fitted(picture(5, 64, 64), (64, 64), GREEN).shape == (64, 64, 3)
    made = fitted(picture(5, 200, 100), (100, 100), GREEN)
    assert (made[25:75] == 5).all()
    assert (made[:25] == GREEN).all()
    np.testing.assert_array_equal(opaque(picture(5), GREEN), picture(5))


FRAMES = [(index * 40_000_000, VideoFrame(picture(index, 128, 96))) for index in range(5)]


@pytest.fixture
def camera() -> Iterator[Any]:
    pytest.importorskip("pyvirtualcam")
    from fake_camera import fake_camera

    with fake_camera() as made:
        yield made


def test_the_node_shows_frames_on_the_camera(camera: Any) -> None:
    def sent() -> Iterator[tuple[int, VideoFrame]]:
        yield from FRAMES
        with camera.changed:  # until the newest one is shown
            assert camera.changed.wait_for(lambda: len(camera.opened) > 1 and camera.opened[1].pictures, 30)

    params = {"device": "/dev/video-of-a-test", "mark": False}
    result = run_node(VirtualCamera, inputs={"video": sent()}, params=params, frame_rate=30)
    probed, opened = camera.opened
    assert probed.closed
    assert opened.closed
    assert (opened.size, opened.rate) == ((128, 96), 30.0)
    assert 0 <= opened.pictures[-1][0, 0, 0] <= 4
    assert result.notices == [
        'node: choose the camera "/dev/video-of-a-test" in the other program',
        "node: the picture is not labelled as synthetic (mark: false)",
    ]
    assert result.stats["nodes"]["node"]["counts"]["reconnects"] == 0


def test_without_a_camera_the_error_says_what_to_install(camera: Any) -> None:
    with pytest.raises(RunError, match="no such device: /dev/nothing") as caught:
        run_node(VirtualCamera, inputs={"video": []}, params={"device": "/dev/nothing"})
    assert isinstance(caught.value.cause, NodeError)
    assert ("v4l2loopback" if sys.platform == "linux" else "OBS") in caught.value.cause.fix


@pytest.mark.parametrize(
    ("params", "message"),
    [({"background": [1, 2]}, "expected three numbers"), ({"width": 640}, "only one is given")],
)
def test_params_that_do_not_fit(params: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        run_node(VirtualCamera, inputs={"video": []}, params=params)


def test_the_doctor_finds_it(camera: Any) -> None:
    (found,) = findings()
    assert (found.state, found.what) == ("ok", "/dev/video-of-a-test")
    camera.broken = True
    (found,) = findings()
    assert found.state == "warn"
    assert found.fix
