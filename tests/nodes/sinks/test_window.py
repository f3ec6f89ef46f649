"""window without a screen: what it says, and the program's way of reading (tests/live has a real screen)."""

from __future__ import annotations

import io
import sys
import threading

import numpy as np
import pytest

from avatar_nodes.payloads import VideoFrame
from avatar_nodes.sinks.newest_model import Newest
from avatar_nodes.sinks.window import Window
from avatar_nodes.sinks.window_program import HEAD, Arriving
from graphcore import NodeError, RunError
from graphcore.testing import run_node


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
def test_without_a_screen_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(RunError, match=r"no window: .*(DISPLAY|tkinter)") as caught:
        run_node(Window, inputs={"video": [(0, VideoFrame(np.zeros((8, 8, 3), np.uint8)))]})
    assert isinstance(caught.value.cause, NodeError)
    assert "browser_view" in caught.value.cause.fix


def test_a_background_of_two_numbers() -> None:
    with pytest.raises(RunError, match="expected three numbers: red, green, blue"):
        run_node(Window, inputs={"video": []}, params={"background": [0, 0]})


def test_the_program_keeps_the_newest_picture_and_ends_with_its_input() -> None:
    class Stream(io.BytesIO):
        """Says when it was read to its end."""

        ended = threading.Event()

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            if not found:
                self.ended.set()
            return found

    pictures = [np.full((3, 5, 3), level, np.uint8) for level in (10, 20)]
    cut_off = HEAD.pack(5, 3) + bytes(7)
    stream = Stream(b"".join(HEAD.pack(5, 3) + each.tobytes() for each in pictures) + cut_off)
    arriving = Arriving(stream)
    assert stream.ended.wait(10)
    picture = arriving.take()
    assert picture.size == (5, 3)
    assert picture.getpixel((4, 2)) == (20, 20, 20)
    assert arriving.take() is None


def test_the_newest_picture_replaces_one_that_nobody_took() -> None:
    newest = Newest()
    assert newest.take(0) is None
    for level in range(3):
        newest.put(np.full((1, 1, 3), level, np.uint8))
    taken = newest.take()
    assert taken is not None
    assert (taken[0, 0, 0], newest.passed_over) == (2, 2)
    newest.close()
    assert newest.take() is None
