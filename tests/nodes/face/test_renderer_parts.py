"""The parts of the renderer by themselves, on small made inputs."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.appearance_model import Layers, split_layers
from avatar_nodes.face.background_model import fill_background
from avatar_nodes.face.eyeball_model import take_eyeball
from avatar_nodes.face.limits_model import Limits
from avatar_nodes.face.mesh_model import surround
from avatar_nodes.face.opening_model import affine, draw_opening
from avatar_nodes.face.raster_model import compose, raster


def test_layers_add_up_to_any_photo_with_any_matte() -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    background = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    matte = np.clip(rng.uniform(-0.5, 1.5, (64, 64)), 0, 1).astype(np.float32)
    layers = split_layers(image, matte, background)
    itself = np.stack(np.meshgrid(np.arange(64), np.arange(64)), axis=2).astype(np.float32)
    picture = np.empty_like(image)
    compose(layers.person, layers.background, layers.rest, itself, picture)
    assert (picture == image).all()


def shifted(layers: Layers, across: float) -> np.ndarray:
    """The picture with the person moved so many px to the right."""
    size = len(layers.background)
    sampling = np.stack(np.meshgrid(np.arange(size) - across, np.arange(size)), axis=2).astype(np.float32)
    picture = np.empty_like(layers.background)
    compose(layers.person, layers.background, layers.rest, sampling, picture)
    return picture


def soft_disc(size: int, x: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    away = np.hypot(columns - x, rows - size / 2) - size / 4
    return np.clip(0.5 - away / 8, 0.0, 1.0).astype(np.float32)


def mixed(matte: np.ndarray, person: np.ndarray, behind: np.ndarray) -> np.ndarray:
    return np.rint(matte[:, :, None] * person + (1 - matte[:, :, None]) * behind).astype(np.uint8)


@pytest.mark.parametrize(("person", "behind"), [((210, 160, 130), (30, 60, 150)), ((20, 15, 10), (240, 240, 235))])
def test_a_person_who_moves_takes_no_rim_of_the_background_along(
    person: tuple[int, int, int], behind: tuple[int, int, int]
) -> None:
    size, across = 128, 9
    colours, filled = (np.full((size, size, 3), one, np.uint8) for one in (person, behind))
    stripes = np.arange(size) // 3 % 2 * 60 - 30  # what stands there, and no filling can know
    wall = np.clip(filled.astype(int) + stripes[None, :, None], 0, 255)
    matte = soft_disc(size, 60)
    layers = split_layers(mixed(matte, colours, wall), matte, filled)
    ideal = mixed(soft_disc(size, 60 + across), colours, filled)
    assert np.abs(shifted(layers, across).astype(int) - ideal)[:, across:].max() <= 12


def test_what_the_matte_leaves_out_is_shown_while_still_and_gone_when_the_person_moves() -> None:
    size = 64
    matte, background = soft_disc(size, 30), np.full((size, size, 3), 120, np.uint8)
    image = mixed(matte, np.full_like(background, 200), background)
    image[20:24, 50:60] = 20  # a wisp of hair
    layers = split_layers(image, matte, background)
    assert (shifted(layers, 0) == image).all()
    slightly = shifted(layers, 0.01).astype(int)
    assert np.abs(slightly[20:24, 50:60] - 20).max() <= 1
    assert (shifted(layers, 2)[20:24, 50:60] == 120).all()
    fading = [int(shifted(layers, step / 20)[22, 55, 0]) for step in range(21)]
    assert (np.diff(fading) >= 0).all()
    assert np.diff(fading).max() < 12


def test_what_fills_a_grainy_wall_is_as_grainy_as_the_wall() -> None:
    rng = np.random.default_rng(5)
    wall = np.clip(rng.normal(130, 7, (128, 128, 3)), 0, 255).astype(np.uint8)
    matte = soft_disc(128, 64)
    filled = fill_background(mixed(matte, np.full_like(wall, 20), wall), matte)
    inside = filled[52:76, 52:76].astype(float)
    assert inside.std() == pytest.approx(wall.std(), rel=0.35)
    assert abs(inside.mean() - 130) < 4


def test_a_busy_background_is_kept_up_to_the_person() -> None:
    columns = np.broadcast_to((np.arange(128) // 8 % 2 * 200)[None, :, None], (128, 128, 3)).astype(np.uint8)
    matte = soft_disc(128, 64)
    filled = fill_background(mixed(matte, np.full_like(columns, 90), columns), matte)
    far = distance_from(matte > 0.02) > 8
    assert (filled[far] == columns[far]).all()
    assert np.abs(np.diff(filled[64, 48:80].astype(int), axis=0)).max() < 40  # and no stripes behind the person


def test_a_person_who_nearly_fills_the_frame_leaves_what_little_there_is_beside_them() -> None:
    image = np.full((256, 256, 3), 200, np.uint8)
    matte = np.ones((256, 256), np.float32)
    image[:, :5], matte[:, :5] = 30, 0.0
    assert np.abs(fill_background(image, matte).astype(int) - 30).max() <= 1
    assert (fill_background(image[:, ::-1], np.ones_like(matte)) > 0).any()  # and who fills it wholly is no error


def distance_from(mask: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def square(size: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([[0, 0], [size - 1, 0], [0, size - 1], [size - 1, size - 1]], np.float32)
    return points, np.array([[0, 1, 2], [2, 1, 3]], np.int32)


def rasterised(points: np.ndarray, source: np.ndarray, triangles: np.ndarray, depth: np.ndarray) -> np.ndarray:
    sampling, nearest = np.empty((32, 32, 2), np.float32), np.empty((32, 32), np.float32)
    raster(points, depth.astype(np.float32), source, triangles, sampling, nearest)
    return sampling


def test_raster_of_a_still_mesh_is_exactly_the_identity() -> None:
    points, triangles = square(32)
    sampling = rasterised(points, points, triangles, np.zeros(4))
    y, x = np.mgrid[:32, :32]
    assert (sampling == np.stack([x, y], axis=2)).all()


def test_raster_interpolates_and_leaves_no_crack() -> None:
    points, triangles = square(32)
    source = points * np.float32(0.5) + np.float32(3)
    sampling = rasterised(points, source, triangles, np.zeros(4))
    y, x = np.mgrid[:32, :32]
    np.testing.assert_allclose(sampling, np.stack([x, y], axis=2) * 0.5 + 3, atol=1e-4)


def test_raster_shows_what_is_nearer_whatever_the_order() -> None:
    points, triangles = square(32)
    both = np.concatenate([points, points])
    source = np.concatenate([points + 5, points - 5]).astype(np.float32)
    depth = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    for order in (np.concatenate([triangles, triangles + 4]), np.concatenate([triangles + 4, triangles])):
        assert rasterised(both, source, order.astype(np.int32), depth)[10, 10, 0] == 15


def test_raster_survives_triangles_outside_of_the_frame_and_without_area() -> None:
    points = np.array([[-50, -50], [90, -20], [10, 80], [5, 5], [5, 5], [9, 9]], np.float32)
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert np.isfinite(rasterised(points, points, triangles, np.zeros(6))).all()


def test_an_opening_covers_its_area_softly() -> None:
    angles = np.linspace(np.pi, 0, 11)
    upper = np.stack([20.3 + 10 * np.cos(angles), 20.6 - 10 * np.sin(angles)], axis=1)
    lower = np.stack([20.3 + 10 * np.cos(angles), 20.6 + 10 * np.sin(angles)], axis=1)
    opening = draw_opening(upper, lower, 64)
    assert opening is not None
    coverage = opening.coverage / 255.0
    assert coverage.sum() == pytest.approx(np.pi * 100, rel=0.04)
    assert ((coverage > 0.05) & (coverage < 0.95)).sum() > 20
    assert draw_opening(upper - 200, lower - 200, 64) is None


def test_affine_carries_three_points_onto_three_others() -> None:
    source = np.array([[0, 0], [1, 0], [0, 1]], float)
    target = np.array([[3, 4], [5, 4], [3, 1]], float)
    carried = source @ affine(source, target)[:, :2].T + affine(source, target)[:, 2]
    np.testing.assert_allclose(carried, target)


def test_an_eyeball_is_parted_without_loss_and_its_highlight_taken_off() -> None:
    y, x = np.mgrid[:60, :60]
    away = np.hypot(x - 30, y - 30)
    image = np.where(away < 8, 60, 220).astype(np.uint8)[:, :, None].repeat(3, axis=2)
    image[32:34, 31:33] = 250  # the light in the iris
    image[:26] = 120  # the lid covers the top of the iris
    rim = np.array([[14, 30], [22, 26], [30, 25.5], [38, 26], [46, 30]], float)
    opening = draw_opening(rim, np.array([[14, 30], [22, 38], [30, 40], [38, 38], [46, 30]], float), 60)
    assert opening is not None
    eye = take_eyeball(image, opening, np.array([30.0, 30.0]), 8.0)
    again = eye.ball * eye.shade + eye.highlights + eye.rest
    rows, columns = slice(opening.top - eye.top, None), slice(opening.left - eye.left, None)
    inside = opening.coverage > 128
    height, width = inside.shape
    patch = image[opening.top : opening.top + height, opening.left : opening.left + width]
    np.testing.assert_allclose(again[rows, columns][:height, :width][inside], patch[inside], atol=1e-3)
    centre_x, centre_y = eye.iris.astype(int)
    assert eye.ball[centre_y + 2 : centre_y + 4, centre_x + 1 : centre_x + 3].max() < 120  # no light left on the iris
    assert eye.highlights[centre_y + 2 : centre_y + 4, centre_x + 1 : centre_x + 3].min() > 100
    assert eye.ball[centre_y - 6, centre_x].max() < 110  # the iris goes on behind the lid


def test_limits_leave_small_turns_alone_and_turned_photos_less_room() -> None:
    frontal, turned = Limits.of(np.zeros(6, np.float32)), Limits.of(np.array([20, 0, 0, 0, 0, 0], np.float32))
    small = np.array([5, -4, 3, 0.1, 0, 0], np.float32)
    np.testing.assert_allclose(frontal.soften(small), small, atol=1e-6)
    far = np.full(6, 500, np.float32)
    assert (frontal.soften(far) <= frontal.high).all()
    assert (frontal.soften(-far) >= frontal.low).all()
    assert turned.soften(far)[0] < frontal.soften(far)[0]


def test_surroundings_reach_every_corner_of_the_frame_without_folds() -> None:
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    oval = np.stack([130 + 50 * np.sin(angles), 110 - 70 * np.cos(angles)], axis=1)
    around = surround(oval, 60.0, 256)
    for corner in ((0, 0), (255, 0), (0, 255), (255, 255)):
        assert np.abs(around.points - corner).sum(axis=1).min() < 1e-6
    assert around.points.min() >= 0
    assert around.points.max() <= 255
    distances = np.linalg.norm(around.points.reshape(-1, 36, 2) - oval, axis=2)
    assert (np.diff(distances, axis=0) > 0).all()
