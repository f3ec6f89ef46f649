from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import train_skin
from training.skin_fit import LEFT, ON, OTHER, SHADING_NAMES, Shaded, half_maps, trust, whole_maps
from training.skin_judge import judged

from avatar_nodes.face.skin_map_model import SIDE
from avatar_nodes.face.skin_weights_model import COMPONENTS, SkinWeights
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

FRAMES = 150
SMILES = [EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]
FOLD = np.zeros((SIDE, SIDE))
FOLD[50:60, 60:66] = -0.2  # the subject's left cheek
BRUSH = FOLD[ON]


def person(seed: int) -> Shaded:
    """Smiles fold the cheek of their side; frowns come and go, and change nothing that others share."""
    rng = np.random.default_rng(seed)
    expression = rng.uniform(0.0, 1.0, (FRAMES, len(EXPRESSION_NAMES))) * (rng.random((FRAMES, 1)) > 0.3)
    expression -= expression.mean(0)
    own = rng.normal(0.0, 0.1, len(BRUSH)) * (BRUSH == 0)
    frown = expression[:, [EXPRESSION_INDEX["mouthFrownLeft"]]] * own
    maps = expression[:, [SMILES[0]]] * BRUSH + expression[:, [SMILES[1]]] * BRUSH[OTHER] + frown
    maps += rng.normal(0.0, 0.01, maps.shape)
    return Shaded(f"person {seed}", maps.astype(np.float32), expression, np.ones(len(BRUSH), bool))


@pytest.fixture(scope="module")
def people() -> list[Shaded]:
    return [person(seed) for seed in range(3)]


def test_what_a_smile_does_to_its_own_side_is_learned(people: list[Shaded]) -> None:
    half = half_maps(people)[SHADING_NAMES.index("mouthSmile")]
    fold = BRUSH[LEFT] < 0
    assert half[fold].mean() == pytest.approx(-0.2 / (1 + 100 / 60), rel=0.5)  # the ridge shrinks it
    assert np.abs(half[~fold]).max() < 0.05


def test_trust_is_for_what_all_people_share(people: list[Shaded]) -> None:
    trusted = dict(zip(SHADING_NAMES, trust(people), strict=True))
    assert trusted["mouthSmile"] > 0.99
    assert trusted["mouthFrown"] < 0.3


def test_left_and_right_shade_their_own_half() -> None:
    half = np.zeros((len(SHADING_NAMES), LEFT.sum()))
    half[SHADING_NAMES.index("mouthSmile")] = BRUSH[LEFT]
    whole = whole_maps(half)
    left, right = whole[SMILES[0]], whole[SMILES[1]]
    assert left[~LEFT].min() > -0.01
    assert np.allclose(left, right[OTHER], atol=1e-6)
    assert np.count_nonzero(np.abs(whole).max(1)) == 2


def test_a_person_is_judged_by_what_is_explained() -> None:
    maps = np.zeros((COMPONENTS, SIDE, SIDE), np.float32)
    maps[0], maps[1] = FOLD, FOLD[:, ::-1]
    maps[2:] = np.random.default_rng(0).normal(0.0, 0.01, (COMPONENTS - 2, SIDE, SIDE))
    weights = np.zeros((len(EXPRESSION_NAMES), COMPONENTS), np.float32)
    weights[SMILES, [0, 1]] = 1.0
    figures = judged(SkinWeights(maps, weights), person(7))
    assert figures.frames == FRAMES
    assert figures.by_expression > 0.1
    assert figures.correlation > 0.3
    assert figures.by_components >= figures.by_expression


def test_a_video_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = tmp_path / "nothing.mp4"
    nothing.write_bytes(b"no video")
    arguments = [str(nothing), "--cache", str(tmp_path), "--output", str(tmp_path / "skin.safetensors")]
    monkeypatch.setattr(sys, "argv", ["train_skin.py", *arguments])
    assert train_skin.main() == 1
    assert "error" in capsys.readouterr().err
    assert not (tmp_path / "skin.safetensors").exists()
