"""What is in a raw stream, as FFmpeg reads it."""

from __future__ import annotations

import io
from typing import Any

import av
from numpy.typing import NDArray

Timed = list[tuple[int, NDArray[Any]]]


def decoded(data: bytes) -> tuple[Timed, Timed]:
    """The pictures of a NUT stream and its sound, (n, 2), with their times in ns."""
    pictures: Timed = []
    sounds: Timed = []
    with av.open(io.BytesIO(data), format="nut") as stream:
        for packet in stream.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    pictures.append((int(frame.pts or 0), frame.to_ndarray()))
                elif isinstance(frame, av.AudioFrame):
                    sounds.append((int(frame.pts or 0), frame.to_ndarray().reshape(-1, 2)))
    return pictures, sounds
