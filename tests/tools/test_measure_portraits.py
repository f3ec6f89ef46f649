"""tools/measure_portraits.py on a folder with one good and one bad photo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import matplotlib
from PIL import Image

ROOT = Path(__file__).parents[2]
GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"


def measure(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "measure_portraits.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)


def test_a_folder_is_measured_and_drawn(tmp_path: Path) -> None:
    with Image.open(GRACE_HOPPER) as photo:
        photo.save(tmp_path / "grace.png")
    Image.new("RGB", (300, 300)).save(tmp_path / "blank.png")
    done = measure(tmp_path, "-o", tmp_path / "out", "--size", 256)
    assert done.returncode == 0, done.stderr
    assert "blank.png: no face was found" in done.stdout
    found = json.loads((tmp_path / "out" / "portraits.json").read_text())
    (grace,) = found["portraits"]
    assert grace["name"] == "grace.png"
    assert grace["rest_error"] == 0
    assert grace["background_change"] == 0
    assert grace["lids_open"] < 0.2
    assert list(found["refused"]) == ["blank.png"]
    with Image.open(tmp_path / "out" / "portraits-1.png") as sheet:
        assert sheet.width == 6 * sheet.height
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_folder_without_photos_is_one_line(tmp_path: Path) -> None:
    done = measure(tmp_path, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith(f"measure_portraits: no photo in {tmp_path}")
