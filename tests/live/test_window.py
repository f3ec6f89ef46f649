"""window on a real display: what it shows, and what happens when somebody closes it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import ImageGrab

from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.synthetic_mark_model import marked
from avatar_nodes.sinks.window import Window
from avatar_nodes.sinks.window_model import ShownWindow, WindowError
from graphcore.testing import run_node

pytestmark = pytest.mark.live
GREY = (40, 40, 40)


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An X server of our own, with a screen of 640 x 600 px."""
    pytest.importorskip("tkinter", reason="Python has no tkinter here")
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "640x600x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    name = f":{server.stdout.readline().decode().strip()}"
    monkeypatch.setenv("DISPLAY", name)
    yield name
    server.terminate()
    server.wait(10)
    server.stdout.close()


def picture() -> np.ndarray[Any, np.dtype[np.uint8]]:
    rows, columns = np.mgrid[:200, :300]
    return np.stack([rows, columns * 0.8, 255 - rows], axis=2).astype(np.uint8)


def screen(display: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(ImageGrab.grab(xdisplay=display).convert("RGB"))


def wait_for(display: str, expected: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    """Until the screen's upper left corner is this."""
    height, width = expected.shape[:2]
    for _ in range(300):
        if np.array_equal(screen(display)[:height, :width], expected):
            return
        threading.Event().wait(0.05)
    pytest.fail("the picture is not on the screen")


def test_frames_are_shown_with_their_label(display: str) -> None:
    def sent() -> Iterator[tuple[int, VideoFrame]]:
        for index in range(5):
            yield index * 40_000_000, VideoFrame(np.roll(picture(), 9 * index, axis=1))
        wait_for(display, marked(np.roll(picture(), 36, axis=1)))

    result = run_node(Window, inputs={"video": sent()})
    assert result.notices == []
    assert not screen(display).any()  # the window is gone


def test_what_is_transparent_shows_the_colour(display: str) -> None:
    window = ShownWindow("test", GREY, mark=False, closed=lambda: None)
    pixels = np.dstack([picture(), np.zeros((200, 300), np.uint8)])
    pixels[:100, :, 3] = 255
    window.newest.put(pixels)
    expected = picture()
    expected[100:] = GREY
    wait_for(display, expected)
    window.close()


def test_closing_the_window_ends_nothing_else(display: str) -> None:
    closed = threading.Event()
    window = ShownWindow("to be closed", GREY, mark=False, closed=closed.set)
    window.newest.put(picture())
    wait_for(display, picture())
    window._program.terminate()
    while not closed.is_set():
        window.newest.put(picture())
        closed.wait(0.01)
    assert window.gone
    window.newest.put(picture())
    window.close()


def test_a_window_that_hangs_is_closed_all_the_same(display: str) -> None:
    import signal

    window = ShownWindow("hanging", GREY, mark=False, closed=lambda: None)
    window._program.send_signal(signal.SIGSTOP)
    for _ in range(20):
        window.newest.put(picture())
    window.close()
    assert window._program.returncode == -signal.SIGKILL


def test_a_display_that_is_not_there(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", f"{display}9")
    with pytest.raises(WindowError, match="couldn't connect to display"):
        ShownWindow("test", GREY, mark=False, closed=lambda: None)
