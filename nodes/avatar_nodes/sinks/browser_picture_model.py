"""A picture as a browser takes it fastest: its colours as a JPEG, and what shows through as a PNG beside it."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

CELL = 16  # px: what a JPEG with halved colours codes together
LARGEST = 65_500  # px a side, of a JPEG
PNG = b"\x89PNG\r\n\x1a\n"
BLACK = bytes(3 * 256)  # 256 colours, all the same
OPACITY = bytes(range(256))  # and what of each is seen: its own number


def coded_picture(pixels: Pixels, quality: int) -> tuple[bytes, bytes]:
    """Colours (JPEG) and matte (PNG whose alpha counts; empty where the picture, RGB or straight RGBA, is opaque).

    Raises ValueError for a picture that is too large.
    """
    if pixels.shape[2] == 3:
        return _jpeg(_as_pixels(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)), quality), b""
    matte = _as_pixels(cv2.extractChannel(pixels, 3))
    colours = _as_pixels(cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR))
    return _jpeg(_spread(colours, matte), quality), matte_png(matte)


def matte_png(matte: NDArray[np.uint8]) -> bytes:
    """A matte (height, width) as a PNG that any program lays over things as it is, without loss.

    Its pixels are numbers of colours that differ in opacity alone: colour type 3 with tRNS, 8 bits a pixel
    (https://www.w3.org/TR/png-3/).
    """
    height, width = matte.shape
    rows = np.empty((height, 1 + width), np.uint8)
    rows[:, 0] = 2  # filter "up": the difference to the row above
    rows[0, 1:] = matte[0]
    np.subtract(matte[1:], matte[:-1], out=rows[1:, 1:])
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    packed = packer.compress(rows.data) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", BLACK), (b"tRNS", OPACITY), (b"IDAT", packed), (b"IEND", b""))
    return PNG + b"".join(_chunk(name, content) for name, content in parts)


def _as_pixels(made: object) -> Pixels:
    """What OpenCV made, which its types do not tell."""
    return np.asarray(made, np.uint8)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _jpeg(picture: Pixels, quality: int) -> bytes:
    height, width = picture.shape[:2]
    if max(height, width) > LARGEST:
        raise ValueError(f"{width} x {height} px; a JPEG has at most {LARGEST} px a side")
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _spread(picture: Pixels, matte: Pixels) -> Pixels:
    """Colours of the edge also where nothing is seen: a JPEG mixes neighbours, and the edge would get a fringe."""
    height, width = matte.shape
    seen = cv2.threshold(matte, 0, 255, cv2.THRESH_BINARY)[1]
    small = (-(-width // CELL), -(-height // CELL))
    share = cv2.resize(seen, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    colours = cv2.bitwise_and(picture, picture, mask=seen)
    colours = cv2.resize(colours, small, interpolation=cv2.INTER_AREA).astype(np.float32)
    colours = colours + 0.01 * cv2.blur(colours, (3, 3))  # a cell that sees nothing takes its neighbours' colour
    share = share + 0.01 * cv2.blur(share, (3, 3))
    mean = np.clip(colours * (255.0 / np.maximum(share, 1e-3))[..., None], 0, 255).astype(np.uint8)
    everywhere = cv2.resize(mean, (width, height), interpolation=cv2.INTER_NEAREST)
    return _as_pixels(cv2.copyTo(everywhere, cv2.bitwise_not(seen), picture))
