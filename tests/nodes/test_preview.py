"""A video frame as a JPEG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import avatar_nodes
from avatar_nodes.payloads import VideoFrame
from avatar_nodes.preview import jpeg


def decoded(coded: bytes) -> NDArray[np.uint8]:
    """The pixels of a JPEG."""
    with Image.open(io.BytesIO(coded)) as picture:
        assert picture.format == "JPEG"
        return np.asarray(picture)


@pytest.mark.parametrize(("width", "shape"), [(640, (60, 80, 3)), (80, (60, 80, 3)), (40, (30, 40, 3)), (1, (1, 1, 3))])
def test_it_is_at_most_as_wide_as_asked(width: int, shape: tuple[int, ...]) -> None:
    assert decoded(jpeg(VideoFrame(np.zeros((60, 80, 3), np.uint8)), width)).shape == shape


def test_colours_stay() -> None:
    pixels = np.full((32, 32, 3), (200, 30, 60), np.uint8)
    assert np.abs(decoded(jpeg(VideoFrame(pixels), 32)).astype(int) - (200, 30, 60)).max() < 8


def test_what_is_transparent_lies_over_grey() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 0] = 255
    pixels[:32, :, 3] = 255
    seen = decoded(jpeg(VideoFrame(pixels), 64)).astype(int)
    assert np.abs(seen[8, 32] - (255, 0, 0)).max() < 8
    assert np.abs(seen[56, 32] - 128).max() < 4


def test_a_frame_that_a_node_has_sent_is_not_touched() -> None:
    pixels = np.full((16, 16, 4), 100, np.uint8)
    pixels.flags.writeable = False
    jpeg(VideoFrame(pixels), 8)
    assert (pixels == 100).all()


def test_the_package_brings_it() -> None:
    (preview,) = avatar_nodes.register_previews()
    assert (preview.payload, preview.jpeg) == (VideoFrame, jpeg)
