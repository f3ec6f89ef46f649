"""The command `graphcore`: finds the verb, imports only that verb's module, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from graphcore.errors import Cancelled, GraphcoreError, GraphError, OpenError, ParamError, PluginError
from graphcore.plugins import Verb, find_verbs

if TYPE_CHECKING:
    _Verbs: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]

VERBS = {
    "run": "run a graph",
    "check": "report every mistake of a graph, without running it",
    "draw": "draw a graph as mermaid text",
    "nodes": "list the node types, or show the ports and params of one",
    "schema": "write a JSON Schema of graph files, for editors",
    "verify": "show what a file says of its origin",
    "interrupt": "let a live run fall silent",
    "worker": "let other machines run parts of their graphs here",
    "keys": "make keys for places on other machines",
    "doctor": "look whether this machine has what is needed",
}

# MISTAKEN: nothing has run, for what was given cannot be used; FAILED: something went wrong on the way.
DONE, FAILED, MISTAKEN, INTERRUPTED = 0, 1, 2, 130
PIPE_CLOSED = 141  # 128 + SIGPIPE: what a shell sees of any program whose reader went away

_PLUGINS = "a folder of Python files with more nodes"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; mistakes in the arguments end in SystemExit(2), as argparse does."""
    _mend_streams()
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # `graphcore nodes | head`; what is still buffered must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (KeyboardInterrupt, Cancelled) as error:
        return _fail(error, "interrupted", INTERRUPTED)
    except (GraphError, ParamError, PluginError) as error:
        return _fail(error, str(error), MISTAKEN)
    except OpenError as error:
        return _fail(error, f"error: {error}", MISTAKEN)
    except GraphcoreError as error:
        return _fail(error, f"error: {error}", FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(error, f"error: {where}{error.strerror or error}", FAILED)


def _mend_streams() -> None:
    """A program may be started without stdout or stderr, and with one that cannot spell every file name.

    A closed descriptor must not be left free: the next file that is opened would get it, and with it
    whatever a native library prints.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))
        elif number > 0 and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(argv: Sequence[str]) -> int:
    # The first parser knows the verbs, but not their arguments: so no verb's module is imported in vain.
    brought = _brought(argv)
    parser, verbs = _parser()
    for name, summary in [*VERBS.items(), *((verb.name, verb.help) for verb in brought.values())]:
        verbs.add_parser(name, help=summary, add_help=False)
    name = parser.parse_known_args(argv)[0].verb
    parser, verbs = _parser()
    run = _declare(brought[name], verbs) if name in brought else _declare_built_in(name, verbs)
    verbs.choices[name].add_argument("--plugins", type=Path, default=argparse.SUPPRESS, metavar="DIR", help=_PLUGINS)
    return run(parser.parse_args(argv))


def _declare_built_in(name: str, verbs: _Verbs) -> Callable[[argparse.Namespace], int]:
    module: ModuleType = importlib.import_module(f"graphcore.cli.{name}")
    module.add_parser(verbs)
    run: Callable[[argparse.Namespace], int] = module.run
    return run


def _declare(verb: Verb, verbs: _Verbs) -> Callable[[argparse.Namespace], int]:
    verb.arguments(verbs.add_parser(verb.name, description=verb.help))
    return verb.run


def _brought(argv: Sequence[str]) -> dict[str, Verb]:
    """The verbs of plugins, which are asked only where the command line is no built-in verb's."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("verb", nargs="?")
    parser.add_argument("--plugins", type=Path)
    parser.add_argument("--version", action="store_true")
    try:
        known = parser.parse_known_args(argv)[0]
    except argparse.ArgumentError:  # the parser that follows tells of it
        return {}
    if known.version or known.verb in VERBS:
        return {}
    verbs, failures = find_verbs(known.plugins, VERBS)
    for failure in failures:
        print(f"warning: {failure}", file=sys.stderr)
    return verbs


def _parser() -> tuple[argparse.ArgumentParser, _Verbs]:
    description = "Run graphs of nodes: one portrait photo and speech become a talking face."
    parser = argparse.ArgumentParser("graphcore", description=description, allow_abbrev=False)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    parser.add_argument("--plugins", type=Path, metavar="DIR", help=_PLUGINS)
    return parser, parser.add_subparsers(dest="verb", metavar="VERB", required=True)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"graphcore {version('graphcore')}")
        parser.exit()


def _fail(error: BaseException, message: str, code: int) -> int:
    if os.environ.get("GRAPHCORE_TRACEBACK") == "1":
        traceback.print_exception(error)
    print(message, file=sys.stderr)
    return code
