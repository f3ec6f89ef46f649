"""Child processes that are killed, fail, or lose their parent: same bytes, or a clear error and what there is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphcore import Cancelled, RunError, load
from graphcore.errors import OpenError
from graphcore.graph.check import check
from graphcore.places.declared import place_nodes
from graphcore.places.placed_run import PlacedRun, Restarts
from graphcore.places.workers import workers_of
from graphcore.plugins import find_nodes

Start = Callable[..., subprocess.Popen[str]]

PLUGIN = '''
import os
import signal
from pathlib import Path
from avatar_nodes.payloads import VideoFrame
import numpy as np
from graphcore import Input, Node, NodeError, Output, Param, Source, hookimpl


class Shades(Source):
    """Pictures of ever another grey."""

    frames = Output(VideoFrame)
    count = Param(60)

    def produce(self):
        for index in range(self.count):
            self.frames.send(VideoFrame(np.full((100, 100, 3), index, np.uint8)), timestamp=index * 40_000_000)
            yield


class Mortal(Node):
    """Hands pictures on; kills its own process before packet `at`, as long as `deaths` is longer than its record."""

    video = Input(VideoFrame)
    same = Output(VideoFrame)
    at = Param(-1)
    deaths = Param(0)
    record = Param(type=str)
    how = Param("kill", choices=("kill", "freeze", "raise", "hang", "refuse"))

    def open(self):
        self._index = 0
        if self.how == "refuse":
            raise NodeError("not like this", fix="ask again")

    def process(self, video):
        record = Path(self.record)
        died = len(record.read_text()) if record.exists() else 0
        if self._index == self.at and died < self.deaths:
            record.write_text("x" * (died + 1))
            if self.how == "raise":
                raise ValueError("a bug")
            if self.how in ("kill", "freeze"):
                os.kill(os.getpid(), signal.SIGKILL if self.how == "kill" else signal.SIGSTOP)
            while not self.context.cancelled:
                pass
        self._index += 1
        self.same.send(video)


class Lines(Node):
    """Writes a line for each picture, under a temporary name until it is complete."""

    video = Input(VideoFrame)
    path = Param.file_out()

    def open(self):
        self._partial = self.path.with_suffix(".partial")
        self._file = self._partial.open("w")
        self._count = 0

    def process(self, video):
        self._count += 1
        print(self.timestamp, int(video.pixels.sum()), file=self._file, flush=True)

    def finish(self):
        self._file.close()
        os.replace(self._partial, self.path)
        self.context.made(self.path, self._count, "lines")

    def close(self):
        self._file.close()


@hookimpl
def register_nodes():
    return [Shades, Mortal, Lines]
'''

GRAPH = """\
nodes:
  shades: {type: shades, place: first}
  mortal: {type: mortal, place: second, params: {record: died}, inputs: {video: shades.frames}}
  lines: {type: lines, params: {path: lines.txt}, inputs: {video: mortal.same}}
