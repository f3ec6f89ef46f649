"""The parts of the renderer by themselves, on small made inputs."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.eyeball_model import take_eyeball
from avatar_nodes.face.opening_model import affine, draw_opening
from avatar_nodes.face.raster_model import raster


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
