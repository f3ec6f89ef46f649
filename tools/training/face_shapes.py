"""Learning the face's basis: corrections of the 52 shapes, and components of what they leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.canonical_model import LIPS_INNER, LIPS_OUTER, MEAN_FACE, MIRROR
from avatar_nodes.face.dynamics_model import GEOMETRY, geometry_of, landmark_weights
from avatar_nodes.face.expression_model import hand_made_basis
from avatar_nodes.face.face_basis_model import FaceBasis
from avatar_nodes.face.lips_closure_model import UPPER_LIP, LipClosure
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.payloads import EXPRESSION_NAMES
from avatar_nodes.tracking.expression_fit_model import FITTED
from training.face_people import Faces
from training.face_priors import priors

Array = NDArray[np.float64]

ROUNDS = 4
KEPT = ("mouthPress", "jawLeft", "jawRight")  # as they were made: talking faces hardly show them
OPENING = ("jawOpen", "mouthFunnel", "mouthLowerDown", "mouthUpperUp", "mouthRoll", "mouthClose")
MEANT = 0.8  # of what a shape was made for, at least
_LIPS = sorted({*LIPS_OUTER, *LIPS_INNER})
_SHAPE = (FACE_VERTICES, 3)


def learn_corrections(people: Sequence[Faces], rounds: int = ROUNDS) -> Array:
    """Corrections (52, 468 * 3) of the hand-made shapes: coefficients and shapes are solved in turn.

    Example-based, as Li, Weise and Pauly, "Example-based facial rigging" (2010); every person counts the same, and
    each frame stands for its mirror image too, so that left and right are alike.
    """
    corrections = np.zeros((len(EXPRESSION_NAMES), FACE_VERTICES * 3))
    for _ in range(rounds):
        corrections = _one_round(people, corrections)
    return corrections


def _one_round(people: Sequence[Faces], corrections: Array) -> Array:
    gram, wanted = np.zeros((len(EXPRESSION_NAMES),) * 2), np.zeros_like(corrections)
    for faces in people:
        expression, left = faces.explained(corrections)
        moves = left.reshape(len(left), -1) + expression @ corrections
        for amounts, targets in ((expression.astype(np.float64), moves), _mirrored(expression, moves)):
            gram += amounts.T @ amounts / len(left)
            wanted += amounts.T @ targets / len(left)
    fitted = np.array([name in FITTED and not name.startswith(KEPT) for name in EXPRESSION_NAMES])
    kept = priors()[fitted].T[:, :, None] * np.eye(int(fitted.sum()))  # (1404, K, K)
    solved = np.zeros_like(corrections)
    solved[fitted] = np.linalg.solve(gram[np.ix_(fitted, fitted)] + kept, wanted[fitted].T[:, :, None])[:, :, 0].T
    return _even(_meant(_lips_kept(solved)))


def _meant(corrections: Array) -> Array:
    """The same where a shape would lose what it was made for: at least MEANT of each hand-made move is left."""
    by_hand = hand_made_basis(MEAN_FACE[:FACE_VERTICES]).linear
    power = (by_hand**2).sum(1)
    left = 1.0 + np.divide((corrections * by_hand).sum(1), power, out=np.zeros_like(power), where=power > 0.0)
    return np.asarray(corrections + np.maximum(MEANT - left, 0.0)[:, None] * by_hand)


def _mirrored(expression: NDArray[np.float32], moves: Array) -> tuple[Array, Array]:
    turned = moves.reshape(-1, *_SHAPE)[:, MIRROR[:FACE_VERTICES]] * (-1.0, 1.0, 1.0)
    return expression[:, _OTHER_SIDE].astype(np.float64), turned.reshape(moves.shape)


def _even(corrections: Array) -> Array:
    """Left and right alike to the last bit."""
    fields = corrections.reshape(-1, *_SHAPE)
    other = fields[_OTHER_SIDE][:, MIRROR[:FACE_VERTICES]] * (-1.0, 1.0, 1.0)
    return np.asarray((fields + other) / 2).reshape(corrections.shape)


def _other_side(name: str) -> str:
    return name.replace("Left", "@").replace("Right", "Left").replace("@", "Right")


_OTHER_SIDE = [EXPRESSION_NAMES.index(_other_side(name)) for name in EXPRESSION_NAMES]


def _lips_kept(corrections: Array) -> Array:
    """The same with the lips together where a shape by itself does not open them: jaw and lips do."""
    rest = MEAN_FACE[:FACE_VERTICES].copy()
    closure = LipClosure.of(rest)
    closure.close(rest, 1.0, np.zeros(len(UPPER_LIP)))
    by_hand = hand_made_basis(rest).linear.reshape(-1, *_SHAPE)
    kept = corrections.reshape(-1, *_SHAPE).copy()
    for index, name in enumerate(EXPRESSION_NAMES):
        if not name.startswith(OPENING) and np.abs(kept[index]).max() > 0.0:
            together = rest + by_hand[index] + kept[index]
            closure.close(together, 1.0, np.zeros(len(UPPER_LIP)))
            kept[index] = together - rest - by_hand[index]
    return kept.reshape(corrections.shape)


def learn_geometry(people: Sequence[Faces], corrections: Array) -> Array:
    """The main components (32, 468 * 3) of what the coefficients leave, in units of their usual spread."""
    weights = landmark_weights().ravel()
    power = np.zeros((len(weights),) * 2)
    for faces in people:
        expression, left = faces.explained(corrections)
        moves = left.reshape(len(left), -1)
        for one in (moves, _mirrored(expression, moves)[1]):
            power += (one * weights).T @ (one * weights) / (2 * len(left) * len(people))
    values, vectors = np.linalg.eigh(power)
    main = slice(None, -GEOMETRY.stop - 1, -1)
    return np.asarray(vectors[:, main].T * np.sqrt(values[main])[:, None] / weights)


def errors(faces: Faces, basis: FaceBasis) -> dict[str, tuple[float, float]]:
    """What is left of all landmarks and of the lips, in % of the pupils' distance, as seen from the front."""
    found = {}
    for name, corrections in (("hand-made", np.zeros_like(basis.corrections)), ("learned", basis.corrections)):
        left = faces.explained(corrections)[1]
        found[name] = _seen(left)
    told = geometry_of(left, basis.geometry).astype(np.float64) @ basis.geometry
    return found | {"with components": _seen(left - told.reshape(left.shape))}


def _seen(left: Array) -> tuple[float, float]:
    distance = 100.0 * np.linalg.norm(left[..., :2], axis=2)
    return float(distance.mean()), float(distance[:, _LIPS].mean())
