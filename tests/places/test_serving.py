"""A place while a part opens: whoever gives the part up is not kept waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

from graphcore.places.messages import Assign, Cancel, Ended, Greet, to_text
from graphcore.places.part import describe
from graphcore.places.routes import COME_S, CONTROL, Route
from graphcore.places.spread import spread
from graphcore.places.worker import Worker
from graphcore.transport.channel import Channel
from graphcore.transport.zeromq import connect, random_name
from parts import Count, Sink, graph, node
from places.test_worker import COUNTED, Site
from thread_places import Seen

WAIT_S = 20.0
AT_ONCE_S = COME_S / 4


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes every worker."""
    with ExitStack() as made:
        yield made


def coordinator(site: Site, worker: Worker, got: SimpleQueue[Any], stack: ExitStack) -> Channel:
    """By hand."""
    key = site.listens["far"].server_key.encode()
    wire = connect(worker.address, keys=site.mine, server_key=key, name=random_name(CONTROL))
    channel = Channel(wire, {}, receive=got.put, closed=got.put)
    stack.callback(channel.close)
    channel.start()
    channel.send(Greet("0", ("k" * 40,)))
    return channel


def waiting() -> Assign:
    """A part whose peer never comes."""
    made = graph(node("count", Count), node("sink", Sink, {"number": "count.number"}))
    part = spread(made, {"count": "here", "sink": "far"}, live=False, threads=None)["far"]
    return Assign(1, 0, to_text([Route("here", "ab" * 16).describe()]), to_text(describe(part, {})))


def ended(got: SimpleQueue[Any]) -> Ended:
    """The end of a part, when it is told."""
    while not isinstance(message := got.get(timeout=WAIT_S), Ended):
        pass
    return message


def test_a_part_that_is_cancelled_while_it_waits_for_a_peer_ends_at_once(tmp_path: Path, stack: ExitStack) -> None:
    site, got = Site(tmp_path, Seen(), stack), SimpleQueue[Any]()
    channel = coordinator(site, site.add("far"), got, stack)
    channel.send(waiting())
    began = time.monotonic()
    channel.send(Cancel(1))
    assert ended(got).cancelled
    assert time.monotonic() - began < AT_ONCE_S


def test_a_coordinator_that_goes_while_a_part_waits_leaves_nothing(tmp_path: Path, stack: ExitStack) -> None:
    site, got = Site(tmp_path, Seen(), stack), SimpleQueue[Any]()
    worker = site.add("far")
    channel = coordinator(site, worker, got, stack)
    got.get(timeout=WAIT_S)
    (serving,) = worker._serving
    channel.send(waiting())
    channel.close()
    serving.join(AT_ONCE_S)
    assert not serving.is_alive()
    assert not list((tmp_path / "far-files" / ".inputs").iterdir())
    assert not worker._vouched


@pytest.mark.parametrize("text", [b"[" * 100_000, b"{}", b"\xff", b"", b"3"])
def test_a_part_that_is_none_is_answered(tmp_path: Path, stack: ExitStack, text: bytes) -> None:
    seen = Seen()
    site, got = Site(tmp_path, seen, stack), SimpleQueue[Any]()
    channel = coordinator(site, site.add("far"), got, stack)
    channel.send(Assign(1, 0, to_text([]), np.frombuffer(text, np.uint8)))
    assert ended(got).what.startswith("a part that cannot be read: ")
    channel.close()
    site.run(*COUNTED, where={"count": "here", "sink": "far"}).run()
    assert len(seen.packets["sink"]) == 5
