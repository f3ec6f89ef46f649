"""The teeth that a photo shows, found between made lips."""

from __future__ import annotations

import numpy as np

from avatar_nodes.face.opening_model import Opening, draw_opening
from avatar_nodes.face.own_teeth_model import OwnTeeth, find_own_teeth

SIZE, EYE_DISTANCE = 160, 80.0
LIP = np.array([170, 90, 90], np.float32)


def mouth(teeth: tuple[int, int, int], half_width: int) -> tuple[np.ndarray, Opening]:
    """A mouth open by 24 px, with a row of teeth that hangs 12 px from the upper lip."""
    across = np.linspace(40, 120, 11)
    bulge = 12 * (1 - ((across - 80) / 40) ** 2)
    opening = draw_opening(np.stack([across, 80 - bulge], 1), np.stack([across, 80 + bulge], 1), SIZE)
    assert opening is not None
    image = np.empty((SIZE, SIZE, 3), np.uint8)
    image[:] = LIP.astype(np.uint8)
    image[68:93, 40:121] = (60, 25, 25)
    image[60:80, 80 - half_width : 80 + half_width] = teeth
    return image, opening


def found(teeth: tuple[int, int, int], half_width: int) -> OwnTeeth:
    image, opening = mouth(teeth, half_width)
    return find_own_teeth(image, opening, LIP, EYE_DISTANCE)


def test_a_row_from_canine_to_canine_is_kept_as_it_is() -> None:
    own = found((225, 215, 200), 30)
    assert own.row.shape == (SIZE, SIZE, 1)
    assert own.row[74, 70:90].min() > 0.9
    assert own.row[86:].max() == 0
    assert own.colour is not None
    assert abs(own.colour - (225, 215, 200)).max() < 35


def test_of_two_teeth_only_the_colour_is_taken() -> None:
    own = found((225, 215, 200), 12)
    assert len(own.row) == 0
    assert own.colour is not None


def test_a_tongue_is_no_tooth_and_closed_lips_show_none() -> None:
    for own in (found((180, 95, 92), 30), find_own_teeth(np.zeros((8, 8, 3), np.uint8), None, LIP, EYE_DISTANCE)):
        assert len(own.row) == 0
        assert own.colour is None
