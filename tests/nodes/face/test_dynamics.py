"""Dynamics: what a face does beyond the 52, carried by motion, and what learned shapes keep exact."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from avatar_nodes.face.canonical_model import MEAN_FACE, MIRROR
from avatar_nodes.face.dynamics_model import GEOMETRY, SHADING, Dynamics, geometry_of
from avatar_nodes.face.expression_model import build_basis, hand_made_basis
from avatar_nodes.face.face_basis_model import (
    BASIS,
    FaceBasis,
    FaceBasisError,
    face_basis,
    read_face_basis,
    write_face_basis,
)
from avatar_nodes.face.identity_model import Identity, eye_aspect, identify
from avatar_nodes.face.lips_closure_model import LOWER_LIP, UPPER_LIP, lip_gap
from avatar_nodes.face.mesh_model import CHIN, FACE_VERTICES, LEFT_EYE
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

SOME = np.random.default_rng(3).normal(0, 1, GEOMETRY.stop).astype(np.float32)


@pytest.fixture(scope="module")
def identity() -> Identity:
    return identify((MEAN_FACE * (90.0, -90.0, -90.0) + (256.0, 256.0, 0.0)).astype(np.float32))


def motion(**amounts: float) -> FaceMotion:
    neutral = FaceMotion.neutral()
    for name, amount in amounts.items():
        neutral.expression[EXPRESSION_INDEX[name]] = amount
    return dataclasses.replace(neutral, dynamics=SOME, basis=BASIS)


def test_dynamics_of_another_basis_or_of_none_are_ignored(identity: Identity) -> None:
    plain = dataclasses.replace(motion(jawOpen=0.3), dynamics=None, basis="")
    foreign = dataclasses.replace(plain, dynamics=SOME, basis="faces-0")
    assert Dynamics.of(plain) is None
    assert Dynamics.of(foreign) is None
    assert np.array_equal(identity.deformed(plain), identity.deformed(foreign))


def test_dynamics_move_the_face_by_their_components(identity: Identity) -> None:
    told = Dynamics.of(motion())
    assert told is not None
    moved = identity.deformed(motion()) - identity.deformed(dataclasses.replace(motion(), dynamics=None))
    assert moved[CHIN] == pytest.approx(told.move()[CHIN])
    assert 0.001 < np.abs(moved).mean() < 0.1


def test_lips_close_and_lids_shut_whatever_dynamics_say(identity: Identity) -> None:
    shut = identity.deformed(dataclasses.replace(motion(jawOpen=0.5, eyeBlinkLeft=1.0), closure=1.0))
    assert np.abs(shut[UPPER_LIP] - shut[LOWER_LIP]).max() < 1e-9
    assert eye_aspect(shut, LEFT_EYE) < 0.02


def test_components_survive_packing_with_and_without_shading() -> None:
    shading = np.ones(SHADING.stop - SHADING.start, np.float32)
    for given in (None, shading):
        packed = Dynamics(SOME, given).packed()
        again = Dynamics.of(dataclasses.replace(motion(), dynamics=packed))
        assert again is not None
        assert np.array_equal(again.geometry, SOME)
        assert (again.shading is None) is (given is None)


def test_what_components_moved_is_read_as_those_components() -> None:
    left = (SOME.astype(np.float64) @ face_basis().geometry).reshape(1, -1, 3)
    assert geometry_of(left)[0] == pytest.approx(SOME, abs=0.1)


def test_learned_shapes_are_even_and_keep_what_names_mean() -> None:
    face = MEAN_FACE[:FACE_VERTICES]
    learned, by_hand = build_basis(face), hand_made_basis(face)
    corrections = face_basis().corrections.reshape(-1, FACE_VERTICES, 3)
    smile = corrections[[EXPRESSION_INDEX[f"mouthSmile{side}"] for side in ("Left", "Right")]]
    assert smile[1] == pytest.approx(smile[0][MIRROR[:FACE_VERTICES]] * (-1.0, 1.0, 1.0), abs=1e-3)
    brows = np.array([name.startswith("brow") for name in EXPRESSION_NAMES])
    above = MEAN_FACE[:FACE_VERTICES, 1] > MEAN_FACE[159, 1] + 0.1
    assert np.abs(corrections[~brows][:, above]).max() < 1e-3  # a mouth does not move brows
    one = np.zeros(len(EXPRESSION_NAMES), np.float32)
    one[EXPRESSION_INDEX["jawOpen"]] = 1.0
    gaps = [float(lip_gap(basis.shifted(face, one))[4]) for basis in (learned, by_hand)]
    assert gaps[0] == pytest.approx(gaps[1], rel=0.35)


def test_a_smile_by_itself_keeps_the_lips_together(identity: Identity) -> None:
    smiling = dataclasses.replace(motion(mouthSmileLeft=1.0, mouthSmileRight=1.0), dynamics=None)
    assert lip_gap(identity.deformed(smiling)).max() < 0.02


def test_a_file_of_another_basis_or_a_broken_one_is_refused(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.safetensors", tmp_path / "broken.safetensors"
    write_face_basis(good, FaceBasis(face_basis().corrections, face_basis().geometry), {"people": []})
    assert np.array_equal(read_face_basis(good).geometry, face_basis().geometry)
    broken.write_bytes(good.read_bytes()[:1000])
    other = tmp_path / "other.safetensors"
    other.write_bytes(good.read_bytes().replace(b"faces-1", b"faces-9"))
    for path in (broken, other, tmp_path / "missing.safetensors"):
        with pytest.raises(FaceBasisError, match="train_face"):
            read_face_basis(path)
