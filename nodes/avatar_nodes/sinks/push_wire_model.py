"""What goes to the program that pushes a stream: its settings, then frames and sound with their media times."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import IO, Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

HEAD = struct.Struct("<qIIII")  # media time (ns), sample rate (0: a frame), then three sizes
MOST_BYTES = 1 << 28  # of one frame, or of one piece of sound
MOST_SETTINGS = 1 << 16  # bytes


@dataclass(frozen=True)
class Coding:
    """How a stream is coded, and what it says of itself."""

    frame_rate: Fraction
    bit_rate: int
    preset: str
    background: tuple[int, int, int]
    container: str  # as FFmpeg names it; empty: as the URL needs it
    tags: dict[str, str]
    mark: bool = False  # whether the picture is labelled "synthetic"


@dataclass(frozen=True)
class Settings:
    """One connection: where to, and what is sent."""

    url: str
    coding: Coding
    size: tuple[int, int] | None  # width and height; None: no picture
    audio: bool
    patience_s: float  # for the server to take something


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A frame, or sound where there is a sample rate, with its media time."""

    timestamp: int
    content: NDArray[Any]
    sample_rate: int = 0


def write_settings(pipe: IO[bytes], settings: Settings) -> None:
    """Send the settings: one line."""
    told = asdict(settings)
    told["coding"]["frame_rate"] = str(settings.coding.frame_rate)
    pipe.write(json.dumps(told).encode() + b"\n")
    pipe.flush()


def read_settings(pipe: IO[bytes]) -> Settings:
    """Take the settings; raises ValueError where the pipe holds something else."""
    told = json.loads(pipe.readline(MOST_SETTINGS))
    coding = told.pop("coding")
    coding["frame_rate"] = Fraction(coding["frame_rate"])
    coding["background"] = tuple(coding["background"])
    told["size"] = told["size"] and tuple(told["size"])
    return Settings(coding=Coding(**coding), **told)


def write_taken(pipe: IO[bytes], taken: Taken) -> None:
    """Send a frame or sound; what is empty or too large is left out."""
    content = np.ascontiguousarray(taken.content, np.float32 if taken.sample_rate else np.uint8)
    if 0 < content.nbytes <= MOST_BYTES:
        sizes = content.shape if content.ndim == 3 else (*content.shape, 1)
        pipe.write(HEAD.pack(taken.timestamp, taken.sample_rate, *sizes))
        pipe.write(content.data)
        pipe.flush()


def read_taken(pipe: IO[bytes]) -> Taken | None:
    """Take a frame or sound; None at the end. Raises ValueError where the pipe holds something else."""
    head = pipe.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    timestamp, sample_rate, *sizes = HEAD.unpack(head)
    kind = np.dtype(np.float32 if sample_rate else np.uint8)
    size = math.prod(sizes) * kind.itemsize
    if not 0 < size <= MOST_BYTES:
        raise ValueError(f"{size} bytes, expected at most {MOST_BYTES}")
    data = pipe.read(size)
    if len(data) < size:
        return None
    return Taken(timestamp, np.frombuffer(data, kind).reshape(sizes[:2] if sample_rate else sizes), sample_rate)


def shown(url: str) -> str:
    """A URL without what is secret in it: user, password, and everything behind the host, which may be a key."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # no number
        port = ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}/..."
