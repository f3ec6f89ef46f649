"""Places that cannot be written, and disks that fill up: one clear message, and what is made before is kept."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import pytest

Graphcore = Callable[..., Any]
LIMIT = 300_000  # bytes


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 400 kB, where this user may mount one."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def pictures_in(movie: Path) -> int:
    """How many pictures can be decoded, up to where the file breaks off."""
    count = 0
    try:
        with av.open(str(movie)) as container:
            for _ in container.decode(video=0):
                count += 1
    except av.FFmpegError:
        pass
    return count


@pytest.mark.parametrize(
    ("graph", "path"), [("louder", "copy.path"), ("bars.yaml", "movie.path")], ids=["sound", "movie"]
)
@pytest.mark.parametrize(
    ("folder_name", "code", "expected"),
    [
        ("hum.wav/more", 2, "its folder cannot be made: Not a directory"),
        ("/proc", 2, "No such file or directory"),
        ("", 2, "is a folder; expected a file to write"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_in_one_line(
    folder: Path, graphcore: Graphcore, graph: str, path: str, folder_name: str, code: int, expected: str
) -> None:
    suffix = ".wav" if graph == "louder" else ".mp4"
    (folder / f"new{suffix}").mkdir()
    source = ["--set=speech.path=hum.wav"] if graph == "louder" else ["--plugins", "more"]
    answer = graphcore("run", graph, *source, f"--set={path}={Path(folder_name) / f'new{suffix}'}")
    assert answer.code == code
    assert answer.out == ""
    assert expected in answer.err
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(("graph", "path"), [("louder", "copy.path"), ("bars.yaml", "movie.path")])
def test_a_name_that_does_not_say_what_to_write(folder: Path, graphcore: Graphcore, graph: str, path: str) -> None:
    source = ["--set=speech.path=hum.wav"] if graph == "louder" else ["--plugins", "more"]
    answer = graphcore("run", graph, *source, f"--set={path}=new.doc")
    assert answer.code == 2
    assert "expected a name that ends in ." in answer.err
    assert answer.err.count("\n") == 1


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_a_movie_that_becomes_too_large_is_kept_as_far_as_it_came(folder: Path, start: Graphcore) -> None:
    (folder / "bars.mp4").write_bytes(b"old")
    process = start("bars.yaml", prepare=limit_files)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("error: movie at ")
    assert "could not be written: File too large; files may not become this large here" in err
    assert "Traceback" not in err
    assert (folder / "bars.mp4").read_bytes() == b"old"
    assert pictures_in(folder / "bars.partial.mp4") >= 12


def test_a_disk_that_fills_up_keeps_the_older_movie_and_what_there_is(small_disk: Path, start: Graphcore) -> None:
    (small_disk / "bars.mp4").write_bytes(b"old")
    process = start("bars.yaml", f"--set=movie.path={small_disk / 'bars.mp4'}")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "No space left on device; free some space" in err
    assert "Traceback" not in err
    assert (small_disk / "bars.mp4").read_bytes() == b"old"
    assert pictures_in(small_disk / "bars.partial.mp4") >= 12


def test_a_sound_that_becomes_too_large_is_kept_as_far_as_it_came(folder: Path, start: Graphcore) -> None:
    (folder / "bars.yaml").write_text(
        "nodes:\n  bars: {type: bars}\n"
        "  copy: {type: audio_out_file, params: {path: copy.wav}, inputs: {audio: bars.audio}}\n"
    )
    (folder / "copy.wav").write_bytes(b"old")
    process = start("bars.yaml", prepare=limit_files)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "cannot be written" in err
    assert "Traceback" not in err
    assert (folder / "copy.wav").read_bytes() == b"old"
    assert (folder / "copy.partial.wav").stat().st_size == LIMIT
