"""A real OBS without a screen: on a virtual X server, in a network namespace of its own, with a home of its own."""

from __future__ import annotations

import base64
import ctypes
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WEBSOCKET = 4466
STREAM = 9101
SIZE = (320, 180)
RATE = 60  # frames a second: what is measured in OBS is as fine as this
NEW_NETWORK = 0x40000000  # CLONE_NEWNET
COMMAND = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]

GLOBAL_INI = f"""\
[General]
FirstRun=true
LastVersion=486539266
EnableAutoUpdates=false
[Basic]
Profile=Untitled
ProfileDir=Untitled
SceneCollection=Untitled
SceneCollectionFile=Untitled
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={WEBSOCKET}
AlertsEnabled=false
AuthRequired=false
[BasicWindow]
PreviewEnabled=false
"""
BASIC_INI = """\
[General]
Name=Untitled
[Video]
BaseCX={width}
BaseCY={height}
OutputCX={width}
OutputCY={height}
FPSCommon={rate}
[Output]
Mode=Simple
[SimpleOutput]
FilePath={recordings}
RecFormat=mkv
"""
MEDIA_SOURCE = {
    "is_local_file": False,
    "input": f"tcp://127.0.0.1:{STREAM}",
    "input_format": "nut",
    "buffering_mb": 0,
    "reconnect_delay_sec": 1,
    "restart_on_activate": False,
    "clear_on_media_end": True,
}


