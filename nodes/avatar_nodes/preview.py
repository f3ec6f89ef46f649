"""A video frame as a small JPEG, for a browser that looks on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from avatar_nodes.payloads import VideoFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GREY = 128  # behind what is transparent
QUALITY = 80


def jpeg(frame: VideoFrame, width: int) -> bytes:
    """The frame as a JPEG of at most `width` pixels across; what is transparent lies over mid grey."""
    import cv2

    pixels: NDArray[Any] = _mixed(frame.pixels, [0, 2, 1, 1, 2, 0])  # BGR, as OpenCV has it
    if frame.pixels.shape[2] == 4:
        _lay_over_grey(pixels, _mixed(frame.pixels, [3, 0, 3, 1, 3, 2]))
    height, across = pixels.shape[:2]
    if across > width:
        pixels = cv2.resize(pixels, (width, max(1, round(height * width / across))), interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(coded)


def _lay_over_grey(colour: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    """Straight alpha over grey, in place of both, for new pages cost more than the arithmetic; three channels each."""
    import cv2

    cv2.multiply(colour, alpha, colour, scale=1 / 255)
    cv2.bitwise_not(alpha, alpha)
    cv2.scaleAdd(alpha, GREY / 255, colour, colour)


def _mixed(pixels: NDArray[np.uint8], channels: list[int]) -> NDArray[np.uint8]:
    """Three channels out of these; unlike cvtColor it wakes no pool of threads, which costs more than the work."""
    import cv2
    import numpy as np

    mixed = np.empty((*pixels.shape[:2], 3), np.uint8)
    cv2.mixChannels([pixels], [mixed], channels)
    return mixed
