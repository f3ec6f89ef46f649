"""LatentRenderer: one portrait photo in motion, frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from avatar_nodes.payloads import FaceMotion, VideoFrame
from graphcore import Input, Node, NodeError, Output, Param

if TYPE_CHECKING:
    from avatar_nodes.face.renderer_model import Renderer

EASE_NS = 300_000_000  # from the photo's own expression into the first motion


class LatentRenderer(Node):
    """Draw a portrait with the motion it is given: the photo itself, warped by a 3D mesh of the face.

    The first frame is the photo; over 300 ms it eases into the motion.
    """

    own_thread = True  # the longest work of a talking head

    motion = Input(FaceMotion, doc="the face to show; a frame is sent for each one")
    frames = Output(VideoFrame, doc="RGB, size x size")
    portrait = Param.file_in(doc="a photo, painting or drawing of one person who looks at the camera")
    size = Param(512, ge=256, le=1024, unit="px", doc="width and height of a frame")

    _renderer: Renderer
    _start: int | None

    def open(self) -> None:
        from avatar_nodes.face.portrait_model import PortraitError, prepare_portrait
        from avatar_nodes.face.renderer_model import Renderer

        try:
            portrait = prepare_portrait(self.portrait, self.size)
        except PortraitError as error:
            raise NodeError(error.what, fix=error.fix) from error
        for text in portrait.notices:
            self.context.notice(text)
        self._renderer = Renderer(portrait)
        self._renderer.warm_up()
        self._start = None

    def process(self, motion: FaceMotion) -> None:
        _check_finite(motion)
        if self._start is None:
            self._start = self.timestamp
        elapsed = min((self.timestamp - self._start) / EASE_NS, 1.0)
        weight = elapsed * elapsed * (3.0 - 2.0 * elapsed)
        shown = motion if weight == 1.0 else self._renderer.photo_motion.between(motion, weight)
        self.frames.send(VideoFrame(self._renderer.render(shown)))


def _check_finite(motion: FaceMotion) -> None:
    numbers = {"head": motion.head, "expression": motion.expression, "gaze": motion.gaze, "closure": motion.closure}
    for name, values in numbers.items():
        if values is not None and not np.isfinite(values).all():
            raise NodeError(f"motion.{name} holds a number that is not finite", fix="look at the node that sends it")
