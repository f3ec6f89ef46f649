"""The inner loops that lay a moved person over a backdrop, row by row: whole numbers, four channels in one word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.appearance_model import STEPS
from avatar_nodes.face.kernel_model import compiled
from avatar_nodes.face.raster_model import FAR, ZERO, Indices, Numbers

Words = NDArray[np.uint64]
Pixels = NDArray[np.uint8]

# A pixel of the person in one word: red, green, blue, alpha in 16 bits each, of which 8 are for fractions.
LANE, ALPHA, LANE_MASK = np.uint64(16), np.uint64(48), np.uint64(0xFFFF)
RED, GREEN, BLUE = np.uint64(8), np.uint64(24), np.uint64(40)  # where their whole numbers begin
HALVES = np.uint64(0x0080_0080_0080_0080)
OPAQUE, CLEAR = np.uint64(255 << 8), np.uint64(0)
COLOURS = np.uint64(3)
# A position in 1/256 px: OpenCV's remap knows 32 steps, and the slightest motion should move edges smoothly.
BITS, FRACTION, HALF_PX, PX, NEXT = np.uint64(8), np.uint64(255), np.uint64(128), np.uint64(256), np.uint64(1)
PX_FLOAT, HALF, ONE, FULL = np.float32(256.0), np.float32(0.5), np.float32(1.0), np.float32(255.0)


def words_of(person: Pixels) -> Words:
    """The person (size, size, 4), colours multiplied by alpha, as `compose_rows` reads it: flat, with an edge."""
    wide = np.pad(person, ((0, 1), (0, 1), (0, 0)), mode="edge").astype(np.uint16)
    return np.ascontiguousarray(wide).view(np.uint64).ravel()


@compiled
def compose_rows(
    person: Words,
    backdrop: Pixels,
    rest: NDArray[np.int16],
    first: int,
    sampling: Numbers,
    nearest: Numbers,
    ends: Indices,
    words: Words,
    picture: Pixels,
) -> None:
    """Lay a person over rows of `picture`, which shows the backdrop (size, size, 3 or 4), as `raster_rows` has mapped.

    A fourth channel becomes straight alpha. `words` (size,) is for one row.
    """
    for line in range(len(nearest)):
        start, end = np.uint64(ends[line, 0]), np.uint64(ends[line, 1])
        row = first + line
        if start >= end:
            continue
        _sample(person, sampling[line], nearest[line], start, end, words)
        if picture.shape[2] > 3:
            _write_straight(words, start, end, picture[row])
        else:
            _write(words, start, end, picture[row])
            _add_backdrop(words, sampling[line], nearest[line], row, start, end, backdrop[row], rest[row], picture[row])


@compiled
def _sample(person: Words, sampling: Numbers, nearest: Numbers, start: np.uint64, end: np.uint64, words: Words) -> None:
    """The person's pixels between four of the photo, bilinearly; nothing where no triangle is."""
    stride = np.uint64(len(words)) + NEXT
    last = np.float32((len(words) - 1) * 256)
    for column in range(start, end):
        x = np.uint64(np.int32(min(max(sampling[column, 0] * PX_FLOAT + HALF, ZERO), last)))
        y = np.uint64(np.int32(min(max(sampling[column, 1] * PX_FLOAT + HALF, ZERO), last)))
        across, down, at = x & FRACTION, y & FRACTION, (y >> BITS) * stride + (x >> BITS)
        w11 = (across * down + HALF_PX) >> BITS
        above = person[at] * (PX - across - down + w11) + person[at + NEXT] * (across - w11)
        below = person[at + stride] * (down - w11) + person[at + stride + NEXT] * w11
        words[column] = above + below if nearest[column] != FAR else CLEAR


@compiled
def _write(words: Words, start: np.uint64, end: np.uint64, picture: Pixels) -> None:
    """Colours as they are where nothing shines through."""
    for column in range(start, end):
        word = words[column] + HALVES
        if words[column] >> ALPHA == OPAQUE:
            picture[column, 0], picture[column, 1] = np.uint8(word >> RED), np.uint8(word >> GREEN)
            picture[column, 2] = np.uint8(word >> BLUE)


@compiled
def _write_straight(words: Words, start: np.uint64, end: np.uint64, picture: Pixels) -> None:
    """Colours divided by alpha, and alpha, rounded such that they lie over any backdrop as exactly as they can."""
    for column in range(start, end):
        word = words[column]
        shown = ((word >> ALPHA) + HALF_PX) >> BITS
        whole = FULL / np.float32(max(shown, NEXT)) / PX_FLOAT
        for k in range(COLOURS):
            picture[column, k] = np.uint8(min(np.float32((word >> (LANE * k)) & LANE_MASK) * whole + HALF, FULL))
        picture[column, COLOURS] = np.uint8(shown)


@compiled
def _add_backdrop(
    words: Words,
    sampling: Numbers,
    nearest: Numbers,
    row: int,
    start: np.uint64,
    end: np.uint64,
    backdrop: Pixels,
    rest: NDArray[np.int16],
    picture: Pixels,
) -> None:
    """Let the backdrop shine through, and add `rest` (size, 3) of `appearance_model` where the person stands still.

    It fades out over one px, so that a pixel which has some is never sampled from opaque ones alone before it is gone.
    """
    for column in range(start, end):
        word = words[column]
        alpha = word >> ALPHA
        if alpha == OPAQUE:
            continue
        away = (sampling[column, 0] - np.float32(column)) ** 2 + (sampling[column, 1] - np.float32(row)) ** 2
        still = max(ONE - away, ZERO) ** 2 if nearest[column] != FAR else ZERO
        if alpha == CLEAR and (still == ZERO or (rest[column, 0] | rest[column, 1] | rest[column, 2]) == 0):
            continue
        through = np.float32(OPAQUE - alpha) / np.float32(OPAQUE)
        for k in range(COLOURS):
            value = np.float32((word >> (LANE * k)) & LANE_MASK) / PX_FLOAT + HALF
            value += through * np.float32(backdrop[column, k])
            value += still * np.float32(rest[column, k]) / np.float32(STEPS)
            picture[column, k] = np.uint8(min(max(value, ZERO), FULL))
