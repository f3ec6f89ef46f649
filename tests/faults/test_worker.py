"""A worker that is killed, frozen out or flooded: same bytes, or a clear error; the door stays."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.test_places import GRAPH, PLUGIN, gone, placed, until
from graphcore import RunError
from graphcore.transport.keys import make_keys

PLACES = """\
places:
  first: {{kind: process}}
  second: {{kind: worker, address: "tcp://127.0.0.1:{port}", server_key: theirs/graphcore.pub}}
keys: ours
"""


@pytest.fixture
def site(folder: Path) -> Path:
    """The working directory, with a graph whose second place is a worker, and the keys of both sides."""
    (folder / "more" / "mortal.py").write_text(PLUGIN)
    (folder / "mortal.yaml").write_text(GRAPH)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "places.yaml").write_text(PLACES.format(port=port))
    (folder / "port").write_text(str(port))
    make_keys(folder / "ours")
    make_keys(folder / "theirs")
    return folder


@pytest.fixture
def worker(site: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start `graphcore worker`, and wait until it listens."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "import sys; from graphcore.cli.main import main; sys.exit(main())", "worker"]
        where = ["--listen", f"tcp://127.0.0.1:{(site / 'port').read_text()}", "--files", "files", "--plugins", "more"]
        keys = ["--keys", "theirs", "--allow", "ours/graphcore.pub"]
        pipe = subprocess.PIPE
        process = subprocess.Popen([*command, *where, *keys], stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening at tcp://127.0.0.1:")
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture
def expected() -> str:
    """What lines.txt holds, made in one process by hand."""
    return "".join(f"{index * 40_000_000} {index * 30_000}\n" for index in range(60))


def serving(worker: subprocess.Popen[str]) -> int:
    """The process that serves, of a worker's two."""
    return int(Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()[0])


@pytest.mark.parametrize("live", [False, True])
def test_a_worker_whose_process_is_killed_goes_on(
    site: Path, worker: Callable[[], subprocess.Popen[str]], expected: str, live: bool
) -> None:
    worker()
    run = placed(site, at=20, deaths=1, live=live, record=str(site / "died"))
    run.run()
    assert run.restarted == 1
    assert run.notices[0].startswith("place second: lost (")
    came = (site / "lines.txt").read_text()
    assert came == expected or (live and came.splitlines()[-1] == expected.splitlines()[-1])
    assert until(lambda: not os.listdir(site / "files" / ".inputs"), 5)  # not even what the killed one held


def test_a_worker_that_nobody_started_is_told_after_a_while(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcore.places.remote.REACH_S", 0.5)
    with pytest.raises(RunError, match=r"place second: tcp://127.0.0.1:\d+: nothing listens.*start `graphcore worker`"):
        placed(site).run()


def test_a_worker_ends_by_ctrl_c_and_its_processes_with_it(
    site: Path, worker: Callable[[], subprocess.Popen[str]]
) -> None:
    started = worker()
    inside = serving(started)
    started.send_signal(signal.SIGINT)
    assert started.wait(5) == 0
    assert until(lambda: gone(inside), 5)


def test_what_serves_ends_when_its_guard_is_killed(site: Path, worker: Callable[[], subprocess.Popen[str]]) -> None:
    started = worker()
    inside = serving(started)
    os.kill(started.pid, signal.SIGKILL)
    assert until(lambda: gone(inside), 5)


def test_noise_at_the_door_changes_nothing(
    site: Path, worker: Callable[[], subprocess.Popen[str]], expected: str
) -> None:
    worker()
    port = int((site / "port").read_text())
    noisy = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    for index, each in enumerate(noisy):
        each.sendall(bytes((index * number) % 256 for number in range(997)))
    placed(site, record=str(site / "died")).run()
    assert (site / "lines.txt").read_text() == expected
    for each in noisy:
        each.close()


def test_a_worker_takes_as_many_open_files_as_it_may(site: Path, worker: Callable[[], subprocess.Popen[str]]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        inside = serving(worker())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(inside, resource.RLIMIT_NOFILE) == (hard, hard)
