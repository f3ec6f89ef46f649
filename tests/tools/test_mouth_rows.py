from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from measuring.mouth_rows import MouthFigures, measure_mouth

from avatar_nodes.face.portrait_model import prepare_portrait
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.motion.shapes_model import coefficients
from avatar_nodes.payloads import FaceMotion

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def test_a_mouth_that_opens_and_shuts_is_measured_as_it_moves() -> None:
    renderer = Renderer(prepare_portrait(GRACE_HOPPER, 320))

    def face(closure: float, turned: float, **amounts: float) -> FaceMotion:
        head = renderer.photo_motion.head + np.array([turned, 0, 0, 0, 0, 0], np.float32)
        return FaceMotion(head, coefficients(**amounts), renderer.photo_motion.gaze, closure)

    shut = [face(1.0, turned) for turned in (0.0, 2.0, 4.0, 6.0)]
    spread = [face(0.0, turned, jawOpen=0.2, mouthSmile=0.5, mouthUpperUp=0.6) for turned in (0.0, 2.0, 4.0, 6.0)]
    found = measure_mouth(renderer, shut + spread)
    assert found is not None
    assert found.closed == 0.5
    assert found.teeth_seen == 0.5
    assert found.width_range > 0.03
    assert found.canines_cv < 0.015


def test_where_no_face_is_drawn_nothing_is_measured_and_figures_are_averaged() -> None:
    mean = MouthFigures.mean([MouthFigures(0.1, 0.1, 0.2, 0.01), MouthFigures(0.3, 0.1, 0.4, 0.02)])
    np.testing.assert_allclose(
        [mean.closed, mean.width_range, mean.teeth_seen, mean.canines_cv], [0.2, 0.1, 0.3, 0.015]
    )
