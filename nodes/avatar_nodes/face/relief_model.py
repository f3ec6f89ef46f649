"""A face mesh that can turn without folding: what the photo hides is laid out beside what it shows.

Where a head is turned, the mesh goes on behind the contour, and its landmarks lie on the visible cheek: turned back,
that part would show the cheek and its contour a second time. A map from photo to frame that never folds cannot.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar_nodes.face import mesh_model as mesh
from avatar_nodes.face.canonical_model import FACE_TRIANGLES, OVAL

Array = NDArray[np.float64]

STEEPEST = 2.1  # depth per distance in the photo: a turn of 20 degrees compresses such a slope to a fifth
_THINNEST = 0.05  # of a triangle's area in space: what of it the photo must show
_ROUNDS = 24
_HELD = np.isin(np.arange(mesh.FACE_VERTICES), [*OVAL, *mesh.EYES, *np.ravel(mesh.LIP_RINGS)])


def unfolded(vertices: Array) -> Array:
    """Vertices (468, 3) in the camera's axes, moved so that all faces the camera and no slope is too steep.

    Those that see the camera at a fair angle stay where they are; lids and lips always do.
    """
    flat = _without_folds(_on_contour(vertices[:, :2]), _areas(vertices))
    away = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    # The least function above the depths whose slope is bounded (McShane's extension).
    depth = (vertices[:, 2][None] - STEEPEST * away).max(axis=1)
    return np.column_stack([flat, depth])


def _on_contour(flat: Array) -> Array:
    """The outline's points moved outwards, along their rays, to where the mesh ends in the photo."""
    oval = list(OVAL)
    centre = flat[oval].mean(0)
    ray = flat[oval] - centre  # (36, 2)
    start, end = (flat[FACE_TRIANGLES[:, side]] - centre for side in ([0, 1, 2], [1, 2, 0]))  # (852, 3, 2)
    before, after = _cross(ray[:, None, None], start), _cross(ray[:, None, None], end)
    crossed = (before * after <= 0) & (before != after)
    share = np.divide(before, before - after, out=np.zeros_like(before), where=crossed)
    at = start + share[..., None] * (end - start)  # where the ray's line crosses each edge: (36, 852, 3, 2)
    reach = (at * ray[:, None, None]).sum(-1) / (ray * ray).sum(-1)[:, None, None]
    moved = flat.copy()
    moved[oval] = centre + ray * np.where(crossed, reach, 1.0).max(axis=(1, 2), initial=1.0)[:, None]
    return moved


def _without_folds(flat: Array, areas: Array) -> Array:
    """Vertices near folds put into the middle of their neighbours, ever more of them while a fold is left.

    With all of them this is the barycentric embedding of Tutte, "How to draw a graph" (1963), which cannot fold;
    what little lies between lids or lips that are held may.
    """
    laplacian = mesh.uniform_laplacian()
    free = np.zeros(len(flat), bool)
    for _ in range(_ROUNDS):
        folded = _signed_areas(flat) < _THINNEST * areas
        if not folded.any():
            break
        found = np.zeros(len(flat), bool)
        found[FACE_TRIANGLES[folded]] = True
        if not (found & ~_HELD & ~free).any():  # all that could move did: their neighbours have to give way too
            found = (laplacian[:, found] != 0).any(axis=1)
        free |= found & ~_HELD
        flat = flat.copy()
        flat[free] = np.linalg.solve(laplacian[np.ix_(free, free)], -laplacian[np.ix_(free, ~free)] @ flat[~free])
    return flat


def _signed_areas(flat: Array) -> Array:
    """Twice the area of each triangle as seen; below 0 where it shows its back. y goes up."""
    corners = flat[FACE_TRIANGLES]
    return _cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _areas(vertices: Array) -> Array:
    corners = vertices[FACE_TRIANGLES]
    return np.asarray(np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1))


def _cross(one: Array, other: Array) -> Array:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
