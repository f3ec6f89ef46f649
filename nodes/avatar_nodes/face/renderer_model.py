"""A face in motion from one photo: plain numpy and compiled loops, no graph."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.eyes_model import Eyes
from avatar_nodes.face.full_frame_model import NO_EDGES, Edges, Hold
from avatar_nodes.face.glasses_model import Glasses
from avatar_nodes.face.identity_model import identify
from avatar_nodes.face.mouth_model import Mouth
from avatar_nodes.face.palette_model import measure
from avatar_nodes.face.portrait_model import Portrait
from avatar_nodes.face.puppet_model import Placed, Puppet
from avatar_nodes.face.skin_model import Skin as FoldingSkin
from avatar_nodes.face.sway_model import STILL, Sway
from avatar_nodes.face.warp_model import Warp
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES, FaceMotion

_EXAGGERATION = (-0.5, 1.5)
_LARGEST_COMPONENT = 8.0  # of dynamics, whose usual spread is 1


class Skin(Protocol):
    """How the light on the skin changes with a motion."""

    tint: tuple[float, float, float]  # how much of the change red, green and blue take

    def gain(self, motion: FaceMotion) -> NDArray[np.float32] | None:
        """How much brighter (1: unchanged) the photo's pixels become, (cells, cells); None: nothing changes."""


class Renderer:
    """Draws one person; `render` gives the frame for a motion. The same motion gives the same bytes.

    `backdrop` stands behind the person: (size, size, 3) RGB, or (size, size, 4) for frames with straight alpha; the
    photo's own background without it. At the `held` edges nothing moves.
    """

    def __init__(self, portrait: Portrait, backdrop: NDArray[np.uint8] | None = None, held: Edges = NO_EDGES) -> None:
        size = len(portrait.image)
        self.size = size
        self.identity = identify(portrait.landmarks)
        self.puppet = Puppet(self.identity, size, portrait.layers.person[:, :, 3])
        self.layers = portrait.layers
        glasses = Glasses.of(portrait.image, portrait.landmarks, portrait.layers)
        image = portrait.image if glasses is None else glasses.bare
        layers = portrait.layers if glasses is None else glasses.taken_off(portrait.layers)
        self.backdrop = portrait.layers.background if backdrop is None else backdrop
        self.skin: Skin | None = FoldingSkin(self.identity, image, portrait.landmarks)
        self._warp = Warp(self.puppet.source, self.puppet.triangles, layers, self.backdrop, self.skin.tint)
        self._hold = Hold(self.puppet, size, held) if held != NO_EDGES else None
        palette = measure(portrait.image, portrait.landmarks, portrait.scale)
        self.mouth = Mouth(self.puppet, portrait.image, palette)
        self.eyes = Eyes(self.puppet, image, portrait.landmarks, palette)
        self.glasses = None if glasses is None else glasses.worn_by(self.puppet)

    @property
    def photo_motion(self) -> FaceMotion:
        """The motion at which the frame is the photo."""
        return self.identity.photo_motion

    def warm_up(self) -> None:
        """Compile (or load) the inner loops, so that the first frame is as fast as the others."""
        expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
        expression[[EXPRESSION_INDEX[name] for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight")]] = 0.5
        self.render(FaceMotion(self.photo_motion.head, expression, self.photo_motion.gaze))

    def render(self, motion: FaceMotion, sway: Sway = STILL) -> NDArray[np.uint8]:
        """A new frame, of the backdrop's shape. Every number of `motion` must be finite."""
        motion = _bounded(motion)
        placed = self.puppet.place(motion, sway)
        if self._hold is not None:
            placed = self._hold(placed)
        picture = np.empty_like(self.backdrop)
        self.warp(placed, picture, self.skin.gain(motion) if self.skin is not None else None)
        self.eyes.draw(placed, motion, picture)
        self.mouth.draw(placed, motion, picture)
        if self.glasses is not None:
            self.glasses.draw(placed, picture)
        return picture

    def warp(self, placed: Placed, picture: NDArray[np.uint8], gain: NDArray[np.float32] | None = None) -> None:
        """Draw the person, lit by `gain`, with eyes and lips as the photo's own are stretched, over the backdrop."""
        self._warp.draw(placed.points, placed.depth, gain, picture)


def _bounded(motion: FaceMotion) -> FaceMotion:
    """Coefficients a little beyond 0 to 1 exaggerate; far beyond, a mesh would turn inside out."""
    dynamics = motion.dynamics
    return dataclasses.replace(
        motion,
        expression=np.clip(motion.expression, *_EXAGGERATION),
        closure=min(max(motion.closure, 0.0), 1.0),
        dynamics=None if dynamics is None else np.clip(dynamics, -_LARGEST_COMPONENT, _LARGEST_COMPONENT),
    )
