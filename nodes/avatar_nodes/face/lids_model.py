"""Lids as geometry: what must be exact, a shut eye, is solved after all shapes are summed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.payloads import EXPRESSION_INDEX

Array = NDArray[np.float64]

CLOSING_LINE = 0.2  # where shut lids meet: this far from the lower rim to the upper one
_FOLLOW_UPPER = (0.62, 0.2)  # how far the rings of skin go with the rim
_FOLLOW_LOWER = (0.5, 0.15)
_LOOK_DEGREES = 30.0
# Of the opening in the photo: up to where lids open freely, and where they end. Behind them the eye is made up.
_FREE, _MOST = 1.2, 1.35
_HELD_UPPER = (0.25, 0.05)  # how far the rings go where the rim is held: what opened it hardly moved them


@dataclass(frozen=True, slots=True)
class LidOpening:
    """How far each lid is open, as a share of rest: right and left eye, upper and lower lid."""

    upper: tuple[float, float]
    lower: tuple[float, float]


def lid_opening(expression: NDArray[np.float32], gaze_pitch: float) -> LidOpening:
    """The opening of the lids; the upper lid goes with the gaze (degrees, + is down)."""
    look = float(np.clip(gaze_pitch / _LOOK_DEGREES, -1.0, 1.0))
    upper, lower = [], []
    for side in ("Right", "Left"):
        blink, wide, squint = (
            float(np.clip(expression[EXPRESSION_INDEX[f"eye{name}{side}"]], 0.0, 1.0))
            for name in ("Blink", "Wide", "Squint")
        )
        # 1 - blink comes last: at eyeBlink 1 any eye is shut.
        follow = 1 - 0.8 * max(look, 0.0) + 0.35 * max(-look, 0.0)
        upper.append(follow * (1 + 0.3 * wide - 0.2 * squint) * (1 - blink))
        lower.append((1 + 0.3 * max(look, 0.0)) * (1 + 0.15 * wide - 0.5 * squint) * (1 - blink))
    return LidOpening((upper[0], upper[1]), (lower[0], lower[1]))


def as_seen(opening: LidOpening, photo: LidOpening) -> LidOpening:
    """The opening, softly limited to a little more than the photo shows."""
    upper, lower = (
        _limited(np.divide(now, then)) * then
        for now, then in ((opening.upper, photo.upper), (opening.lower, photo.lower))
    )
    return LidOpening((float(upper[0]), float(upper[1])), (float(lower[0]), float(lower[1])))


def hold_lids(vertices: Array, photo: Array) -> None:
    """Limit in place what all moves together open the lids, softly, to a little more than the photo (468, 3) shows."""
    for (above, below), rings in _EYES:
        apart = vertices[above] - vertices[below]
        share = np.linalg.norm(apart, axis=1) / np.maximum(np.linalg.norm(photo[above] - photo[below], axis=1), 1e-6)
        excess = (1.0 - _limited(share) / np.maximum(share, 1e-6))[:, None] * apart
        fall = (1.0 - CLOSING_LINE) * excess
        vertices[above] -= fall
        vertices[below] += CLOSING_LINE * excess
        for (ring_above, _), down in zip(rings, _HELD_UPPER, strict=True):
            vertices[ring_above] -= down * fall


def _limited(share: Array) -> Array:
    room = _MOST - _FREE
    return np.where(share > _FREE, _FREE + room * np.tanh((share - _FREE) / room), share)


def move_lids(vertices: Array, opening: LidOpening, photo: LidOpening) -> None:
    """Open or close the lids in place, from how they are in the photo."""
    for eye, (rims, rings) in enumerate(_EYES):
        upper = opening.upper[eye] / photo.upper[eye]
        lower = opening.lower[eye] / photo.lower[eye]
        above, below = rims
        line = vertices[below] + CLOSING_LINE * (vertices[above] - vertices[below])
        rise = (upper - 1.0) * (vertices[above] - line)
        sink = (lower - 1.0) * (vertices[below] - line)
        vertices[above] += rise
        vertices[below] += sink
        for (ring_above, ring_below), up, down in zip(rings, _FOLLOW_UPPER, _FOLLOW_LOWER, strict=True):
            vertices[ring_above] += up * rise
            vertices[ring_below] += down * sink


def _inner_columns(rims: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.array(rims[0][1:-1]), np.array(rims[1][1:-1])


_LEFT_LIDS = tuple((mesh.mirrored(above), mesh.mirrored(below)) for above, below in mesh.RIGHT_LIDS)
_EYES = tuple(
    (_inner_columns(rims), tuple(_inner_columns(ring) for ring in rings))
    for rims, rings in ((mesh.RIGHT_EYE, mesh.RIGHT_LIDS), (mesh.LEFT_EYE, _LEFT_LIDS))
)
