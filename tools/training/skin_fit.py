"""From seen skin to shading: the maps that expressions bring, shared by all people, and how many of them are enough.

Each person's maps lose what the head's pose explains and their own neutral, and are divided by how strongly this face
is shaded. Left and right are one: a coefficient of one side shades its own half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear
from scipy.sparse.linalg import eigsh

from avatar_nodes.face.skin_map_model import SIDE, contrast, reach, skin_share, softened
from avatar_nodes.face.skin_weights_model import COMPONENTS, SkinWeights, strength
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES
from avatar_nodes.tracking.face_tracker_model import track_face
from avatar_nodes.tracking.person_model import Person
from training.skin_seen import MOST_PITCH, MOST_YAW, SeenSkin

Array = NDArray[np.float64]

# The coefficients that shade; those that end in nothing here have a left and a right one.
SHADING_NAMES = (
    "jawOpen", "mouthFunnel", "mouthPucker", "mouthRollUpper", "mouthRollLower", "mouthShrugLower", "browInnerUp",
    "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp",
    "browDown", "browOuterUp", "cheekSquint", "noseSneer", "eyeSquint",
)  # fmt: skip
SIDES = ("Left", "Right")
FRAMES_A_PERSON = 400  # what a longer stretch counts at most
RIDGE = 100.0  # chosen with one person left out
SOFT = 1.0  # texels: identity's own texture is finer
MOST_CHANGE = 0.45  # log of brightness; more is hair or a hand
_HAIR = 0.6  # darker than the face by so much
_RESTLESS = 0.12
_POSE_RIDGE, _OWN_RIDGE, _CLIP_RIDGE = 2e-3, 3e-2, 1e-2  # of the number of frames
_OUTLIER = 2.2  # times the median error of a frame
_PREDICTED_SHARE = 1.0  # how much what the coefficients predict counts among the components, beside all that is seen

ON = skin_share() > 0
_ROW = np.nonzero(ON)[0]
_COLUMN = np.nonzero(ON)[1] - (SIDE - 1) / 2
_REACH = np.maximum([reach(name)[:, 0] for name in SHADING_NAMES], 1e-2)  # (names, SIDE)
LEFT = _COLUMN > 0  # the subject's left lies at the viewer's right


def _mirror_texels() -> NDArray[np.int64]:
    number = np.full((SIDE, SIDE), -1)
    number[ON] = np.arange(ON.sum())
    other = number[:, ::-1][ON]
    return np.where(other < 0, np.arange(len(other)), other)


OTHER = _mirror_texels()


@dataclass(frozen=True)
class Shaded:
    """One person's changes of shading, their mean taken away, in units of the person's strength."""

    name: str
    maps: NDArray[np.float32]  # (T, texels) log of brightness over ON
    expression: Array  # (T, 52)
    good: NDArray[np.bool_]  # (texels,) where skin is seen all the time


def shaded(seen: SeenSkin) -> Shaded:
    """Take a person's pose, lighting and neutral away."""
    person = Person.of(seen.landmarks.astype(np.float64))
    clips = np.unique(seen.clip)
    faces = [track_face(seen.landmarks[seen.clip == clip].astype(np.float64), person) for clip in clips]
    head = np.concatenate([face.head for face in faces])
    frontal = (np.abs(head[:, 0]) < MOST_YAW) & (np.abs(head[:, 1]) < MOST_PITCH)
    expression = np.concatenate([face.expression for face in faces]).astype(np.float64)[frontal]
    laid = np.stack([softened(each.astype(np.float32), SOFT)[ON] for each in seen.maps[frontal]])
    maps, good = _evened(laid)
    explained, kept = _explained(maps, good, head[frontal], expression, seen.clip[frontal])
    neutral = np.zeros((SIDE, SIDE), np.float32)
    neutral[ON] = np.median(laid, axis=0)
    change = (maps - explained)[kept] / strength(contrast(neutral))
    expression = expression[kept] - expression[kept].mean(0)
    return Shaded(seen.name, np.asarray(change - change.mean(0), np.float32), expression, good)


