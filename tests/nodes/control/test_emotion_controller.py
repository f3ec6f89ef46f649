from __future__ import annotations

import itertools

import numpy as np
import pytest

from avatar_nodes.control.emotion_controller import EmotionController, _eased
from avatar_nodes.control.emotion_model import FACES, expression_of, weights_of
from avatar_nodes.payloads import EMOTION_NAMES, EXPRESSION_INDEX, EXPRESSION_NAMES
from graphcore import ParamError
from graphcore.testing import run_node

PARTS_THE_LIPS = ("jawOpen", "mouthUpperUp", "mouthLowerDown", "mouthFunnel", "mouthClose", "mouthPress", "mouthRoll")


@pytest.mark.parametrize("name", EMOTION_NAMES)
def test_every_emotion_has_a_face_that_leaves_the_lips_to_speech(name) -> None:
    face = expression_of(weights_of(name, 1.0))
    assert face.shape == (52,)
    assert face.dtype == np.float32
    assert bool(face.any()) == (name != "neutral")
    for shape, amount in zip(EXPRESSION_NAMES, face, strict=True):
        assert 0.0 <= amount <= 1.0
        assert not (amount and shape.startswith(PARTS_THE_LIPS)), shape


def test_faces_differ_and_grow_with_intensity() -> None:
    full = [expression_of(weights_of(name, 1.0)) for name in EMOTION_NAMES]
    apart = [np.abs(a - b).max() for i, a in enumerate(full) for b in full[:i]]
    assert min(apart) > 0.15
    assert expression_of(weights_of("happy", 0.5)) == pytest.approx(0.5 * full[1])
    assert set(FACES) == set(EMOTION_NAMES)


def test_contempt_is_one_sided() -> None:
    face = expression_of(weights_of("contempt", 1.0))
    assert face[EXPRESSION_INDEX["mouthDimpleLeft"]] > 0.3
    assert face[EXPRESSION_INDEX["mouthDimpleRight"]] == 0.0


def test_the_controller_holds_its_emotion_from_the_first_frame_on() -> None:
    result = run_node(EmotionController, params={"emotion": "sad", "intensity": 0.7}, until_ns=900_000_000)
    packets = result.outputs["weights"]
    assert [packet.timestamp for packet in packets[:3]] == [0, 40_000_000, 80_000_000]
    for packet in packets:
        np.testing.assert_array_equal(packet.payload.weights, weights_of("sad", 0.7))


def test_a_change_eases_in_and_can_be_changed_on_its_way() -> None:
    sad, happy = weights_of("sad", 1.0), weights_of("happy", 1.0)
    way = [_eased(sad, happy, ms * 1_000_000) for ms in range(0, 401, 20)]
    np.testing.assert_array_equal(way[0], sad)
    np.testing.assert_array_equal(way[-1], happy)
    assert max(np.abs(b - a).max() for a, b in itertools.pairwise(way)) < 0.1


@pytest.mark.parametrize("params", [{"emotion": "joyful"}, {"intensity": 1.5}])
def test_what_does_not_fit_is_refused(params) -> None:
    with pytest.raises(ParamError):
        run_node(EmotionController, params=params, until_ns=0)