def missing() -> str:
    """Why there is no OBS here, or nothing."""
    if os.geteuid() != 0:
        return "needs root, for a network namespace"
    for program in ("obs", "Xvfb", "unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            return f"needs {program}: apt-get install obs-studio xvfb util-linux iproute2"
    if find_spec("obsws_python") is None:
        return "needs obsws-python: pip install obsws-python"
    done = subprocess.run(["unshare", "-n", "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces here: {done.stderr.strip()}" if done.returncode else ""


class Obs:
    """OBS, and the graphs that run beside it in its network."""

    def __init__(self, home: Path) -> None:
        self.recordings = home / "recordings"
        self._home = home
        self._started: list[subprocess.Popen[Any]] = []
        self._connected = False
        self.lost = 0.0

    def start(self, size: tuple[int, int] = SIZE, rate: int = RATE) -> None:
        """Begin, with a canvas of this size and rate; `close` must be called whatever comes of it."""
        _settings(self._home, self.recordings, size, rate)
        network = ["unshare", "-n", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"]
        self._network = self._start(network, stdout=subprocess.PIPE)
        assert self._network.stdout is not None
        with self._network.stdout as said:
            assert said.readline() == "up\n"
        self.display = self._start_screen()
        log = (self._home / "obs.txt").open("w")
        with log:
            command = [*self._inside(), "obs", "--multi", "--disable-updater", "--websocket_ipv4_only"]
            self._process = self._start(command, env=self._environment(), stdout=log, stderr=subprocess.STDOUT)
        self.client = self._connect()
        self._connected = True
        self.scene: str = self.client.get_current_program_scene().current_program_scene_name

    def run(self, *arguments: str, cwd: Path) -> subprocess.Popen[str]:
        """`graphcore run ARGUMENTS...` in the network of OBS."""
        command = [*self._inside(), *COMMAND, "run", *arguments]
        with (self._home / "graph.txt").open("a") as log:
            return self._start(command, cwd=cwd, stdout=log, stderr=subprocess.STDOUT)

    def add_stream(self, name: str = "face") -> None:
        """A source of OBS that shows what `obs_stream` sends.

        Only once somebody listens: where OBS 29 is refused at once by the very first connection, it sometimes does not
        try again (it is told that the media ended before it knows that it began).
        """
        self.await_listening()
        self.client.create_input(self.scene, name, "ffmpeg_source", MEDIA_SOURCE, True)

    def picture(self, name: str = "face", size: int = 256) -> NDArray[np.uint8] | None:
        """What a source or a scene shows, BGRA; None where it shows nothing."""
        try:
            shot = self.client.get_source_screenshot(name, "png", size, size, -1)
        except Exception:  # obsws_python: a source that has no size yet cannot be rendered
            return None
        data = base64.b64decode(shot.image_data.partition(",")[2])
        made = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        return None if made is None or made.ndim != 3 else np.asarray(made, np.uint8)

    def await_picture(
        self, fits: Callable[[NDArray[np.uint8]], bool], timeout_s: float = 20.0, name: str = "face"
    ) -> NDArray[np.uint8]:
        """The first picture of a source that fits."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            seen = self.picture(name)
            if seen is not None and fits(seen):
                return seen
        raise AssertionError(f"no such picture within {timeout_s} s; OBS says:\n{self.said}")

    def await_listening(self, timeout_s: float = 30.0) -> None:
        """Until a graph takes viewers."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                with self.network(), socket.create_connection(("127.0.0.1", STREAM)):
                    return
            except ConnectionRefusedError:
                assert time.monotonic() < until, f"nothing listens after {timeout_s} s"
                time.sleep(0.02)

    @property
    def said(self) -> str:
        """The end of its log, and what the graphs said."""
        return "\n".join(path.read_text()[-2000:] for path in self._home.glob("*.txt"))

    def record(self, seconds: float) -> Path:
        """What OBS recorded in so many seconds; `lost` is the part of its own frames for which it had no time."""
        before = self.client.get_stats()
        self.client.start_record()
        time.sleep(seconds)
        after = self.client.get_stats()
        frames = after.render_total_frames - before.render_total_frames
        self.lost = (after.render_skipped_frames - before.render_skipped_frames) / frames
        path = Path(self.client.stop_record().output_path)
        while self.client.get_record_status().output_active:
            time.sleep(0.05)
        return path

    def close(self) -> None:
        """End all that was started."""
        if self._connected:
            self.client.disconnect()
        for process in reversed(self._started):
            process.kill()
            process.wait()

    @contextmanager
    def network(self) -> Iterator[None]:
        """Connections that this thread makes meanwhile are in the network of OBS."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as ours, open(f"/proc/{self._network.pid}/ns/net") as theirs:
            assert libc.setns(theirs.fileno(), NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                assert libc.setns(ours.fileno(), NEW_NETWORK) == 0

    def _start(self, command: list[str], **more: Any) -> subprocess.Popen[Any]:
        process = subprocess.Popen(command, text=True, **more)
        self._started.append(process)
        return process

    def _inside(self) -> list[str]:
        return ["nsenter", "-t", str(self._network.pid), "-n", "--"]

    def _start_screen(self) -> str:
        reading, writing = os.pipe()
        screen = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x720x24", "-nolisten", "tcp"]
        self._start(screen, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with open(reading) as number:
            return f":{number.readline().strip()}"

    def _environment(self) -> dict[str, str]:
        runtime = self._home / "runtime"
        runtime.mkdir(mode=0o700)
        own = {"HOME": str(self._home), "XDG_RUNTIME_DIR": str(runtime), "DISPLAY": self.display}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | own | {"LIBGL_ALWAYS_SOFTWARE": "1", "QT_QPA_PLATFORM": "xcb"}

    def _connect(self) -> Any:
        import obsws_python

        until = time.monotonic() + 40.0
        while True:
            try:
                with self.network():
                    return obsws_python.ReqClient(host="127.0.0.1", port=WEBSOCKET, timeout=10)
            except Exception:  # it is starting: refused, or not ready to answer
                assert time.monotonic() < until, self.said
                assert self._process.poll() is None, self.said
                time.sleep(0.2)


def _settings(home: Path, recordings: Path, size: tuple[int, int], rate: int) -> None:
    folder = home / ".config" / "obs-studio"
    profile = folder / "basic" / "profiles" / "Untitled"
    profile.mkdir(parents=True)
    recordings.mkdir()
    (folder / "global.ini").write_text(GLOBAL_INI)
    basic = BASIC_INI.format(width=size[0], height=size[1], rate=rate, recordings=recordings)
    (profile / "basic.ini").write_text(basic)
