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
        pixels = _over_grey(pixels, _mixed(frame.pixels, [3, 0, 3, 1, 3, 2]))
    height, across = pixels.shape[:2]
    if across > width:
        pixels = cv2.resize(pixels, (width, max(1, round(height * width / across))), interpolation=cv2.INTER_AREA)
    _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(coded)


def _over_grey(colour: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Straight alpha over grey; both with three channels."""
    import cv2

    shown = cv2.multiply(colour, alpha, scale=1 / 255)
    return cv2.scaleAdd(cv2.bitwise_not(alpha), GREY / 255, shown)


def _mixed(pixels: NDArray[np.uint8], channels: list[int]) -> NDArray[np.uint8]:
    """Three channels out of these; unlike cvtColor it wakes no pool of threads, which costs more than the work."""
    import cv2
    import numpy as np

    mixed = np.empty((*pixels.shape[:2], 3), np.uint8)
    cv2.mixChannels([pixels], [mixed], channels)
    return mixed
