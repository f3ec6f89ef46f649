"""Lids that close over an eye, on a painted face: skin comes down, lashes turn, nothing else changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.eye_shading_model import shade_eye
from avatar_nodes.face.lid_curves_model import Eyelids, flat
from avatar_nodes.face.lid_patch_model import LidPatch
from avatar_nodes.face.lids_model import LidOpening, as_seen, hold_lids, lid_opening, move_lids
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

SIZE = 256
SKIN, DARK = np.array([200, 150, 120]), np.array([20, 15, 10])
SIDES = pytest.mark.parametrize("rims", [mesh.RIGHT_EYE, mesh.LEFT_EYE])
Rims = tuple[tuple[int, ...], tuple[int, ...]]


def points_of(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seen from the front, 90 px between the pupils."""
    return np.asarray(vertices[: mesh.FACE_VERTICES, :2] * (90.0, -90.0) + (128.0, 128.0))


def shut(vertices: NDArray[np.float64], blink: float) -> NDArray[np.float64]:
    expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
    open_ = lid_opening(expression, 0.0)
    expression[[EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]] = blink
    moved = vertices[: mesh.FACE_VERTICES].copy()
    move_lids(moved, lid_opening(expression, 0.0), open_)
    return moved


def painted(points: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Skin, white eyes with dark irises, lashes that stand on the upper rims, and brows."""
    image = np.broadcast_to(SKIN, (SIZE, SIZE, 3)).astype(np.uint8).copy()
    for upper, lower in (mesh.RIGHT_EYE, mesh.LEFT_EYE):
        outline = np.concatenate([points[list(upper)], points[list(lower)][-2:0:-1]])
        cv2.fillPoly(image, [np.rint(outline).astype(np.int32)[:, None]], (245, 245, 245))
        x, y = outline.mean(0).astype(int)
        cv2.circle(image, (int(x), int(y)), 7, (40, 60, 80), -1)
        for x, y in points[list(upper)][1:-1]:
            cv2.line(image, (int(x), int(y)), (int(x), int(y) - 6), DARK.tolist(), 1)
    for brow in (mesh.RIGHT_BROW, mesh.mirrored(mesh.RIGHT_BROW)):
        cv2.fillPoly(image, [np.rint(points[list(brow)]).astype(np.int32)[:, None]], DARK.tolist())
    return image


def drawn(rims: Rims, blink: float, image: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Only what the lids draw, on a grey picture."""
    photo, now = points_of(MEAN_FACE), points_of(shut(MEAN_FACE, blink))
    patch = LidPatch(painted(photo) if image is None else image, photo, Eyelids.of(rims), DARK.astype(np.float32))
    picture = np.full((SIZE, SIZE, 3), 128, np.uint8)
    closing = patch.closing(now)
    curves = patch.placed(now, closing)
    if curves is not None:
        patch.draw_skin(curves, closing, picture)
        patch.draw_lashes(curves, closing, picture)
    return picture


@SIDES
def test_curves_pass_through_the_rims_and_never_turn_back(rims: Rims) -> None:
    points = points_of(MEAN_FACE)
    curves = Eyelids.of(rims).placed(points)
    for row, rim in ((2, rims[0]), (3, rims[1])):
        np.testing.assert_allclose(flat(curves[row, 1:-1][::4]), points[list(rim)])
    along = curves.real * (1 if rims == mesh.RIGHT_EYE else -1)
    assert (np.diff(along[2:4], axis=1) > 0).all()
    assert (np.diff(curves.imag[:, 17]) > 0).all()  # from brow to cheek


@SIDES
def test_open_eyes_are_left_to_the_photo(rims: Rims) -> None:
    assert (drawn(rims, 0.0) == 128).all()
    assert (drawn(rims, 0.04) == 128).all()


@SIDES
def test_a_shut_eye_is_skin_with_a_dark_line_that_fades_to_the_corners(rims: Rims) -> None:
    picture = drawn(rims, 1.0).astype(int)
    now = points_of(shut(MEAN_FACE, 1.0))
    x, y = np.rint(now[list(rims[0])][4]).astype(int)
    lid = picture[y - 7 : y - 3, x - 3 : x + 4].reshape(-1, 3)
    assert np.abs(lid - SKIN).max() < 40  # neither lash, white nor iris
    line = picture[y - 1 : y + 4, x].mean(axis=1).min()
    assert line < 0.75 * SKIN.mean()
    for corner in (rims[0][0], rims[0][-1]):
        column, row = np.rint(now[corner]).astype(int)
        assert picture[row - 1 : row + 2, column].mean() > line + 15


def test_brows_and_what_lies_beyond_are_never_painted_over() -> None:
    changed = (drawn(mesh.RIGHT_EYE, 1.0) != 128).any(axis=2)
    points = points_of(MEAN_FACE)
    hair = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(hair, [np.rint(points[list(mesh.RIGHT_BROW)]).astype(np.int32)[:, None]], (1.0,))
    assert not changed[cv2.erode(hair, np.ones((3, 3), np.uint8)) > 0].any()
    assert not changed[:, int(points[6, 0]) :].any()  # the other half of the face


def test_nothing_jumps_while_a_lid_closes() -> None:
    frames = [drawn(mesh.LEFT_EYE, blink).astype(int).mean() for blink in np.linspace(0, 1, 41)]
    assert np.abs(np.diff(frames)).max() < 0.12 * np.ptp(frames) + 0.05


def test_the_line_is_no_darker_than_the_darkest_of_the_eye() -> None:
    photo = points_of(MEAN_FACE)
    image = np.broadcast_to(SKIN, (SIZE, SIZE, 3)).astype(np.uint8).copy()  # a statue: eyes of the skin's colour
    soft = LidPatch(image, photo, Eyelids.of(mesh.RIGHT_EYE), (0.8 * SKIN).astype(np.float32))
    now = points_of(shut(MEAN_FACE, 1.0))
    picture = image.copy()
    curves = soft.placed(now, 1.0)
    assert curves is not None
    soft.draw_lashes(curves, 1.0, picture)
    assert picture.min(axis=(0, 1))[0] >= 0.75 * SKIN[0]


def heights(vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far apart the lids are, column by column, right eye then left."""
    apart = [
        vertices[list(above)][1:-1] - vertices[list(below)][1:-1] for above, below in (mesh.RIGHT_EYE, mesh.LEFT_EYE)
    ]
    return np.asarray(np.linalg.norm(np.concatenate(apart), axis=1))


@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0, 1.2])
def test_lids_open_freely_to_a_little_more_than_the_photo_shows(amount: float) -> None:
    photo = MEAN_FACE[: mesh.FACE_VERTICES]
    rest = LidOpening((1.0, 1.0), (1.0, 1.0))
    moved = photo.copy()
    move_lids(moved, LidOpening((amount, amount), (amount, amount)), rest)
    held = moved.copy()
    hold_lids(held, photo)
    np.testing.assert_allclose(held, moved, atol=1e-9)


def test_wide_eyes_are_wider_but_never_by_more_than_a_third_or_so() -> None:
    photo = MEAN_FACE[: mesh.FACE_VERTICES]
    shares = []
    for amount in (1.25, 1.4, 2.0, 4.0):
        face = photo.copy()
        move_lids(face, LidOpening((amount, amount), (amount, amount)), LidOpening((1.0, 1.0), (1.0, 1.0)))
        hold_lids(face, photo)
        shares.append(heights(face) / heights(photo))
    assert (np.diff(shares, axis=0) >= 0.0).all()
    assert np.min(shares) > 1.2
    assert np.max(shares) <= 1.35 + 1e-9


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_the_photo_limits_what_a_driver_opens(share: float) -> None:
    photo = LidOpening((share, share), (share, share))
    wide = np.zeros(len(EXPRESSION_NAMES), np.float32)
    wide[[EXPRESSION_INDEX["eyeWideLeft"], EXPRESSION_INDEX["eyeWideRight"]]] = 1.0
    seen = as_seen(lid_opening(wide, -30.0), photo)
    assert max(*seen.upper, *seen.lower) <= 1.35 * share + 1e-9
    assert min(seen.upper) > 1.25 * share
    assert as_seen(photo, photo) == photo


def test_the_shade_on_the_eyeball_goes_with_the_lids() -> None:
    ball = np.full((20, 20, 3), 200, np.uint8)
    shade = np.ones((20, 20, 1), np.float32)
    shade[:8] = 0.5
    none, still = np.zeros((20, 20, 3), np.float32), np.eye(2, 3, dtype=np.float32)
    higher = still.copy()
    higher[1, 2] = 4.0  # a lid that stands 4 px higher than in the photo
    iris, slide = np.array([10.0, 12.0], np.float32), np.zeros(2, np.float32)
    picture, all_ = np.zeros((20, 20, 3), np.uint8), np.full((20, 20), 255, np.uint8)
    shade_eye(picture, all_, 0, 0, still, higher, ball, shade, none, none, 0.0, iris, 4.0, slide)
    assert (picture[:4] == 100).all()
    assert (picture[4:] == 200).all()
