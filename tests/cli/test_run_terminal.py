"""What a person at a terminal sees while a graph runs."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import wave
from pathlib import Path

CODE = "import sys; from graphcore.cli.main import main; sys.exit(main())"
SECONDS = 20


def at_a_terminal(*arguments: str) -> tuple[int, str]:
    """The exit code, and everything that the terminal was sent."""
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        os.environ["TERM"] = "xterm"
        os.environ["COLUMNS"] = "160"  # goes before what the terminal says
        os.execv(sys.executable, [sys.executable, "-c", CODE, "run", "louder", *arguments])
    sent = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody has the terminal open any more
            break
        sent += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), sent.decode()


def files(folder: Path) -> list[str]:
    with wave.open("hum.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\1\0" * 16000 * SECONDS)
    return [f"--set=speech.path={folder / 'hum.wav'}", f"--set=copy.path={folder / 'copy.wav'}"]


def test_a_bar_goes_to_the_end_and_is_wiped(folder: Path) -> None:
    code, seen = at_a_terminal(*files(folder))
    assert code == 0
    assert f"{SECONDS}.0 s of {SECONDS}.0 s" in seen
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1  # the cursor is given back
    assert seen.rstrip().endswith("of preparation)")
    assert f"{folder / 'copy.wav'}: {SECONDS * 16000} samples" in seen.rpartition("\x1b[2K")[2]


def test_watch_leaves_the_table_of_the_end(folder: Path) -> None:
    code, seen = at_a_terminal(*files(folder), "--watch")
    assert code == 0
    last = seen.rpartition("\x1b[1A")[2]  # after the cursor went up for the last time
    for word in ("node", "p99 ms", "audio_out_file", f" {SECONDS * 50} ", "speech.audio -> louder.audio (fused)"):
        assert word in last
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1
