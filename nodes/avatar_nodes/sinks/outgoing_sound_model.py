"""Sound on its way out, live: whatever comes becomes 48 kHz stereo without holes, and silent where nothing comes."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.audio.continuous_model import ContinuousSound, check_sound
from avatar_nodes.audio.one_channel_model import one_channel

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
SAMPLE_RATE = 48_000  # Hz
CHANNELS = 2
SLACK_NS = 60 * NS_PER_MS  # that sound may come after the picture of its time before it is taken for silence
MOST_SLACK_NS = 2 * NS_PER_S


class OutgoingSound:
    """Gives (n, 2) float samples at 48 kHz; the first one belongs to media time `start_ns`.

    Those who play a stream wait for whichever of picture and sound is missing, so silence has to be sent, too. Sound
    that comes after silence was sent for its time is lost once; from then on more time is left to it.
    """

    def __init__(self, start_ns: int) -> None:
        self._slack_ns = SLACK_NS
        self._silent = True  # whether the newest is silence that nobody sent
        self._begin(SAMPLE_RATE, start_ns)

    @property
    def next_ns(self) -> int:
        """The media time of the sample that is given next."""
        return self._origin_ns + self._given * NS_PER_S // SAMPLE_RATE

    def add(self, timestamp: int, samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
        """Take sound of any kind; raises ValueError for what is none."""
        check_sound(samples, sample_rate)
        made = []
        if sample_rate != self._sound.sample_rate:
            made.append(self._take(self._resampler.resample(None)))
            self._begin(sample_rate, self._end_ns)
        if self._silent and timestamp < self._end_ns:
            self._slack_ns = min(self._slack_ns + self._end_ns - timestamp, MOST_SLACK_NS)
        self._silent = False
        made += [self._convert(stretch) for stretch in self._sound.add(timestamp, _stereo(samples))]
        return _joined(made)

    def keep_up(self, picture_ns: int) -> NDArray[np.float32]:
        """Be silent where no sound came, up to shortly before a picture."""
        position = (picture_ns - self._slack_ns - self._origin_ns) * self._sound.sample_rate // NS_PER_S
        if position <= self._sound.samples:
            return _joined([])
        self._silent = True
        return _joined([self._convert(stretch) for stretch in self._sound.silence_until(position)])

    @property
    def _end_ns(self) -> int:
        """Up to where sound was taken."""
        return self._origin_ns + self._sound.samples * NS_PER_S // self._sound.sample_rate

    def _begin(self, sample_rate: int, origin_ns: int) -> None:
        self._origin_ns, self._given = origin_ns, 0
        self._sound = ContinuousSound(sample_rate, CHANNELS, origin_ns)
        self._resampler = av.AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)

    def _convert(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate = self._sound.sample_rate
        return self._take(self._resampler.resample(frame))

    def _take(self, frames: list[av.AudioFrame]) -> NDArray[np.float32]:
        made = _joined([np.asarray(frame.to_ndarray(), np.float32).reshape(-1, CHANNELS) for frame in frames])
        self._given += len(made)
        return made


def _stereo(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """One channel is heard on both sides as loud as it is; of more than two one is made."""
    if samples.shape[1] > CHANNELS:
        samples = one_channel(samples)
    return np.ascontiguousarray(np.broadcast_to(samples, (len(samples), CHANNELS)))


def _joined(stretches: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.concatenate(stretches) if stretches else np.zeros((0, CHANNELS), np.float32)
