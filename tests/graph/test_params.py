"""Params from the file and from `--set`, and the files they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graphcore import GraphError
from graphcore.graph.check import check
from graphcore.graph.load import load
from graphcore.graph.spec import Graph
from graphcore.plugins import Registry

Checked = Callable[..., Graph]
Mistakes = Callable[..., list[str]]


def test_set_goes_before_the_file(checked: Checked, talk: str) -> None:
    graph = checked(talk, louder__gain_db="1e1", voice__words="123", voice__speed="null", art__size="256, 300")
    assert graph.nodes["louder"].params["gain_db"] == 10.0
    assert graph.nodes["voice"].params == {"words": "123", "speed": None, "loops": False}
    assert graph.nodes["art"].params["size"] == (256, 300)
    assert checked(talk, art__size="[64]").nodes["art"].params["size"] == (64,)


def test_set_replaces_what_was_wrong_or_missing(checked: Checked, talk: str) -> None:
    broken = talk.replace("gain_db: 6", "gain_db: x").replace(", params: {words: hello}", "")
    assert checked(broken, louder__gain_db="3", voice__words="hi").nodes["voice"].params["words"] == "hi"


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        (
            "louder__gain_db",
            "99",
            "--set louder.gain_db=99: louder.gain_db is 99; expected number from -60.0 to 24.0 (dB)",
        ),
        ("louder__gain_db", "9" * 5000, "expected number from -60.0 to 24.0 (dB)"),
        (
            "louder__gain",
            "9",
            "--set louder.gain=9: unknown param of gain 'gain'; expected gain_db; did you mean 'gain_db'?",
        ),
        ("louder", "9", "--set louder=9: this names no param; expected --set louder.PARAM=VALUE"),
        ("eyes__x", "9", "--set eyes.x=9: unknown param of looker 'x'; expected none: it has no params"),
        ("voice__loops", "on", "voice.loops is 'on'; expected true or false; did you mean true?"),
        ("art__size", "[1, 2", "art.size is '[1, 2'; expected list of whole numbers of 16 or more"),
        ("art__size", "3", "art.size is a list; expected list of whole numbers of 16 or more"),
        ("art__style", "ik", "art.style is 'ik'; expected one of oil, ink; did you mean 'ink'?"),
    ],
)
def test_a_mistake_in_set(mistakes: Mistakes, talk: str, key: str, text: str, expected: str) -> None:
    [found] = mistakes(talk, **{key: text})
    assert expected in found


def test_paths_in_the_file_are_relative_to_it(registry: Registry, talk: str, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "photo.png").write_bytes(b"other")
    (folder / "sub" / "g.yaml").write_text(talk)
    graph = check(load("sub/g.yaml"), registry)
    assert graph.path == Path("sub/g.yaml")
    assert graph.nodes["art"].params["photo"] == folder / "sub" / "photo.png"
    assert graph.nodes["movie"].params["path"] == folder / "out.mp4"
    set_from_shell = check(load("sub/g.yaml", {"art.photo": "photo.png"}), registry)
    assert set_from_shell.nodes["art"].params["photo"] == folder / "photo.png"


def test_a_movie_must_not_overwrite_what_is_read(
    mistakes: Mistakes, registry: Registry, talk: str, folder: Path
) -> None:
    assert mistakes(talk, movie__path="./photo.png") == [
        f"--set movie.path=./photo.png: movie.path: would overwrite {folder / 'photo.png'}; expected another file;"
        " art.photo reads it"
    ]
    (folder / "link.png").symlink_to("photo.png")
    assert "would overwrite" in mistakes(talk, movie__path="link.png")[0]
    (folder / "g.yaml").write_text(talk)
    with pytest.raises(GraphError, match=r"would overwrite .*g.yaml; expected another file; the run itself reads it"):
        check(load("g.yaml", {"movie.path": "g.yaml"}), registry)


def test_two_nodes_must_not_write_one_file(mistakes: Mistakes, talk: str, folder: Path) -> None:
    two = talk + "  a: {type: tap, inputs: {audio: voice.sound}}\n  b: {type: tap, inputs: {audio: voice.sound}}\n"
    assert mistakes(two) == [
        f"g.yaml:18:3: b.path: writes {folder / 'tap.wav'}; expected its own file; a.path writes it too"
    ]


def test_files_that_cannot_be_used(mistakes: Mistakes, talk: str, folder: Path) -> None:
    (folder / "dir").mkdir()
    assert f"art.photo: {folder / 'dir'} is a folder; expected a file" in mistakes(talk, art__photo="dir")[0]
    assert f"movie.path: {folder / 'dir'} is a folder; expected a file" in mistakes(talk, movie__path="dir")[0]
    near = f"there is no file {folder / 'Phto.PNG'}; expected an existing file; did you mean 'photo.png'?"
    assert near in mistakes(talk, art__photo="Phto.PNG")[0]
    assert f"the folder {folder / 'no'} is missing" in mistakes(talk, art__photo="no/photo.png")[0]
    assert "expected file path" in mistakes(talk, art__photo="")[0]
    assert "cannot be the name of a file" in mistakes(talk, movie__path="a\0b")[0]
    assert "there is no file" in mistakes(talk, art__photo="a\0b")[0]
    assert "there is no file" in mistakes(talk, art__photo="x" * 5000)[0]
