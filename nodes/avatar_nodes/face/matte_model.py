"""Which part of a framed portrait is the person: face, hair and body, with soft edges.

A network says roughly where the person is; near that line, colours say how much of each pixel is person.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.closed_form_model import UNKNOWN, estimate_alpha
from avatar_nodes.face.mediapipe_model import FaceModels
from avatar_nodes.face.push_pull_model import push_pull, spread_smoothly
from avatar_nodes.face.strays_model import find_strays

Mask: TypeAlias = NDArray[np.bool_]

# Lengths are parts of the frame.
SURE_INSIDE = 1 / 36  # this far inside the network's line all is person
CERTAIN_INSIDE = 1 / 85  # and this far where the network does not doubt: hair may have the colour of the wall
SURE_OUTSIDE = 1 / 40  # this far outside nothing is
WISPS = 1 / 9  # so far from the head, hair and earrings are looked for where the surroundings are plain
OVAL_EDGE = 1 / 64  # the outline of the face is found so well: beyond the cheek there is a rim of wall
BODY_EDGE = 1 / 128  # clothes are patterned, and their edge is sharp: below the chin the line is nearly right
PLAIN = 0.0004  # variance of plain surroundings' colours (0..1)
CLUTTER_REACH = 1 / 24  # the surroundings' colours are compared with their mean over this distance
CLUTTER_WEIGHT = 8.0  # how much their variance counts against telling person and surroundings apart by colour
GAP = 1 / 128  # strands of hair may be broken by so much
BELIEF, SURE_BELIEF = 0.005, 0.05  # in the network's opinion, and in that of colours
HAZE = 0.04  # share of a pixel that is none
NOISE = 0.01  # squared distance of colours (0..1) that is no contrast


def person_matte(models: FaceModels, image: NDArray[np.uint8], oval: NDArray[np.float64]) -> NDArray[np.float32]:
    """The person in `image` (size, size, 3) as (size, size), 0 to 1; well within the outline `oval` (n, 2) all is."""
    import cv2

    drawn = cv2.fillPoly(np.zeros(image.shape[:2], np.uint8), [np.round(oval).astype(np.int32)], (1.0,))
    face = _shrink(np.asarray(drawn) > 0, OVAL_EDGE)
    coarse = _one_piece(np.maximum(models.segment(image), face.astype(np.float32)), face)
    colour = image.astype(np.float32) / 255.0
    far, chin = _far_from(coarse > 0.3), int(oval[:, 1].max())
    clutter = clutter_of(colour, far)
    inside, outside = _sides(coarse, face, clutter, chin)
    strays = find_strays(colour, far, clutter, coarse > 0.5)
    strays[chin + len(image) // 16 :] = 0.0
    outside &= ~_grow(strays > 0, GAP)
    known = np.where(inside, np.float32(1.0), np.where(outside, np.float32(0.0), np.float32(UNKNOWN)))
    guess, belief = _by_colour(colour, _soft(coarse), inside, outside, clutter)
    matte = estimate_alpha(colour, known, np.maximum(guess, strays), np.maximum(belief, SURE_BELIEF * strays))
    matte = _without_holes(_connected(_crisp(matte), face), coarse, chin)
    return np.maximum(matte, face.astype(np.float32))


def _far_from(person: Mask) -> Mask:
    """What is too far away to be wisps of hair, or what comes nearest to that in a tight frame."""
    far = ~_grow(person, WISPS)
    return far if far.mean() > 0.03 else ~_grow(person, SURE_OUTSIDE)


def _sides(coarse: NDArray[np.float32], face: Mask, clutter: NDArray[np.float32], chin: int) -> tuple[Mask, Mask]:
    """What surely is person, and what surely is not."""
    deep, away = _depth(coarse > 0.7), _depth(coarse <= 0.3)
    inside = (deep > SURE_INSIDE) | _shrink(coarse > 0.9, CERTAIN_INSIDE) | face
    inside[chin:] |= deep[chin:] > BODY_EDGE
    outside = away > SURE_OUTSIDE
    outside[chin:] |= away[chin:] > BODY_EDGE
    plain = clutter < PLAIN
    plain[chin + len(coarse) // 16 :] = False
    return inside, outside & ~((away <= WISPS) & plain)


def _by_colour(
    colour: NDArray[np.float32],
    prior: NDArray[np.float32],
    inside: Mask,
    outside: Mask,
    clutter: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each colour lies between those of the two sides, 0 outside to 1 inside, and how much that is worth.

    Where the sides look alike or the surroundings are cluttered, the prior counts instead, and little.
    """
    if not outside.any():  # the person fills the frame: there is nothing to tell from
        return prior, np.full_like(prior, BELIEF)
    person, behind = (spread_smoothly(colour, side, 2) for side in (inside, outside))
    across = person - behind
    contrast = np.einsum("ijk,ijk->ij", across, across)
    share = np.clip(np.einsum("ijk,ijk->ij", colour - behind, across) / (contrast + 1e-4), 0.0, 1.0)
    sure = contrast / (contrast + CLUTTER_WEIGHT * clutter + NOISE)
    sure = np.clip((sure - 0.45) / 0.4, 0.0, 1.0)
    return np.asarray(sure * share + (1.0 - sure) * prior, np.float32), np.asarray(
        BELIEF + SURE_BELIEF * sure, np.float32
    )


