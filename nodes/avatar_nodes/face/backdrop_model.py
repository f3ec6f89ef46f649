"""What stands behind a person: the photo's own background, blurred, a colour, another picture, or nothing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.photo_file_model import read_photo

Pixels = NDArray[np.uint8]

WORDS = ("photo", "blur", "transparent")
_COLOUR = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE)
_BLUR = 1 / 40  # of the frame


def is_backdrop(text: str) -> bool:
    """Whether this is one of WORDS or a colour such as #1e90ff."""
    return text in WORDS or _COLOUR.fullmatch(text) is not None


def make_backdrop(text: str, own: Pixels) -> Pixels:
    """What `text` says (see `is_backdrop`), where `own` (size, size, 3) is the photo without the person.

    Of the same size, with a fourth channel where nothing stands behind the person; `own` itself for "photo".
    """
    if text == "photo":
        return own
    if text == "transparent":
        return np.zeros((*own.shape[:2], 4), np.uint8)
    if text == "blur":
        import cv2

        return np.asarray(cv2.GaussianBlur(own, (0, 0), _BLUR * len(own)), np.uint8)
    found = _COLOUR.fullmatch(text)
    assert found is not None, "is_backdrop was asked"
    return np.full_like(own, [int(part, 16) for part in found.groups()])


def picture_backdrop(path: Path, size: int) -> Pixels:
    """The middle of a picture that fills (size, size, 3); raises PortraitError where it cannot be read."""
    import cv2

    picture = read_photo(path)
    side = min(picture.shape[:2])
    top, left = (length - side for length in picture.shape[:2])
    square = picture[top // 2 : top // 2 + side, left // 2 : left // 2 + side]
    kind = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (size, size), interpolation=kind), np.uint8)
