"""The picture of a movie: RGB frames become H.264 at a constant frame rate."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.sinks.opaque_model import opaque

NS_PER_S = 1_000_000_000
FRAMES_BETWEEN_LOOKS = 250  # that are held before it is asked again whether the run goes on

# What cv2 computes from sRGB: the BT.601 matrix in studio range. Written into the file, so colours come back right.
MATRIX_BT601 = 6
PRIMARIES_BT709 = 1
TRANSFER_SRGB = 13
RANGE_STUDIO = 1


class PictureTrack:
    """Puts frames on the grid of a constant frame rate; a slot without a frame holds the one before.

    It is as good as `crf` says, or takes `bit_rate` bits a second where that is given.
    x264 runs on one thread: another number of threads gives other bytes, and one is fast enough.
    """

    def __init__(
        self,
        container: Any,
        frame_rate: Fraction,
        size: tuple[int, int],
        *,
        preset: str,
        background: tuple[int, int, int],
        crf: int = 20,
        bit_rate: int | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.frame_rate = frame_rate
        self.size = size  # width, height, as they come
        self.frames = 0  # written so far
        self.dropped = 0  # came too late for their slot
        self.broken_off = False  # the run was cancelled while a long gap was filled
        self._cancelled = cancelled
        self._background = background
        self._held: NDArray[np.uint8] | None = None  # the newest frame as I420
        self._stream = container.add_stream("libx264", rate=frame_rate)
        self._stream.width, self._stream.height = size[0] + size[0] % 2, size[1] + size[1] % 2
        self._stream.pix_fmt = "yuv420p"
        # No B-frames and no lookahead (zerolatency): a frame is in the file as soon as it was sent.
        self._stream.options = {"preset": preset, "tune": "zerolatency", "profile": "high"}
        self._stream.options |= {"crf": str(crf)} if bit_rate is None else _constant(bit_rate)
        codec = self._stream.codec_context
        codec.thread_count = 1
        codec.gop_size = max(1, round(2 * frame_rate))
        codec.colorspace, codec.color_range = MATRIX_BT601, RANGE_STUDIO
        codec.color_primaries, codec.color_trc = PRIMARIES_BT709, TRANSFER_SRGB

    def add(self, offset_ns: int, pixels: NDArray[np.uint8]) -> list[Any]:
        """Encode a frame that belongs `offset_ns` after the start of the movie; returns encoded packets.

        `pixels` is (height, width, 3 or 4), 8 bit sRGB with straight alpha.
        """
        slot = round(offset_ns * self.frame_rate / NS_PER_S)
        if slot < self.frames:
            self.dropped += 1
            return []
        picture = _to_i420(opaque(pixels, self._background))
        if self._held is None:
            self._held = picture  # what comes before the first frame shows the first frame
        packets = self.hold_until(slot)
        if self.broken_off:
            return packets
        self._held = picture
        return packets + self._encode(picture)

    def hold_until(self, slot: int) -> list[Any]:
        """Fill every slot before this one with the newest frame, or as many as fit until the run is cancelled."""
        packets: list[Any] = []
        next_look = self.frames + FRAMES_BETWEEN_LOOKS
        while self.frames < slot and self._held is not None and not self.broken_off:
            packets += self._encode(self._held)
            if self.frames == next_look:
                self.broken_off = self._cancelled()
                next_look += FRAMES_BETWEEN_LOOKS
        return packets

    def flush(self) -> list[Any]:
        """Whatever the encoder still holds."""
        return list(self._stream.encode(None))

    def _encode(self, picture: NDArray[np.uint8]) -> list[Any]:
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = self.frames
        frame.time_base = 1 / self.frame_rate
        self.frames += 1
        return list(self._stream.encode(frame))


def _constant(bit_rate: int) -> dict[str, str]:
    """For a network: never more than this, over a second; key frames come at their time only."""
    bits = str(bit_rate)
    return {"b": bits, "maxrate": bits, "bufsize": bits, "sc_threshold": "0"}


def _to_i420(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The planes Y, U, V below each other, (height * 3 / 2, width); an odd edge is repeated to make it even.

    cv2 takes the chroma of every other pixel; averaged over 2x2 pixels it does not flicker along moving lips.
    """
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
        height, width = rgb.shape[:2]
    planes = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8)
    half = cv2.resize(rgb, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    full_range = cv2.cvtColor(half, cv2.COLOR_RGB2YCrCb)
    blue, red = planes.reshape(-1)[height * width :].reshape(2, height // 2, width // 2)
    cv2.LUT(cv2.extractChannel(full_range, 2), _STUDIO_CHROMA, dst=blue)
    cv2.LUT(cv2.extractChannel(full_range, 1), _STUDIO_CHROMA, dst=red)
    return planes


_STUDIO_CHROMA = np.round((np.arange(256) - 128) * 224 / 255 + 128).astype(np.uint8)  # from full range: 16 to 240
