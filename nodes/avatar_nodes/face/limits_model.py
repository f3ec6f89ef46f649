"""How far one photo lets a head turn and shift: soft limits around the photo's own pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.stance_model import CAMERA_DISTANCE

Array = NDArray[np.float64]

_TURN = (20.5, 17.0, 20.0)  # degrees of yaw, pitch, roll away from a frontal photo
_LEAST_TURN = 7.0  # degrees a photo that is turned already may be turned further
_SHIFT = (0.8, 0.5, 1.5)  # inter-pupil distances, x, y, z
_LINEAR = 0.67  # the share of a limit up to which nothing is compressed
_STILL = 0.008  # the share of all limits below which hardly anything moves: a hard edge shows 1/250 px
# Lengths in inter-pupil distances.
_MADE_UP = 0.25  # how much hair beyond the frame's edge can be made up from what is inside
_PITCH_LOWERS = 0.75  # how far a pitch lowers the top of the head, for each unit of its sine
_CROWN = 1.7  # how high the top of a head is above the point between the ears
_HALF_HEAD = 1.1
_NECK_SHOWS = 0.3  # the share of what is below the chin that the head may rise


@dataclass(frozen=True, slots=True)
class Room:
    """What a frame leaves around a head, in inter-pupil distances."""

    above: float = 1.0  # between hair and the frame's upper edge; 0: hair is cut off
    below: float = 2.0  # between chin and the lower edge

    @classmethod
    def of(cls, alpha: NDArray[np.uint8], oval: Array, eye_distance: float) -> Room:
        """From who is where (size, size), 0 to 255, and the outline (n, 2) of the face, in px."""
        (left, _), (right, lowest) = oval.min(axis=0), oval.max(axis=0)
        rows = np.flatnonzero((alpha[:, max(int(left), 0) : int(right) + 1] > 128).any(axis=1))
        above = float(rows[0]) if len(rows) else 0.0
        return cls(above / eye_distance, max(len(alpha) - float(lowest), 0.0) / eye_distance)


@dataclass(frozen=True, slots=True)
class Limits:
    """The lowest and highest change of head pose from the photo's: yaw, pitch, roll (degrees), x, y, z."""

    photo: Array  # (6,)
    low: Array  # (6,) below 0
    high: Array  # (6,) above 0
    room: Room | None = None  # what the frame leaves around the head, where that is known

    @classmethod
    def of(cls, photo_head: NDArray[np.float32], room: Room | None = None) -> Limits:
        """From the photo's own pose, since turning either way from it shows what nobody knows, and from its frame."""
        photo = photo_head.astype(np.float64)
        reach = np.array([*_TURN, *_SHIFT])
        low, high = -reach, reach.copy()
        for axis in (0, 1):
            turned = photo[axis]
            away = max(_LEAST_TURN, reach[axis] - 0.6 * abs(turned))
            back = max(_LEAST_TURN, reach[axis] - 0.4 * abs(turned))
            low[axis], high[axis] = (-back, away) if turned > 0 else (-away, back)
        if room is not None:
            _fit(low, high, room)
        return cls(photo, low, high, room)

    def soften(self, head: NDArray[np.float32]) -> Array:
        """The change of pose to show for an absolute pose (6,): as it is near the photo, never past the limits."""
        change = head.astype(np.float64) - self.photo
        reach = np.where(change < 0, -self.low, self.high)
        size = np.abs(change)
        knee = _LINEAR * reach
        room = reach - knee
        beyond = knee + room * np.tanh(np.maximum(size - knee, 0.0) / room)
        moves = min(float(np.sqrt(((size / reach) ** 2).sum())) / _STILL, 1.0)
        return np.asarray(np.sign(change) * np.where(size < knee, size, beyond) * (moves * moves * (3 - 2 * moves)))


def _fit(low: Array, high: Array, room: Room) -> None:
    """Narrow the limits, where the frame shows too little above or below the head."""
    drop = room.above + _MADE_UP
    high[1] = min(high[1], np.degrees(np.arcsin(min(drop / _PITCH_LOWERS, 1.0))))
    tilt = np.degrees(np.arcsin(min(drop / _HALF_HEAD + 0.05, 1.0)))
    low[2], high[2] = max(low[2], -tilt), min(high[2], tilt)
    low[4] = max(low[4], -drop)
    low[5] = max(low[5], -drop * CAMERA_DISTANCE / _CROWN)
    high[4] = min(high[4], _MADE_UP / 3 + _NECK_SHOWS * room.below)
