"""Photos that cannot become a talking face: one clear message, and nothing that was made before is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

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


def masked(photo: Path, grace: Image.Image) -> None:
    """Cloth from the nose to the chin."""
    covered = grace.copy()
    corners = [(178, 233), (267, 224), (347, 233), (330, 327), (271, 341), (195, 327)]
    ImageDraw.Draw(covered).polygon(corners, fill=(150, 190, 215))
    covered.save(photo, "PNG")


def behind_a_hand(photo: Path, grace: Image.Image) -> None:
    covered = grace.copy()
    draw = ImageDraw.Draw(covered)
    for finger in range(4):
        y = 254 + 18 * finger
        draw.line([(110, y + 20), (310, y)], fill=(205 - 8 * finger, 150, 125), width=17)
        draw.line([(110, y + 29), (310, y + 9)], fill=(140, 90, 75), width=2)
    covered.save(photo, "PNG")


def in_sunglasses(photo: Path, grace: Image.Image) -> None:
    covered = grace.copy()
    draw = ImageDraw.Draw(covered)
    for x, y in ((222, 191), (305, 188)):
        draw.ellipse((x - 34, y - 26, x + 34, y + 28), fill=(12, 12, 14))
    draw.line([(222, 191), (305, 188)], fill=(12, 12, 14), width=6)
    covered.save(photo, "PNG")


def cut_off(photo: Path, grace: Image.Image) -> None:
    grace.crop((0, 170, 512, 600)).save(photo, "PNG")


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
        (masked, "the mouth cannot be seen: a hand, a mask or a microphone seems to be before it"),
        (behind_a_hand, "the mouth cannot be seen"),
        (in_sunglasses, "the eyes cannot be seen: sunglasses"),
        (cut_off, "the face is cut off at the top"),
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


@pytest.mark.parametrize("kept", [0, 1000, 200_000])
def test_a_prepared_portrait_that_is_damaged_is_told_in_one_line(
    folder: Path, graphcore: Graphcore, grace: Image.Image, kept: int
) -> None:
    grace.save(folder / "me.png")
    assert graphcore("portrait", "prepare", "me.png", "-o", "me.avatar", "--size", "256").code == 0
    content = (folder / "me.avatar").read_bytes()
    (folder / "me.avatar").write_bytes(content[:kept])
    answer = talk(graphcore, folder / "me.avatar")
    assert answer.code == 2
    assert "this is no prepared portrait, or it is damaged" in answer.err
    assert answer.err.endswith("prepare the photo again, or give the photo\n")
    assert answer.err.count("\n") == 1


def test_a_prepared_portrait_talks_as_its_photo_does(folder: Path, graphcore: Graphcore, grace: Image.Image) -> None:
    grace.save(folder / "me.png")
    assert graphcore("portrait", "prepare", "me.png", "-o", "me.avatar").code == 0
    answer = talk(graphcore, folder / "me.avatar")
    assert answer.code == 0
    assert answer.out.startswith(f"{folder / 'talk.mp4'}: 13 frames, ")
