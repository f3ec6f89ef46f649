"""A talking head in the whole photo it was cut out of."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from avatar_nodes.face.full_frame_model import Edges, FullFrame
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.face.sway_model import Sway
from avatar_nodes.payloads import FaceMotion

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, None)


@pytest.fixture(scope="module")
def whole(portrait: Portrait) -> FullFrame:
    return FullFrame(portrait)


@pytest.fixture(scope="module")
def renderer(portrait: Portrait, whole: FullFrame) -> Renderer:
    return Renderer(portrait, held=whole.edges)


def turned(renderer: Renderer) -> np.ndarray:
    photo = renderer.photo_motion
    head = photo.head + np.array([12, 6, -8, 0.2, 0.1, 0.2], np.float32)
    return renderer.render(FaceMotion(head, photo.expression, photo.gaze), Sway((0.05, 0.03), 1.0))


def test_at_rest_it_is_the_photo(whole: FullFrame, renderer: Renderer, portrait: Portrait) -> None:
    assert whole.size == (512, 600)
    assert (whole.around(renderer.render(renderer.photo_motion)) == portrait.photo).all()


def test_outside_of_the_square_no_pixel_changes(whole: FullFrame, renderer: Renderer, portrait: Portrait) -> None:
    size = len(portrait.image)
    left, top = (-portrait.transform[:, 2]).astype(int)
    changed = np.abs(whole.around(turned(renderer)).astype(int) - portrait.photo).max(axis=2) > 0
    assert changed.sum() > 1000
    changed[top : top + size, left : left + size] = False
    assert not changed.any()


def test_what_moves_fits_the_photo_at_the_edges(whole: FullFrame, renderer: Renderer, portrait: Portrait) -> None:
    assert whole.edges == Edges(True, True, True, True)
    frame, photo = turned(renderer).astype(int), portrait.image.astype(int)
    for edge in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        assert np.abs(frame[edge] - photo[edge]).max() <= 1
    assert np.abs(frame[-40:] - photo[-40:]).max() > 10  # a little further in it moves


def test_a_frame_that_reaches_beyond_the_photo_is_cut(portrait: Portrait) -> None:
    inner = portrait.photo[20:, :440]
    beyond = Portrait(
        portrait.image, portrait.layers, portrait.landmarks, inner,
        portrait.transform - np.array([[0, 0, 0], [0, 0, 20]]), 1.0, portrait.report,
    )  # fmt: skip
    whole = FullFrame(beyond)
    assert not whole.edges.right
    left, top = (-beyond.transform[:, 2]).astype(int)
    frame = np.full_like(portrait.image, 7)
    made = whole.around(frame)
    assert made.shape == inner.shape
    assert (made[max(top, 0) : top + len(frame), left:] == 7).all()
    assert (made[:, :left] == inner[:, :left]).all()


def test_a_photo_that_was_larger_is_told_apart(whole: FullFrame, tmp_path: Path) -> None:
    Image.new("RGB", (2000, 30)).save(tmp_path / "wide.png")
    (tmp_path / "me.avatar").write_bytes(b"no photo")
    assert whole.smaller_than(tmp_path / "wide.png")
    assert not whole.smaller_than(GRACE_HOPPER)
    assert not whole.smaller_than(tmp_path / "me.avatar")
