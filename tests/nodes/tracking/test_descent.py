"""Bounded least squares, beside what is known of the solution."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from avatar_nodes.tracking.descent_model import descend


def test_what_lies_within_the_bounds_is_found_exactly() -> None:
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(5, 40))
    wanted = rng.uniform(0.1, 0.9, (3, 5))
    gram = shapes @ shapes.T
    assert_allclose(descend(gram, wanted @ gram, 500), wanted, atol=1e-4)


def test_at_a_bound_no_step_inwards_is_better() -> None:
    rng = np.random.default_rng(1)
    shapes = rng.normal(size=(6, 20))
    gram, drive = shapes @ shapes.T, rng.normal(size=(4, 20)) @ shapes.T
    found = descend(gram, drive, 500)
    slope = found @ gram - drive  # of what is minimised
    assert found.min() >= 0.0
    assert found.max() <= 1.0
    assert np.all(slope[found == 0.0] > -1e-4)
    assert np.all(slope[found == 1.0] < 1e-4)
    assert np.all(np.abs(slope[(found > 0.0) & (found < 1.0)]) < 1e-4)
