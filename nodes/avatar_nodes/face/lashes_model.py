"""The lashes of an upper lid as a strip along its rim: how much darker than skin the photo is there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.lattice_model import lattice_triangles
from avatar_nodes.face.lid_curves_model import Eyelids, Points
from avatar_nodes.face.lid_skin_model import LidSkin

Array = NDArray[np.float64]
Numbers = NDArray[np.float32]

# Lengths are in eye widths.
_REACH = 0.28  # of the strip above the rim
_ROOT = 0.06  # and below it, where it shades the eyeball
_ROWS, _ROOT_ROWS = 28, 6
_DARK = (0.85, 0.5)  # the line of any shut eye, and how much darker where lashes are dense
_LEAST = 0.068  # how thick it is
_OWN = 0.2  # and how much thicker for lashes as long as the strip
_EDGE = 0.03  # how soft it is above
_UNEVEN = 0.22  # how much its thickness varies
_SHADE = 0.4  # how much the lid darkens the eyeball next to it
STEPS = np.array([-_ROOT, 0.0, 0.5 * _REACH, _REACH])  # the rows of the lattice that carries the strip
_THRESHOLD = (0.12, 0.4)  # darkness that is surely none, and surely one, of lashes


@dataclass(frozen=True, slots=True)
class Lashes:
    """Two strips (rows, columns, 3) of factors on the picture: from _ROOT below the rim to _REACH above it."""

    raised: Numbers
    lowered: Numbers
    source: Numbers  # (rows * columns, 2) px of the strips' lattice
    triangles: NDArray[np.int32]


def take_lashes(image: NDArray[np.uint8], lid: LidSkin, lids: Eyelids, rim: Points, colour: Numbers) -> Lashes:
    """Read the lashes along a photo's upper rim (33,); `colour` (3,) is the darkest of the eye."""
    heights = np.linspace(-_ROOT, _REACH, _ROOT_ROWS + _ROWS)
    at = _finer(lids.strip(rim, heights)) - complex(lid.left, lid.top)
    place = np.s_[lid.top : lid.top + lid.skin.shape[0], lid.left : lid.left + lid.skin.shape[1]]
    seen, skin = _sampled(image[place].astype(np.float32), at), _sampled(lid.skin[:, :, :3].copy(), at)
    along = np.sin(np.linspace(0.0, np.pi, at.shape[1]))[None] ** 0.6
    raised, lowered = _strips(seen, skin, heights[:, None], along, colour)
    columns, rows = np.linspace(0, at.shape[1] - 1, len(rim)), (STEPS + _ROOT) / (_REACH + _ROOT) * (len(heights) - 1)
    source = np.stack(np.meshgrid(columns, rows), axis=2).reshape(-1, 2).astype(np.float32)
    return Lashes(raised, lowered, source, lattice_triangles(len(STEPS), len(rim)))


def _strips(seen: Array, skin: Array, height: Array, along: Array, colour: Numbers) -> tuple[Numbers, Numbers]:
    """The photo's own lashes, with what they and the lid shade, and those of a shut eye: as long, and as dark."""
    ratio = np.clip((seen + 6.0) / (skin + 6.0), 0.12, 1.0)
    share = _own_share(1.0 - ratio.mean(axis=2)) * np.clip((_REACH - height) / 0.08, 0.0, 1.0) * along
    own = 1.0 - share[:, :, None] * (1.0 - ratio)
    shade = 1.0 - _SHADE * along * np.exp(-((height / 0.045) ** 2)) * (height < 0)
    darkest = 1.0 - np.clip((colour + 6.0) / (skin[_ROOT_ROWS] + 6.0), 0.1, 0.9)[None]  # (1, columns, 3)
    raised = np.minimum(own, 1.0 - 0.5 * _line(height, along, 0.0)[:, :, None] * darkest) * shade[:, :, None]
    dense = share.mean(axis=0) * np.linspace(1.0, 0.2, share.shape[1])  # most at the outer corner
    lowered = 1.0 - _line(height, along, dense)[:, :, None] * darkest
    return np.ascontiguousarray(raised, np.float32), np.ascontiguousarray(lowered, np.float32)


def _own_share(dark: Array) -> Array:
    """What of a strip's darkness are lashes: only what goes on from the rim; a crease does not."""
    dark[:_ROOT_ROWS] = 1.0
    attached = np.minimum.accumulate(cv2.dilate(dark.astype(np.float32), np.ones((1, 5), np.uint8)), axis=0)
    none, all_ = _THRESHOLD
    share = np.clip((np.minimum(attached, dark) - none) / (all_ - none), 0.0, 1.0)
    share[:_ROOT_ROWS] = 0.0
    return np.asarray(share)


def _line(height: Array, along: Array, dense: Array | float) -> Array:
    """How dark (0 to 1) lids are where they meet, whatever the photo has there: fine lashes below, an edge above."""
    uneven = 1.0 + cv2.blur(np.random.default_rng(0).normal(0.0, _UNEVEN, along.shape), (3, 1)).reshape(along.shape)
    thick = (_LEAST + _OWN * dense) * uneven
    soft = np.where(height < 0, _EDGE, thick * (0.4 + 0.6 * along))
    return np.asarray(np.minimum(_DARK[0] + _DARK[1] * dense, 0.95) * along * np.exp(-((height / soft) ** 2)))


def _finer(strip: Points) -> Points:
    """The strip with a column every px or so."""
    columns = max(int(abs(strip[0, -1] - strip[0, 0])), 8)
    at = np.linspace(0, strip.shape[1] - 1, columns)
    first = np.minimum(at.astype(int), strip.shape[1] - 2)
    return np.asarray(strip[:, first] + (at - first) * (strip[:, first + 1] - strip[:, first]))


def _sampled(picture: Numbers, at: Points) -> Array:
    x, y = at.real.astype(np.float32), at.imag.astype(np.float32)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float64)
