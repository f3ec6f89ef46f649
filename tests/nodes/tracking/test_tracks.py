"""The tracks that tools read and write: the grid, holes, cuts, and a round trip through a file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib import cbook
from PIL import Image

from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import FaceMotion

TOOL = Path(__file__).parents[3] / "tools" / "tracks.py"


@pytest.fixture(scope="module")
def tracks() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("tracks_under_test", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["tracks_under_test"] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["tracks_under_test"]


def talking(puppet: Any, frames: int) -> Any:
    still = np.zeros(6, np.float32)
    opening = 0.2 + 0.2 * np.sin(np.arange(frames) * 0.7)
    motions = [FaceMotion(still, coefficients(jawOpen=float(way))) for way in opening]
    return puppet.film(motions).astype(np.float32)


def test_pictures_at_thirty_a_second_are_put_on_the_grid(tracks: ModuleType, puppet: Any) -> None:
    times = np.arange(31) / 30.0
    face = puppet.landmarks(FaceMotion.neutral())
    points = (face + 100 * times[:, None, None] * (1, 0, 0)).astype(np.float32)  # px: it goes sideways
    placed = tracks._on_grid(times, points, 26)
    assert placed.valid.all()
    np.testing.assert_allclose(placed.points[:, 0, 0] - face[0, 0], 100 * np.arange(26) / 25.0, atol=1e-3)


def test_a_hole_is_not_valid(tracks: ModuleType, puppet: Any) -> None:
    points = talking(puppet, 20)
    seen = np.r_[0:8, 14:20]
    placed = tracks._on_grid(seen / 25.0, points[seen], 20)
    assert list(np.flatnonzero(~placed.valid)) == list(range(8, 14))


def test_a_cut_is_not_valid(tracks: ModuleType, puppet: Any) -> None:
    points = talking(puppet, 20)
    points[10:, :, 0] += 200.0
    placed = tracks._on_grid(np.arange(20) / 25.0, points, 20)
    assert list(np.flatnonzero(~placed.valid)) == [9, 10]


def test_a_track_is_read_as_it_was_written(tracks: ModuleType, puppet: Any, tmp_path: Path) -> None:
    landmarks = tracks.Landmarks(talking(puppet, 20), np.ones(20, bool))
    made = tracks.track_landmarks(landmarks, "clip", "clip.mp4", samples=np.arange(5, dtype=np.int16))
    tracks.write_track(tmp_path, made)
    (read,) = tracks.read_tracks(tmp_path)
    assert (read.name, read.source, read.motion_rate) == ("clip", "clip.mp4", 25.0)
    for name in ("head", "expression", "gaze", "closure", "aperture", "width", "eye_open", "valid", "samples"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
        assert getattr(read, name).dtype == getattr(made, name).dtype


def test_where_nobody_is_nothing_is_valid(tracks: ModuleType) -> None:
    track = tracks.track_frames([np.full((120, 120, 3), 118, np.uint8)] * 3, 25.0)
    assert not track.valid.any()
    assert track.expression.shape == (3, 52)


def test_frames_of_a_face_are_tracked(tracks: ModuleType) -> None:
    hopper = Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")
    track = tracks.track_frames([np.asarray(hopper.resize((200, 234)))] * 8, 25.0)
    assert track.valid.all()
    assert np.ptp(track.head, axis=0).max() < 0.5  # a still
    assert track.eye_open.min() > 0.8
