"""Whether the places of a file can be used, for `graphcore doctor --places`: reach, keys, versions, types, clocks."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Set
from importlib.metadata import version
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from graphcore.errors import ChannelError, PluginError, counted
from graphcore.places.declared import read_places
from graphcore.places.described import ask_python
from graphcore.places.messages import Greet, Ready, from_text
from graphcore.places.places_file import Place
from graphcore.places.process import GONE, Listens
from graphcore.places.remote import REACH_S, WorkerPlace
from graphcore.plugins import Finding
from graphcore.transport.keys import Keys

CLOCKS_S = 2.0  # for the answers that tell how far apart two clocks are
LOOK_EVERY_S = 0.05
FAR_NS = 20_000_000  # a round trip beyond this is felt


def examine_places(path: Path, types: Set[str], plugins: Path | None) -> Iterator[tuple[str, Finding]]:
    """What was found of each place, by its name; `types` are those that are installed here.

    Raises GraphError where the file has mistakes.
    """
    places, keys = read_places(path)
    for place in places.values():
        if place.kind == "worker":
            findings = _worker(place, keys, types)
        elif place.kind == "process":
            findings = _process(place, types, plugins)
        else:
            findings = iter([Finding("here", "ok", "this process")])
        yield from ((place.name, finding) for finding in findings)


def _process(place: Place, types: Set[str], plugins: Path | None) -> Iterator[Finding]:
    shared = hasattr(os, "memfd_create")
    fix = "" if shared else "large packets are copied through a socket here: run on Linux for speed"
    yield Finding("shared memory", "ok" if shared else "warn", "memfd" if shared else "none", fix)
    if not place.python:
        yield Finding("Python", "ok", "the one that runs this")
        return
    try:
        found = ask_python(place.python, plugins)
    except PluginError as error:
        yield Finding("Python", "fail", str(error), "install graphcore there, or name another `python`")
        return
    yield Finding("Python", "ok", place.python)
    yield _types(set(found), types)


def _worker(place: Place, keys: Keys | None, types: Set[str]) -> Iterator[Finding]:
    worker = WorkerPlace(Listens(place.address, place.server_key), keys)
    came: SimpleQueue[Any] = SimpleQueue()
    try:
        worker.start(lambda _, message: came.put(message), Greet(version("graphcore"), ()))
        ready = _answer(worker, came)
        if ready is None:
            yield Finding("reach", "fail", worker.never_began)
            return
        worker.ready = ready
        yield Finding("reach", "ok", place.address + (", by keys" if place.server_key else ", without keys"))
        about = from_text(ready.about)
        yield _version(about)
        yield _types(set(about.get("types", ())), types)
        yield _clock(worker)
    except ChannelError as error:
        yield Finding("reach", "fail", str(error))
    finally:
        worker.close(0.0)


def _answer(worker: WorkerPlace, came: SimpleQueue[Any]) -> Ready | None:
    until = time.monotonic() + REACH_S
    while time.monotonic() < until:
        worker.look()
        try:
            message = came.get(timeout=LOOK_EVERY_S)
        except Empty:
            continue
        if message is GONE:
            return None
        if isinstance(message, Ready):
            return message
    return None


def _version(about: Mapping[str, Any]) -> Finding:
    theirs, ours = about.get("version"), version("graphcore")
    fix = "" if theirs == ours else f"install graphcore {ours} there, or {theirs} here"
    return Finding("graphcore", "ok" if theirs == ours else "fail", f"{theirs}, Python {about.get('python')}", fix)


def _types(theirs: Set[str], ours: Set[str]) -> Finding:
    missing = sorted(ours - theirs)
    if not missing:
        return Finding("node types", "ok", f"all {len(ours)} of here")
    what = f"{counted(len(missing), 'type')} of here not there: {', '.join(missing[:6])}{', ...' * (len(missing) > 6)}"
    return Finding("node types", "warn", what, "install their plugins there, if the graph wants them there")


def _clock(worker: WorkerPlace) -> Finding:
    until = time.monotonic() + CLOCKS_S
    while worker.answers.round_trip_ns is None and time.monotonic() < until:
        worker.look()
        time.sleep(LOOK_EVERY_S)
    trip = worker.answers.round_trip_ns
    if trip is None:
        return Finding("clock", "fail", "no answer", "look at the network")
    what = f"round trip {trip / 1e6:.1f} ms; its clock less ours is known to {trip / 2e6:.1f} ms"
    return Finding("clock", "warn" if trip > FAR_NS else "ok", what, "use a cable" if trip > FAR_NS else "")
