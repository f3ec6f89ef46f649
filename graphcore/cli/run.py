"""`graphcore run`: run a graph to its end, and say what it made."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphcore.cli.console import (
    add_graph_arguments,
    add_places_argument,
    check_both,
    find_types,
    load_and_check,
    load_and_place,
    warn,
)
from graphcore.cli.latency import latency_lines
from graphcore.cli.studio import add_studio_arguments, studio_of
from graphcore.errors import Cancelled, GraphError, Mistake, counted

if TYPE_CHECKING:  # at run time once the processes of other places have been started: they take their time, too
    from graphcore.places.placed_run import PlacedRun
    from graphcore.runtime.run import Run

LOOK_EVERY_S = 0.1
DONE, FAILED, INTERRUPTED = 0, 1, 130
LEAVE_AT = 3  # interrupts: whoever asks for the third time does not wait for a node that does not return


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    description = "Run a graph to its end. Ctrl-C ends a live run in good order and breaks off an offline one."
    parser = subparsers.add_parser("run", description=description)
    add_graph_arguments(parser)
    add_places_argument(parser)
    parser.add_argument("--live", action="store_true", help="keep to the clock instead of going as fast as possible")
    parser.add_argument("--threads", type=_positive, metavar="N", help="how many threads share the work")
    parser.add_argument("--watch", action="store_true", help="show a live table of nodes and links")
    parser.add_argument("--stats", type=Path, metavar="FILE", help="write what was counted, as JSON")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write every call, as a Perfetto trace")
    add_studio_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run it; Ctrl-C ends a live run in good order and an offline one at once."""
    started = _prepared(arguments)
    try:
        with Interrupts() as interrupts, studio_of(arguments, started):
            code = _follow(started, interrupts, watch=arguments.watch)
    finally:
        written = _write_reports(arguments, started)
    return code if written or code else FAILED


def _prepared(arguments: argparse.Namespace) -> Run | PlacedRun:
    """The run, checked and not started."""
    if arguments.places is not None:
        return _placed(arguments)
    from graphcore.runtime.run import Run

    graph = load_and_check(arguments.graph, arguments.set, arguments.plugins)
    _check_reports(arguments)
    return Run(graph, live=arguments.live, threads=arguments.threads, trace=arguments.trace is not None)


def _placed(arguments: argparse.Namespace) -> Run | PlacedRun:
    """A run over places: their processes start while the graph is being checked."""
    from graphcore.places.children import Children

    spec, placement = load_and_place(arguments.graph, arguments.set, arguments.places)
    children = Children(arguments.plugins, placement.pythons)
    try:
        children.begin([] if placement.mistakes else placement.processes)
        types = find_types(arguments.plugins, placement.pythons.values())
        graph = check_both(spec, placement, types)
        _check_reports(arguments)
    except BaseException:
        children.close()
        raise
    from graphcore.places.placed_run import PlacedRun
    from graphcore.places.workers import workers_of

    return PlacedRun(
        graph,
        placement.place_of,
        types.types,
        live=arguments.live,
        threads=arguments.threads,
        trace=arguments.trace is not None,
        plugins=arguments.plugins,
        children=children,
        restarts=placement.restarts,
        workers=workers_of(placement),
    )


class Interrupts:
    """Counts Ctrl-C and SIGTERM, so that none of them strikes amid the display's or the run's own work."""

    def __enter__(self) -> Interrupts:
        self.count = 0
        self._obeyed = 0
        self._before = {number: signal.signal(number, self._add) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _add(self, _signal: int, _frame: object) -> None:
        self.count += 1

    def obey(self, run: Run | PlacedRun, say: Callable[[str], None]) -> bool:
        """Pass a new interrupt on to the run; True: leave, whatever state it is in."""
        if self.count > self._obeyed:
            self._obeyed = self.count
            if run.live and self.count == 1:
                say("ending the run and finishing its files; Ctrl-C again breaks it off")
                run.stop()
            else:
                run.cancel()
            if self.count == LEAVE_AT - 1:
                say("waiting for the nodes to close; Ctrl-C again leaves them as they are")
        return self.count >= LEAVE_AT


def _follow(started: Run | PlacedRun, interrupts: Interrupts, *, watch: bool) -> int:
    from graphcore.cli.progress import Display

    left = False
    with Display(started, watch=watch) as display:
        started.start()
        try:
            while not left and not started.wait(LOOK_EVERY_S):
                left = interrupts.obey(started, display.say)
                display.update()
        except Cancelled:
            pass
        display.update()
    if left:
        print("interrupted; some nodes were not closed", file=sys.stderr, flush=True)
        os._exit(INTERRUPTED)  # threads that hang in native code would hang an orderly end, too
    return _tell(started, interrupted=interrupts.count > 0)


def _tell(ended: Run | PlacedRun, *, interrupted: bool) -> int:
    """Say what was lost, and what was made."""
    for loss in ended.losses:
        print(f"note: {loss}", file=sys.stderr)
    if interrupted:
        print("interrupted", file=sys.stderr)
    results = _results(ended) if ended.made or not interrupted else []
    for line in [*results, *latency_lines(ended)]:
        print(line)
    return INTERRUPTED if interrupted else DONE


def _results(done: Run | PlacedRun) -> list[str]:
    """One line for each file: what is in it, how fast it was made."""
    seconds = max(done.wall_s - done.open_s, 1e-9)
    times = f"{done.position_ns / 1e9 / seconds:.1f} times real time"
    prepared = f"in {seconds:.1f} s after {done.open_s:.1f} s of preparation"
    lines = [
        f"{made.path}: {counted(made.count, made.unit.removesuffix('s'))}, {made.count / seconds:.0f} {made.unit}/s, "
        f"{times} ({prepared})"
        for made in done.made
    ]
    return lines or [f"done: {done.position_ns / 1e9:.1f} s of media, {times} ({prepared})"]


def _reports(arguments: argparse.Namespace) -> list[tuple[str, Path]]:
    asked = [("--stats", arguments.stats), ("--trace", arguments.trace)]
    return [(option, path) for option, path in asked if path is not None]


def _check_reports(arguments: argparse.Namespace) -> None:
    """What cannot be written is said before the work; an older file stays as it is until the end."""
    mistakes = []
    for option, path in _reports(arguments):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()
        except OSError as error:
            reason = f"{path.parent} is no folder" if isinstance(error, FileExistsError) else error.strerror
            what = f"this file cannot be written: {reason}"
            mistakes.append(Mistake(f"{option} {path}", 0, 0, what, "a file in a folder you may write to"))
    if mistakes:
        raise GraphError(mistakes)


def _write_reports(arguments: argparse.Namespace, run: Run | PlacedRun) -> bool:
    """Write what was asked for, also of a run that failed; False: one could not be written, which is told."""
    from graphcore.runtime.trace import trace_events

    written = True
    for option, path in _reports(arguments):
        traced = option == "--trace"
        content = json.dumps(trace_events(run.traced())) if traced else json.dumps(run.stats(), indent=1)
        try:
            path.write_text(content + "\n", encoding="utf-8")
        except OSError as error:
            warn(f"{option} {path}: could not be written: {error.strerror}")
            written = False
    return written


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number of 1 or more")
    return number
