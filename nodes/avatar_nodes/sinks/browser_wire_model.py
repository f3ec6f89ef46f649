"""What is said between the server of `browser_view` and its page.

Binary, to the page, little-endian: 24 bytes (kind, channels, 2 free bytes, a number, media time in s, the server's
monotonic clock in s when it came), then the content. A picture: the number is the length of the JPEG, the PNG of the
matte follows it. Sound: the number is the sample rate, the content 16 bit samples of all channels in turn.
Text is JSON. To the page: {"forget": true}, {"pong": 7, "clock": 12.5}. To the server: {"ping": 7}, and {"got": 1}
for every picture.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct("<BBxxIdd")
PICTURE, SOUND = 1, 2
FORGET = '{"forget": true}'


def picture_message(timestamp: int, came_s: float, colour: bytes, matte: bytes) -> bytes:
    """A picture of a media time (ns) that came at a moment (s, time.monotonic)."""
    return HEAD.pack(PICTURE, 0, len(colour), timestamp / 1e9, came_s) + colour + matte


def sound_message(timestamp: int, came_s: float, samples: NDArray[np.float32], sample_rate: int) -> bytes:
    """Samples (-1 to 1; samples, channels) from a media time (ns) on; what is no number is silent."""
    whole = np.clip(np.nan_to_num(samples) * 32767.0, -32768, 32767).astype("<i2")
    return HEAD.pack(SOUND, samples.shape[1], sample_rate, timestamp / 1e9, came_s) + whole.tobytes()
