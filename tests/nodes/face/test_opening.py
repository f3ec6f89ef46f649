from __future__ import annotations

import numpy as np
import pytest

from avatar_nodes.face.opening_model import draw_opening


def test_a_soft_photo_has_soft_lips_around_the_same_opening() -> None:
    across = np.linspace(20.0, 60.0, 11)
    bulge = 9 * (1 - ((across - 40) / 20) ** 2)
    rims = np.stack([across, 40 - bulge], axis=1), np.stack([across, 40 + bulge], axis=1)
    sharp, soft = draw_opening(*rims, 80), draw_opening(*rims, 80, blur=1.5)
    assert sharp is not None
    assert soft is not None
    assert soft.coverage.sum() == pytest.approx(sharp.coverage.astype(int).sum(), rel=0.02)
    between = [int(((one.coverage > 20) & (one.coverage < 235)).sum()) for one in (sharp, soft)]
    assert between[1] > 2 * between[0]
