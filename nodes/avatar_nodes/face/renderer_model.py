"""A face in motion from one photo: plain numpy and compiled loops, no graph."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.appearance_model import split_layers
from avatar_nodes.face.eyes_model import Eyes
from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.mouth_model import Mouth
from avatar_nodes.face.palette_model import measure
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.raster_model import compose, raster
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

_EXAGGERATION = (-0.5, 1.5)


class Renderer:
    """Draws one person; `render` gives the frame for a motion. The same motion gives the same bytes."""

    def __init__(self, portrait: Portrait) -> None:
        size = len(portrait.image)
        self.size = size
        self.identity = identify(portrait.landmarks)
        self.puppet = Puppet(self.identity, size)
        self.layers = split_layers(portrait.image, portrait.matte, portrait.background)
        palette = measure(portrait.image, portrait.landmarks, portrait.scale)
        self.mouth = Mouth(self.puppet, portrait.image, palette)
        self.eyes = Eyes(self.puppet, portrait.image, portrait.landmarks, palette)
        self._sampling = np.empty((size, size, 2), np.float32)
        self._nearest = np.empty((size, size), np.float32)

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
        """A new frame, (size, size, 3) RGB. Every number of `motion` must be finite."""
        motion = _bounded(motion)
        placed = self.puppet.place(motion)
        picture = np.empty((self.size, self.size, 3), np.uint8)
        self.warp(placed, picture)
        self.eyes.draw(placed, motion, picture)
        self.mouth.draw(placed, motion, picture)
        return picture

    def warp(self, placed: Placed, picture: NDArray[np.uint8]) -> None:
        """Draw the person, with eyes and lips as the photo's own are stretched, over the background."""
        puppet, layers = self.puppet, self.layers
        raster(placed.points, placed.depth, puppet.source, puppet.triangles, self._sampling, self._nearest)
        compose(layers.person, layers.background, layers.rest, self._sampling, picture)


def _bounded(motion: FaceMotion) -> FaceMotion:
    """Coefficients a little beyond 0 to 1 exaggerate; far beyond, a mesh would turn inside out."""
    low, high = _EXAGGERATION
    if motion.expression.min() >= low and motion.expression.max() <= high:
        return motion
    return dataclasses.replace(motion, expression=np.clip(motion.expression, low, high))
