"""What PortAudio writes to stderr is not seen; everything else is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from avatar_nodes.audio.quiet_model import quiet_stderr


@pytest.fixture
def _own_stderr() -> Iterator[None]:
    """The test may do with descriptor 2 what it likes."""
    kept = os.dup(2)
    yield
    os.dup2(kept, 2)
    os.close(kept)


def test_it_is_quiet_for_as_long_as_asked(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr():
        os.write(2, b"ALSA says something\n")
    os.write(2, b"and so do we\n")
    assert capfd.readouterr().err == "and so do we\n"


@pytest.mark.usefixtures("_own_stderr")
def test_a_process_without_stderr_opens_devices_too() -> None:
    os.close(2)
    with quiet_stderr():
        pass
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(2)
