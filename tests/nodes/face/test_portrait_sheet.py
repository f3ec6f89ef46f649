"""The sheet of what a portrait can do."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

from avatar_nodes.face.portrait_model import prepare_portrait
from avatar_nodes.face.portrait_sheet_model import CELL, COLUMNS, draw_sheet, motions, turns
from avatar_nodes.face.renderer_model import Renderer
from avatar_nodes.payloads import EMOTION_NAMES, EXPRESSION_INDEX

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def test_every_part_of_a_face_is_shown() -> None:
    shown = dict(motions())
    assert {"rest", "aa", "ee", "oo", "uu", "m b p", "f v", "th", "l", "smile"} < set(shown)
    assert set(EMOTION_NAMES) - {"neutral"} < set(shown)
    assert shown["m b p"].closure == 1.0
    assert shown["eyes shut"].expression[EXPRESSION_INDEX["eyeBlinkLeft"]] == 1.0
    left = shown["looks left"].gaze
    assert left is not None
    assert left[0] > 0  # the subject's left is the viewer's right


def test_the_sheet_has_a_cell_for_each_and_turns_reach_the_limits() -> None:
    portrait = prepare_portrait(GRACE_HOPPER, 256)
    renderer = Renderer(portrait)
    limits = renderer.puppet.limits
    for axis, ((_, low), (_, high)) in enumerate(zip(*[iter(turns(renderer))] * 2, strict=True)):
        for motion, limit in ((low, limits.low), (high, limits.high)):
            assert abs(limits.soften(motion.head)[axis]) > 0.97 * abs(limit[axis])
    sheet = draw_sheet(portrait, "me.avatar")
    rows = -(-(len(list(motions())) + 7) // COLUMNS)
    assert sheet.dtype == np.uint8
    assert sheet.shape[0] > rows * CELL
    assert sheet.shape[1] > COLUMNS * CELL
    assert (sheet[60:300, 20:240].std(axis=(0, 1)) > 10).all()
