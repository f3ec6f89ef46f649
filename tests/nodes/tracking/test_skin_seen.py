"""Shading read from pictures whose shading is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.dynamics_model import Dynamics
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.skin_map_model import on_photo
from avatar_nodes.face.skin_model import _shown
from avatar_nodes.face.skin_weights_model import COMPONENTS, strength, trained
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion
from avatar_nodes.tracking.skin_seen_model import KNOWN_AFTER, SkinSeen

FACE = (MEAN_FACE * (90.0, -90.0, -90.0) + (160.0, 120.0, 0.0)).astype(np.float32)  # px
NEUTRAL = np.zeros(len(EXPRESSION_NAMES), np.float32)
FLAT = strength(0.0)  # of a face without any contrast


def picture(shading: NDArray[np.float32], light: float = 150.0) -> NDArray[np.uint8]:
    """A grey face with this much of each component (COMPONENTS,)."""
    change = _shown(np.tensordot(shading, trained().maps, 1).astype(np.float32), on_photo(FACE, 320, 320))
    return np.repeat(np.rint(light * np.exp(change))[:, :, None], 3, axis=2).astype(np.uint8)


def component(number: int, amount: float) -> NDArray[np.float32]:
    shading = np.zeros(COMPONENTS, np.float32)
    shading[number] = amount
    return shading


@pytest.fixture
def seen() -> SkinSeen:
    """Someone at rest for long enough."""
    skin, at_rest = SkinSeen(), picture(component(0, 0.0))
    for _ in range(KNOWN_AFTER + 1):
        skin.add(at_rest, FACE, NEUTRAL)
    return skin


def test_a_face_at_rest_has_no_shading(seen: SkinSeen) -> None:
    assert np.abs(seen.add(picture(component(0, 0.0)), FACE, NEUTRAL)).max() < 0.1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_is_shaded_is_read(seen: SkinSeen, number: int) -> None:
    read = seen.add(picture(component(number, 2.0)), FACE, NEUTRAL) * FLAT
    assert 1.2 < read[number] < 2.2
    assert np.abs(np.delete(read, number)).max() < 0.5 * read[number]


def test_brighter_light_is_no_shading(seen: SkinSeen) -> None:
    assert np.abs(seen.add(picture(component(0, 0.0), 170.0), FACE, NEUTRAL) * FLAT).max() < 0.2


def test_what_the_coefficients_tell_is_not_told_twice(seen: SkinSeen) -> None:
    smile = NEUTRAL.copy()
    smile[[EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]] = 1.0
    told = picture((FLAT * smile @ trained().weights).astype(np.float32))
    assert np.abs(seen.add(told, FACE, smile) * FLAT).max() < 0.5


def test_nothing_is_said_before_the_neutral_is_known() -> None:
    assert not SkinSeen().add(picture(component(1, 2.0)), FACE, NEUTRAL).any()


def test_a_face_takes_its_shading_along_and_loses_it_unseen(seen: SkinSeen) -> None:
    face = FaceMotion(
        np.zeros(6, np.float32), NEUTRAL, None, 0.0, Dynamics(np.ones(32, np.float32), None).packed(), BASIS
    )
    for _ in range(8):
        shown = Dynamics.of(seen.shaded(face, picture(component(0, 2.0)), FACE))
    assert shown is not None
    assert shown.shading is not None
    assert shown.shading[0] * FLAT > 1.0
    assert (shown.geometry == 1.0).all()
    for _ in range(12):
        shown = Dynamics.of(seen.shaded(face, picture(component(0, 2.0)), None))
    assert shown is not None
    assert shown.shading is not None
    assert np.abs(shown.shading).max() < 0.01
