"""A video frame as a small JPEG, for a browser that looks on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from avatar_nodes.payloads import VideoFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GREY = 128  # behind what is transparent
QUALITY = 80


def jpeg(frame: VideoFrame, width: int) -> bytes:
    """The frame as a JPEG of at most `width` pixels across; what is transparent lies over mid grey."""
    import cv2

    pixels = frame.pixels if frame.pixels.shape[2] == 3 else _over_grey(frame.pixels)
    height, across = pixels.shape[:2]
    if across > width:
        pixels = cv2.resize(pixels, (width, max(1, round(height * width / across))), interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(coded)


def _over_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGBA with straight alpha as RGB, by OpenCV: it is several times faster at this than numpy."""
    import cv2
    import numpy as np

    colour = cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB)
    alpha = cv2.cvtColor(cv2.extractChannel(pixels, 3), cv2.COLOR_GRAY2RGB)
    behind = cv2.multiply(255 - alpha, np.full_like(alpha, GREY), scale=1 / 255)
    return np.asarray(cv2.add(cv2.multiply(colour, alpha, scale=1 / 255), behind))
