"""What surrounds a face in motion: hair, ears and hat with the head, shoulders hardly at all, the neck between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import OVAL, rotation_matrix
from avatar_nodes.face.stance_model import Camera, Stance
from avatar_nodes.face.surroundings_model import surround
from avatar_nodes.face.sway_model import STILL, Sway

Array = NDArray[np.float64]

# Lengths in inter-pupil distances.
_HAIR_DEPTH = 0.12  # how far behind the outline of the face its surroundings lie
_NECK_DEPTH = 0.75
_NECK_LENGTH = 1.5  # below the outline of the face; what lies further down are shoulders
_HEAD_REACH = 1.7  # of half the face: further out, and not above it, nothing belongs to the head
_SKIN_REACH = 0.45  # how far the neck takes part in what the face's outline does
_TURNED_ALONG = np.array([0.14, 0.0, 0.16])  # the share of the head's yaw, pitch and roll that shoulders take
_SHIFTED_ALONG = 0.5  # and of its shift
_CHEST = np.array([0.0, -3.6, -0.7])  # what shoulders turn about, from the point between the ears
_BREATH = 0.045  # how far a full breath lifts the shoulders: 3 mm
_WIDENS = 0.006  # and how far it moves them apart, for each unit beside the middle
_TALL_HAIR = 0.1  # the share of hair on top that lags, where it stands up or is a hat


class Body:
    """The vertices around one photo's face; `place` moves them."""

    def __init__(self, camera: Camera, face: Array, size: int, alpha: NDArray[np.uint8] | None = None) -> None:
        """`face` (468, 3) in head coordinates, as the photo has it; `alpha` (size, size): where the person is."""
        self._camera = camera
        outline = camera.project(face, face, camera.photo)[0][list(OVAL)]
        self.rings = rings = surround(outline, camera.eye_distance, size, alpha)
        upright = camera.upright(rings.points)
        middle, half = face[[mesh.CHIN], 0].mean(), float(np.ptp(face[list(OVAL), 0])) / 2
        below = _below_jaw(upright, face)
        self._follow = 1.0 - _smooth(below * rings.distance / _NECK_LENGTH)
        self._follow *= 1.0 - _raised(upright - (middle, 0.0), half, face)
        self._skin = np.exp(-((rings.distance / _SKIN_REACH) ** 2))
        self._lag = _hanging(upright - (middle, 0.0), half, face) + _TALL_HAIR * (1 - below) * _smooth(rings.distance)
        self._points = self._into_head(face, below)
        self._seated = _response(camera, self._points)
        self._lift = np.stack([_WIDENS * (upright[:, 0] - middle), np.full(len(below), _BREATH)], axis=1)
        self._lift *= (1.0 - self._follow)[:, None] * camera.eye_distance * (1.0, -1.0)

    def place(self, change: Array, head: Stance, skin: Array, sway: Sway = STILL) -> tuple[Array, Array]:
        """Pixels (n, 2) and depth (n,) for a head that stands otherwise than in the photo by `change` (6,).

        `skin` (36, 3) is how far the points of the face's outline are from where the photo has them.
        """
        camera, rings = self._camera, self.rings
        now = self._points + skin[rings.ray] * self._skin[:, None]
        carried, depth = camera.project(now, self._points, head)
        points = rings.points + (self._seated @ change).reshape(-1, 2)
        points += self._follow[:, None] * (carried - points)
        if sway != STILL:
            points += sway.breath * self._lift
            points += self._lag[:, None] * (np.array(sway.hair) * (1.0, -1.0) * camera.eye_distance)
        return points, depth

    def _into_head(self, face: Array, below: Array) -> Array:
        """The points around the face in head coordinates, with the depth of hair or neck."""
        photo = self._camera.photo
        recede = 1.0 - np.exp(-self.rings.distance / 0.5)
        depth = photo.moved(face)[list(OVAL), 2][self.rings.ray]
        depth = depth - recede * (_HAIR_DEPTH + (_NECK_DEPTH - _HAIR_DEPTH) * below)
        return np.asarray(np.column_stack([self._camera.flat(self.rings.points), depth]) @ photo.rotation)


def _response(camera: Camera, points: Array) -> Array:
    """How far points (n, 3) of a torso move for a head's turn by a degree or its shift by one: px, (n * 2, 6)."""
    still = camera.project(points, points, camera.photo)[0]
    moved = [camera.project(points, points, _torso(camera.photo, change))[0] - still for change in np.eye(6)]
    return np.stack([one.ravel() for one in moved], axis=1)


def _torso(photo: Stance, change: Array) -> Stance:
    """Where what the head carries last would stand if it went with the shoulders."""
    turn = rotation_matrix(*(_TURNED_ALONG * change[:3]))
    return Stance(turn @ photo.rotation, _SHIFTED_ALONG * change[3:] + _CHEST - turn @ _CHEST)


def _below_jaw(upright: Array, face: Array) -> Array:
    """For points (n, 2), 0 above the mouth to 1 below the jaw."""
    mouth, jaw = face[[13, 14], 1].mean(), face[mesh.CHIN, 1]
    return _smooth((mouth - upright[:, 1]) / (mouth - jaw))


def _raised(upright: Array, half: float, face: Array) -> Array:
    """How far points (n, 2), across from the middle, lie where hands and what they hold are: far beside the face, 1."""
    eyes, mouth = face[[33, 263], 1].mean(), face[[13, 14], 1].mean()
    across = _smooth((np.abs(upright[:, 0]) / half - _HEAD_REACH) / 1.1)
    return np.asarray(across * _smooth((2 * eyes - mouth - upright[:, 1]) / (eyes - mouth)))


def _hanging(upright: Array, half: float, face: Array) -> Array:
    """How far points (n, 2), across from the middle, go with the ends of long hair: beside the jaw 1, else less."""
    eyes, jaw = face[[33, 263], 1].mean(), face[mesh.CHIN, 1]
    across = np.abs(upright[:, 0]) / half
    beside = _smooth((across - 0.95) / 0.4) * (1.0 - _smooth((across - 1.5) / 0.7))
    down = _smooth((eyes - upright[:, 1]) / (eyes - jaw))
    return np.asarray(beside * down * (1.0 - _smooth((jaw - upright[:, 1]) / 0.8)))


def _smooth(share: Array) -> Array:
    """0 to 1, flat at both ends and beyond."""
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))
