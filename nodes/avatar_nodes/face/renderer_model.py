"""A face in motion from one photo: plain numpy and compiled loops, no graph."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.appearance_model import split_layers
from avatar_nodes.face.eyes_model import Eyes
from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.mouth_model import Mouth
from avatar_nodes.face.palette_model import measure
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.raster_model import over_background, raster
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion


class Renderer:
    """Draws one person; `render` gives the frame for a motion. The same motion gives the same bytes."""

    def __init__(self, portrait: Portrait) -> None:
        size = len(portrait.image)
        self.size = size
        self.identity = identify(portrait.landmarks)
        self.puppet = Puppet(self.identity, portrait.landmarks, size)
        self.layers = split_layers(portrait.image, portrait.matte, portrait.background)
        palette = measure(portrait.image, portrait.landmarks, portrait.scale)
        self._mouth = Mouth(self.puppet, portrait.image, palette)
        self._eyes = Eyes(self.puppet, portrait.image, portrait.landmarks, palette)
        self._sampling = np.empty((size, size, 2), np.float32)
        self._nearest = np.empty((size, size), np.float32)
        self._person = np.empty((size, size, 4), np.uint8)

    @property
    def photo_motion(self) -> FaceMotion:
        """The motion at which the frame is the photo."""
        return self.identity.photo_motion

    def warm_up(self) -> None:
        """Compile (or load) the inner loops, so that the first frame is as fast as the others."""
        expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
        expression[EXPRESSION_INDEX["jawOpen"]] = 0.5
        self.render(FaceMotion(self.photo_motion.head, expression, self.photo_motion.gaze))

    def render(self, motion: FaceMotion) -> NDArray[np.uint8]:
        """A new frame, (size, size, 3) RGB."""
        placed = self.puppet.place(motion)
        picture = np.empty((self.size, self.size, 3), np.uint8)
        self._draw_person(placed, picture)
        self._eyes.draw(placed, motion, picture)
        self._mouth.draw(placed, motion, picture)
        return picture

    def _draw_person(self, placed: Placed, picture: NDArray[np.uint8]) -> None:
        puppet = self.puppet
        raster(placed.points, placed.depth, puppet.source, puppet.triangles, self._sampling, self._nearest)
        cv2.remap(
            self.layers.person,
            self._sampling,
            None,
            cv2.INTER_LINEAR,
            dst=self._person,
            borderMode=cv2.BORDER_REPLICATE,
        )
        over_background(self._person, self.layers.background, picture)
