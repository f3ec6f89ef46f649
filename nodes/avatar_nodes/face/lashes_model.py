"""The lashes of an upper lid as a strip along its rim: how much darker than skin the photo is there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face.lattice_model import lattice_triangles
from avatar_nodes.face.lid_skin_model import LidSkin

Array = NDArray[np.float64]
Numbers = NDArray[np.float32]

# Lengths are in eye widths.
_REACH = 0.28  # of the strip above the rim
_ROOT = 0.06  # and below it, where it shades the eyeball
_ROWS, _ROOT_ROWS = 28, 6
_DARK = (0.75, 0.5)  # the line of any shut eye, and how much darker where lashes are dense
_LEAST = 0.05  # how thick it is
_OWN = 0.2  # and how much thicker for lashes as long as the strip
_EDGE = 0.025  # how soft it is above
_UNEVEN = 0.4
_SHADE = 0.4  # how much the lid darkens the eyeball next to it
_THRESHOLD = (0.12, 0.4)  # darkness that is surely none, and surely one, of lashes


@dataclass(frozen=True, slots=True)
class Lashes:
    """Two strips (rows, columns, 3) of factors on the picture: from _ROOT below the rim to _REACH above it."""

    raised: Numbers
    lowered: Numbers
    source: Numbers  # (rows * columns, 2) px of the strips' lattice
    triangles: NDArray[np.int32]

    def lattice(self, upper: Array, reach: float) -> Array:
        """Where the strip lies along a rim (n, 2) px, lashes `reach` times as long; below 0 they point down."""
        return _lattice(upper, reach, _steps())


def take_lashes(image: NDArray[np.uint8], lid: LidSkin, upper: Array, colour: Numbers) -> Lashes:
    """Read the lashes along a photo's upper rim (n, 2) px; `colour` (3,) is the darkest of the eye."""
    rows = np.linspace(-_ROOT, _REACH, _ROOT_ROWS + _ROWS)
    fine = _finer(_lattice(upper, 1.0, rows))
    corner = np.array([lid.left, lid.top])
    patch = image[lid.top : lid.top + lid.skin.shape[0], lid.left : lid.left + lid.skin.shape[1]].astype(np.float32)
    seen, skin = (_sampled(np.ascontiguousarray(one), fine - corner) for one in (patch, lid.skin[:, :, :3]))
    ratio = np.clip((seen + 6.0) / (skin + 6.0), 0.12, 1.0)
    dark = 1.0 - ratio.mean(axis=2)
    dark[:_ROOT_ROWS] = 1.0
    attached = np.minimum.accumulate(cv2.dilate(dark.astype(np.float32), np.ones((1, 5), np.uint8)), axis=0)
    height = rows[:, None]
    along = np.sin(np.linspace(0.0, np.pi, fine.shape[1]))[None] ** 0.6
    share = np.clip((np.minimum(attached, dark) - _THRESHOLD[0]) / (_THRESHOLD[1] - _THRESHOLD[0]), 0.0, 1.0)
    share = share * np.clip((_REACH - height) / 0.08, 0.0, 1.0) * along
    share[:_ROOT_ROWS] = 0.0
    own = 1.0 - share[:, :, None] * (1.0 - ratio)
    shade = 1.0 - _SHADE * along * np.exp(-((height / 0.045) ** 2)) * (height < 0)
    darkest = 1.0 - np.clip((colour + 6.0) / (skin[_ROOT_ROWS] + 6.0), 0.1, 0.9)[None]  # (1, columns, 3)
    raised = np.minimum(own, 1.0 - 0.5 * _line(height, along, 0.0)[:, :, None] * darkest) * shade[:, :, None]
    dense = share.mean(axis=0) * np.linspace(1.0, 0.2, fine.shape[1])  # most at the outer corner
    lowered = 1.0 - _line(height, along, dense)[:, :, None] * darkest
    steps = _steps()
    columns, positions = np.meshgrid(
        np.linspace(0, fine.shape[1] - 1, len(upper)), (steps + _ROOT) / (_REACH + _ROOT) * (len(rows) - 1)
    )
    source = np.stack([columns, positions], axis=2).reshape(-1, 2).astype(np.float32)
    return Lashes(
        np.ascontiguousarray(raised, np.float32),
        np.ascontiguousarray(lowered, np.float32),
        source,
        lattice_triangles(len(steps), len(upper)),
    )


def _line(height: Array, along: Array, dense: Array | float) -> Array:
    """How dark (0 to 1) lids are where they meet, whatever the photo has there: fine lashes below, an edge above."""
    uneven = 1.0 + cv2.blur(np.random.default_rng(0).normal(0.0, _UNEVEN, along.shape), (3, 1)).reshape(along.shape)
    thick = (_LEAST + _OWN * dense) * uneven
    soft = np.where(height < 0, _EDGE, thick * (0.4 + 0.6 * along))
    return np.asarray(np.minimum(_DARK[0] + _DARK[1] * dense, 0.95) * along * np.exp(-((height / soft) ** 2)))


def _steps() -> Array:
    return np.array([-_ROOT, 0.0, 0.5 * _REACH, _REACH])


def _lattice(upper: Array, reach: float, steps: Array) -> Array:
    """Points (steps, n, 2) at some heights above a rim, in eye widths; at its ends they lean outwards."""
    across = upper[-1] - upper[0]
    width = max(float(np.hypot(*across)), 1e-3)
    across = across / width
    up = np.array([across[1], -across[0]])
    up *= -1.0 if up[1] > 0 else 1.0
    lean = np.linspace(-1.0, 1.0, len(upper)) ** 3 * 0.5
    way = up + lean[:, None] * across
    heights = np.where(steps > 0, steps * reach, steps * np.sign(reach))
    return np.asarray(upper[None] + (heights[:, None, None] * width) * way[None])


def _finer(lattice: Array) -> Array:
    """The lattice with a column every px or so."""
    columns = max(int(np.linalg.norm(lattice[0, -1] - lattice[0, 0])), 8)
    at = np.linspace(0, lattice.shape[1] - 1, columns)
    first = np.minimum(at.astype(int), lattice.shape[1] - 2)
    share = (at - first)[None, :, None]
    return np.asarray(lattice[:, first] * (1 - share) + lattice[:, first + 1] * share)


def _sampled(picture: Numbers, at: Array) -> Array:
    x, y = at[..., 0].astype(np.float32), at[..., 1].astype(np.float32)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float64)
