"""Two machines on one: network namespaces that a veth pair joins. Needs root; elsewhere these tests are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.test_places import PLUGIN
from graphcore.transport.keys import make_keys

HERE, THERE = "10.77.3.1", "10.77.3.2"
PORT = 5599
COMMAND = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())"]

GRAPH = """\
nodes:
  shades: {type: shades, params: {count: 150}}
  mortal: {type: mortal, place: far, params: {record: died}, inputs: {video: shades.frames}}
  lines: {type: lines, params: {path: lines.txt}, inputs: {video: mortal.same}}
"""
PLACES = f"""\
places:
  far: {{kind: worker, address: "tcp://{THERE}:{PORT}", server_key: theirs/graphcore.pub}}
keys: ours
"""


class TwoMachines:
    """Runs commands on either, and takes the link between them down and up."""

    def __init__(self) -> None:
        self._names = [f"graphcore-{os.getpid()}-{side}" for side in "ab"]
        self._started: list[subprocess.Popen[str]] = []

    def join(self) -> None:
        """Make both, and the link."""
        ends = [f"gc{os.getpid() % 10**6}{side}" for side in "ab"]
        for name in self._names:
            _ip("netns", "add", name)
        _ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for name, end, address in zip(self._names, ends, (HERE, THERE), strict=True):
            _ip("link", "set", end, "netns", name)
            _ip("-n", name, "link", "set", end, "name", "eth0")
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "eth0", "up")

    def link(self, state: str) -> None:
        """`up` or `down`."""
        _ip("-n", self._names[1], "link", "set", "eth0", state)

    def start(self, machine: int, *arguments: str) -> subprocess.Popen[str]:
        """`graphcore ARGUMENTS...` on one of the two."""
        command = ["ip", "netns", "exec", self._names[machine], *COMMAND, *arguments, "--plugins", "more"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
        self._started.append(process)
        return process

    def close(self) -> None:
        """End what runs, and remove both."""
        for process in self._started:
            process.kill()
            process.communicate()
        for name in self._names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwoMachines]:
    """Both machines, a graph with one place on the other, and keys; the working directory is shared."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root and `ip` (iproute2), for network namespaces")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "mortal.py").write_text(PLUGIN)
    (tmp_path / "graph.yaml").write_text(GRAPH)
    (tmp_path / "places.yaml").write_text(PLACES)
    make_keys(tmp_path / "ours")
    make_keys(tmp_path / "theirs")
    made = TwoMachines()
    try:
        try:
            made.join()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
        yield made
    finally:
        made.close()


@pytest.fixture
def worker(machines: TwoMachines) -> subprocess.Popen[str]:
    """A worker on the other machine."""
    where = ["--listen", f"tcp://{THERE}:{PORT}", "--files", "files"]
    process = machines.start(1, "worker", *where, "--keys", "theirs", "--allow", "ours/graphcore.pub")
    assert process.stdout is not None
    assert process.stdout.readline().startswith(f"listening at tcp://{THERE}:{PORT}")
    return process
