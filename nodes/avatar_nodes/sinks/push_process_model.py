"""The program that holds one connection, as the graph's process sees it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from avatar_nodes.sinks.push_wire_model import Settings, Taken, write_settings, write_taken

PROGRAM = "avatar_nodes.sinks.stream_push_program"


class PushProcess:
    """Starts it and gives it its settings through the pipe: what an argument says, everybody on the machine can read.

    One thread sends, another hears what the program says; `kill` ends both from a third one.
    """

    def __init__(self, settings: Settings) -> None:
        self.ended = False  # it says nothing more
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the run, which then ends the program
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        with contextlib.suppress(OSError):  # it has ended already: it says nothing, then
            write_settings(self._input, settings)

    def heard(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends."""
        for line in self._output:
            with contextlib.suppress(ValueError):
                yield dict(json.loads(line))
        self.ended = True

    def send(self, taken: Taken) -> None:
        """Give it a frame or sound; waits while it takes nothing. Raises OSError where it has ended."""
        write_taken(self._input, taken)

    def end_input(self) -> None:
        """It sends what it has, then ends."""
        with contextlib.suppress(OSError):
            self._input.close()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()

    def close(self) -> int:
        """Forget it, once it has ended and nobody sends any more; its exit status, below 0 where a signal ended it."""
        status = self._process.wait()
        self.end_input()
        self._output.close()
        return status
