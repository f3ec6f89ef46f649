"""How loops are compiled: never with an older part in them, and also where their code cannot be kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from avatar_nodes.face import kernel_model
from avatar_nodes.face.kernel_model import compiled, inlined

LOW = "from loops.kernel_model import inlined\n\n\n@inlined\ndef one(x):\n    return x + {}\n"
HIGH = """from loops.kernel_model import compiled
from loops.low import one


@compiled
def two(x):
    return 2 * one(x)
"""


def test_a_loop_is_compiled_again_when_a_part_of_another_file_has_changed(tmp_path: Path) -> None:
    folder = tmp_path / "loops"
    folder.mkdir()
    shutil.copy(kernel_model.__file__, folder)
    (folder / "high.py").write_text(HIGH)
    found = []
    for amount in (1, 500):
        (folder / "low.py").write_text(LOW.format(amount))
        call = [sys.executable, "-c", "from loops.high import two; print(two(1))"]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True)
        found.append(int(done.stdout))
    assert found == [4, 1002]


def test_a_loop_runs_where_its_code_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()  # no folder can be made below it, whoever asks
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    loops = {"compiled": compiled, "inlined": inlined}
    source = "@inlined\ndef one(x):\n    return x\n@compiled\ndef added(x):\n    return one(x) + 1\n"
    exec(compile(source, str(tmp_path / "file" / "loop.py"), "exec"), loops)
    assert loops["added"](1) == 2  # type: ignore[call-arg, comparison-overlap]
