"""A live run with a studio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphcore import Run
from graphcore.studio.studio import Studio
from served import PREVIEWS, Served, small_graph


@pytest.fixture
def served() -> Iterator[Served]:
    """A live run that goes on until the test is over."""
    run = Run(small_graph(), live=True)
    studio = Studio(run, PREVIEWS)
    studio.start()
    with studio:
        run.start()
        yield Served(run, studio)
        run.stop()
        assert run.wait(5)
