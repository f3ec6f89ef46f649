"""What the avatar's nodes need of a machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from avatar_nodes.doctor import _codec, _imports, examine

SOUND = ("sound devices", "microphone", "speaker")


def test_every_need_is_examined() -> None:
    found = examine()
    names = [one.name for one in found if one.name not in SOUND]
    assert names == [
        *("cv2", "mediapipe", "numba", "torch", "GPU", "weights", "espeak-ng", "H.264", "AAC", "c2pa"),
        *("OBS", "OBS stream", "virtual camera"),
    ]
    assert [one.name for one in found if one.name in SOUND] in (["sound devices"], ["microphone", "speaker"])
    for one in found:
        assert one.what
        assert (one.state == "ok") == (one.fix == "")


def test_an_encoder_that_is_missing() -> None:
    found = _codec("no_such_codec", "H.266")
    assert (found.name, found.state) == ("H.266", "fail")
    assert "has no encoder no_such_codec" in found.what


def test_a_module_that_is_missing() -> None:
    found = _imports("no_such_module_here", "nothing works", "pip install it")
    assert found.what == "nothing works: ModuleNotFoundError: No module named 'no_such_module_here'"


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("libGL.so.1: cannot open shared object file", "which needs no system library"),
        ("numpy.core.multiarray failed to import", "pip install opencv-contrib-python-headless=="),
    ],
)
def test_a_cv2_that_cannot_be_imported(tmp_path: Path, why: str, advice: str) -> None:
    (tmp_path / "cv2.py").write_text(f"raise ImportError({why!r})\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from avatar_nodes.doctor import _opencv; print(_opencv())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50)
    assert "state='fail'" in done.stdout, done.stderr
    assert why in done.stdout
    assert advice in done.stdout
