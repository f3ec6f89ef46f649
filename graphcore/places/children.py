"""Child processes, started before anything slow is imported here: while they begin, the graph is read and checked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

LEAVE_S = 2.0  # for a child to leave, when its work is done
# A child finds modules exactly where this process does.
PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from graphcore.places.child import main; main()"


class Child:
    """A process that takes a part once it has imported its node types; `control` and `passing` lead to it."""

    def __init__(self, plugins: Path | None = None) -> None:
        self.control, its_control = socket.socketpair()
        self.passing, its_passing = socket.socketpair()
        fds = (its_control.fileno(), its_passing.fileno())
        command = [sys.executable, "-P", "-c", PROGRAM, json.dumps(sys.path), *map(str, fds)]
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
    """Those that wait for a part."""

    def __init__(self, plugins: Path | None = None, count: int = 0) -> None:
        self._plugins = plugins
        self._waiting = [Child(plugins) for _ in range(count)]

    def take(self) -> Child:
        """One that waits, or a new one."""
        return self._waiting.pop() if self._waiting else Child(self._plugins)

    def close(self) -> None:
        """End those that nobody took."""
        for child in self._waiting:
            child.process.kill()
            child.close(LEAVE_S)
        self._waiting.clear()
