"""What stands behind the person: the photo with the person filled in from the surroundings."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.matte_model import clutter_of
from avatar_nodes.face.push_pull_model import push_pull

Mask: TypeAlias = NDArray[np.bool_]

# Parts of the frame: how far beyond the matte the person's colour still shows, and stray hair where nothing hides it.
RIM = 1 / 128
STRAY = 1 / 32
MIRRORED = 1 / 12  # so far behind the person's edge the surroundings go on as their own mirror image
EVEN = 1 / 16  # lengths of the edge that are too short to bend that image
SOFT = 1 / 90  # how much that image is blurred where it is far from the edge
GRAIN = 1 / 250  # what is finer than this is grain
LOUDEST = 2.5  # standard deviations
PLAIN = 0.003  # variance of colours (0..1) of surroundings that lose nothing by being filled


def fill_background(image: NDArray[np.uint8], matte: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The frame (size, size, 3) without its person, who is where `matte` (size, size) is above 0.

    Push-pull over a Gaussian pyramid (Gortler et al., "The Lumigraph", 1996, section 3.4), so no streaks and no rim,
    and over it the grain of plain surroundings, or the mirror image of busy ones.
    """
    import cv2

    rim = max(2, round(RIM * len(image)))
    near, far = (_grow(matte > 0.02, reach) for reach in (rim, round(STRAY * len(image))))
    clutter = clutter_of(image.astype(np.float32) / 255.0, ~far)
    # Of busy surroundings as much as possible is kept, for what fills them is smooth. Where the person fills the frame,
    # the little beside the person has to do, or else the frame's border.
    choices = (~near & ~(far & (clutter < PLAIN)), ~near, _border(len(image)))
    known = next(choice for choice in choices if choice.any()).astype(np.float32)
    photo, plain = image.astype(np.float32), PLAIN / np.maximum(clutter, PLAIN)
    filled = push_pull(photo, known)
    mirrored, share = _mirror_image(photo, known)
    filled += ((1.0 - plain) * share)[:, :, None] * (mirrored - filled)
    filled += _mirrored_grain(photo, known) * plain[:, :, None]
    blend = cv2.GaussianBlur(known, (0, 0), rim / 2.0)
    keep = np.clip(2.0 * blend - 1.0, 0.0, 1.0)[:, :, None] * known[:, :, None]
    return np.asarray(np.round(image * keep + np.clip(filled, 0, 255) * (1.0 - keep)), dtype=np.uint8)


def _mirror_image(
    image: NDArray[np.float32], known: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is known, reflected at its edge, the softer the further in, and how far it reaches, 1 to 0."""
    import cv2

    size = len(image)
    inside, column, row = _reflected(known)
    seen, sharp, soft = (
        np.asarray(cv2.remap(one, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))
        for one in (known, image, _blurred(image, known, SOFT * size))
    )
    depth = 2.0 * inside / (MIRRORED * size)
    mirrored = sharp + np.clip(depth, 0.0, 1.0)[:, :, None] ** 2 * (soft - sharp)
    reach = np.asarray(np.clip(2.0 - depth, 0.0, 1.0) * np.clip(2.0 * seen - 1.0, 0.0, 1.0), np.float32)
    return mirrored, np.asarray(cv2.GaussianBlur(reach, (0, 0), 1 + size / 400) * (inside > 0), np.float32)


def _reflected(known: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """How deep each px (h, w) is in what is not known, and column and row of its reflection at the edge of that."""
    import cv2

    size = len(known)
    inside, outside = (
        np.asarray(cv2.distanceTransform(there.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
        for there in (known == 0, known > 0)
    )
    # An eighth of the size will do for what is smooth.
    even = cv2.GaussianBlur(cv2.resize(inside - outside, None, fx=1 / 8, fy=1 / 8), (0, 0), EVEN * size / 8)
    slopes = (cv2.Sobel(even, cv2.CV_32F, *order) / 64 for order in ((1, 0), (0, 1)))
    across, down = (cv2.resize(slope, (size, size)) for slope in slopes)
    back = 2.0 * inside / np.maximum(across * across + down * down, 0.25)
    row, column = np.indices(known.shape, np.float32)
    return inside, np.asarray(column - back * across, np.float32), np.asarray(row - back * down, np.float32)


def _mirrored_grain(image: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """The finest detail of what is known, mirrored at its edge into what is not."""
    import cv2

    reach = max(2.0, GRAIN * len(image))
    detail = image - _blurred(image, known, reach)
    usual = LOUDEST * np.median(np.abs(detail[known > 0])) / 0.6745  # a strand of hair is no grain
    detail = np.clip(detail, -usual, usual) * known[:, :, None]
    _, nearest = cv2.distanceTransformWithLabels(
        (known == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(known)
    edge = np.zeros((len(rows) + 1, 2), np.int64)
    edge[nearest[rows, columns]] = np.stack([rows, columns], axis=1)
    unknown = np.nonzero(known == 0)
    there = 2 * edge[nearest[unknown]] - np.stack(unknown, axis=1)
    last = len(image) - 1
    row, column = last - np.abs(last - np.abs(there.T) % (2 * last))  # mirrored at the frame's border, too
    grain = np.zeros_like(image)
    grain[unknown] = detail[row, column]
    return grain


def _blurred(image: NDArray[np.float32], known: NDArray[np.float32], reach: float) -> NDArray[np.float32]:
    """The mean of what is known around each pixel."""
    import cv2

    height, width = known.shape
    shrink = max(int(reach / 2), 1)  # what is blurred so much needs no more pixels
    small = cv2.resize(np.dstack([image * known[:, :, None], known]), (width // shrink, height // shrink))
    both = cv2.resize(cv2.GaussianBlur(small, (0, 0), reach / shrink), (width, height))
    return np.asarray(both[:, :, :3] / np.maximum(both[:, :, 3:], 1e-3), np.float32)


def _border(size: int) -> Mask:
    border = np.zeros((size, size), bool)
    border[0] = border[:, 0] = border[:, -1] = True  # not the lower edge, where shoulders are
    return border


def _grow(mask: Mask, reach: int) -> Mask:
    import cv2

    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), brush)) > 0
