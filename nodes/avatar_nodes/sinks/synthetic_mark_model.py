"""A small label in the corner of a picture: who looks at it is told that it is synthetic."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

TEXT = "synthetic"
WIDTH = 0.14  # of the shorter side of the picture: 72 px at 512
LEAST_WIDTH = 56  # px; smaller than this nobody can read it
LETTERS, PLATE = 235.0, 38.0  # grey levels

Label = tuple[NDArray[np.float32], NDArray[np.float32]]  # grey level and coverage (0 to 1), each (height, width, 1)


def marked(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of a picture, (height, width, 3 or 4), with the label "synthetic" in its lower right corner.

    With alpha the label is opaque, whatever is behind it.
    """
    made = pixels.copy()
    height, width = pixels.shape[:2]
    label, inset = _label(_label_width(height, width)), min(height, width) // 64
    label_height, label_width = label[0].shape[:2]
    if label_height + inset > height or label_width + inset > width:
        return made  # a picture in which nobody could read it
    rows = slice(height - inset - label_height, height - inset)
    columns = slice(width - inset - label_width, width - inset)
    made[rows, columns] = _laid_over(made[rows, columns], *label)
    return made


def _laid_over(
    corner: NDArray[np.uint8], grey: NDArray[np.float32], coverage: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The label over a corner of the picture; straight alpha, if there is any."""
    if corner.shape[2] == 3:
        return np.asarray(np.rint(corner + (grey - corner) * coverage), np.float32)
    behind = corner[:, :, 3:] * np.float32(1 / 255) * (1 - coverage)
    alpha = coverage + behind
    colour = (grey * coverage + corner[:, :, :3] * behind) / np.maximum(alpha, np.float32(1e-6))
    return np.asarray(np.rint(np.concatenate([colour, alpha * np.float32(255)], axis=2)), np.float32)


def _label_width(height: int, width: int) -> int:
    return max(LEAST_WIDTH, round(WIDTH * min(height, width)))


@lru_cache(maxsize=8)
def _label(width: int) -> Label:
    """Light letters on a dark plate with round corners, as wide as is said."""
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, 14
    (text_width, text_height), below = cv2.getTextSize(TEXT, font, 5.0, thickness)
    margin = text_height // 2
    tall, wide = text_height + below + margin, text_width + 2 * margin
    letters, plate = np.zeros((tall, wide), np.uint8), np.zeros((tall, wide), np.uint8)
    cv2.putText(letters, TEXT, (margin, text_height + margin // 2), font, 5.0, (255,), thickness, cv2.LINE_AA)
    _fill_round(plate, tall // 4)
    size = (width, round(width * tall / wide))
    ink, covered = (cv2.resize(each, size, interpolation=cv2.INTER_AREA)[:, :, None] for each in (letters, plate))
    grey = PLATE + (LETTERS - PLATE) * ink.astype(np.float32) / 255
    return grey, covered.astype(np.float32) / 255


def _fill_round(plate: NDArray[np.uint8], radius: int) -> None:
    tall, wide = plate.shape
    plate[radius:-radius, :] = plate[:, radius:-radius] = 255
    for x in (radius, wide - 1 - radius):
        for y in (radius, tall - 1 - radius):
            cv2.circle(plate, (x, y), radius, (255,), -1, cv2.LINE_AA)
