"""Frames as numbered PNG files, each of which says that it is synthetic."""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.movie_time_model import NS_PER_S, MovieTime
from avatar_nodes.sinks.provenance import LABEL, MediaSigner

DIGITS = 6
# Run lengths: as small as more thorough compression here, in two thirds of its time.
_ENCODING = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)
_HEAD = 8 + 25  # bytes of a PNG's signature and its header chunk; text may follow


def png_of(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of (height, width, 3 or 4), RGB or RGBA with straight alpha, whose text says that it is synthetic."""
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or 0 in pixels.shape:
        raise ValueError(f"a frame of shape {pixels.shape}, expected RGB or RGBA")
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    made, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, order), _ENCODING)
    assert made, "PNG can hold every picture of this type"
    content = encoded.tobytes()
    return content[:_HEAD] + _text("Description", LABEL) + content[_HEAD:]


def _text(keyword: str, text: str) -> bytes:
    """A tEXt chunk (PNG specification, 11.3.3.2)."""
    body = b"tEXt" + keyword.encode("latin-1") + b"\0" + text.encode("latin-1")
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


class PictureWriter:
    """Writes `NAME-000001.png` and so on beside `path`, on the grid of the frame rate; a gap repeats what was before.

    Raises OSError where nothing can be written, ValueError (GapError) for what is no picture or far too late.
    """

    def __init__(
        self, path: Path, frame_rate: Fraction, signer: MediaSigner | None, cancelled: Callable[[], bool]
    ) -> None:
        self.pictures = 0  # written so far
        self.dropped = 0  # came too late for their place
        self._path = path
        self._frame_rate = frame_rate
        self._time = MovieTime(frame_rate)
        self._signer = signer
        self._cancelled = cancelled

    def add(self, timestamp: int, pixels: NDArray[np.uint8]) -> None:
        """Write a frame, and what was before it once more for every place between them."""
        slot = round(self._time.offset(timestamp, "a frame") * self._frame_rate / NS_PER_S)
        if slot < self.pictures:
            self.dropped += 1
            return
        content = png_of(pixels)
        while self.pictures < slot:
            if self._cancelled():
                return
            self._write(self.name(self.pictures).read_bytes() if self.pictures else content, self.pictures > 0)
        self._write(content, signed=False)

    def name(self, number: int) -> Path:
        """The file of one picture; the first is 1."""
        return self._path.with_name(f"{self._path.stem}-{number:0{DIGITS}}{self._path.suffix}")

    def older(self) -> Path | None:
        """The picture after the last one, where an earlier run has left it."""
        following = self.name(self.pictures + 1)
        return following if following.exists() else None

    def close(self) -> None:
        """Give the key back."""
        if self._signer is not None:
            self._signer.close()

    def _write(self, content: bytes, signed: bool) -> None:
        target = self.name(self.pictures + 1)
        partial = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
        try:
            partial.write_bytes(content)
            if self._signer is not None and not signed:
                whole = partial.with_suffix(f".signed{target.suffix}")
                self._signer.sign(partial, whole, title=target.name)
                os.replace(whole, partial)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        self.pictures += 1
