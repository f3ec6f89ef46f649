"""PortAudio and ALSA write to stderr what they try and what they miss; what matters of it is told by us."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)


def _say_nothing(_file: bytes, _line: int, _function: bytes, _error: int, _text: bytes) -> None:
    """In place of ALSA's own, which writes a line for every block that comes late."""


_nothing = _HANDLER(_say_nothing)  # kept for as long as ALSA may call it


def quiet_alsa() -> None:
    """For the rest of this process."""
    with contextlib.suppress(OSError, AttributeError):  # there is no ALSA here
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(_nothing)


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """While a device is opened; PortAudio has no other way. It is of the whole process: no longer than it must be."""
    kept = _muted()
    try:
        yield
    finally:
        if kept is not None:
            os.dup2(kept, 2)
            os.close(kept)


def _muted() -> int | None:
    """What stderr was, kept; None where it stays as it is: it is closed, or no more files can be opened."""
    try:
        kept = os.dup(2)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    return kept
