"""How much of each pixel near a line belongs to what lies inside it, from the pixels' colours alone.

Levin, Lischinski and Weiss, "A closed-form solution to natural image matting" (2008): within 3 x 3 px the share is
an affine function of the colour. Solved from coarse to fine, for the unknown pixels only; the last step up is the
guided filter's (He, Sun and Tang 2010), whose coefficients are those of the same affine functions.
"""

from __future__ import annotations

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
    weights = _laplacian(colour, unknown)[pixels]

    def laplacian_of(values: Array) -> Array:
        return np.asarray(np.einsum("ij,ij->i", weights, values[neighbours]))

    trust = belief.ravel()[pixels]
    weights[:, 12] += trust
    residual = trust * guess.ravel()[pixels] - laplacian_of(alpha)
    step = np.zeros_like(alpha)
    step[pixels] = residual
    size = first = float(residual @ residual)
    for _ in range(rounds):
        if size <= _NEAR_ENOUGH**2 * first or size == 0.0:
            break
        pushed = laplacian_of(step)
        along = size / max(float(step[pixels] @ pushed), 1e-20)
        alpha += along * step
        residual = residual - along * pushed
        before, size = size, float(residual @ residual)
        step[pixels] = residual + (size / before) * step[pixels]
    return np.asarray(alpha.reshape(height, width))


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

    small = _resized(colour, len(alpha))
    near = cv2.dilate(wanted.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0

    def mean(values: Array) -> Array:
        return np.asarray(cv2.blur(values, (5, 5), borderType=cv2.BORDER_REFLECT_101))

    middle, level = mean(small), mean(alpha)
    across = mean(small * alpha[:, :, None]) - middle * level[:, :, None]
    squares, crossed = mean(small * small) - middle**2, mean(small * np.roll(small, -1, axis=2))
    crossed = crossed - middle * np.roll(middle, -1, axis=2)
    spread = np.empty((int(near.sum()), 3, 3))
    for one in range(3):
        other = (one + 1) % 3
        spread[:, one, one] = squares[near][:, one] + _SMOOTH
        spread[:, one, other] = spread[:, other, one] = crossed[near][:, one]
    slope = np.zeros_like(small)
    slope[near] = np.linalg.solve(spread, across[near][:, :, None])[:, :, 0]
    affine = mean(np.dstack([slope, level - np.einsum("ijk,ijk->ij", slope, middle)]))
    affine = np.asarray(cv2.resize(affine, (colour.shape[1], colour.shape[0]), interpolation=cv2.INTER_LINEAR))
    return np.asarray(np.einsum("ijk,ijk->ij", affine[:, :, :3], colour) + affine[:, :, 3])
