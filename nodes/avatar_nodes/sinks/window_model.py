"""A window on this machine's screen: the program that holds it, and the thread that gives it pictures."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.newest_model import Newest
from avatar_nodes.sinks.opaque_model import opaque
from avatar_nodes.sinks.synthetic_mark_model import marked
from avatar_nodes.sinks.window_program import HEAD

PROGRAM = Path(__file__).with_name("window_program.py")
OPENS_S = 20.0  # at most, also where a machine is busy
ENDS_S = 0.5  # until it is ended by force


class WindowError(Exception):
    """No window can be opened; the text is Python's or Tk's own."""


class ShownWindow:
    """Shows the newest picture; whoever gives pictures never waits. Raises WindowError.

    `closed` is called once, on a thread, where somebody closes the window; it is `gone` then.
    """

    def __init__(
        self,
        title: str,
        background: tuple[int, int, int],
        *,
        mark: bool,
        closed: Callable[[], None],
    ) -> None:
        self.newest = Newest()
        self.gone = False  # somebody has closed it
        self._background, self._mark, self._closed = background, mark, closed
        colour = "#{:02x}{:02x}{:02x}".format(*background)
        self._program = subprocess.Popen(
            [sys.executable, str(PROGRAM), title, colour],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the run, which then closes the window
        )
        self._said = ""
        self._opened = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="window", daemon=True)
        self._thread.start()
        if not self._opened.wait(OPENS_S) or self._said != "ready":
            self.close()
            raise WindowError(self._said or f"it did not open in {OPENS_S:.0f} s")

    def close(self) -> None:
        """Close the window, and wait until it is gone."""
        self._closing = True
        self.newest.close()
        try:
            self._end_input()
            self._program.wait(ENDS_S)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
        self._thread.join()
        assert self._program.stdout is not None
        self._program.stdout.close()

    def _end_input(self) -> None:
        """The program ends with its input. A thread that is in the middle of writing holds it: then it is killed."""
        if self._thread.is_alive():
            self._thread.join(ENDS_S)
        if self._thread.is_alive():
            self._program.kill()
        assert self._program.stdin is not None
        with contextlib.suppress(OSError):
            self._program.stdin.close()

    def _work(self) -> None:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._said = self._program.stdout.readline().decode(errors="replace").strip()
        self._opened.set()
        try:
            while (pixels := self.newest.take()) is not None:
                plain = self._made(pixels)
                self._program.stdin.write(HEAD.pack(plain.shape[1], plain.shape[0]))
                self._program.stdin.write(plain.data)
                self._program.stdin.flush()
        except OSError:  # there is no window any more
            if not self._closing:
                self.gone = True
                self._closed()

    def _made(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        plain = opaque(pixels, self._background)
        return np.ascontiguousarray(marked(plain) if self._mark else plain)
