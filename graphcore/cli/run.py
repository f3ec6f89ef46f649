"""`graphcore run`: run a graph to its end, and say what it made."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from graphcore.cli.progress import Display
from graphcore.errors import Cancelled
from graphcore.runtime.run import Run

LOOK_EVERY_S = 0.1


def add_parser(subparsers: Any) -> None:
    """Declare the verb."""
    parser = subparsers.add_parser("run", help="run a graph", description="Run a graph to its end.")
    parser.add_argument("graph", help="a YAML file, or the name of a graph that comes with graphcore")
    parser.add_argument("--set", action="append", default=[], metavar="NODE.PARAM=VALUE", help="set a param")
    parser.add_argument("--live", action="store_true", help="keep to the clock instead of going as fast as possible")
    parser.add_argument("--threads", type=_positive, metavar="N", help="how many threads share the work")
    parser.add_argument("--watch", action="store_true", help="show a live table of nodes and links")
    parser.add_argument("--stats", type=Path, metavar="FILE", help="write what was counted, as JSON")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write every call, as a Perfetto trace")


def run(arguments: argparse.Namespace) -> int:
    """Run it; Ctrl-C ends a live run in good order and an offline one at once."""
    from graphcore.cli.console import load_and_check

    graph = load_and_check(arguments.graph, arguments.set, arguments.plugins)
    for path in (arguments.stats, arguments.trace):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    started = Run(graph, live=arguments.live, threads=arguments.threads, trace=arguments.trace is not None)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _follow(started, watch=arguments.watch)
    finally:
        if arguments.stats is not None:
            arguments.stats.write_text(json.dumps(started.stats(), indent=1) + "\n")
        if arguments.trace is not None:
            from graphcore.runtime.trace import trace_events

            arguments.trace.write_text(json.dumps(trace_events(started)) + "\n")


def _follow(started: Run, *, watch: bool) -> int:
    interrupted = 0
    with Display(started, watch=watch) as display:
        started.start()
        while True:
            try:
                if started.wait(LOOK_EVERY_S):
                    break
                display.update()
            except KeyboardInterrupt:
                interrupted += 1
                if started.live and interrupted == 1:
                    started.stop()
                else:
                    started.cancel()
            except Cancelled:
                break
        display.update()
    for loss in started.losses:
        print(f"note: {loss}", file=sys.stderr)
    if interrupted:
        print("interrupted", file=sys.stderr)
        return 130
    for line in _results(started):
        print(line)
    return 0


def _results(done: Run) -> list[str]:
    """One line for each file: what is in it, how fast it was made."""
    seconds = max(done.wall_s - done.open_s, 1e-9)
    times = f"{done.position_ns / 1e9 / seconds:.1f} times real time"
    prepared = f"in {seconds:.1f} s after {done.open_s:.1f} s of preparation"
    lines = [
        f"{made.path}: {made.count} {made.unit}, {made.count / seconds:.0f} {made.unit}/s, {times} ({prepared})"
        for made in done.made
    ]
    return lines or [f"done: {done.position_ns / 1e9:.1f} s of media, {times} ({prepared})"]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 or more")
    return number


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
