"""Files that travel to a worker: by content only, not too many, and nothing of them stays."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from graphcore import Node, Param, RunError
from graphcore.errors import CodecError
from graphcore.places.files import INPUTS, WorkerFiles, sent_params, sweep
from graphcore.places.messages import Content, Greet, Ready, to_text
from graphcore.places.routes import CONTROL
from graphcore.transport.channel import Channel
from graphcore.transport.zeromq import connect, random_name
from parts import graph, node
from places.test_worker import COUNTED, Lines, Site, Written
from thread_places import Seen

DIGEST = "0" * 64
WAIT_S = 20.0


class Maybe(Node):
    """May read a file, and has a place to write one."""

    notes = Param[Path | None](None, file="in")
    kept = Param.file_out("kept.txt")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[WorkerFiles]:
    """Of one coordinator."""
    made = WorkerFiles(tmp_path / "files")
    yield made
    made.close()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes every worker."""
    with ExitStack() as made:
        yield made


@pytest.mark.parametrize(
    "value", ["/etc/passwd", "", None, 3, ["/etc/passwd"], {}, {"out": "x"}, {"content": 3}, {"content": "../../x"},
              {"content": "\0"}, {"content": "x" * 5000}],
)  # fmt: skip
def test_a_worker_reads_only_what_was_sent(files: WorkerFiles, value: Any) -> None:
    with pytest.raises(RunError, match=r"^lines: "):
        files.params("lines", Lines, {"path": value})


@pytest.mark.parametrize(
    "value", ["sum.txt", "/tmp/sum.txt", None, {}, {"content": DIGEST}, {"out": None}, {"out": ""}, {"out": "../x"},
              {"out": ".inputs/x"}, {"out": "/tmp/x"}, {"out": "a\0b"}],
)  # fmt: skip
def test_a_worker_writes_only_below_its_folder(files: WorkerFiles, value: Any) -> None:
    with pytest.raises(RunError, match=r"^written: "):
        files.params("written", Written, {"path": value})


@pytest.mark.parametrize("name", ["", "..", "a/..", "../../b.txt", "/b.txt", "b.txt"])
def test_what_was_sent_is_read_under_its_own_name(files: WorkerFiles, name: str) -> None:
    digest = hashlib.sha256(to_text("a").tobytes()).hexdigest()
    files.take(Content(digest, 0, to_text("a")))
    path = Path(files.params("lines", Lines, {"path": {"content": digest, "name": name}})["path"])
    assert path.read_text() == '"a"'
    assert path.name == ("b.txt" if name.endswith("b.txt") else "file")
    assert path.resolve().is_relative_to(files.folder / INPUTS)


def test_a_link_does_not_lead_out_of_the_folder(files: WorkerFiles, tmp_path: Path) -> None:
    (tmp_path / "files" / "way").symlink_to(tmp_path)
    with pytest.raises(RunError, match="outside of the worker's folder"):
        files.params("written", Written, {"path": {"out": "way/sum.txt"}})


def test_a_file_param_that_was_left_out_is_no_way_to_its_default(files: WorkerFiles) -> None:
    given = files.params("maybe", Maybe, {"notes": None, "kept": {"out": "a/b.txt"}})
    assert given == {"notes": None, "kept": str(files.folder / "a" / "b.txt")}
    with pytest.raises(RunError, match="kept: expected a path below the worker's folder"):
        files.params("maybe", Maybe, {})


def test_a_folder_that_cannot_be_made_is_said(files: WorkerFiles, tmp_path: Path) -> None:
    (tmp_path / "files" / "out").write_text("a file")
    with pytest.raises(RunError, match=r"^written: path: .*File exists"):
        files.params("written", Written, {"path": {"out": "out/sum.txt"}})


def test_a_file_that_is_too_large_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcore.places.files.MOST", 100)
    (tmp_path / "big").write_bytes(b"1 " * 51)
    made = graph(node("lines", Lines, path=tmp_path / "big"))
    with pytest.raises(RunError, match=r"lines: .*big: 102 bytes, too large .* takes 100 bytes"):
        sent_params(made.nodes["lines"])


def test_what_cannot_be_kept_is_refused(files: WorkerFiles, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "files" / INPUTS)
    with pytest.raises(CodecError, match="cannot be kept by the worker: No such file"):
        files.take(Content(DIGEST, 0, to_text("a")))


def test_the_sweep_leaves_what_somebody_uses(files: WorkerFiles, tmp_path: Path) -> None:
    inputs = tmp_path / "files" / INPUTS
    (used,) = inputs.iterdir()
    for name, age_s in (("left", 0), ("made", 0), ("old", 1000)):
        (inputs / name).mkdir()
        if name == "left":
            (inputs / name / "lock").touch()
        os.utime(inputs / name, times=(inputs.stat().st_mtime - age_s,) * 2)
    sweep(tmp_path / "files")
    assert sorted(inputs.iterdir()) == sorted([used, inputs / "made"])


def session(site: Site, reasons: SimpleQueue[str], stack: ExitStack) -> Channel:
    """A coordinator's way to the worker `far`, by hand, once that has answered."""
    listens = site.listens["far"]
    key = listens.server_key.encode()
    answers: SimpleQueue[Any] = SimpleQueue()
    wire = connect(listens.address, keys=site.mine, server_key=key, name=random_name(CONTROL))
    channel = Channel(wire, {}, receive=answers.put, closed=reasons.put)
    stack.callback(channel.close)
    channel.start()
    channel.send(Greet("0", ()))
    assert isinstance(answers.get(timeout=WAIT_S), Ready)
    return channel


@pytest.mark.parametrize("most", [1, 2**20])
def test_a_session_that_is_ended_learns_why_and_the_next_one_works(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    seen = Seen()
    site = Site(tmp_path, seen, stack)
    site.add("far")
    monkeypatch.setattr("graphcore.places.files.MOST", most)
    reasons: SimpleQueue[str] = SimpleQueue()
    channel = session(site, reasons, stack)
    shutil.rmtree(tmp_path / "far-files" / INPUTS)  # as good as a full disk
    channel.send(Content(DIGEST, 0, to_text("more than one byte")))
    expected = "too large: this worker takes 1 bytes" if most == 1 else "cannot be kept by the worker: No such file"
    assert expected in reasons.get(timeout=WAIT_S)
    site.run(*COUNTED, where={"count": "here", "sink": "far"}).run()
    assert len(seen.packets["sink"]) == 5


def test_a_coordinator_too_many_is_told_so(tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcore.places.worker.MAX_COORDINATORS", 1)
    site = Site(tmp_path, Seen(), stack)
    site.add("far")
    session(site, SimpleQueue(), stack)
    with pytest.raises(RunError, match="refused: too many coordinators; this worker serves 1 at a time"):
        site.run(*COUNTED, where={"count": "here", "sink": "far"}).run()
