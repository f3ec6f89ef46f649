"""LatentRenderer: one portrait photo in motion, frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avatar_nodes.payloads import FaceMotion, VideoFrame
from graphcore import Input, Node, NodeError, Output, Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from avatar_nodes.face.full_frame_model import FullFrame
    from avatar_nodes.face.portrait_model import Portrait
    from avatar_nodes.face.renderer_model import Renderer
    from avatar_nodes.face.sway_model import Sway, SwayModel

EASE_NS = 300_000_000  # from the photo's own expression into the first motion


class LatentRenderer(Node):
    """Draw a portrait with the motion it is given: the photo itself, warped by a 3D mesh of the face.

    The first frame is the photo; over 300 ms it eases into the motion.
    """

    own_thread = True  # the longest work of a talking head

    motion = Input(FaceMotion, doc="the face to show; a frame is sent for each one")
    frames = Output(VideoFrame, doc="size x size, or the whole photo; RGB, or RGBA where nothing stands behind")
    portrait = Param.file_in(doc="a photo of one person who looks at the camera, or an .avatar file")
    size = Param(512, ge=256, le=1024, unit="px", doc="width and height of a talking head")
    framing = Param("head", choices=("head", "full"), doc="a talking head, or the whole photo around it as it is")
    background = Param("photo", doc="behind a talking head: photo, blur, transparent, or a colour such as '#1e90ff'")
    background_picture = Param[Path | None](None, file="in", doc="a picture behind a talking head instead")
    sway = Param(1.0, ge=0.0, le=1.0, live=True, doc="how much hair lags and shoulders breathe; 0: not at all")

    _renderer: Renderer
    _whole: FullFrame | None
    _swaying: SwayModel
    _start: int | None

    def open(self) -> None:
        self._check_params()
        from avatar_nodes.face.full_frame_model import NO_EDGES, FullFrame
        from avatar_nodes.face.renderer_model import Renderer
        from avatar_nodes.face.sway_model import SwayModel

        portrait, backdrop = self._load()
        for text in portrait.notices:
            self.context.notice(f"{self.portrait.name}: {text}")
        self._whole = FullFrame(portrait) if self.framing == "full" else None
        if self._whole is not None and self._whole.smaller_than(self.portrait):
            width, height = self._whole.size
            self.context.notice(f"{self.portrait.name}: shown at {width} x {height} px, smaller than it is")
        self._renderer = Renderer(portrait, backdrop, self._whole.edges if self._whole is not None else NO_EDGES)
        self._renderer.warm_up()
        self._swaying = SwayModel()
        self._start = None

    def process(self, motion: FaceMotion) -> None:
        from avatar_nodes.face.identity_model import with_gaze

        _check_finite(motion)
        motion = with_gaze(motion)
        if self._start is None:
            self._start = self.timestamp
        elapsed = min((self.timestamp - self._start) / EASE_NS, 1.0)
        weight = elapsed * elapsed * (3.0 - 2.0 * elapsed)
        shown = motion if weight == 1.0 else self._renderer.photo_motion.between(motion, weight)
        frame = self._renderer.render(shown, self._swayed(shown))
        self.frames.send(VideoFrame(frame if self._whole is None else self._whole.around(frame)))

    def _check_params(self) -> None:
        """Say what is wrong before any work is done."""
        from avatar_nodes.face.backdrop_model import WORDS, is_backdrop

        if not is_backdrop(self.background):
            expected = f"expected {', '.join(WORDS)}, or a colour in quotes such as '#1e90ff'"
            raise NodeError(f"background {self.background!r}: {expected}", fix="a picture is a background_picture")
        own = self.background == "photo"
        if self.background_picture is not None and not own:
            raise NodeError("background and background_picture are both given", fix="leave one of them out")
        if self.framing == "full" and not (own and self.background_picture is None):
            raise NodeError("the whole photo keeps its own background", fix="set framing: head, or background: photo")

    def _load(self) -> tuple[Portrait, NDArray[np.uint8]]:
        """The portrait, and what stands behind the person; the compiler is loaded meanwhile."""
        from concurrent.futures import ThreadPoolExecutor

        from avatar_nodes.face.backdrop_model import make_backdrop, picture_backdrop
        from avatar_nodes.face.kernel_model import load_compiler
        from avatar_nodes.face.photo_file_model import PortraitError
        from avatar_nodes.face.portrait_cache_model import load_portrait

        try:
            with ThreadPoolExecutor(1) as beside:
                beside.submit(load_compiler)
                portrait = load_portrait(self.portrait, None if self.framing == "full" else self.size)
            if self.background_picture is not None:
                return portrait, picture_backdrop(self.background_picture, self.size)
        except PortraitError as error:
            raise NodeError(error.what, fix=error.fix) from error
        return portrait, make_backdrop(self.background, portrait.layers.background)

    def _swayed(self, shown: FaceMotion) -> Sway:
        from avatar_nodes.face.sway_model import away_from

        away = away_from(self._renderer.photo_motion, shown)
        return self._swaying.at(self.timestamp, shown.head, away).scaled(self.sway)


def _check_finite(motion: FaceMotion) -> None:
    for name in ("head", "expression", "gaze", "closure", "dynamics"):
        values = getattr(motion, name)
        if values is not None and not np.isfinite(values).all():
            raise NodeError(f"motion.{name} holds a number that is not finite", fix="look at the node that sends it")
