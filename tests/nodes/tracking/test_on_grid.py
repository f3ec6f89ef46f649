"""Motion at any times becomes motion at the graph's frame rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from avatar_nodes.payloads import FaceMotion
from avatar_nodes.tracking.on_grid_model import OnGrid
from graphcore import timestamp_of

MS = 1_000_000


def turned(yaw: float) -> FaceMotion:
    motion = FaceMotion.neutral()
    motion.head[0] = yaw
    return motion


def put(rate: Fraction | int, times: list[int]) -> list[tuple[int, float]]:
    grid = OnGrid(Fraction(rate))
    made = [each for time in times for each in grid.add(time, turned(time / MS))]
    return [(time, float(motion.head[0])) for time, motion in made]


def test_what_is_on_the_grid_passes_at_once() -> None:
    grid = OnGrid(Fraction(25))
    for index in range(4):
        motion = turned(index)
        assert list(grid.add(index * 40 * MS, motion)) == [(index * 40 * MS, motion)]


def test_times_that_a_container_rounds_are_on_the_grid() -> None:
    found = put(30, [0, 33 * MS, 67 * MS, 100 * MS])
    assert [yaw for _, yaw in found] == [0.0, 33.0, 67.0, 100.0]
    assert [time for time, _ in found] == [timestamp_of(i, 30) for i in range(4)]


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), 24, 60])
def test_between_two_frames_both_are_mixed(rate: Fraction | int) -> None:
    found = put(rate, [i * 40 * MS for i in range(11)])
    assert len(found) == int(Fraction(rate) * Fraction(401, 1000)) + 1
    for time, yaw in found:
        assert yaw == pytest.approx(time / MS, abs=0.5)


def test_a_late_start_and_a_gap_keep_their_time() -> None:
    found = put(25, [95 * MS, 130 * MS, 250 * MS])
    assert [time for time, _ in found] == [120 * MS, 160 * MS, 200 * MS, 240 * MS]
    np.testing.assert_allclose([yaw for _, yaw in found], [120, 160, 200, 240], atol=1e-3)
