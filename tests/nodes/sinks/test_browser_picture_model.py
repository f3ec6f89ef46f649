"""What a browser gets of a picture."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from avatar_nodes.sinks.browser_picture_model import coded_picture, matte_png
from avatar_nodes.sinks.browser_wire_model import HEAD, PICTURE, SOUND, picture_message, sound_message

GREEN = np.array([0, 255, 0])


def opened(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGBA" if image.format == "PNG" else "RGB"))


def disc(size: int = 96) -> NDArray[np.uint8]:
    """Red with a sharp edge; black where nothing is seen."""
    pixels = np.zeros((size, size, 4), np.uint8)
    cv2.circle(pixels, (size // 2, size // 2), size // 3, (220, 40, 30, 255), -1)
    return pixels


def over(pixels: NDArray[np.uint8], colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    alpha = pixels[..., 3:] / 255
    return np.asarray(colours * alpha + GREEN * (1 - alpha))


def test_an_opaque_picture_is_one_jpeg() -> None:
    pixels = np.zeros((40, 64, 3), np.uint8) + np.array([200, 100, 50], np.uint8)
    colours, matte = coded_picture(pixels, 90)
    assert matte == b""
    assert np.abs(opened(colours).astype(int) - pixels).max() <= 3


@pytest.mark.parametrize("size", [(1, 1), (21, 37), (64, 64)])
def test_a_matte_comes_back_as_it_was(size: tuple[int, int]) -> None:
    matte = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    assert np.array_equal(opened(matte_png(matte))[..., 3], matte)


def test_an_edge_has_no_fringe() -> None:
    pixels = disc()
    colours, matte = coded_picture(pixels, 90)
    assert np.array_equal(opened(matte)[..., 3], pixels[..., 3])
    plain = io.BytesIO()
    Image.fromarray(pixels[..., :3]).save(plain, "JPEG", quality=90)
    assert edge_error(pixels, colours) <= 12 < 40 < edge_error(pixels, plain.getvalue())


def edge_error(pixels: NDArray[np.uint8], colours: bytes) -> float:
    return float(np.abs(over(pixels, opened(colours)) - over(pixels, pixels[..., :3])).max())


def test_nothing_to_be_seen_is_a_picture_too() -> None:
    colours, matte = coded_picture(np.zeros((33, 17, 4), np.uint8), 80)
    assert opened(colours).shape == (33, 17, 3)
    assert opened(matte)[..., 3].max() == 0


def test_messages_say_what_they_are() -> None:
    picture = picture_message(1_500_000_000, 7.25, b"colour", b"matte")
    assert HEAD.unpack_from(picture) == (PICTURE, 0, 6, 1.5, 7.25)
    assert picture[HEAD.size :] == b"colourmatte"
    samples = np.array([[0.5, -2.0], [np.nan, 1.0]], np.float32)
    sound = sound_message(40_000_000, 7.5, samples, 16000)
    assert HEAD.unpack_from(sound) == (SOUND, 2, 16000, 0.04, 7.5)
    assert np.frombuffer(sound[HEAD.size :], "<i2").tolist() == [16383, -32768, 0, 32767]