def clutter_of(colour: NDArray[np.float32], outside: Mask) -> NDArray[np.float32]:
    """The variance (h, w) of the surroundings about their local mean, carried on to where the person is."""
    import cv2

    quarter = (colour.shape[1] // 4, colour.shape[0] // 4)
    small = cv2.resize(colour, quarter, interpolation=cv2.INTER_AREA)
    known = (cv2.resize(outside.astype(np.float32), quarter, interpolation=cv2.INTER_AREA) > 0.99).astype(np.float32)
    reach = CLUTTER_REACH * len(small)
    total = cv2.GaussianBlur(known, (0, 0), reach) + 1e-4
    mean = cv2.GaussianBlur(small * known[:, :, None], (0, 0), reach) / total[:, :, None]
    square = ((small - mean) ** 2).sum(axis=2) * known
    local = cv2.GaussianBlur(square, (0, 0), reach) / total
    everywhere = push_pull(np.asarray(local[:, :, None], np.float32), known)[:, :, 0]
    return np.asarray(cv2.resize(everywhere, (colour.shape[1], colour.shape[0])), np.float32)


def _soft(coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the steps of the network's coarser pixels."""
    import cv2

    return np.asarray(cv2.GaussianBlur(coarse, (0, 0), len(coarse) / 300), np.float32)


def _crisp(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the haze at both ends."""
    return np.asarray(np.clip((matte - HAZE) / (1.0 - 2 * HAZE), 0.0, 1.0), np.float32)


def _one_piece(coarse: NDArray[np.float32], face: Mask) -> NDArray[np.float32]:
    """Only what hangs together with the face, and without holes."""
    ours = _piece_of(face, coarse > 0.5)
    filled = _filled(ours)
    return np.where(filled & ~ours, np.float32(1.0), coarse * _grow(filled, 1 / 64))


def _connected(matte: NDArray[np.float32], face: Mask) -> NDArray[np.float32]:
    """Only what hangs together with the face."""
    return matte * _grow(_piece_of(face, _grow(matte > 0.1, GAP)), 1 / 256)


def _without_holes(matte: NDArray[np.float32], coarse: NDArray[np.float32], chin: int) -> NDArray[np.float32]:
    """What the person encloses is person, where the network says so too: between curls one may see through."""
    deep = _depth(coarse > 0.5)
    deep[:chin] -= SURE_INSIDE - BODY_EDGE
    return np.where(_filled(matte > 0.5) & (deep > BODY_EDGE), np.float32(1.0), matte)


def _filled(mask: Mask) -> Mask:
    """With all that it encloses."""
    import cv2

    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, (1.0,), cv2.FILLED)) > 0


def _piece_of(face: Mask, solid: Mask) -> Mask:
    import cv2

    _, found = cv2.connectedComponents((solid | face).astype(np.uint8))
    labels = np.asarray(found)
    return np.asarray(labels == np.bincount(labels[face]).argmax())


def _grow(mask: Mask, reach: float) -> Mask:
    return ~_shrink(~mask, reach)


def _shrink(mask: Mask, reach: float) -> Mask:
    """Without what is within `reach` of the edge; the frame's border is none, the person goes on beyond it."""
    return _depth(mask) > max(1.0 / len(mask), reach)


def _depth(mask: Mask) -> NDArray[np.float32]:
    """How far inside each pixel is, in parts of the frame; 0 outside."""
    import cv2

    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, np.float32) / np.float32(len(mask))
