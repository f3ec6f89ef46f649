"""Photos that were used before come prepared; whatever is wrong with the cache, the photo is prepared again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from avatar_nodes.face import portrait_cache_model as cache
from avatar_nodes.face.avatar_file_model import read_avatar, write_avatar
from avatar_nodes.face.photo_file_model import PortraitError
from avatar_nodes.face.portrait_cache_model import MOST_KEPT, cache_folder, load_portrait, origin_of
from avatar_nodes.face.portrait_model import Portrait, prepare_portrait

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
SIZE = 256


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return prepare_portrait(GRACE_HOPPER, SIZE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "graphcore" / "portraits"


def kept(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def same(first: Portrait, second: Portrait) -> bool:
    names = ("image", "matte", "background", "landmarks", "photo", "transform")
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)


def test_the_second_time_it_comes_from_the_cache(
    folder: Path, portrait: Portrait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder() == folder
    assert same(load_portrait(GRACE_HOPPER, SIZE), portrait)
    (file,) = kept(folder)
    assert read_avatar(file)[1].photo == "grace_hopper.jpg"
    renamed = shutil.copy(GRACE_HOPPER, tmp_path / "me.jpg")  # by content, not by name
    with monkeypatch.context() as patch:
        patch.setattr(cache, "prepare_photo", None)
        again = load_portrait(Path(renamed), SIZE)
    assert same(again, portrait)
    assert again.report == portrait.report
    assert kept(folder) == [file]


def test_another_size_and_other_code_are_other_portraits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = GRACE_HOPPER.read_bytes()
    keys = {cache._key(content, 256), cache._key(content, 512), cache._key(content, None), cache._key(b"", 256)}
    monkeypatch.setattr(cache, "_preparation", lambda: "other code")
    assert len(keys | {cache._key(content, 256)}) == 5


@pytest.mark.parametrize("spoilt", ["damaged", "unwritable", "no folder"])
def test_a_cache_that_does_not_work_is_done_without(folder: Path, portrait: Portrait, spoilt: str) -> None:
    if spoilt == "damaged":
        folder.mkdir(parents=True)
        (folder / f"{cache._key(GRACE_HOPPER.read_bytes(), SIZE)}.avatar").write_bytes(b"not what it should be")
    elif spoilt == "unwritable":
        folder.parent.mkdir(parents=True)
        folder.touch()  # a file where a folder should be: for root, too
    else:
        folder.parents[1].touch()
    assert same(load_portrait(GRACE_HOPPER, SIZE), portrait)
    if spoilt == "damaged":
        assert same(read_avatar(*kept(folder))[0], portrait)


def test_only_the_newest_are_kept(folder: Path, portrait: Portrait) -> None:
    folder.mkdir(parents=True)
    for number in range(MOST_KEPT + 3):
        path = folder / f"{number}.avatar"
        path.touch()
        os.utime(path, (number, number))
    load_portrait(GRACE_HOPPER, SIZE)
    names = {path.stem for path in kept(folder)}
    assert len(names) == MOST_KEPT
    assert {"0", "1", "2", "3"} & names == set()


def test_an_avatar_is_used_as_it_is_and_prepared_again_for_another_size(
    folder: Path, portrait: Portrait, tmp_path: Path
) -> None:
    path = tmp_path / "me.avatar"
    write_avatar(path, portrait, origin_of(GRACE_HOPPER.read_bytes(), "me.jpg"))
    assert same(load_portrait(path, SIZE), portrait)
    assert kept(folder) == []
    other = load_portrait(path, 320)
    assert other.image.shape == (320, 320, 3)
    assert np.abs(other.landmarks / 320 - portrait.landmarks / SIZE).max() < 0.005
    assert len(kept(folder)) == 1


def test_what_is_no_file_is_told_as_for_a_photo(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PortraitError, match="there is no such file"):
        load_portrait(tmp_path / "nobody.jpg", SIZE)
    with pytest.raises(PortraitError, match="there is no such file"):
        load_portrait(tmp_path / "nobody.avatar", SIZE)
    with pytest.raises(PortraitError, match="this is a folder"):
        load_portrait(tmp_path, SIZE)
    assert kept(folder) == []
