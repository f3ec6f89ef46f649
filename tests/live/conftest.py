"""What the tests with real programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from live.obs_fixtures import Obs, missing


@pytest.fixture
def obs(tmp_path: Path) -> Iterator[Obs]:
    """A real OBS, for one test."""
    if why := missing():
        pytest.skip(why)
    home = tmp_path / "home"
    home.mkdir()
    made = Obs(home)
    try:
        made.start()
        yield made
    finally:
        made.close()
