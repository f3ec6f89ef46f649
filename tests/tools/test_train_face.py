"""Learning shapes: what faces do is found, and names keep their meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from train_face import files_in
from training.face_people import Faces, read_faces
from training.face_priors import priors
from training.face_shapes import errors, learn_corrections, learn_geometry

from avatar_nodes.face.canonical_model import MEAN_FACE, MIRROR
from avatar_nodes.face.expression_model import hand_made_basis
from avatar_nodes.face.face_basis_model import FaceBasis
from avatar_nodes.face.mesh_model import FACE_VERTICES
from avatar_nodes.payloads import EXPRESSION_INDEX, EXPRESSION_NAMES

CHEEK = 205


@pytest.fixture(scope="module")
def smiling(tmp_path_factory: pytest.TempPathFactory) -> Faces:
    """A face that smiles now and then, and whose cheeks rise more than the hand-made smile says."""
    folder = tmp_path_factory.mktemp("landmarks")
    rng = np.random.default_rng(1)
    basis = hand_made_basis(MEAN_FACE[:FACE_VERTICES])
    frames = []
    for amount in np.clip(rng.uniform(-0.4, 1.0, 60), 0.0, 1.0):
        expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
        expression[[EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]] = amount
        face = MEAN_FACE.copy()
        face[:FACE_VERTICES] = basis.shifted(face[:FACE_VERTICES], expression)
        face[[CHEEK, MIRROR[CHEEK]], 1] += 0.08 * amount
        frames.append((face + rng.normal(0, 0.001, face.shape)) * (90.0, -90.0, -90.0) + 200.0)
    path = folder / "someone.mp4.npz"
    np.savez(path, points=np.stack(frames).astype(np.float32), valid=np.ones(len(frames), bool))
    return read_faces("someone", files_in(folder), 500)


def test_what_faces_do_beyond_the_hand_made_shapes_is_learned(smiling: Faces) -> None:
    corrections = learn_corrections([smiling], rounds=1)
    left = corrections.reshape(-1, FACE_VERTICES, 3)[EXPRESSION_INDEX["mouthSmileLeft"]]
    right = corrections.reshape(-1, FACE_VERTICES, 3)[EXPRESSION_INDEX["mouthSmileRight"]]
    assert left[MIRROR[CHEEK], 1] > 0.03
    assert np.array_equal(right, left[MIRROR[:FACE_VERTICES]] * (-1.0, 1.0, 1.0))
    found = errors(smiling, FaceBasis(corrections, learn_geometry([smiling], corrections)))
    assert found["learned"][0] < found["hand-made"][0]
    assert found["with components"][0] < found["learned"][0]


def test_shapes_stay_where_they_have_no_business() -> None:
    kept = priors().reshape(len(EXPRESSION_NAMES), FACE_VERTICES, 3)
    smile, brow = kept[EXPRESSION_INDEX["mouthSmileLeft"]], kept[EXPRESSION_INDEX["browDownLeft"]]
    assert smile[336, 1] > 1000 * smile[291, 1]  # the brow, the corner of the mouth
    assert smile[61, 1] > 1000 * smile[291, 1]  # the other corner
    assert brow[291, 1] > 1000 * brow[336, 1]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="track_faces"):
        files_in(tmp_path)
