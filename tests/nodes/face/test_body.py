"""What surrounds a face in motion: who goes with the head, who stays with the shoulders."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.puppet_model import Puppet
from avatar_nodes.face.sway_model import Sway
from avatar_nodes.payloads import FaceMotion

SIZE = 512


@pytest.fixture(scope="module")
def puppet() -> Puppet:
    return Puppet(identify((85.0 * MEAN_FACE * (1, -1, -1) + (256, 220, 0)).astype(np.float32)), SIZE)


def moved(puppet: Puppet, sway: Sway = Sway(), head: tuple[float, ...] = (0, 0, 0, 0, 0, 0)) -> np.ndarray:  # noqa: B008
    photo = puppet.identity.photo_motion
    motion = FaceMotion(photo.head + np.array(head, np.float32), photo.expression, photo.gaze)
    return (puppet.place(motion, sway).points - puppet.place(photo).points).astype(float)


def at(puppet: Puppet, x: float, y: float) -> int:
    """The vertex around the face that is nearest to a place in the frame."""
    rest = puppet.place(puppet.identity.photo_motion).points
    return mesh.FACE_VERTICES + int(np.hypot(*(rest[mesh.FACE_VERTICES :] - (x, y)).T).argmin())


def test_in_the_photos_motion_all_stands_where_the_photo_has_it(puppet: Puppet) -> None:
    still = puppet.place(puppet.identity.photo_motion).points
    within = ((still > -0.01) & (still < SIZE - 0.99)).all(axis=1)
    assert within.sum() == mesh.FACE_VERTICES + 6 * 36
    np.testing.assert_allclose(still[within], puppet.source[within], atol=1e-3)


def test_a_hat_turns_with_the_head_and_does_not_bend(puppet: Puppet) -> None:
    turn = moved(puppet, head=(0, 0, 8, 0, 0, 0))
    rest = puppet.place(puppet.identity.photo_motion).points.astype(float)
    hat = [at(puppet, x, y) for x, y in ((150, 60), (256, 10), (360, 60), (256, 50))]
    before = np.linalg.norm(rest[hat][:, None] - rest[hat][None], axis=2)
    after = np.linalg.norm((rest + turn)[hat][:, None] - (rest + turn)[hat][None], axis=2)
    assert np.abs(turn[hat]).max() > 15
    np.testing.assert_allclose(after, before, rtol=0.02, atol=1.0)


def test_shoulders_take_a_small_share_of_what_the_head_does(puppet: Puppet) -> None:
    for head in ((0, 0, 10, 0, 0, 0), (0, 0, 0, 0.3, 0, 0)):
        turn = np.linalg.norm(moved(puppet, head=head), axis=1)
        crown, shoulder = at(puppet, 256, 20), at(puppet, 60, 500)
        assert 0.5 < turn[shoulder] < 0.6 * turn[crown]


def test_a_breath_lifts_the_shoulders_and_not_the_head(puppet: Puppet) -> None:
    breath = moved(puppet, Sway(breath=1.0))
    assert np.abs(breath[: mesh.FACE_VERTICES]).max() == 0
    assert np.abs(breath[at(puppet, 256, 20)]).max() < 0.01
    assert -6 < breath[at(puppet, 60, 500), 1] < -1


def test_long_hair_lags_face_ears_and_shoulders_do_not(puppet: Puppet) -> None:
    lag = moved(puppet, Sway(hair=(0.05, 0.0)))
    chin = float(puppet.source[mesh.CHIN, 1])
    ends, ear, shoulder = at(puppet, 145, chin - 10), at(puppet, 160, 190), at(puppet, 40, 480)
    assert lag[ends, 0] > 1.5
    assert abs(lag[ear, 0]) < 0.5 * lag[ends, 0]
    assert abs(lag[shoulder, 0]) < 0.1
    assert np.abs(lag[: mesh.FACE_VERTICES]).max() == 0


def test_sway_grows_evenly(puppet: Puppet) -> None:
    whole, slight = moved(puppet, Sway((0.05, 0.02), 1.0)), moved(puppet, Sway((0.00005, 0.00002), 0.001))
    assert np.abs(slight).max() < 0.0015 * np.abs(whole).max() + 1e-3
