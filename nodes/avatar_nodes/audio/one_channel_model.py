"""Sound of many channels as one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# ITU-R BS.775-4, table 2: the stereo mix has centre and surrounds at -3 dB, and no low-frequency channel; one channel
# is the mean of that stereo. Chunks have no layout: the channels are taken to be in FFmpeg's order for their number.
_FRONT, _CENTRE, _SURROUND, _LOW = 0.5, 0.5**0.5, 0.5**1.5, 0.0
_WEIGHTS = {
    5: (_FRONT, _FRONT, _CENTRE, _SURROUND, _SURROUND),  # 5.0: FL FR FC BL BR
    6: (_FRONT, _FRONT, _CENTRE, _LOW, _SURROUND, _SURROUND),  # 5.1
    7: (_FRONT, _FRONT, _CENTRE, _LOW, _SURROUND, _SURROUND, _SURROUND),  # 6.1
    8: (_FRONT, _FRONT, _CENTRE, _LOW, _SURROUND, _SURROUND, _SURROUND, _SURROUND),  # 7.1
}


def one_channel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, channels) as (n, 1); what was within -1 to 1 may go beyond it where many channels sound at once.

    One and two channels by the mean, 5 to 8 by BS.775, other numbers so that independent channels keep their energy.
    """
    channels = samples.shape[1]
    if channels <= 2:
        return np.asarray(samples.mean(axis=1, keepdims=True, dtype=np.float32))
    weights = _WEIGHTS.get(channels, (channels**-0.5,) * channels)
    return samples @ np.array(weights, np.float32)[:, None]
