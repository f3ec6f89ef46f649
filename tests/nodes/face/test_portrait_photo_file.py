from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from avatar_nodes.face.photo_file_model import PortraitError, read_photo

# Red above left, green above right, blue below left, white below right.
CORNERS = [[(250, 0, 0), (0, 250, 0)], [(0, 0, 250), (250, 250, 250)]]


@pytest.fixture
def corners() -> Image.Image:
    return Image.fromarray(np.kron(np.array(CORNERS, np.uint8), np.ones((150, 200, 1), np.uint8)))


def read(photo: Image.Image, path: Path, **options: object) -> np.ndarray:
    photo.save(path, **options)
    return read_photo(path)


def quarters(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    return pixels[[height // 4, 3 * height // 4]][:, [width // 4, 3 * width // 4]].astype(int)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.png", {}), ("a.jpg", {"quality": 95}), ("a.webp", {"quality": 95}), ("a.webp", {"lossless": True})],
)
def test_common_formats(corners: Image.Image, tmp_path: Path, name: str, options: dict[str, object]) -> None:
    pixels = read(corners, tmp_path / name, **options)
    assert pixels.shape == (300, 400, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(quarters(pixels) - CORNERS).max() < 8


@pytest.mark.parametrize(("mode", "name"), [("P", "a.png"), ("RGBA", "a.png"), ("CMYK", "a.jpg"), ("P", "a.gif")])
def test_other_colour_modes(corners: Image.Image, tmp_path: Path, mode: str, name: str) -> None:
    assert np.abs(quarters(read(corners.convert(mode), tmp_path / name)) - CORNERS).max() < 60


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_becomes_three_equal_channels(corners: Image.Image, tmp_path: Path, mode: str) -> None:
    pixels = read(corners.convert(mode), tmp_path / "a.png")
    assert pixels.shape == (300, 400, 3)
    assert np.array_equal(pixels[:, :, 0], pixels[:, :, 2])
    assert pixels.max() >= 250


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 300 * 400).reshape(300, 400).astype(np.uint16)
    pixels = read(Image.fromarray(ramp), tmp_path / "a.png")
    assert np.abs(pixels[:, :, 0].astype(int) - np.round(ramp / 257.0)).max() <= 1


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (3, [[(250, 250, 250), (0, 0, 250)], [(0, 250, 0), (250, 0, 0)]]),
        (6, [[(0, 0, 250), (250, 0, 0)], [(250, 250, 250), (0, 250, 0)]]),
        (8, [[(0, 250, 0), (250, 250, 250)], [(250, 0, 0), (0, 0, 250)]]),
        (2, [[(0, 250, 0), (250, 0, 0)], [(250, 250, 250), (0, 0, 250)]]),
    ],
)
def test_exif_orientation(
    corners: Image.Image, tmp_path: Path, orientation: int, expected: list[list[tuple[int, ...]]]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read(corners, tmp_path / "a.jpg", exif=exif, quality=95)
    assert pixels.shape[:2] == ((400, 300) if orientation in (6, 8) else (300, 400))
    assert np.abs(quarters(pixels) - expected).max() < 8


def test_transparent_parts_become_mid_grey(corners: Image.Image, tmp_path: Path) -> None:
    alpha = Image.new("L", corners.size, 255)
    alpha.paste(0, (0, 0, 200, 150))
    corners.putalpha(alpha)
    found = quarters(read(corners, tmp_path / "a.png"))
    assert found[0, 0].tolist() == [118, 118, 118]
    assert found[1].tolist() == [list(colour) for colour in CORNERS[1]]


def test_a_palette_with_a_transparent_colour(corners: Image.Image, tmp_path: Path) -> None:
    photo = corners.quantize(4)
    at_red = photo.getpixel((10, 10))
    found = quarters(read(photo, tmp_path / "a.png", transparency=at_red))
    assert found[0, 0].tolist() == [118, 118, 118]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"Dear diary, today\n" * 50, "not an image"),
        (b"\xff\xd8\xff\xe0broken", "the image is broken"),
    ],
)
def test_what_is_no_image(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PortraitError, match=what):
        read_photo(tmp_path / "a.jpg")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_truncated_images(tmp_path: Path, name: str, kept: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 300, 3), np.uint8))
    noise.save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(PortraitError, match=r"broken|not an image"):
        read_photo(tmp_path / name)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match="no such file"):
        read_photo(tmp_path / "nobody.png")
    with pytest.raises(PortraitError, match="this is a folder"):
        read_photo(tmp_path)


@pytest.mark.parametrize(
    ("size", "what"),
    [
        ((255, 400), "255 x 400 px; expected at least 256"),
        ((10_001, 300), "10001 x 300 px; scale it to at most 10,000"),
    ],
)
def test_sizes_out_of_bounds(tmp_path: Path, size: tuple[int, int], what: str) -> None:
    with pytest.raises(PortraitError, match=what):
        read(Image.new("L", size), tmp_path / "a.png")


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)
    assert path.stat().st_size < 200_000
    with pytest.raises(PortraitError, match="the image is far too large"):
        read_photo(path)


def test_the_smallest_and_the_longest_photo(tmp_path: Path) -> None:
    assert read(Image.new("RGB", (256, 256)), tmp_path / "a.png").shape == (256, 256, 3)
    assert read(Image.new("RGB", (10_000, 256)), tmp_path / "b.png").shape == (256, 10_000, 3)
