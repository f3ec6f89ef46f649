"""A process that is started again when it dies: what runs for others must not take the door with it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable

from graphcore.errors import GraphcoreError

log = logging.getLogger(__name__)

AGAIN_S = 0.05
LONGEST_AGAIN_S = 5.0
STEADY_S = 10.0  # one that lived for so long is started again at once
LOOK_EVERY_S = 0.1
MISTAKEN = 2
ENDS = {signal.SIGINT, signal.SIGTERM}


def serve_guarded(serve: Callable[[], None]) -> int:
    """Run `serve` in a child process until SIGINT or SIGTERM, which it waits for; returns an exit code.

    The child begins as a copy of this process, so what is imported by now need not be imported again. An error that
    graphcore raises on purpose ends both.
    """
    _raise_open_files()
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    reads, _writes = os.pipe()  # the end that only we hold tells the child that we are gone
    wait_s = AGAIN_S
    while True:
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            os.close(_writes)
            os._exit(_be_child(serve, reads))
        code = _follow(child)
        if code is not None:
            return code
        wait_s = AGAIN_S if time.monotonic() - began > STEADY_S else min(2 * wait_s, LONGEST_AGAIN_S)
        if signal.sigtimedwait(ENDS, wait_s) is not None:
            return 0


def _raise_open_files() -> None:
    """Each connection is an open file: as many as the system lets us have."""
    import resource  # there is none on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _follow(child: int) -> int | None:
    """Wait for the child, passing on what ends it; None: it died, and is to be started again."""
    told = False
    while True:
        if signal.sigtimedwait(ENDS, LOOK_EVERY_S) is not None:
            told = True
            os.kill(child, signal.SIGTERM)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
    code = os.waitstatus_to_exitcode(status)
    if told or code in (0, MISTAKEN):
        return 0 if told else code
    fate = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    log.warning("what ran here %s; starting again", fate)
    return None


def _be_child(serve: Callable[[], None], guard: int) -> int:
    os.setpgrp()  # Ctrl-C is for the guard, which passes it on
    threading.Thread(target=_leave_with, args=(guard,), daemon=True).start()
    try:
        serve()
    except GraphcoreError as error:
        log.error("%s", error)
        return MISTAKEN
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _leave_with(guard: int) -> None:
    """End when the guard is gone, however it died."""
    os.read(guard, 1)
    os._exit(1)
