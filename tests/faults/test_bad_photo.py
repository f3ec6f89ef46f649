"""Photos that cannot become a talking face: one clear message, and nothing that was made before is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

OLD = b"an older movie"

Graphcore = Callable[..., Any]


def talk(graphcore: Graphcore, photo: Path) -> Any:
    """`graphs/talk_audio.yaml` with this photo."""
    files = {"speech.path": "hum.wav", "face.portrait": photo.name, "movie.path": "talk.mp4"}
    return graphcore("run", "talk_audio", *(f"--set={key}={value}" for key, value in files.items()))


def blank(photo: Path, grace: Image.Image) -> None:
    Image.new("RGB", (512, 512), (200, 190, 180)).save(photo, "PNG")


def small_face(photo: Path, grace: Image.Image) -> None:
    ground = Image.new("RGB", (900, 900), (128, 128, 128))
    ground.paste(grace.resize((128, 150)), (380, 380))
    ground.save(photo, "PNG")


def tilted(photo: Path, grace: Image.Image) -> None:
    grace.transpose(Image.Transpose.ROTATE_90).save(photo, "PNG")


def tiny(photo: Path, grace: Image.Image) -> None:
    grace.resize((100, 117)).save(photo, "PNG")


def truncated(photo: Path, grace: Image.Image) -> None:
    grace.save(photo, "JPEG")
    photo.write_bytes(photo.read_bytes()[:20_000])


def empty(photo: Path, grace: Image.Image) -> None:
    photo.write_bytes(b"")


def text(photo: Path, grace: Image.Image) -> None:
    photo.write_text("this is a letter, not a photo\n" * 100)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (blank, "no face was found; expected a photo of one person"),
        (small_face, "px wide; expected at least 80 px"),
        (tilted, "tilted by"),
        (tiny, "the photo is 100 x 117 px; expected at least 256 px"),
        (truncated, "the image is broken"),
        (empty, "the file is empty"),
        (text, "this is not an image that can be read; expected a JPEG, PNG or WebP photo"),
    ],
)
def test_a_photo_that_cannot_serve_is_told_in_one_line(
    folder: Path,
    graphcore: Graphcore,
    grace: Image.Image,
    make: Callable[[Path, Image.Image], None],
    expected: str,
) -> None:
    make(folder / "me.png", grace)
    (folder / "talk.mp4").write_bytes(OLD)
    answer = talk(graphcore, folder / "me.png")
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith(f"error: face: {folder / 'me.png'}: ")
    assert expected in answer.err
    assert answer.err.count("\n") == 1
    assert (folder / "talk.mp4").read_bytes() == OLD
    assert sorted(path.suffixes for path in folder.glob("talk*")) == [[".mp4"]]


@pytest.mark.parametrize(("name", "expected"), [("nobody.png", "there is no file"), ("more", "is a folder")])
def test_a_photo_that_is_no_file_is_a_mistake_in_the_arguments(
    folder: Path, graphcore: Graphcore, name: str, expected: str
) -> None:
    answer = talk(graphcore, folder / name)
    assert answer.code == 2
    assert answer.err.startswith(f"--set face.portrait={name}: face.portrait: ")
    assert expected in answer.err
    assert answer.err.count("\n") == 1


def test_of_two_faces_the_larger_one_is_taken_and_that_is_said(
    folder: Path, graphcore: Graphcore, grace: Image.Image
) -> None:
    two = Image.new("RGB", (940, 600))
    two.paste(grace, (0, 0))
    two.paste(grace.resize((400, 469)), (530, 60))
    two.save(folder / "two.png")
    answer = talk(graphcore, folder / "two.png")
    assert answer.code == 0
    assert answer.err == "note: face: two.png: 2 faces; the largest one is taken\n"
    assert answer.out.startswith(f"{folder / 'talk.mp4'}: 13 frames, ")
