"""How far one photo lets a head turn and shift: soft limits around the photo's own pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TURN = (20.0, 16.0, 18.0)  # degrees of yaw, pitch, roll away from a frontal photo
_LEAST_TURN = 7.0  # degrees a photo that is turned already may be turned further
_SHIFT = (0.45, 0.3, 1.2)  # inter-pupil distances, x, y, z
_LINEAR = 0.5  # the share of a limit up to which nothing is compressed


@dataclass(frozen=True, slots=True)
class Limits:
    """The lowest and highest change of head pose from the photo's: yaw, pitch, roll (degrees), x, y, z."""

    photo: Array  # (6,)
    low: Array  # (6,) below 0
    high: Array  # (6,) above 0

    @classmethod
    def of(cls, photo_head: NDArray[np.float32]) -> Limits:
        """From the photo's own pose: turning either way from it shows what nobody knows."""
        photo = photo_head.astype(np.float64)
        reach = np.array([*_TURN, *_SHIFT])
        low, high = -reach, reach.copy()
        for axis in (0, 1):
            turned = photo[axis]
            away = max(_LEAST_TURN, reach[axis] - 0.6 * abs(turned))
            back = max(_LEAST_TURN, reach[axis] - 0.4 * abs(turned))
            low[axis], high[axis] = (-back, away) if turned > 0 else (-away, back)
        return cls(photo, low, high)

    def soften(self, head: NDArray[np.float32]) -> Array:
        """The change of pose to show for an absolute pose (6,): unchanged near the photo, never past the limits."""
        change = head.astype(np.float64) - self.photo
        reach = np.where(change < 0, -self.low, self.high)
        size = np.abs(change)
        knee = _LINEAR * reach
        room = reach - knee
        beyond = knee + room * np.tanh(np.maximum(size - knee, 0.0) / room)
        return np.asarray(np.sign(change) * np.where(size < knee, size, beyond))
