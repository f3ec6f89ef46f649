"""A live run with a studio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from served import PREVIEWS, Served, serving, small_graph


@pytest.fixture
def served() -> Iterator[Served]:
    """A live run that goes on until the test is over."""
    with serving(small_graph(), PREVIEWS) as there:
        yield there
