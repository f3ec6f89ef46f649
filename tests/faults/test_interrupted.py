"""Ctrl-C, SIGTERM, SIGKILL: what was made can be played, and what was there before stays."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest

Start = Callable[..., subprocess.Popen[str]]


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    """Until the process has said this."""
    assert process.stderr is not None
    assert process.stderr.readline() == line + "\n"


def pictures_in(movie: Path) -> int:
    """How many pictures can be decoded."""
    with av.open(str(movie)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_offline_run_breaks_off_and_keeps_a_playable_part(folder: Path, start: Start, number: int) -> None:
    (folder / "bars.mp4").write_bytes(b"old")
    process = start("bars.yaml")
    wait_for(process, "sent")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    partial = folder / "bars.partial.mp4"
    assert err == f"note: movie: the movie is not complete; what there is was kept as {partial}, signed\ninterrupted\n"
    assert (folder / "bars.mp4").read_bytes() == b"old"
    assert pictures_in(partial) >= 60  # of the 100 that were sent; the rest waited on links


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_live_run_ends_in_good_order(folder: Path, start: Start, number: int) -> None:
    process = start("bars.yaml", "--live", "--set=bars.say_at=10")
    wait_for(process, "sent")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == "ending the run and finishing its files; Ctrl-C again breaks it off\ninterrupted\n"
    assert out.startswith(f"{folder / 'bars.mp4'}: ")
    assert pictures_in(folder / "bars.mp4") >= 9
    assert not (folder / "bars.partial.mp4").exists()


@pytest.mark.parametrize("live", [(), ("--live",)])
def test_a_node_that_never_returns_is_left_at_the_third_ctrl_c(folder: Path, start: Start, live: tuple[str]) -> None:
    (folder / "hang.yaml").write_text(
        "nodes:\n  bars: {type: bars, params: {say_at: 100000}}\n  hang: {type: hang, inputs: {video: bars.frames}}\n"
    )
    process = start("hang.yaml", *live)
    wait_for(process, "hanging")
    sent = 0
    while process.poll() is None and sent < 50:
        process.send_signal(signal.SIGINT)
        sent += 1
        try:
            process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            continue
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert sent >= 3
    assert "waiting for the nodes to close; Ctrl-C again leaves them as they are\n" in err
    assert err.endswith("interrupted; some nodes were not closed\n")


def test_what_was_written_before_a_kill_can_be_played(folder: Path, start: Start) -> None:
    (folder / "bars.mp4").write_bytes(b"old")
    process = start("bars.yaml")
    wait_for(process, "sent")
    process.kill()
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    assert (folder / "bars.mp4").read_bytes() == b"old"
    assert pictures_in(folder / "bars.partial.mp4") >= 40


def test_the_next_run_replaces_what_a_killed_one_left(folder: Path, start: Start) -> None:
    (folder / "bars.partial.mp4").write_bytes(b"left by a killed run")
    process = start("bars.yaml", "--live", "--set=bars.say_at=2")
    wait_for(process, "sent")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert sorted(path.name for path in folder.glob("*.mp4")) == ["bars.mp4"]
