"""MediaPipe as a library."""

from __future__ import annotations

import subprocess
import sys


def test_it_does_without_matplotlib_and_leaves_it_to_others() -> None:
    code = (
        "import sys; from avatar_nodes.face.mediapipe_model import FaceModels; FaceModels(); "
        "print('matplotlib' in sys.modules); import matplotlib; print(bool(matplotlib.get_data_path()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
