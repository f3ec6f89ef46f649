"""What lies between two payloads, and the names that others rely on."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.payloads import EMOTION_NAMES, EXPRESSION_NAMES, Emotion, FaceMotion, Gaze


def face(value: float, gaze: float | None = None, dynamics: float | None = None, basis: str = "") -> FaceMotion:
    return FaceMotion(
        np.full(6, value, np.float32),
        np.full(len(EXPRESSION_NAMES), value, np.float32),
        None if gaze is None else np.full(2, gaze, np.float32),
        value,
        None if dynamics is None else np.full(3, dynamics, np.float32),
        basis,
    )


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.5, 1.0])
def test_gaze_emotion_and_face_are_mixed_by_weight(weight: float) -> None:
    looked = Gaze(0.0, 8.0).between(Gaze(4.0, -8.0), weight)
    assert (looked.yaw, looked.pitch) == (4.0 * weight, 8.0 - 16.0 * weight)
    none, full = Emotion(np.zeros(8, np.float32)), Emotion(np.ones(8, np.float32))
    assert none.between(full, weight).weights.tolist() == [weight] * len(EMOTION_NAMES)
    mixed = face(0.0, 0.0, 0.0, "b").between(face(1.0, 10.0, 20.0, "b"), weight)
    assert (mixed.head == weight).all()
    assert (mixed.expression == weight).all()
    assert mixed.gaze is not None
    assert mixed.gaze.tolist() == [10.0 * weight] * 2
    assert mixed.dynamics is not None
    assert mixed.dynamics.tolist() == [20.0 * weight] * 3
    assert (mixed.closure, mixed.basis) == (weight, "b")
    assert {array.dtype.name for array in (mixed.head, mixed.expression, mixed.gaze, mixed.dynamics)} == {"float32"}


@pytest.mark.parametrize("weight", [0.0, 0.2, 0.8, 1.0])
def test_gaze_that_only_one_face_has_is_taken_as_it_is_and_dynamics_fade(weight: float) -> None:
    with_all, without = face(0.0, 10.0, 20.0, "b"), face(1.0)
    for mixed, share in (
        (with_all.between(without, weight), 1.0 - weight),
        (without.between(with_all, weight), weight),
    ):
        assert mixed.gaze is not None
        assert mixed.gaze.tolist() == [10.0] * 2
        assert mixed.dynamics is not None
        assert mixed.dynamics.tolist() == pytest.approx([20.0 * share] * 3)
        assert mixed.basis == "b"
    nothing = without.between(without, weight)
    assert (nothing.gaze, nothing.dynamics, nothing.basis) == (None, None, "")


def test_dynamics_of_two_bases_do_not_mix() -> None:
    one, other = face(0.0, dynamics=1.0, basis="one"), face(1.0, dynamics=2.0, basis="other")
    for weight, basis, value in [(0.4, "one", 1.0), (0.6, "other", 2.0)]:
        mixed = one.between(other, weight)
        assert mixed.dynamics is not None
        assert (mixed.basis, mixed.dynamics.tolist()) == (basis, [value] * 3)
        assert mixed.closure == weight
