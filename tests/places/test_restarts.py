"""How often a lost place is made good."""

from __future__ import annotations

import pytest

from graphcore import RunError
from graphcore.places.restarts import Restarts


def test_the_first_comes_at_once_and_each_later_one_later() -> None:
    restarts = Restarts()
    assert [restarts.delay_s("gpu", "killed", now) for now in range(5)] == [0.0, 0.1, 0.2, 0.4, 0.8]


def test_the_sixth_within_a_minute_is_one_too_many() -> None:
    restarts = Restarts()
    for now in range(5):
        restarts.delay_s("gpu", "killed", now)
    message = r"^place gpu: lost \(killed\) after 5 restarts within 60 s; giving up$"
    with pytest.raises(RunError, match=message):
        restarts.delay_s("gpu", "killed", 59.0)


def test_what_is_long_past_is_forgotten() -> None:
    restarts = Restarts(max=1)
    assert restarts.delay_s("gpu", "killed", 0.0) == 0.0
    assert restarts.delay_s("gpu", "killed", 60.0) == 0.0
