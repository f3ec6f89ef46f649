"""What the coefficients leave of a face: nothing of what they tell, and all that components moved."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.dynamics_model import GEOMETRY, geometry_of
from avatar_nodes.face.face_basis_model import face_basis
from avatar_nodes.face.mesh_model import CHIN, FACE_VERTICES
from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.tracking.expression_fit_model import ExpressionFit, left_over
from avatar_nodes.tracking.person_model import Person

LOOK = np.zeros((1, 2))


@pytest.fixture(scope="module")
def person() -> Person:
    """The mean face, as somebody's who rests."""
    return Person.of(np.repeat((MEAN_FACE * (90.0, -90.0, -90.0) + 256.0)[None], 10, axis=0))


def shown(person: Person, expression: NDArray[np.float32]) -> NDArray[np.float64]:
    return person.basis.shifted(person.closed, expression)[None]


def test_coefficients_leave_nothing_of_what_they_tell(person: Person) -> None:
    told = coefficients(jawOpen=0.4, mouthPucker=0.5, browInnerUp=0.6)
    left = left_over(person, shown(person, told), told[None], LOOK)
    assert np.abs(left).max() < 1e-9


def test_the_fit_finds_most_of_a_face(person: Person) -> None:
    face = shown(person, coefficients(jawOpen=0.5, mouthSmile=0.6))
    found = ExpressionFit(person).solve(face)
    assert np.abs(left_over(person, face, found, LOOK)).mean() < 0.1 * np.abs(face - person.closed).mean()


def test_components_that_moved_a_face_are_found_again(person: Person) -> None:
    moved = np.random.default_rng(4).normal(0, 1, GEOMETRY.stop)
    told = coefficients(jawOpen=0.3)
    face = shown(person, told) + (moved @ face_basis().geometry).reshape(1, FACE_VERTICES, 3)
    assert geometry_of(left_over(person, face, told[None], LOOK))[0] == pytest.approx(moved, abs=0.1)


def test_lids_that_are_read_as_half_open_in_a_blink_are_not_told(person: Person) -> None:
    told = coefficients(eyeBlink=1.0)
    left = left_over(person, person.closed[None], told[None], LOOK)[0]
    assert np.abs(left[[159, 386, 145, 374]]).max() < 1e-9
    assert np.abs(left[CHIN]).max() < 1e-9
