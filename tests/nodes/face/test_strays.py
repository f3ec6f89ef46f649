"""Strands and earrings beside a head, on a made picture."""

from __future__ import annotations

import numpy as np

from avatar_nodes.face.strays_model import find_strays

SIZE = 256


def found_in(colour: np.ndarray, clutter: float = 0.0001) -> np.ndarray:
    row, column = np.mgrid[:SIZE, :SIZE]
    away = np.hypot(column - 128, row - 128)
    return find_strays(colour, away > 110, np.full((SIZE, SIZE), clutter, np.float32), away < 50)


def scene() -> np.ndarray:
    row, column = np.mgrid[:SIZE, :SIZE]
    colour = np.full((SIZE, SIZE, 3), 0.6, np.float32)
    colour[np.hypot(column - 128, row - 128) < 50] = (0.5, 0.3, 0.2)
    colour[126:129, 175:210] = 0.1  # a strand from the head
    colour[40:43, 40:60] = 0.1  # something thin that does not touch it
    colour[150:200, 165:215] = 0.2  # a door beside it
    return colour


def test_a_strand_that_hangs_on_to_the_head_is_found() -> None:
    found = found_in(scene())
    assert found[127, 180:205].min() == 1.0
    assert found[100, 180:205].max() == 0.0


def test_what_is_thick_or_apart_from_the_head_is_not() -> None:
    found = found_in(scene())
    assert found[40:43, 40:60].max() == 0.0
    assert found[165:185, 180:200].max() == 0.0


def test_among_clutter_nothing_is_sure() -> None:
    assert found_in(scene(), clutter=0.05).max() == 0.0


def test_a_head_that_fills_the_frame_has_no_strays() -> None:
    everywhere = np.ones((SIZE, SIZE), bool)
    clutter = np.zeros((SIZE, SIZE), np.float32)
    assert find_strays(scene(), ~everywhere, clutter, everywhere).max() == 0.0
