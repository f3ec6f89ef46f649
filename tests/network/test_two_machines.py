"""One graph over two machines: the same result, and what happens when the link or the other machine goes."""

from __future__ import annotations

import json
import subprocess
import threading
from hashlib import sha256
from pathlib import Path

import av
import pytest

from network.conftest import TwoMachines

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

EXPECTED = "".join(f"{index * 40_000_000} {index * 30_000}\n" for index in range(150))


def ended(process: subprocess.Popen[str], timeout_s: float) -> tuple[int, str]:
    """The exit code, and what was said on stderr."""
    _, err = process.communicate(timeout=timeout_s)
    return process.returncode, err


def frames(path: Path) -> list[bytes]:
    """A hash of each decoded frame."""
    with av.open(str(path)) as movie:
        return [sha256(frame.to_ndarray()).digest() for frame in movie.decode(video=0)]


def written(path: Path, size: int, process: subprocess.Popen[str]) -> None:
    """Wait until a file has that many bytes."""
    while not path.exists() or path.stat().st_size < size:
        assert process.poll() is None, process.communicate()[1]
        threading.Event().wait(0.02)


@pytest.mark.usefixtures("worker")
def test_two_machines_make_what_one_makes(machines: TwoMachines, tmp_path: Path) -> None:
    run = machines.start(0, "run", "graph.yaml", "--places", "places.yaml", "--stats", "stats.json")
    code, err = ended(run, 30)
    assert code == 0, err
    assert (tmp_path / "lines.txt").read_text() == EXPECTED
    far = json.loads((tmp_path / "stats.json").read_text())["places"]["far"]
    assert abs(far["clock_offset_us"]) < 5_000  # it is the same clock
    assert far["round_trip_us"] > 0


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("down_s", [0.5, 4.0])
def test_a_link_that_comes_back_loses_nothing(machines: TwoMachines, tmp_path: Path, down_s: float) -> None:
    run = machines.start(0, "run", "graph.yaml", "--places", "places.yaml", "--live", "--stats", "stats.json")
    written(tmp_path / "lines.partial", 300, run)
    machines.link("down")
    threading.Event().wait(down_s)
    machines.link("up")
    code, err = ended(run, 40)
    assert code == 0, err
    assert json.loads((tmp_path / "stats.json").read_text())["restarts"] == 0
    lines = (tmp_path / "lines.txt").read_text().splitlines()
    assert lines == EXPECTED.splitlines()


@pytest.mark.usefixtures("worker")
def test_a_machine_that_stays_away_ends_the_run_and_the_partial_file_stays(
    machines: TwoMachines, tmp_path: Path
) -> None:
    run = machines.start(0, "run", "graph.yaml", "--places", "places.yaml", "--live")
    written(tmp_path / "lines.partial", 300, run)
    machines.link("down")
    code, err = ended(run, 60)
    assert code == 1
    assert "error: place far: tcp://10.77.3.2:5599" in err
    assert EXPECTED.startswith((tmp_path / "lines.partial").read_text())


@pytest.mark.usefixtures("worker")
def test_the_picture_is_drawn_on_the_other_machine(machines: TwoMachines, tmp_path: Path) -> None:
    places = (Path(__file__).parents[2] / "graphs" / "places" / "two-machines.yaml").read_text()
    places = places.replace("tcp://192.168.1.20", "tcp://10.77.3.2")
    places = places.replace("../../keys/avatar-pc.pub", "theirs/graphcore.pub").replace("../../keys", "ours")
    (tmp_path / "two.yaml").write_text(places)
    words = ["--set", "speech.text=Yes.", "--set", "face.size=256"]
    for name, where in (("one", []), ("two", ["--places", "two.yaml"])):
        run = machines.start(0, "run", "talk_processes", *where, *words, "--set", f"movie.path={name}.mp4")
        code, err = ended(run, 60)
        assert code == 0, err
    assert frames(tmp_path / "one.mp4") == frames(tmp_path / "two.mp4") != []


def test_a_key_that_is_not_allowed_is_refused_on_both_sides(machines: TwoMachines, tmp_path: Path) -> None:
    where = ["--listen", "tcp://10.77.3.2:5599", "--files", "files", "--keys", "theirs"]
    worker = machines.start(1, "worker", *where, "--allow", "theirs/graphcore.pub")
    assert worker.stdout is not None
    worker.stdout.readline()
    code, err = ended(machines.start(0, "run", "graph.yaml", "--places", "places.yaml"), 30)
    assert code == 1
    assert "does not know our key" in err
    worker.terminate()
    ours = (tmp_path / "ours" / "graphcore.pub").read_text().strip()
    assert f"refused the unknown key {ours}" in worker.communicate(timeout=10)[1]
