"""Skin that folds, on a real photo and on made-up ones."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.dynamics_model import GEOMETRY, SHADING, Dynamics
from avatar_nodes.face.face_basis_model import BASIS
from avatar_nodes.face.identity_model import Identity, identify
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.skin_lines_model import drawn_lines, fold_tint
from avatar_nodes.face.skin_map_model import (
    BEYOND,
    SIDE,
    contrast,
    corners,
    log_skin,
    on_photo,
    skin_share,
    texel_of_vertex,
)
from avatar_nodes.face.skin_model import CELL, LIMIT, Skin
from avatar_nodes.face.skin_weights_model import COMPONENTS, SkinWeights, strength, trained
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
SIZE = 320
FLAT_FACE = (MEAN_FACE * (70.0, -70.0, -70.0) + (150.0, 110.0, 0.0)).astype(np.float32)  # px


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, SIZE)


@pytest.fixture(scope="module")
def identity(portrait: Portrait) -> Identity:
    return identify(portrait.landmarks)


@pytest.fixture(scope="module")
def skin(portrait: Portrait, identity: Identity) -> Skin:
    return Skin(identity, portrait.image, portrait.landmarks)


def with_more(photo: FaceMotion, **more: float) -> FaceMotion:
    expression = photo.expression.copy()
    for name, value in more.items():
        for each in [name] if name in EXPRESSION_INDEX else [f"{name}Left", f"{name}Right"]:
            expression[EXPRESSION_INDEX[each]] += value
    return FaceMotion(photo.head, expression, photo.gaze)


def test_nothing_changes_at_the_photos_own_expression(skin: Skin, identity: Identity) -> None:
    assert skin.gain(identity.photo_motion) is None


def test_an_expression_shades_the_face_alone_and_within_bounds(skin: Skin, identity: Identity) -> None:
    gain = skin.gain(with_more(identity.photo_motion, browInnerUp=1, browOuterUp=1, mouthSmile=1, jawOpen=1))
    assert gain is not None
    assert gain.shape == (SIZE // CELL, SIZE // CELL)
    assert gain.dtype == np.float32
    assert np.abs(gain - 1).max() < LIMIT
    assert np.abs(gain - 1).max() > 0.05
    assert (gain[:4] == 1).all()
    assert (gain[-20:] == 1).all()


def test_a_thousandth_of_an_expression_is_a_thousandth_of_its_shade(skin: Skin, identity: Identity) -> None:
    gain = skin.gain(with_more(identity.photo_motion, mouthSmile=1e-3))
    assert gain is not None
    assert 0 < np.abs(gain - 1).max() < 5e-4


def test_raised_brows_fold_the_forehead_and_leave_the_chin(skin: Skin, identity: Identity, portrait: Portrait) -> None:
    gain = skin.gain(with_more(identity.photo_motion, browInnerUp=1, browOuterUp=1))
    assert gain is not None
    brow, chin = portrait.landmarks[[9, 152], 1].astype(int) // CELL
    above, below = gain[brow - 12 : brow], gain[chin - 6 : chin]
    assert np.abs(above - 1).max() > 3 * np.abs(below - 1).max()
    assert above.min() < 1 < above.max()


def test_dynamics_of_the_own_basis_shade_beyond_the_coefficients(skin: Skin, identity: Identity) -> None:
    photo = identity.photo_motion
    shading = np.zeros(COMPONENTS, np.float32)
    shading[0] = 1.0
    packed = Dynamics(np.zeros(GEOMETRY.stop, np.float32), shading).packed()
    gain = skin.gain(FaceMotion(photo.head, photo.expression, photo.gaze, 0.0, packed, BASIS))
    assert gain is not None
    assert np.abs(gain - 1).max() > 0.005
    assert skin.gain(FaceMotion(photo.head, photo.expression, photo.gaze, 0.0, packed, "another")) is None
    assert len(trained().maps) == SHADING.stop - SHADING.start


def test_a_face_beyond_the_frame_is_not_shaded(identity: Identity, portrait: Portrait) -> None:
    away = portrait.landmarks + np.float32((5000, 0, 0))
    gain = Skin(identity, portrait.image, away).gain(with_more(identity.photo_motion, jawOpen=1))
    assert gain is None or (gain == 1).all()


def test_the_map_is_symmetric_and_its_triangles_cover_it_once() -> None:
    around, weights = corners()
    covered = weights.sum(2) > 0
    assert (skin_share() > 0).sum() < covered.sum() < SIDE * SIDE
    assert np.allclose(weights[covered].sum(1), 1.0)
    spot = np.einsum("yxk,yxkc->yxc", weights, texel_of_vertex()[around])[covered]
    assert np.allclose(spot, np.argwhere(covered)[:, ::-1], atol=1e-3)
    assert (skin_share() == skin_share()[:, ::-1]).all()


def test_what_a_picture_shows_comes_back_where_it_was() -> None:
    picture = np.full((260, 300, 3), 90, np.uint8)
    picture[:, 150:] = 180  # the subject's left half is lit
    laid = log_skin(picture, FLAT_FACE)
    assert laid[50, SIDE // 2 - 8] == pytest.approx(np.log(90), abs=0.01)
    assert laid[50, SIDE // 2 + 8] == pytest.approx(np.log(180), abs=0.01)
    place = on_photo(FLAT_FACE, 300, 75)
    assert (place[0] == BEYOND).all()
    nose = (FLAT_FACE[4, :2] / 4).astype(int)
    assert np.allclose(place[nose[1], nose[0]], texel_of_vertex()[4], atol=3)


def test_flat_pictures_fold_faintly() -> None:
    flat = np.full((260, 300, 3), 120, np.uint8)
    assert strength(contrast(log_skin(flat, FLAT_FACE))) == pytest.approx(0.3)
    assert strength(0.04) == pytest.approx(1.0)
    assert strength(10.0) == pytest.approx(1.6)


def test_shade_has_the_colour_of_the_skin() -> None:
    grey = np.full((260, 300, 3), 120, np.uint8)
    assert fold_tint(grey, FLAT_FACE) == pytest.approx((1.0, 1.0, 1.0), abs=0.01)
    red, green, blue = fold_tint((grey * (1.4, 0.9, 0.6)).astype(np.uint8), FLAT_FACE)
    assert red < 1.0 < green < blue


def test_lines_are_drawn_for_brows_and_lids_alone() -> None:
    lines = drawn_lines()
    drawn = {EXPRESSION_NAMES[k] for k in np.flatnonzero(np.abs(lines).max((1, 2)) > 0)}
    pairs = {
        f"{name}{side}"
        for name in ("browOuterUp", "browDown", "cheekSquint", "eyeSquint")
        for side in ("Left", "Right")
    }
    assert drawn == {"browInnerUp"} | pairs
    left, right = lines[EXPRESSION_INDEX["browDownLeft"]], lines[EXPRESSION_INDEX["browDownRight"]]
    assert np.allclose(left, right[:, ::-1], atol=0.02)


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "skin.safetensors"
    trained().write(path, {"people": "nobody"})
    assert np.array_equal(SkinWeights.read(path).maps, trained().maps)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="install the package again"):
        SkinWeights.read(path)


def test_a_smile_shades_left_and_right_alike() -> None:
    weights = trained()
    both = weights.weights[[EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]].sum(0)
    shade = np.tensordot(both, weights.maps, 1)
    assert np.abs(shade).max() > 0.04
    assert np.abs(shade - shade[:, ::-1]).max() < 0.1 * np.abs(shade).max()
