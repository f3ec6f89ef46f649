"""The sound of a movie: float samples become AAC without holes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

NS_PER_S = 1_000_000_000
TOLERANCE_NS = 1_000_000  # chunks this close to each other follow each other: timestamps are rounded
BITS_PER_CHANNEL = 128_000  # a second


class SoundTrack:
    """Puts chunks where their timestamps say; gaps are silent, what overlaps is cut.

    More than two channels are mixed into one. It is coded at 44.1 or 48 kHz.
    """

    def __init__(self, container: Any, sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self.channels = channels  # as they come
        self.samples = 0  # taken so far, at `sample_rate`
        self.cut = 0  # samples that came too late
        self._layout = "stereo" if channels == 2 else "mono"
        self._stream = container.add_stream("aac", rate=_coded_rate(sample_rate), layout=self._layout)
        self._stream.bit_rate = BITS_PER_CHANNEL * (2 if channels == 2 else 1)
        self._stream.options = {"aac_coder": "fast"}  # a quarter of the time, and nearer to the original at this rate

    @property
    def duration_ns(self) -> int:
        """How long the sound is so far."""
        return self.samples * NS_PER_S // self.sample_rate

    def add(self, offset_ns: int, samples: NDArray[np.float32]) -> list[Any]:
        """Encode (samples, channels) that begin `offset_ns` after the start of the movie; returns encoded packets."""
        start = round(offset_ns * self.sample_rate / NS_PER_S)
        if abs(start - self.samples) * NS_PER_S <= TOLERANCE_NS * self.sample_rate:
            start = self.samples
        packets = self.silence_until(start)
        late = min(self.samples - start, len(samples))
        self.cut += late
        return packets + self._encode(samples[late:])

    def silence_until(self, sample: int) -> list[Any]:
        """Be silent up to this sample, counted from the start of the movie."""
        packets: list[Any] = []
        while self.samples < sample:
            count = min(sample - self.samples, self.sample_rate)
            packets += self._encode(np.zeros((count, self.channels), np.float32))
        return packets

    def flush(self) -> list[Any]:
        """Whatever the encoder still holds."""
        return list(self._stream.encode(None))

    def _encode(self, samples: NDArray[np.float32]) -> list[Any]:
        if len(samples) == 0:
            return []
        if samples.shape[1] > 2:
            samples = samples.mean(axis=1, keepdims=True, dtype=np.float32)
        planes = np.ascontiguousarray(np.clip(np.nan_to_num(samples.T), -1.0, 1.0))  # AAC refuses NaN
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate = self.sample_rate
        frame.time_base = Fraction(1, self.sample_rate)
        frame.pts = self.samples
        self.samples += len(samples)
        return list(self._stream.encode(frame))


def _coded_rate(sample_rate: int) -> int:
    """44.1 or 48 kHz, whichever is kin: an AAC frame is short there, so sound and picture end together."""
    kin = 44_100 % sample_rate == 0 or sample_rate % 44_100 == 0
    return 44_100 if kin else 48_000
