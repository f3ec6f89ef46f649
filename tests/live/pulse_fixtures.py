"""A PulseAudio of our own with one virtual microphone, and a run that hears it."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SPEAKER = "module-null-sink sink_name=voice rate=16000 channels=1"
MICROPHONE = "module-remap-source master=voice.monitor source_name=ear"
WAIT_S = 30.0


def skip_without_pulse() -> None:
    """Say what is missing."""
    for program in ("pulseaudio", "pactl", "paplay"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (apt-get install pulseaudio pulseaudio-utils)")
    try:
        importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        pytest.skip(f"sounddevice cannot be used: {error}")


class Pulse:
    """A server with its socket and a home in `folder`; whoever has its `environment` hears and speaks there only."""

    def __init__(self, folder: Path) -> None:
        (folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        socket = folder / "native"
        own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{socket}"}
        own |= {"PULSE_SINK": "voice", "PULSE_SOURCE": "ear"}
        self.environment = {**os.environ, **own}
        self._listen = f"module-native-protocol-unix auth-anonymous=1 socket={socket}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, with the microphone plugged in."""
        options = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes"]
        for module in (self._listen, SPEAKER, MICROPHONE):
            options += ["-L", module]
        quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._server = subprocess.Popen(["pulseaudio", *options], env=self.environment, **quiet)
        wait_until(lambda: subprocess.run(["pactl", "info"], env=self.environment, **quiet).returncode == 0)

    def kill(self) -> None:
        """End without a word to anybody."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def unplug(self) -> None:
        """Take the microphone away, and what it hears."""
        self._control("unload-module", "module-remap-source")
        self._control("unload-module", "module-null-sink")

    def plug(self) -> None:
        """Give both back."""
        for module in (SPEAKER, MICROPHONE):
            self._control("load-module", *module.split())

    def say(self, sound: Path) -> None:
        """Play a file into the microphone, to its end."""
        subprocess.run(["paplay", "--latency-msec=20", sound], env=self.environment, check=True)

    def _control(self, *command: str) -> None:
        subprocess.run(["pactl", *command], env=self.environment, check=True, stdout=subprocess.DEVNULL)


class LiveRun:
    """A live run with a studio, as a process of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        wait_until(lambda: bool(self.stats["opened"]))
        self._began = time.monotonic()

    @property
    def stats(self) -> dict[str, Any]:
        """What the studio says of it."""
        with urllib.request.urlopen(self._url + "api/stats", timeout=10) as answer:
            return dict(json.load(answer))

    def count(self, node: str, name: str) -> int:
        """What a node has counted."""
        return int(self.stats["nodes"][node]["counts"].get(name, 0))

    def go_on(self, seconds: float) -> None:
        """Wait until what happens in so many seconds has reached every sink."""
        until = time.monotonic() - self._began + seconds
        wait_until(lambda: float(self.stats["position_s"]) >= until)


def wait_until(so: Callable[[], bool]) -> None:
    """Wait for it, as long as it may take at all."""
    pause = threading.Event()
    for _ in range(round(WAIT_S / 0.05)):
        if so():
            return
        pause.wait(0.05)
    pytest.fail(f"this did not come true within {WAIT_S:g} s")


@contextmanager
def live_run(graph: str, folder: Path, environment: dict[str, str]) -> Iterator[LiveRun]:
    """Run a graph until the block ends, then end it as by Ctrl-C, so that its files are complete."""
    (folder / "graph.yaml").write_text(graph, encoding="utf-8")
    command = [sys.executable, "-m", "graphcore", "run", "graph.yaml", "--live", "--studio", "0"]
    with (folder / "log.txt").open("w+", encoding="utf-8") as log:
        started = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.PIPE, text=True)
        assert started.stderr is not None
        said: list[str] = []
        first = started.stderr.readline()
        rest = threading.Thread(target=lambda: said.extend(started.stderr or ()))  # a full pipe would hold it up
        rest.start()
        try:
            assert first.startswith("studio: "), first
            yield LiveRun(first.removeprefix("studio: ").strip())
        finally:
            started.send_signal(signal.SIGINT)
            started.wait(20)
            rest.join()
            started.stderr.close()
        log.seek(0)
        assert started.returncode in (0, 130), log.read() + first + "".join(said)
