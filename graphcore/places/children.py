"""Child processes, started before anything slow is imported here: while they begin, the graph is read and checked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

LEAVE_S = 2.0  # for a child to leave, when its work is done
# A child finds modules exactly where this process does.
PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1]) or sys.path
from graphcore.places.child import main
main()
"""


class Child:
    """A process that takes a part once it has imported its node types; `control` and `passing` lead to it.

    Another `python` finds its modules in its own way.
    """

    def __init__(self, plugins: Path | None = None, python: str = "") -> None:
        self.control, its_control = socket.socketpair()
        self.passing, its_passing = socket.socketpair()
        fds = (its_control.fileno(), its_passing.fileno())
        path = "null" if python else json.dumps(sys.path)
        command = [python or sys.executable, "-P", "-c", PROGRAM, path, *map(str, fds)]
        self.process = subprocess.Popen(
            command + ([str(plugins.absolute())] if plugins else []),
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the coordinator only
        )
        its_control.close()
        its_passing.close()

    def close(self, timeout_s: float) -> None:
        """See that it leaves, now that nobody talks to it."""
        self.control.close()
        self.passing.close()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Children:
    """Those that wait for a part; `pythons` says which places have a Python of their own."""

    def __init__(self, plugins: Path | None = None, pythons: Mapping[str, str] | None = None) -> None:
        self._plugins = plugins
        self._pythons = pythons or {}
        self._waiting: list[tuple[str, Child]] = []

    def begin(self, names: Iterable[str]) -> None:
        """Start one for each of these places."""
        for name in names:
            self._waiting.append((self._pythons.get(name, ""), self._start(name)))

    def take(self, name: str) -> Child:
        """For this place, one that waits or a new one; raises OSError where its Python is none."""
        python = self._pythons.get(name, "")
        for each in self._waiting:
            if each[0] == python:
                self._waiting.remove(each)
                return each[1]
        return self._start(name)

    def close(self) -> None:
        """End those that nobody took."""
        for _, child in self._waiting:
            child.process.kill()
            child.close(LEAVE_S)
        self._waiting.clear()

    def _start(self, name: str) -> Child:
        return Child(self._plugins, self._pythons.get(name, ""))
