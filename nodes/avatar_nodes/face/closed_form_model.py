"""How much of each pixel near a line belongs to what lies inside it, from the pixels' colours alone.

Levin, Lischinski and Weiss, "A closed-form solution to natural image matting" (2008): within 3 x 3 px the share is
an affine function of the colour. Solved from coarse to fine, for the unknown pixels only; the last step up is the
guided filter's (He, Sun and Tang 2010), whose coefficients are those of the same affine functions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

UNKNOWN = 0.5
_SIDES, _ROUNDS = (128, 256), (40, 25)  # px of the pictures solved for, and steps of conjugate gradients at most
_SMOOTH = 1e-5  # variance of colours (0..1) that is none; less is lost in 32 bits
_NEAR_ENOUGH = 1e-3  # of the first residual
_WINDOW = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]


def estimate_alpha(colour: Array, known: Array, guess: Array, belief: Array) -> Array:
    """The share (h, w), 0 to 1, of a picture (h, w, 3), 0 to 1, that is inside.

    `known` (h, w) is 1 inside, 0 outside and UNKNOWN between them; `guess` (h, w) counts by `belief` (h, w), a few
    hundredths, and stands where colours say nothing.
    """
    alpha = guess
    for side, rounds in zip(_SIDES, _ROUNDS, strict=True):
        if side > len(colour):
            break
        small, told, guessed, trust = (_resized(one, side) for one in (colour, known, guess, belief))
        told[(told > 0) & (told < 1)] = UNKNOWN
        start = guessed if alpha is guess else _resized(alpha, side)
        alpha = _solved(small, told, (start, guessed, trust), rounds)
    fine = _guided_up(colour, alpha, (_resized(known, len(alpha)) % 1.0) != 0)
    return np.asarray(np.where(known == UNKNOWN, np.clip(fine, 0.0, 1.0), known), np.float32)


def _resized(picture: Array, side: int) -> Array:
    import cv2

    kind = cv2.INTER_AREA if side < len(picture) else cv2.INTER_LINEAR
    return np.array(cv2.resize(picture, (side, side), interpolation=kind), np.float32)


def _solved(colour: Array, known: Array, supposed: tuple[Array, Array, Array], rounds: int) -> Array:
    """The known pixels as they are, the others by conjugate gradients; `supposed`: the start, the guess, the belief."""
    height, width = known.shape
    unknown = np.pad(known[1:-1, 1:-1] == UNKNOWN, 1)  # the outermost pixels have no full windows
    start, guess, belief = supposed
    alpha = np.where(known == UNKNOWN, start, known).ravel()
    pixels = np.flatnonzero(unknown)
    if not len(pixels):
        return np.asarray(alpha.reshape(height, width))
    offsets = np.array([row * width + column for row in range(-2, 3) for column in range(-2, 3)])
    neighbours = np.clip(pixels[:, None] + offsets, 0, height * width - 1)
    weights, trust = _laplacian(colour, unknown)[pixels], belief.ravel()[pixels]
    weights[:, 12] += trust

    def pushed(values: Array) -> Array:
        return np.asarray(np.einsum("ij,ij->i", weights, values[neighbours]))

    _descend(alpha, pixels, trust * guess.ravel()[pixels] - pushed(alpha), pushed, rounds)
    return np.asarray(alpha.reshape(height, width))


def _descend(
    values: Array, free: NDArray[np.int64], residual: Array, pushed: Callable[[Array], Array], rounds: int
) -> None:
    """Conjugate gradients: change the `free` values until what pushes them is nearly nothing."""
    step = np.zeros_like(values)
    step[free] = residual
    size = first = float(residual @ residual)
    for _ in range(rounds):
        if size <= _NEAR_ENOUGH**2 * first or size == 0.0:
            break
        back = pushed(step)
        along = size / max(float(step[free] @ back), 1e-20)
        values += along * step
        residual = residual - along * back
        before, size = size, float(residual @ residual)
        step[free] = residual + (size / before) * step[free]


def _laplacian(colour: Array, unknown: NDArray[np.bool_]) -> Array:
    """The matting Laplacian (h * w, 25), a row per pixel, over the 5 x 5 px around it; full where `unknown`."""
    import cv2

    height, width = unknown.shape
    touching = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    touching[[0, -1]] = touching[:, [0, -1]] = False
    centres = np.flatnonzero(touching)
    places = centres[:, None] + np.array([row * width + column for row, column in _WINDOW])  # (n, 9)
    near = colour.reshape(-1, 3)[places]
    near = near - near.mean(axis=1, keepdims=True)
    spread = near.transpose(0, 2, 1) @ near / 9 + np.eye(3, dtype=np.float32) * (_SMOOTH / 9)
    alike = (1.0 + near @ np.linalg.inv(spread.astype(np.float64)).astype(np.float32) @ near.transpose(0, 2, 1)) / 9
    rows = np.zeros((height * width, 25), np.float32)
    for i, (row, column) in enumerate(_WINDOW):
        for j, (other_row, other_column) in enumerate(_WINDOW):
            offset = (other_row - row + 2) * 5 + other_column - column + 2
            rows[places[:, i], offset] += np.float32(i == j) - alike[:, i, j]
    return rows


def _guided_up(colour: Array, alpha: Array, wanted: NDArray[np.bool_]) -> Array:
    """A coarse alpha as an affine function of the fine picture's colours, blended over 5 x 5 coarse px.

    Right where `wanted` (side, side), in coarse px.
    """
    import cv2

    near = cv2.dilate(wanted.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    slope, offset = _affine(_resized(colour, len(alpha)), alpha, near)
    affine = _mean(np.dstack([slope, offset]))
    affine = np.asarray(cv2.resize(affine, (colour.shape[1], colour.shape[0]), interpolation=cv2.INTER_LINEAR))
    return np.asarray(np.einsum("ijk,ijk->ij", affine[:, :, :3], colour) + affine[:, :, 3])


def _affine(colour: Array, alpha: Array, near: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Slope (h, w, 3) and offset (h, w) that fit alpha to the colours around each px; slope 0 where not `near`."""
    middle, level = _mean(colour), _mean(alpha)
    across = _mean(colour * alpha[:, :, None]) - middle * level[:, :, None]
    squares = (_mean(colour * colour) - middle**2)[near]
    crossed = (_mean(colour * np.roll(colour, -1, axis=2)) - middle * np.roll(middle, -1, axis=2))[near]
    spread = np.empty((len(squares), 3, 3))
    for one, other in ((0, 1), (1, 2), (2, 0)):
        spread[:, one, one] = squares[:, one] + _SMOOTH
        spread[:, one, other] = spread[:, other, one] = crossed[:, one]
    slope = np.zeros_like(colour)
    slope[near] = np.linalg.solve(spread, across[near][:, :, None])[:, :, 0]
    return slope, np.asarray(level - np.einsum("ijk,ijk->ij", slope, middle))


def _mean(values: Array) -> Array:
    import cv2

    return np.asarray(cv2.blur(values, (5, 5), borderType=cv2.BORDER_REFLECT_101))
