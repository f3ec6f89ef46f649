"""How much of each pixel is inside a line, on made pictures."""

from __future__ import annotations

import numpy as np

from avatar_nodes.face.closed_form_model import UNKNOWN, estimate_alpha

SIZE = 256


def picture(alpha: np.ndarray) -> np.ndarray:
    """A light person over a dark wall, each of slowly changing colour."""
    slope = np.linspace(0.0, 0.15, SIZE, dtype=np.float32)
    person = np.dstack([0.8 - slope[None] + 0 * slope[:, None], np.full_like(alpha, 0.6), 0.5 + 0 * alpha])
    wall = np.dstack([0.1 + slope[:, None] + 0 * slope[None], 0.2 + 0 * alpha, 0.35 + 0 * alpha])
    return (alpha[:, :, None] * person + (1 - alpha[:, :, None]) * wall).astype(np.float32)


def strands() -> np.ndarray:
    """Full below the middle, and hairs of two px above it."""
    alpha = np.zeros((SIZE, SIZE), np.float32)
    alpha[128:] = 1.0
    for column in range(20, SIZE - 20, 24):
        alpha[90:128, column : column + 2] = 1.0
    return alpha


def unknown_between(top: int, bottom: int) -> np.ndarray:
    known = np.full((SIZE, SIZE), UNKNOWN, np.float32)
    known[:top], known[bottom:] = 0.0, 1.0
    return known


def test_hairs_are_found_between_what_is_known() -> None:
    alpha, known = strands(), unknown_between(84, 140)
    found = estimate_alpha(picture(alpha), known, np.full_like(alpha, 0.5), np.full_like(alpha, 1e-4))
    assert (found[known == 0] == 0).all()
    assert (found[known == 1] == 1).all()
    between = known == UNKNOWN
    assert np.abs(found - alpha)[between].mean() < 0.12
    assert found[95:120][alpha[95:120] == 1].min() > 0.8
    assert found[95:120][alpha[95:120] == 0].mean() < 0.2


def test_where_colours_say_nothing_the_guess_stands() -> None:
    grey = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    guess = np.repeat(np.linspace(0, 1, SIZE, dtype=np.float32)[:, None], SIZE, axis=1)
    found = estimate_alpha(grey, unknown_between(40, 216), guess, np.full_like(guess, 0.05))
    assert np.abs(found - guess)[60:196, 20:-20].max() < 0.15


def test_a_picture_of_another_size_and_one_without_doubt_are_no_errors() -> None:
    for size in (130, 300):
        alpha = np.zeros((size, size), np.float32)
        alpha[:, size // 2 :] = 1.0
        colour = np.repeat(alpha[:, :, None], 3, axis=2)
        assert (estimate_alpha(colour, alpha, alpha, np.full_like(alpha, 0.01)) == alpha).all()
