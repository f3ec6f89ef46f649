"""The sound of a movie: float samples become AAC without holes."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.continuous_model import ContinuousSound
from avatar_nodes.audio.one_channel_model import one_channel

BITS_PER_CHANNEL = 128_000  # a second


class SoundTrack:
    """Puts chunks where their timestamps say; gaps are silent, what overlaps is cut.

    More than two channels are mixed into one, 5.1 and its kin by ITU-R BS.775. It is coded at 44.1 or 48 kHz.
    """

    def __init__(self, container: Any, sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self.channels = channels  # as they come
        self._sound = ContinuousSound(sample_rate, channels)
        self._layout = "stereo" if channels == 2 else "mono"
        self._stream = container.add_stream("aac", rate=_coded_rate(sample_rate), layout=self._layout)
        self._stream.bit_rate = BITS_PER_CHANNEL * (2 if channels == 2 else 1)
        self._stream.options = {"aac_coder": "fast"}  # a quarter of the time, and nearer to the original at this rate

    @property
    def samples(self) -> int:
        """How many were taken so far, at `sample_rate`."""
        return self._sound.samples

    @property
    def cut(self) -> int:
        """How many samples came too late."""
        return self._sound.trimmed

    @property
    def broken(self) -> int:
        """How many samples were NaN or infinite; they are silent."""
        return self._sound.broken

    def add(self, offset_ns: int, samples: NDArray[np.float32]) -> list[Any]:
        """Encode (samples, channels) that begin `offset_ns` after the start of the movie; returns encoded packets."""
        return self._encode(self._sound.add(offset_ns, samples))

    def silence_until(self, sample: int) -> list[Any]:
        """Be silent up to this sample, counted from the start of the movie."""
        return self._encode(self._sound.silence_until(sample))

    def flush(self) -> list[Any]:
        """Whatever the encoder still holds."""
        return list(self._stream.encode(None))

    def _encode(self, stretches: Iterable[NDArray[np.float32]]) -> list[Any]:
        packets: list[Any] = []
        for samples in stretches:
            mixed = samples if self.channels <= 2 else one_channel(samples)
            planes = np.ascontiguousarray(np.clip(mixed, -1.0, 1.0).T)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
            frame.sample_rate = self.sample_rate
            frame.time_base = Fraction(1, self.sample_rate)
            frame.pts = self._sound.samples - len(samples)
            packets += self._stream.encode(frame)
        return packets


def _coded_rate(sample_rate: int) -> int:
    """44.1 or 48 kHz, whichever is kin: an AAC frame is short there, so sound and picture end together."""
    kin = 44_100 % sample_rate == 0 or sample_rate % 44_100 == 0
    return 44_100 if kin else 48_000
