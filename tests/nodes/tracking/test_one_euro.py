"""Steady at rest, close behind in motion."""

from __future__ import annotations

import numpy as np

from avatar_nodes.tracking.one_euro_model import OneEuro

STEP_S = 0.04
CUTOFF, BETA = np.array([1.0]), np.array([20.0])


def test_noise_at_rest_is_smoothed_and_a_fast_move_is_followed() -> None:
    rng = np.random.default_rng(0)
    smooth = OneEuro(CUTOFF, BETA)
    noise = rng.normal(0, 0.01, 100)
    rest = np.array([smooth.smooth(np.array([value]), STEP_S)[0] for value in noise])
    assert np.diff(rest[20:]).std() < 0.5 * np.diff(noise[20:]).std()
    move = [smooth.smooth(np.array([value]), STEP_S)[0] for value in np.linspace(0, 1, 6)]
    assert move[-1] > 0.85


def test_the_first_number_and_strength_nothing_pass_as_they_are() -> None:
    smooth = OneEuro(CUTOFF, BETA)
    assert smooth.smooth(np.array([3.0]), 0.0)[0] == 3.0
    assert smooth.smooth(np.array([4.0]), STEP_S, strength=0.0)[0] == 4.0


def test_more_strength_is_steadier_and_later() -> None:
    once, twice = OneEuro(CUTOFF, BETA), OneEuro(CUTOFF, BETA)
    for value in (0.0, 1.0):
        one, two = once.smooth(np.array([value]), STEP_S), twice.smooth(np.array([value]), STEP_S, strength=2.0)
    assert one[0] > two[0]


def test_steps_of_any_length_lead_to_the_same_value() -> None:
    still = np.array([0.0])
    fine, coarse = OneEuro(CUTOFF, still), OneEuro(CUTOFF, still)
    for each in (fine, coarse):
        each.smooth(np.array([0.0]), 0.0)
    for _ in range(100):
        late = fine.smooth(np.array([1.0]), 0.005)
    for _ in range(50):
        soon = coarse.smooth(np.array([1.0]), 0.01)
    np.testing.assert_allclose(late, soon, atol=0.02)
