"""LatentRenderer: one portrait photo in motion, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avatar_nodes.payloads import FaceMotion, VideoFrame
from graphcore import Input, Node, NodeError, Output, Param

if TYPE_CHECKING:
    from avatar_nodes.face.loaded_face_model import FaceLoader, LoadedFace, Wish
    from avatar_nodes.face.sway_model import Sway, SwayModel

EASE_NS = 300_000_000  # from the photo's own expression into the first motion


class LatentRenderer(Node):
    """Draw a portrait with the motion it is given: the photo itself, warped by a 3D mesh of the face.

    The first frame is the photo; over 300 ms it eases into the motion. Live, another photo or background is prepared
    beside the running face, and shown once it is ready; where it cannot be, a notice says so and the face goes on.
    """

    own_thread = True  # the longest work of a talking head

    motion = Input(FaceMotion, doc="the face to show; a frame is sent for each one")
    frames = Output(VideoFrame, doc="size x size, or the whole photo; RGB, or RGBA where nothing stands behind")
    portrait = Param.file_in(live=True, doc="a photo of one person who looks at the camera, or an .avatar file")
    size = Param(512, ge=256, le=1024, unit="px", doc="width and height of a talking head")
    framing = Param("head", choices=("head", "full"), doc="a talking head, or the whole photo around it as it is")
    background = Param(
        "photo", live=True, doc="behind a talking head: photo, blur, transparent, or a colour such as '#1e90ff'"
    )
    background_picture = Param[Path | None](None, file="in", doc="a picture behind a talking head instead")
    sway = Param(1.0, ge=0.0, le=1.0, live=True, doc="how much hair lags and shoulders breathe; 0: not at all")

    _face: LoadedFace
    _wish: Wish
    _loader: FaceLoader | None = None
    _swaying: SwayModel
    _start: int | None

    def open(self) -> None:
        from avatar_nodes.face.loaded_face_model import FaceLoader, LoadedFace, Wish
        from avatar_nodes.face.photo_file_model import PortraitError

        full = self.framing == "full"
        self._wish = Wish(self.portrait, self.size, full, self.background, self.background_picture)
        try:
            self._face = LoadedFace(self._wish)
        except PortraitError as error:
            raise NodeError(error.what, fix=error.fix) from error
        self._loader = FaceLoader()
        self._begin()

    def changed(self, param: str) -> None:
        if param == "sway" or self._loader is None:
            return
        self._wish = replace(self._wish, **{param: getattr(self, param)})
        self._loader.ask(self._wish)

    def process(self, motion: FaceMotion) -> None:
        from avatar_nodes.face.identity_model import with_gaze

        self._look_for_new_face()
        _check_finite(motion)
        motion = with_gaze(motion)
        if self._start is None:
            self._start = self.timestamp
        elapsed = min((self.timestamp - self._start) / EASE_NS, 1.0)
        weight = elapsed * elapsed * (3.0 - 2.0 * elapsed)
        shown = motion if weight == 1.0 else self._face.photo_motion.between(motion, weight)
        self.frames.send(VideoFrame(self._face.draw(shown, self._swayed(shown))))

    def close(self) -> None:
        if self._loader is not None:
            self._loader.close()

    def _look_for_new_face(self) -> None:
        """Show what was wished meanwhile; where that cannot be, the face goes on as it is."""
        made = self._loader.take() if self._loader is not None else None
        if made is None:
            return
        if isinstance(made, Exception):
            fault: Exception | str = made
        elif made.size != self._face.size:  # whoever shows or keeps the frames counts on their size
            width, height = self._face.size
            fault = f"{made.wish.portrait.name}: {made.size[0]} x {made.size[1]} px, expected {width} x {height} px"
        else:
            before, self._face = self._face, made
            if before.wish.portrait != made.wish.portrait:
                self._begin()
            return
        self._wish = self._face.wish
        self.portrait, self.background = self._wish.portrait, self._wish.background
        self.context.notice(f"{fault}; {self._wish.portrait.name} is shown as before")

    def _begin(self) -> None:
        """The next frame is the photo as it is."""
        from avatar_nodes.face.sway_model import SwayModel

        for text in self._face.notices:
            self.context.notice(f"{self._face.wish.portrait.name}: {text}")
        self._swaying = SwayModel()
        self._start = None

    def _swayed(self, shown: FaceMotion) -> Sway:
        from avatar_nodes.face.sway_model import away_from

        away = away_from(self._face.photo_motion, shown)
        return self._swaying.at(self.timestamp, shown.head, away).scaled(self.sway)


def _check_finite(motion: FaceMotion) -> None:
    for name in ("head", "expression", "gaze", "closure", "dynamics"):
        values = getattr(motion, name)
        if values is not None and not np.isfinite(values).all():
            raise NodeError(f"motion.{name} holds a number that is not finite", fix="look at the node that sends it")
