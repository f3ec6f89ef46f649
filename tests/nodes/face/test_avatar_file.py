"""Prepared portraits as files: the same again, never half, and never trusted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from safetensors.numpy import save_file

from avatar_nodes.face.avatar_file_model import Origin, is_avatar, read_avatar, write_avatar
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
ORIGIN = Origin("me.jpg", "0" * 64, "graphcore 1.2.3")

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, 256)


@pytest.fixture
def avatar(portrait: Portrait, tmp_path: Path) -> Path:
    write_avatar(tmp_path / "me.avatar", portrait, ORIGIN)
    return tmp_path / "me.avatar"


def test_what_is_read_is_what_was_written(portrait: Portrait, avatar: Path) -> None:
    read, origin = read_avatar(avatar)
    assert origin == ORIGIN
    for name in ("image", "landmarks", "photo", "transform", "matte"):
        assert np.array_equal(getattr(read, name), getattr(portrait, name)), name
        assert getattr(read, name).dtype == getattr(portrait, name).dtype
    for name in ("person", "background", "rest"):
        assert np.array_equal(getattr(read.layers, name), getattr(portrait.layers, name)), name
    assert read.report == portrait.report
    assert read.scale == portrait.scale


def test_the_same_portrait_gives_the_same_bytes_and_leaves_nothing_else(portrait: Portrait, avatar: Path) -> None:
    again = avatar.with_name("again.avatar")
    write_avatar(again, portrait, ORIGIN)
    assert again.read_bytes() == avatar.read_bytes()
    assert sorted(path.name for path in avatar.parent.iterdir()) == ["again.avatar", "me.avatar"]


def test_what_cannot_be_written_leaves_the_older_file(portrait: Portrait, avatar: Path) -> None:
    before = avatar.read_bytes()
    bad = replace(portrait, scale=float("nan"))
    bad.report = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        write_avatar(avatar, bad, ORIGIN)
    with pytest.raises(FileNotFoundError):
        write_avatar(avatar.parent / "nowhere" / "me.avatar", portrait, ORIGIN)
    assert [path.name for path in avatar.parent.iterdir()] == ["me.avatar"]
    assert avatar.read_bytes() == before


def test_a_prepared_portrait_is_known_by_its_name_or_its_content(avatar: Path) -> None:
    other = avatar.rename(avatar.with_name("upload.bin"))
    assert is_avatar(other)
    assert not is_avatar(GRACE_HOPPER)
    (avatar.with_name("empty.png")).touch()
    assert not is_avatar(avatar.with_name("empty.png"))
    assert is_avatar(avatar.with_name("Me.AVATAR"))


@pytest.mark.parametrize("kept", [0, 5, 9, 400, 5_000, -1])
def test_a_file_that_is_cut_off_is_told(avatar: Path, kept: int) -> None:
    avatar.write_bytes(avatar.read_bytes()[:kept])
    with pytest.raises(PortraitError, match=r"me\.avatar: this is no prepared portrait, or it is damaged"):
        read_avatar(avatar)


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.9])
def test_a_changed_byte_is_told(avatar: Path, place: float) -> None:
    content = bytearray(avatar.read_bytes())
    head = 8 + int.from_bytes(content[:8], "little")
    content[head + int(place * (len(content) - head))] ^= 4
    avatar.write_bytes(content)
    with pytest.raises(PortraitError, match="damaged \\(its content has changed since it was written\\)"):
        read_avatar(avatar)


def test_a_changed_word_is_told(avatar: Path) -> None:
    content = avatar.read_bytes()
    assert content.count(b"me.jpg") == 1
    avatar.write_bytes(content.replace(b"me.jpg", b"he.jpg"))
    with pytest.raises(PortraitError, match="its content has changed"):
        read_avatar(avatar)


def test_an_older_file_without_a_checksum_is_read(avatar: Path, portrait: Portrait) -> None:
    rewritten(avatar, portrait, lambda arrays, said: None)
    assert np.array_equal(read_avatar(avatar)[0].image, portrait.image)


def test_nothing_of_the_inside_of_a_file_is_told(avatar: Path) -> None:
    content = avatar.read_bytes()
    avatar.write_bytes(content[:9] + b"secret" + content[15:])
    with pytest.raises(PortraitError) as caught:
        read_avatar(avatar)
    assert caught.value.what.endswith("or it is damaged (what it holds cannot be read)")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match="there is no such file"):
        read_avatar(tmp_path / "me.avatar")


def rewritten(
    avatar: Path, portrait: Portrait, change: Callable[[Arrays, dict[str, object]], object], metadata: bool = True
) -> None:
    """The same file with arrays or words changed."""
    layers = portrait.layers
    arrays = {
        "image": portrait.image, "person": layers.person, "background": layers.background, "photo": portrait.photo,
        "landmarks": portrait.landmarks, "transform": portrait.transform,
    }  # fmt: skip
    said: dict[str, object] = {"format": 1, "scale": 1.0, "report": asdict(portrait.report), **asdict(ORIGIN)}
    change(arrays, said)
    save_file(arrays, avatar, {"avatar": json.dumps(said)} if metadata else None)


def put(name: str, array: np.ndarray) -> Callable[[Arrays, dict[str, object]], object]:
    return lambda arrays, said: arrays.update({name: array})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("photo", np.zeros((5000, 4, 3), np.uint8)), "other shapes"),
        (put("image", np.zeros((1200, 1200, 3), np.uint8)), "other shapes"),
        (put("image", np.zeros((256, 256), np.uint8)), "other shapes"),
        (put("person", np.zeros((256, 256, 3), np.uint8)), "other shapes"),
        (put("landmarks", np.zeros((478, 3), np.float64)), "other arrays"),
        (put("more", np.zeros(3, np.uint8)), "other arrays"),
        (lambda arrays, said: arrays.pop("photo"), "other arrays"),
        (put("landmarks", np.full((478, 3), np.nan, np.float32)), "numbers that no portrait has"),
        (put("landmarks", np.full((478, 3), 1e9, np.float32)), "numbers that no portrait has"),
        (put("landmarks", np.zeros((478, 3), np.float32)), "numbers that no portrait has"),
        (put("transform", np.full((2, 3), np.inf)), "numbers that no portrait has"),
        (lambda arrays, said: said.update(scale=-1.0), "numbers that no portrait has"),
        (lambda arrays, said: said.update(report={}), "not complete"),
        (lambda arrays, said: said.update(report=[1]), "not complete"),
        (lambda arrays, said: said["report"].update(notices=["\x1b[2J"]), "not complete"),
        (lambda arrays, said: said.pop("sha256"), "not complete"),
        (lambda arrays, said: said.pop("format"), "does not say what it is"),
        (lambda arrays, said: said.update(format="new"), "does not say what it is"),
        (lambda arrays, said: said.update(format=float("inf")), "does not say what it is"),
        (lambda arrays, said: said.update(scale=10**400), "not complete"),
    ],
)
def test_a_file_made_by_hand_is_looked_at_before_it_is_used(
    avatar: Path, portrait: Portrait, change: Callable[[Arrays, dict[str, object]], object], why: str
) -> None:
    rewritten(avatar, portrait, change)
    with pytest.raises(PortraitError, match=why):
        read_avatar(avatar)


def test_another_safetensors_file_is_none(avatar: Path, portrait: Portrait) -> None:
    rewritten(avatar, portrait, lambda arrays, said: None, metadata=False)
    with pytest.raises(PortraitError, match="does not say what it is"):
        read_avatar(avatar)


def test_shapes_that_the_file_does_not_hold_are_refused_before_anything_is_read(avatar: Path) -> None:
    content = avatar.read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + length])
    head["photo"]["shape"] = [10**9, 10**9, 3]
    wrong = json.dumps(head).encode()
    avatar.write_bytes(len(wrong).to_bytes(8, "little") + wrong + content[8 + length :])
    with pytest.raises(PortraitError, match="damaged"):
        read_avatar(avatar)


def test_a_file_of_a_newer_version_says_so(avatar: Path, portrait: Portrait) -> None:
    rewritten(avatar, portrait, lambda arrays, said: said.update(format=2, report="in a new way"))
    with pytest.raises(PortraitError, match=r"prepared by a newer version \(format 2; this one reads up to 1\)"):
        read_avatar(avatar)
