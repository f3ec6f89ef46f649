"""A photo file, whatever its format, as upright 8-bit RGB pixels."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

SMALLEST_SIDE = 256  # px
LARGEST_SIDE = 10_000  # px
MID_GREY = 118  # sRGB of 18 % reflectance: behind what a photo leaves transparent


class PortraitError(ValueError):
    """A photo cannot become a portrait: what was found, and what to do about it."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")
        self.what = what
        self.fix = fix


def read_photo(path: Path) -> NDArray[np.uint8]:
    """The photo as uint8 (height, width, 3) RGB, turned upright by its EXIF orientation.

    Transparent parts are composed over mid grey, 16 bit is scaled to 8, and of an animation the first picture is taken.
    Raises PortraitError for what is missing, no image, broken, too small or too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # The size is checked below, before a pixel is decoded: 10,000 x 10,000 would only warn.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as photo:
                _check_size(path, photo.size)
                photo.load()
                ImageOps.exif_transpose(photo, in_place=True)
                return _to_rgb(photo)
    except FileNotFoundError:
        raise PortraitError(f"{path}: there is no such file", "give the path of a photo") from None
    except IsADirectoryError:
        raise PortraitError(f"{path}: this is a folder", "give the path of a photo") from None
    except PermissionError:
        raise PortraitError(f"{path}: not allowed to read this file", "change its permissions") from None
    except UnidentifiedImageError:
        raise PortraitError(*_not_an_image(path)) from None
    except Image.DecompressionBombError:
        raise PortraitError(f"{path}: the image is far too large", _size_fix()) from None
    except (OSError, SyntaxError, EOFError, ValueError) as error:  # what Pillow's decoders raise on broken files
        if isinstance(error, PortraitError):
            raise
        raise PortraitError(f"{path}: the image is broken ({error})", "save or download the photo again") from None


def _check_size(path: Path, size: tuple[int, int]) -> None:
    width, height = size
    if min(size) < SMALLEST_SIDE:
        raise PortraitError(
            f"{path}: the photo is {width} x {height} px", f"expected at least {SMALLEST_SIDE} px on each side"
        )
    if max(size) > LARGEST_SIDE:
        raise PortraitError(f"{path}: the photo is {width} x {height} px", _size_fix())


def _size_fix() -> str:
    return f"scale it to at most {LARGEST_SIDE:,} px on each side"


def _not_an_image(path: Path) -> tuple[str, str]:
    if path.stat().st_size == 0:
        return f"{path}: the file is empty", "save or download the photo again"
    return f"{path}: this is not an image that can be read", "expected a JPEG, PNG or WebP photo"


def _to_rgb(photo: Image.Image) -> NDArray[np.uint8]:
    from PIL import Image

    if photo.mode.startswith("I") or photo.mode == "F":  # 16 bit (or wider) grey, which convert() would clip
        grey = _stretch_to_8_bit(np.asarray(photo, dtype=np.float64))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if photo.has_transparency_data:
        with_alpha = photo.convert("RGBA")
        ground = Image.new("RGBA", photo.size, (MID_GREY, MID_GREY, MID_GREY, 255))
        photo = Image.alpha_composite(ground, with_alpha)
    return np.array(photo if photo.mode == "RGB" else photo.convert("RGB"), dtype=np.uint8)


def _stretch_to_8_bit(grey: NDArray[np.float64]) -> NDArray[np.uint8]:
    full_scale = 255.0 if grey.max() <= 255 else 65535.0 if grey.max() <= 65535 else float(grey.max())
    scaled: NDArray[np.uint8] = np.round(np.clip(grey / full_scale, 0.0, 1.0) * 255.0).astype(np.uint8)
    return scaled
