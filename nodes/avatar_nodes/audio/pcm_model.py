"""Raw PCM as other programs send it: bytes in any portions become samples at the rate that is wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.one_channel_model import one_channel
from avatar_nodes.features.resample_model import PolyphaseResampler

FORMATS = {"s16le": "<i2", "f32le": "<f4"}
RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)  # Hz
MOST_CHANNELS = 8


class FormatError(ValueError):
    """A program announces sound that cannot be taken."""


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """What the bytes mean; samples of one moment stand beside each other. Raises FormatError."""

    sample_rate: int
    channels: int
    sample_format: str

    def __post_init__(self) -> None:
        known = ", ".join(map(str, RATES))
        if type(self.sample_rate) is not int or self.sample_rate not in RATES:
            raise FormatError(f"sample_rate is {_shown(self.sample_rate)}, expected one of {known}")
        if type(self.channels) is not int or not 1 <= self.channels <= MOST_CHANNELS:
            raise FormatError(f"channels is {_shown(self.channels)}, expected 1 to {MOST_CHANNELS}")
        if type(self.sample_format) is not str or self.sample_format not in FORMATS:
            raise FormatError(f"format is {_shown(self.sample_format)}, expected {' or '.join(FORMATS)}")


class PcmReader:
    """Bytes go in, cut anywhere; samples (n, channels) at `rate` come out. What is no number is silence."""

    def __init__(self, given: PcmFormat, rate: int, channels: int) -> None:
        self._type = np.dtype(FORMATS[given.sample_format])
        self._given = given
        self._channels = channels
        self._rest = b""
        self._resamplers = [PolyphaseResampler(given.sample_rate, rate) for _ in range(self._heard_channels)]

    @property
    def _heard_channels(self) -> int:
        return self._channels if self._given.channels == self._channels else 1

    def read(self, portion: bytes) -> NDArray[np.float32]:
        """The samples that these bytes complete."""
        held = self._rest + portion
        whole = len(held) - len(held) % (self._type.itemsize * self._given.channels)
        self._rest = held[whole:]
        numbers = np.frombuffer(held[:whole], self._type).reshape(-1, self._given.channels)
        samples = self._fitted(_as_float(numbers))
        columns = [each.add(samples[:, index]) for index, each in enumerate(self._resamplers)]
        made = np.stack(columns, axis=1)
        return made if len(columns) == self._channels else np.repeat(made, self._channels, axis=1)

    def _fitted(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return samples if self._heard_channels == samples.shape[1] else one_channel(samples)


def _shown(value: object) -> str:
    return repr(value)[:40]


def _as_float(numbers: NDArray[np.int16] | NDArray[np.float32]) -> NDArray[np.float32]:
    if numbers.dtype.kind == "i":
        return numbers.astype(np.float32) / np.float32(32768)
    return np.clip(np.nan_to_num(numbers.astype(np.float32), posinf=0.0, neginf=0.0), -1.0, 1.0)