def _evened(laid: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Changes from the median map without the camera's exposure, and which texels are skin all the time."""
    middle = np.median(laid, axis=0)
    change = laid - middle
    restless = np.median(np.abs(change - np.median(change, axis=1, keepdims=True)), axis=0)
    sure = skin_share()[ON] > 0.9
    good = (middle > np.median(middle[sure]) - _HAIR) & (restless < _RESTLESS)
    change -= np.median(change[:, good], axis=1, keepdims=True)
    return np.clip(change, -MOST_CHANGE, MOST_CHANGE), good


def _explained(
    maps: NDArray[np.float32], good: NDArray[np.bool_], head: Array, expression: Array, clip: NDArray[np.int32]
) -> tuple[Array, NDArray[np.bool_]]:
    """What pose and the clip's own light explain of the maps beside the expression, and the frames that fit."""
    pose = head / (10.0, 10.0, 10.0, 0.5, 0.5, 1.0)
    light = np.column_stack([np.ones(len(head)), pose, pose[:, 0] ** 2, pose[:, 1] ** 2, pose[:, 0] * pose[:, 1]])
    clips = (clip[:, None] == np.unique(clip)).astype(float) if clip.max() > clip.min() else np.zeros((len(clip), 0))
    told = np.column_stack([light, clips, expression[:, _columns(SIDES)]])
    ridges = np.full(told.shape[1], _OWN_RIDGE)
    ridges[: light.shape[1]] = _POSE_RIDGE
    ridges[light.shape[1] : light.shape[1] + clips.shape[1]] = _CLIP_RIDGE
    kept = np.ones(len(maps), bool)
    for _ in range(3):
        gram = told[kept].T @ told[kept] + np.diag(ridges * len(maps))
        fitted = np.linalg.solve(gram, told[kept].T @ maps[kept])
        error = np.sqrt(((maps - told @ fitted)[:, good] ** 2).mean(1))
        kept = error < _OUTLIER * np.median(error)
    beside = light.shape[1] + clips.shape[1]
    return np.asarray(told[:, :beside] @ fitted[:beside]), kept


def _columns(sides: tuple[str, ...]) -> list[int]:
    """Where SHADING_NAMES stand among the 52: those of the middle, then those of each side."""
    middle = [EXPRESSION_INDEX[name] for name in SHADING_NAMES if name in EXPRESSION_INDEX]
    paired = [name for name in SHADING_NAMES if name not in EXPRESSION_INDEX]
    return middle + [EXPRESSION_INDEX[name + side] for side in sides for name in paired]


def half_maps(people: list[Shaded]) -> Array:
    """What each of SHADING_NAMES does to its own half of the face (names, texels of LEFT), by ridge regression."""
    halves = [half for person in people for half in _halves(person)]
    grams = np.stack([weight * rows.T @ rows for rows, _, _, weight in halves])
    drives = sum(weight * (rows.T @ maps) * good for rows, maps, good, weight in halves)
    seen_by = np.concatenate([[good for _, _, good, _ in halves], [_ROW[LEFT]]])  # texels alike have equal columns
    kinds, kind = np.unique(seen_by, axis=1, return_inverse=True)
    found = np.zeros_like(drives)
    for number, (*group, row) in enumerate(kinds.T):
        same = kind == number
        gram = grams[np.array(group, bool)].sum(0) + np.diag(RIDGE / _REACH[:, row] ** 2)
        found[:, same] = np.linalg.solve(gram, drives[:, same])
    return np.asarray(found)


def trust(people: list[Shaded]) -> Array:
    """How far each of SHADING_NAMES holds for people that it was not learned from (names,), 0 to 1.

    Stacking (Breiman 1996): what is learned from the others is scaled, name by name, to fit each person best.
    """
    count = len(SHADING_NAMES)
    gram, drive = np.zeros((count, count)), np.zeros(count)
    for person in people:
        learned = half_maps([other for other in people if other is not person])
        for rows, maps, good, _ in _halves(person):
            own, seen = learned[:, good], maps[:, good].astype(np.float64)
            total = float((seen**2).sum())
            gram += (rows.T @ rows) * (own @ own.T) / total
            drive += ((rows.T @ seen) * own).sum(1) / total
    return np.asarray(lsq_linear(gram + 1e-4 * np.trace(gram) * np.eye(count), drive, (0.0, 1.0)).x)


def _halves(person: Shaded) -> list[tuple[Array, NDArray[np.float32], NDArray[np.bool_], float]]:
    """A person's left half and mirrored right half: coefficients (T, names), maps (T, texels), good, weight."""
    weight = min(len(person.maps), FRAMES_A_PERSON) / len(person.maps)
    found = []
    for side, texels in zip(SIDES, (np.arange(len(OTHER)), OTHER), strict=True):
        rows = person.expression[:, _columns((side,))]
        found.append((rows, person.maps[:, texels][:, LEFT], person.good[texels][LEFT], weight))
    return found


def whole_maps(half: Array) -> Array:
    """What each of the 52 does to the face (52, texels)."""
    whole = np.zeros((len(EXPRESSION_NAMES), len(LEFT)))
    for side, texels in zip(SIDES, (np.arange(len(OTHER)), OTHER), strict=True):
        for number, column in enumerate(_columns((side,))):
            own = np.zeros(len(LEFT))
            own[LEFT] = half[number]
            whole[column] += own[texels]  # those of the middle get both halves
    return np.stack([softened(_laid(each), 1.0)[ON] for each in whole])  # no seam down the middle


def _laid(texels: Array) -> NDArray[np.float32]:
    laid = np.zeros((SIDE, SIDE), np.float32)
    laid[ON] = texels
    return laid


def learn(people: list[Shaded]) -> SkinWeights:
    """The components, left and right alike, and the weights of the 52."""
    share = skin_share()[ON]
    whole = whole_maps(half_maps(people) * trust(people)[:, None]) * share
    seen = _spread([person.maps * person.good * share for person in people])
    called = _spread([person.expression @ whole for person in people])
    total = seen / np.trace(seen) + _PREDICTED_SHARE * called / np.trace(called)
    _, vectors = eigsh((total + total[OTHER][:, OTHER]) / 2, k=COMPONENTS, v0=np.ones(len(total)))
    vectors = vectors[:, ::-1] * np.sign(vectors.sum(0))[::-1]
    scale = np.sqrt(np.mean([((person.maps * share) @ vectors).var(0) for person in people], axis=0))
    maps = np.stack([_laid(each) for each in (vectors * scale).T])
    return SkinWeights(maps, np.asarray(whole @ vectors / scale, np.float32))


def _spread(maps: list[Array]) -> Array:
    """The covariance of texels (texels, texels), every person counted alike."""
    return np.asarray(sum(each.T @ each * (min(len(each), FRAMES_A_PERSON) / len(each)) for each in maps))
