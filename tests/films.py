"""Small films for tests: pictures at times of their own, and a tone beside them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16000  # Hz of the tone


def write_film(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    times: Sequence[Fraction | float],
    sound_at: Fraction | float | None = None,
    sound_s: float = 0.5,
) -> None:
    """Write RGB pictures (height, width, 3) at `times` s, and a tone of `sound_s` from `sound_at` on."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "12", "preset": "ultrafast"})
        video.height, video.width, video.pix_fmt = *pictures[0].shape[:2], "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        sound = None if sound_at is None else container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for picture, time in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = int(time * 1000), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound is not None and sound_at is not None:
            container.mux(sound.encode(_tone(sound_at, sound_s)))
            container.mux(sound.encode())


def grey(levels: Sequence[int], height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Even pictures."""
    return [np.full((height, width, 3), level, np.uint8) for level in levels]


def _tone(starts: Fraction | float, lasts: float) -> av.AudioFrame:
    samples = (8000 * np.sin(2 * np.pi * 200 * np.arange(round(lasts * RATE)) / RATE)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, round(starts * RATE), Fraction(1, RATE)
    return frame
