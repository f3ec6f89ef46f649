"""The mesh around a face: to every corner of the frame, and beyond it."""

from __future__ import annotations

import numpy as np

from avatar_nodes.face.surroundings_model import Surroundings, surround

SIZE = 256


def oval() -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    return np.stack([130 + 50 * np.sin(angles), 110 - 70 * np.cos(angles)], axis=1)


def around(alpha: np.ndarray | None = None) -> Surroundings:
    return surround(oval(), 60.0, SIZE, alpha)


def test_they_reach_every_corner_of_the_frame_without_folds() -> None:
    found = around()
    for corner in ((0, 0), (255, 0), (0, 255), (255, 255)):
        assert np.abs(found.points - corner).sum(axis=1).min() < 1e-6
    distances = np.linalg.norm(found.points.reshape(-1, 36, 2) - oval(), axis=2)
    assert (np.diff(distances, axis=0) > 0).all()


def test_all_but_the_last_ring_lie_in_the_frame_and_show_themselves() -> None:
    found = around()
    inside, beyond = found.points[:-36], found.points[-36:]
    assert inside.min() >= 0
    assert inside.max() <= SIZE - 1
    assert (inside == found.source[:-36]).all()
    assert ((beyond < 0) | (beyond > SIZE - 1)).any(axis=1).all()
    assert found.source.min() >= 0
    assert found.source.max() <= SIZE - 1


def test_beyond_the_frame_nobody_appears_where_nobody_is_cut_off() -> None:
    alpha = np.zeros((SIZE, SIZE), np.uint8)
    alpha[100:] = 255  # shoulders, cut off at the sides and below
    found = around(alpha)
    above = found.points[-36:, 1] < 0
    column, row = np.rint(found.source[-36:]).astype(int).T
    assert above.sum() > 4
    assert (alpha[row[above], column[above]] == 0).all()
    assert (alpha[row[~above & (found.points[-36:, 1] > 120)], 0] == 255).all()


def test_hair_cut_off_at_the_top_goes_on_to_narrow() -> None:
    column, row = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    alpha = np.where(np.abs(column - 130) < 60 + row / 2, 255, 0).astype(np.uint8)
    found = around(alpha)
    above = np.flatnonzero((found.points[-36:, 1] < 0) & (np.abs(found.points[-36:, 0] - 130) < 60))
    across, from_across = found.points[-36:][above, 0] - 130, found.source[-36:][above, 0] - 130
    assert len(above) > 2
    assert (np.abs(from_across) > np.abs(across)).all()  # what is mirrored is wider, and drawn narrower
