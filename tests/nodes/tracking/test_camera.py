"""Pictures of a camera: OpenCV reads a film as it reads a device."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_nodes.tracking.camera import Camera
from avatar_nodes.tracking.camera_model import CameraError, CameraReader, wished_size
from films import grey, write_film
from graphcore import GraphcoreError, LiveClock
from graphcore.testing import run_node


@pytest.fixture
def device(tmp_path: Path) -> Path:
    write_film(tmp_path / "device.mkv", grey([100] * 5), [0.04 * n for n in range(5)])
    return tmp_path / "device.mkv"


def test_frames_come_with_rising_times(device: Path) -> None:
    result = run_node(Camera, params={"device": str(device)}, live=True, until_ns=0, clock=LiveClock())
    (first, *_) = result.outputs["frames"]
    assert first.payload.pixels.shape == (48, 64, 3)
    assert first.payload.pixels.mean() == pytest.approx(100, abs=4)
    times = [packet.timestamp for packet in result.outputs["frames"]]
    assert times == sorted(set(times))


def test_red_is_red(tmp_path: Path) -> None:
    pictures = grey([0] * 3)
    for picture in pictures:
        picture[:, :, 0] = 200
    write_film(tmp_path / "red.mkv", pictures, [0, 0.04, 0.08])
    reader = CameraReader(str(tmp_path / "red.mkv"), wished_size(64, None, None), lambda: 0)
    taken = reader.take(5.0)
    reader.close()
    assert taken is not None
    assert taken[1][:, :, 0].mean() > taken[1][:, :, 2].mean() + 100


@pytest.mark.parametrize("device", ["97", "/dev/video97", "nowhere.mp4"])
def test_a_camera_that_is_not_there_is_told(device: str) -> None:
    with pytest.raises(GraphcoreError, match=f"camera {device}: cannot be opened; see that it is plugged in"):
        run_node(Camera, params={"device": device}, live=True)


def test_a_camera_that_is_unplugged_is_told(device: Path) -> None:
    reader = CameraReader(str(device), {}, lambda: 0, pause_s=0.0)
    assert reader.take(5.0) is not None
    device.unlink()

    def read_on() -> None:
        while True:
            reader.take(5.0)

    with pytest.raises(CameraError, match="gives no pictures any more"):
        read_on()
    reader.close()


def test_a_camera_whose_pictures_cannot_be_read_is_told(device: Path) -> None:
    def broken_clock() -> int:
        raise ValueError("no time")

    reader = CameraReader(str(device), {}, broken_clock)
    with pytest.raises(CameraError, match=r"gives pictures that cannot be read \(no time\)"):
        reader.take(5.0)
    reader.close()