"""

PLACES = "places:\n  first: {kind: process}\n  second: {kind: process}\n"


@pytest.fixture
def mortal(folder: Path) -> Path:
    """The working directory, with a graph over three processes."""
    (folder / "more" / "mortal.py").write_text(PLUGIN)
    (folder / "mortal.yaml").write_text(GRAPH)
    (folder / "places.yaml").write_text(PLACES)
    return folder


@pytest.fixture
def expected(mortal: Path) -> str:
    """What lines.txt holds, made in one process by hand."""
    return "".join(f"{index * 40_000_000} {index * 30_000}\n" for index in range(60))


def placed(folder: Path, restarts: Restarts | None = None, *, live: bool = False, **settings: Any) -> PlacedRun:
    """A run over the places of places.yaml."""
    spec = load("mortal.yaml", {f"mortal.{name}": str(value) for name, value in settings.items()})
    placement = place_nodes(spec, Path("places.yaml"))
    registry = find_nodes(folder / "more")
    return PlacedRun(
        check(spec, registry),
        placement.place_of,
        registry.types,
        live=live,
        plugins=folder / "more",
        restarts=restarts,
        workers=workers_of(placement),
    )


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that nobody waits for has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(true: Callable[[], bool], timeout_s: float = 20) -> bool:
    """Wait for something that no event tells of."""
    for _ in range(int(timeout_s * 100)):
        if true():
            return True
        threading.Event().wait(0.01)
    return False


def test_three_processes_make_what_one_makes(mortal: Path, expected: str, graphcore: Callable[..., Any]) -> None:
    answer = graphcore(
        "run", "mortal.yaml", "--plugins", "more", "--places", "places.yaml", "--watch", "--stats", "stats.json"
    )
    assert answer.code == 0, answer.err
    assert (mortal / "lines.txt").read_text() == expected
    assert "shades.frames -> mortal.video (first to second)" in answer.err
    assert '"places": {' in (mortal / "stats.json").read_text()


@pytest.mark.parametrize("at", [0, 30, 59])
def test_a_killed_process_changes_nothing_of_the_result(mortal: Path, expected: str, at: int) -> None:
    run = placed(mortal, at=at, deaths=1)
    run.run()
    assert run.restarted == 1
    assert run.notices == [
        "place second: lost (killed by SIGKILL)",
        "starting again from the first packet in every place",
    ]
    assert (mortal / "lines.txt").read_text() == expected
    assert [made.count for made in run.made] == [60]


@pytest.mark.parametrize("at", [0, 20])
def test_live_a_killed_process_is_opened_again_while_the_others_go_on(mortal: Path, expected: str, at: int) -> None:
    run = placed(mortal, at=at, deaths=1, live=True)
    run.run()
    assert run.restarted == 1
    assert run.notices[0] == "place second: lost (killed by SIGKILL)"
    assert run.notices[1].startswith("place second: opened again after ")
    came = (mortal / "lines.txt").read_text().splitlines()
    assert came[-1] == expected.splitlines()[-1]  # and they came in order, or the sink had failed
    assert len(came) >= 55
    assert set(came) <= set(expected.splitlines())


def test_two_processes_killed_at_once_change_nothing_of_the_result(mortal: Path, expected: str) -> None:
    run = placed(mortal, at=30, deaths=1, how="hang")
    run.start()
    assert until(lambda: (mortal / "died").exists())
    places = run.stats()["places"]
    for name in ("first", "second"):
        os.kill(places[name]["pid"], signal.SIGKILL)
    assert run.wait(20)
    assert (mortal / "lines.txt").read_text() == expected


def test_live_two_processes_killed_at_once_are_opened_again(mortal: Path, expected: str) -> None:
    run = placed(mortal, live=True)
    run.start()
    assert until(lambda: (mortal / "lines.partial").exists() and (mortal / "lines.partial").stat().st_size > 100)
    places = run.stats()["places"]
    for name in ("first", "second"):
        os.kill(places[name]["pid"], signal.SIGKILL)
    assert run.wait(20)
    assert run.restarted == 2
    assert (mortal / "lines.txt").read_text().splitlines()[-1] == expected.splitlines()[-1]


def test_live_a_run_that_is_stopped_while_a_process_is_away_ends(mortal: Path) -> None:
    run = placed(mortal, live=True)
    run.start()
    assert until(lambda: (mortal / "lines.partial").exists() and (mortal / "lines.partial").stat().st_size > 100)
    os.kill(run.stats()["places"]["second"]["pid"], signal.SIGKILL)
    assert until(lambda: bool(run.notices))
    run.stop()
    assert run.wait(20)
    assert (mortal / "lines.txt").exists()


def test_a_process_that_is_frozen_is_replaced(mortal: Path, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcore.places.answers.FROZEN_S", 0.5)
    monkeypatch.setattr("graphcore.places.answers.PING_EVERY_S", 0.1)
    run = placed(mortal, at=20, deaths=1, how="freeze")
    run.run()
    assert run.restarted == 1
    assert run.notices[0].startswith("place second: lost (it did not answer for ")
    assert (mortal / "lines.txt").read_text() == expected


def test_live_a_policy_used_up_ends_the_run(mortal: Path) -> None:
    run = placed(mortal, Restarts(max=1), at=5, deaths=9, live=True)
    with pytest.raises(RunError, match=r"place second: lost \(killed by SIGKILL\) after 1 restarts within 60 s"):
        run.run()
    assert (mortal / "lines.partial").exists()


def test_a_policy_used_up_is_an_error_and_the_partial_file_stays(mortal: Path, expected: str) -> None:
    run = placed(mortal, Restarts(max=1), at=30, deaths=9)
    with pytest.raises(RunError, match=r"place second: lost \(killed by SIGKILL\) after 1 restarts within 60 s"):
        run.run()
    partial = (mortal / "lines.partial").read_text()
    assert expected.startswith(partial)
    assert not (mortal / "lines.txt").exists()


def test_an_exception_in_a_process_names_its_node(mortal: Path) -> None:
    run = placed(mortal, at=3, deaths=9, how="raise")
    with pytest.raises(RunError, match=r"^mortal at 0\.120 s: ValueError: a bug$") as caught:
        run.run()
    assert (caught.value.node, caught.value.timestamp) == ("mortal", 120_000_000)
    assert run.restarted == 0


def test_a_node_that_cannot_open_is_told_as_in_one_process(mortal: Path) -> None:
    with pytest.raises(OpenError, match=r"^mortal: not like this; ask again$"):
        placed(mortal, how="refuse").run()


def test_a_process_that_cannot_start_is_not_started_again(mortal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    run = placed(mortal)
    with pytest.raises(
        RunError, match=r"^place (first|second): its process did not start \(it ended with exit code 1\)"
    ):
        run.run()
    assert run.restarted == 0


def test_cancel_ends_every_process(mortal: Path) -> None:
    run = placed(mortal, at=3, deaths=9, how="hang")
    run.start()
    assert until((mortal / "died").exists)
    pids = [place["pid"] for place in run.stats()["places"].values() if place["pid"] != os.getpid()]
    run.cancel()
    with pytest.raises(Cancelled):
        run.wait()
    assert len(pids) == 2
    assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_its_parent(mortal: Path, start: Start, number: signal.Signals) -> None:
    settings = ["--set", "mortal.at=3", "--set", "mortal.deaths=9", "--set", "mortal.how=hang"]
    process = start("mortal.yaml", "--places", "places.yaml", *settings)
    assert until((mortal / "died").exists)
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    children = {int(pid) for task in listed.parents[1].glob("*/children") for pid in task.read_text().split()}
    assert len(children) >= 2
    process.send_signal(number)
    code = process.wait(20)
    assert code == (130 if number == signal.SIGINT else -9)
    assert until(lambda: all(gone(pid) for pid in children))
