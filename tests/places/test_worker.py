"""Places that are workers: the same packets as in one process, by keys, with files by content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from graphcore import Input, Node, Output, Param, RunError
from graphcore.places.placed_run import PlacedRun
from graphcore.places.process import Listens
from graphcore.places.worker import Worker
from graphcore.places.workers import Workers
from graphcore.transport.keys import Keys, make_keys
from parts import Count, Number, Scale, Sink, graph, node
from thread_places import Seen

COUNTED = (node("count", Count), node("sink", Sink, {"number": "count.number"}))


class Lines(Node):
    """One number for each line of a file."""

    path = Param.file_in()
    number = Output(Number)

    def produce(self) -> Iterator[None]:
        for index, line in enumerate(self.path.read_text().split()):
            self.number.send(Number(float(line)), timestamp=index)
            yield


class Written(Node):
    """Writes the sum of what comes."""

    number = Input(Number)
    path = Param.file_out()
    total = 0.0

    def process(self, number: Number) -> None:
        self.total += number.value

    def finish(self) -> None:
        self.path.write_text(str(self.total))
        self.context.made(self.path, 1, "sums")


class Site:
    """Workers in threads of this process, and the keys of everybody."""

    def __init__(self, folder: Path, seen: Seen, stack: ExitStack, secured: bool = True) -> None:
        self.types = seen.types | {each.type_name: each for each in (Lines, Written)}
        self.folder = folder
        self.stack = stack
        self.mine = make_keys(folder / "mine") if secured else None
        self.listens: dict[str, Listens] = {}
        self.workers: dict[str, Worker] = {}

    def add(self, name: str, allowed: Keys | None = None) -> Worker:
        keys = make_keys(self.folder / name) if self.mine else None
        known = allowed or self.mine
        worker = Worker(
            "tcp://127.0.0.1:*",
            self.types,
            self.folder / f"{name}-files",
            keys=keys,
            allowed=frozenset([known.public]) if known else frozenset(),
        )
        self.stack.callback(worker.close)
        self.listens[name] = Listens(worker.address, keys.public.decode() if keys else "")
        self.workers[name] = worker
        return worker

    def run(self, *nodes: object, where: dict[str, str], live: bool = False) -> PlacedRun:
        return PlacedRun(
            graph(*nodes),
            where,
            self.types,
            workers=Workers(self.listens, self.mine),
            live=live,
        )


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes every worker."""
    with ExitStack() as made:
        yield made


@pytest.mark.parametrize("secured", [True, False])
def test_two_workers_and_this_process_give_the_same_packets(tmp_path: Path, stack: ExitStack, secured: bool) -> None:
    seen = Seen()
    site = Site(tmp_path, seen, stack, secured)
    site.add("left")
    site.add("right")
    run = site.run(
        node("count", Count, count=50, step_ms=20.0),
        node("scale", Scale, {"number": "count.number"}),
        node("again", Scale, {"number": "scale.scaled"}),
        node("sink", Sink, {"number": "again.scaled"}),
        where={"count": "here", "scale": "left", "again": "right", "sink": "here"},
    )
    run.run()
    assert seen.packets == {"sink": [(index * 20_000_000, 4.0 * index) for index in range(50)]}
    assert run.losses == []


def test_files_travel_by_content_and_stay_in_the_workers_folder(
    tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.txt").write_text("1 2 3.5")
    site = Site(tmp_path, Seen(), stack)
    site.add("far")
    run = site.run(
        node("lines", Lines, path=tmp_path / "numbers.txt"),
        node("written", Written, {"number": "lines.number"}, path=tmp_path / "out" / "sum.txt"),
        where={"lines": "far", "written": "far"},
    )
    run.run()
    assert (tmp_path / "far-files" / "out" / "sum.txt").read_text() == "6.5"
    assert not (tmp_path / "out").exists()
    assert [str(made.path) for made in run.made] == [f"far:{tmp_path}/far-files/out/sum.txt"]
    site.workers["far"].close()
    assert not list((tmp_path / "far-files" / ".inputs").iterdir())


def test_a_worker_writes_nowhere_else(tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    site = Site(tmp_path, Seen(), stack)
    site.add("far")
    run = site.run(
        node("count", Count),
        node("written", Written, {"number": "count.number"}, path=tmp_path / "sum.txt"),
        where={"count": "here", "written": "far"},
    )
    with pytest.raises(RunError, match=r"written: .*sum.txt: a worker writes below its own folder only"):
        run.run()


def test_a_stranger_is_refused_and_told_so(tmp_path: Path, stack: ExitStack) -> None:
    site = Site(tmp_path, Seen(), stack)
    site.add("far", allowed=make_keys(tmp_path / "other"))
    run = site.run(
        node("count", Count), node("sink", Sink, {"number": "count.number"}), where={"count": "here", "sink": "far"}
    )
    with pytest.raises(RunError, match=r"place far: tcp://.*does not know our key; it must be started with `--allow`"):
        run.run()


def test_a_worker_that_is_not_who_we_expect_is_not_talked_to(tmp_path: Path, stack: ExitStack) -> None:
    site = Site(tmp_path, Seen(), stack)
    site.add("far")
    site.listens["far"] = Listens(site.listens["far"].address, make_keys(tmp_path / "other").public.decode())
    run = site.run(
        node("count", Count), node("sink", Sink, {"number": "count.number"}), where={"count": "here", "sink": "far"}
    )
    with pytest.raises(RunError, match=r"place far: tcp://.*is not who we expect; compare its public key"):
        run.run()
