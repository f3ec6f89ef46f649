"""How far the lips are apart, from any motion, and from phones: the curves that are compared."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import MEAN_FACE
from avatar_nodes.face.expression_model import JAW_HINGE, ExpressionBasis, build_basis, jaw_turn
from avatar_nodes.face.lips_closure_model import LOWER_LIP, UPPER_LIP, LipClosure
from avatar_nodes.motion.coarticulation_model import lips_at, sounds_of
from avatar_nodes.motion.shapes_model import indices_of
from avatar_nodes.motion.visemes_model import JAW, LIP_NAMES
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES
from measuring.alignment import Aligned

Curve = NDArray[np.float64]

FRAME_RATE = 25.0
FRAME_S = 1.0 / FRAME_RATE
MIDDLE = slice(3, 6)  # of the nine columns of the inner lips
SMOOTHING_S = 0.060  # a Hann window over the table's steps
LIP_COLUMNS = [list(indices_of(name)) for name in LIP_NAMES]
PARTING = [index for name in ("mouthUpperUp", "mouthLowerDown") for index in indices_of(name)]

# A second opinion that owes nothing to our visemes: phone -> opening, 0 to 1, by vowel height and manner.
OPENINGS = (
    ("aɑæɐɒʌ", 1.0), ("ɛəɔeoøœɜɝɚɤɞɵ", 0.6), ("iuɪʊyʏɨʉɯ", 0.35),
    ("pbm", 0.0), ("fv", 0.1), ("szʃʒɕʑʂʐ", 0.15), ("_", 0.0),
)  # fmt: skip
OTHER_OPENING = 0.3


def aperture_of(lips: NDArray[np.floating], closure: NDArray[np.floating]) -> Curve:
    """Inner-lip gap (T,) in inter-pupil distances, of lip amounts (T, 12) as LIP_NAMES and closures (T,)."""
    expression = np.zeros((len(lips), len(EXPRESSION_NAMES)))
    for column, targets in enumerate(LIP_COLUMNS):
        expression[:, targets] += lips[:, column, None]
    expression[:, PARTING] *= 1.0 - 0.8 * closure[:, None]
    expression[:, EXPRESSION_INDEX["mouthClose"]] = closure * lips[:, JAW]
    return aperture_of_expression(expression, closure)


def aperture_of_expression(expression: NDArray[np.floating], closure: NDArray[np.floating]) -> Curve:
    """The same, of face coefficients (T, 52): the mean face, moved as the renderer moves a photo's."""
    neutral, basis = _mean_lips()
    rims = np.concatenate([UPPER_LIP, LOWER_LIP])
    linear = basis.linear.reshape(len(EXPRESSION_NAMES), -1, 3)[:, rims]
    clipped = np.clip(expression.astype(np.float64), -0.5, 1.5)
    moved = neutral[rims] + np.einsum("te,evx->tvx", clipped, linear)  # (T, 18, 3)
    turns = np.stack([jaw_turn(float(amount)) for amount in clipped[:, EXPRESSION_INDEX["jawOpen"]]])
    arm = moved - JAW_HINGE
    moved = moved + basis.jaw[rims][:, None] * (np.einsum("tvx,tyx->tvy", arm, turns) - arm)
    count = len(UPPER_LIP)
    gap = moved[:, :count, 1] - moved[:, count:, 1]
    open_ = np.maximum(gap * (1.0 - np.clip(closure, 0.0, 1.0)[:, None]), 0.0)
    return np.asarray(open_[:, MIDDLE].mean(axis=1))


def aperture_of_phones(aligned: Aligned, frames: int) -> Curve:
    """What our own rules of coarticulation make of aligned phones, at the frames' times."""
    sounds = sounds_of(0, aligned.phones())
    ends = np.array([sound.end for sound in sounds])
    starts = np.array([sound.start for sound in sounds])
    amounts, closures = np.zeros((frames, len(LIP_NAMES))), np.zeros(frames)
    for index in range(frames):
        now = index * FRAME_S
        near = slice(int(np.searchsorted(ends, now - 0.4)), int(np.searchsorted(starts, now + 0.4)))
        lips = lips_at(now, sounds[near], FRAME_S)
        amounts[index], closures[index] = lips.amounts, lips.closure
    return aperture_of(amounts, closures)


def opening_of_phones(aligned: Aligned, frames: int) -> Curve:
    """What the plain table makes of them: steps, smoothed by a Hann window of 60 ms, at the frames' times."""
    step = 0.005
    times = np.arange(round((frames * FRAME_S + 0.2) / step)) * step
    steps = np.zeros(len(times))
    for symbol, start, end in zip(aligned.symbols, aligned.starts, aligned.ends, strict=True):
        letters = [letter for letter in symbol if letter.isalpha() or letter == "_"] or ["_"]
        bounds = np.linspace(start, end, len(letters) + 1)
        for letter, low, high in zip(letters, bounds[:-1], bounds[1:], strict=True):
            steps[(times >= low) & (times < high)] = _opening(letter)
    window = np.hanning(round(SMOOTHING_S / step) + 2)[1:-1]
    smooth = np.convolve(steps, window / window.sum(), mode="same")
    return np.interp(np.arange(frames) * FRAME_S, times, smooth)


def _opening(letter: str) -> float:
    return next((value for letters, value in OPENINGS if letter in letters), OTHER_OPENING)


@cache
def _mean_lips() -> tuple[Curve, ExpressionBasis]:
    """The mean face (468, 3) with its lips brought together, and how it moves."""
    face = MEAN_FACE[:468].astype(np.float64).copy()
    closure = LipClosure.of(face)
    closure.close(face, 1.0, np.zeros(len(UPPER_LIP)))
    return face, build_basis(face)
