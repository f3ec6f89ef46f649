"""Whoever owns a key may still send nonsense: it is refused, nothing is left of it, and the next run is as ever."""

from __future__ import annotations

import copy
import json
import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from graphcore.places.messages import Assign, Cancel, Content, Ended, Go, Greet, Rejoin, Release, Stop, to_text
from graphcore.places.part import describe
from graphcore.places.routes import CONTROL
from graphcore.places.spread import spread
from graphcore.transport.channel import Channel
from graphcore.transport.zeromq import connect, random_name
from parts import Count, Scale, Sink, graph, node
from places.test_worker import Site
from thread_places import Seen

ROUNDS = 60
WAIT_S = 20.0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes every worker."""
    with ExitStack() as made:
        yield made


def good_part() -> dict[str, Any]:
    """A part of a graph that a worker could run."""
    made = graph(
        node("count", Count),
        node("scale", Scale, {"number": "count.number"}),
        node("sink", Sink, {"number": "scale.scaled"}),
    )
    where = {"count": "far", "scale": "far", "sink": "far"}
    return describe(spread(made, where, live=False, threads=None)["far"], {})


def spoilt(content: Any, chance: random.Random) -> Any:
    """The same with one value somewhere replaced, removed or doubled."""
    other = [
        None,
        -1,
        2**70,
        "",
        "x" * 5000,
        [],
        {},
        "../../etc/passwd",
        {"content": "0" * 64},
        {"out": "/tmp/x"},
        1e308,
    ]
    made = copy.deepcopy(content)
    at = made
    while isinstance(at, (dict, list)) and at:
        key = chance.choice(list(at)) if isinstance(at, dict) else chance.randrange(len(at))
        if not isinstance(at[key], (dict, list)) or not at[key] or chance.random() < 0.3:
            if chance.random() < 0.2 and isinstance(at, dict):
                del at[key]
            else:
                at[key] = chance.choice(other)
            break
        at = at[key]
    return made


def test_nonsense_from_somebody_who_is_allowed_ends_nothing_but_its_own_session(
    tmp_path: Path, stack: ExitStack
) -> None:
    chance = random.Random(7)
    seen = Seen()
    site = Site(tmp_path, seen, stack)
    worker = site.add("far")
    listens = site.listens["far"]
    part = good_part()
    for _ in range(ROUNDS):
        ended = threading.Event()
        wire = connect(
            worker.address, keys=site.mine, server_key=listens.server_key.encode(), name=random_name(CONTROL)
        )
        channel = Channel(
            wire, {}, receive=lambda message, over=ended: over.set() if isinstance(message, Ended) else None,
            closed=lambda _, over=ended: over.set(),
        )  # fmt: skip
        channel.start()
        channel.send(Greet("0", tuple("k" * chance.randrange(60) for _ in range(chance.randrange(3)))))
        for message in chance.sample(
            [
                Go(1, -5), Stop(9), Cancel(3), Release(4), Rejoin(1, to_text("routes")),
                Content("0" * 64, 0, to_text("no such digest")), Rejoin(1, to_text([{"peer": 3}])),
            ],
            chance.randrange(4),
        ):  # fmt: skip
            channel.send(message)
        channel.send(Assign(1, 0, to_text(spoilt([], chance)), to_text(spoilt(part, chance))))
        channel.send(Go(1, 0))
        if not ended.wait(0.2):  # good enough to run, and without an end of its own
            channel.send(Cancel(1))
        assert ended.wait(WAIT_S)
        channel.close()
    run = site.run(
        node("count", Count, count=5), node("sink", Sink, {"number": "count.number"}),
        where={"count": "here", "sink": "far"},
    )  # fmt: skip
    run.run()
    assert len(seen.packets["sink"]) == 5
    worker.close()
    assert not list((tmp_path / "far-files" / ".inputs").iterdir())
    assert sorted(path.name for path in (tmp_path / "far-files").iterdir()) == [".inputs"]
    assert json.dumps(part) == json.dumps(good_part())
