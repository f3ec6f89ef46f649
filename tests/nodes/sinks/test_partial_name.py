"""Every run has a partial file of its own, and leaves nothing but what it has written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from avatar_nodes.sinks.partial_name_model import PartialName

HELD = """
import sys
from pathlib import Path
from avatar_nodes.sinks.partial_name_model import PartialName

held = PartialName(Path(sys.argv[1]))
held.path.write_bytes(b"half")
print(held.path.name, flush=True)
sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_two_runs_have_two_names_and_a_third_takes_the_one_that_is_free(tmp_path: Path) -> None:
    first, second = PartialName(tmp_path / "talk.mp4"), PartialName(tmp_path / "talk.mp4")
    assert (first.path.name, second.path.name) == ("talk.partial.mp4", "talk.partial-2.mp4")
    first.release()
    third = PartialName(tmp_path / "talk.mp4")
    assert third.path.name == "talk.partial.mp4"
    for name in (second, third):
        name.release()
        name.release()
    assert names(tmp_path) == []


def test_an_older_part_stays_and_what_was_written_is_kept(tmp_path: Path) -> None:
    (tmp_path / "talk.partial.mp4").write_bytes(b"older")
    PartialName(tmp_path / "talk.mp4").release()
    assert (tmp_path / "talk.partial.mp4").read_bytes() == b"older"


def test_whoever_gives_the_file_its_name_takes_nobody_elses(tmp_path: Path) -> None:
    first = PartialName(tmp_path / "talk.mp4")
    first.path.replace(tmp_path / "talk.mp4")
    second = PartialName(tmp_path / "talk.mp4")
    first.release()
    assert second.there
    assert names(tmp_path) == ["talk.mp4", "talk.partial.mp4"]
    second.release()


def test_a_killed_run_leaves_its_part_and_frees_the_name(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HELD, str(tmp_path / "a.wav")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "a.partial.wav\n"
        other = PartialName(tmp_path / "a.wav")
        assert other.path.name == "a.partial-2.wav"
        other.release()
        child.kill()
    assert names(tmp_path) == ["a.partial.wav"]
    assert (tmp_path / "a.partial.wav").read_bytes() == b"half"
    again = PartialName(tmp_path / "a.wav")
    assert again.path.name == "a.partial.wav"
    again.release()


def test_a_deleted_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    name = PartialName(tmp_path / "out" / "talk.mp4")
    assert name.there
    name.path.unlink()
    (tmp_path / "out").rmdir()
    assert not name.there
    name.release()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PartialName(tmp_path / "none" / "talk.mp4")
