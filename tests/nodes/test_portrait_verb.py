"""`graphcore portrait`: a photo becomes a file, and a sheet shows what it can do."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from PIL import Image

from avatar_nodes import register_verbs
from avatar_nodes.face.avatar_file_model import read_avatar
from graphcore.cli.main import main

GRACE_HOPPER = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_verbs_of_this_package_are_documented() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    for verb in register_verbs():
        assert f"graphcore {verb.name} " in pages


def test_prepare_writes_the_file_and_reports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["portrait", "prepare", str(GRACE_HOPPER), "-o", "me.avatar", "--size", "256"]) == 0
    out = capsys.readouterr().out
    assert "would help most  nothing: this photo serves well" in out
    assert "may turn" in out
    assert out.splitlines()[-1].startswith("me.avatar: 256 x 256 px, ")
    portrait, origin = read_avatar(folder / "me.avatar")
    assert portrait.image.shape == (256, 256, 3)
    assert origin.photo == "grace_hopper.jpg"
    assert [path.name for path in folder.iterdir()] == ["me.avatar"]


def test_show_draws_a_sheet_that_says_it_is_synthetic(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["portrait", "prepare", str(GRACE_HOPPER), "-o", "me.avatar", "--size", "256"]) == 0
    assert main(["portrait", "show", "me.avatar", "-o", "sheet.png"]) == 0
    with Image.open("sheet.png") as sheet:
        assert sheet.width > 2000
        assert "ynthetic" in sheet.info["Description"]
    capsys.readouterr()
    assert main(["verify", "sheet.png"]) == 0
    assert "synthetic: yes" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["me.avatar", "sheet.png"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["prepare", "nobody.jpg", "-o", "me.avatar"], "error: nobody.jpg: there is no such file"),
        (["prepare", "blank.png", "-o", "me.avatar"], "error: blank.png: no face was found"),
        (["prepare", str(GRACE_HOPPER), "-o", "me.png"], "-o me.png: expected a name that ends in .avatar"),
        (["prepare", str(GRACE_HOPPER), "-o", "blank.png/me.avatar"], "-o blank.png/me.avatar: this file cannot be"),
        (["prepare", "broken.avatar", "-o", "me.avatar"], "error: broken.avatar: this is no prepared portrait"),
        (["prepare", str(GRACE_HOPPER), "-o", "folder.avatar"], "-o folder.avatar: this is a folder"),
        (["show", str(GRACE_HOPPER), "-o", "blank.png/s.png"], "-o blank.png/s.png: this file cannot be written"),
        (["show", "broken.avatar", "-o", "s.png"], "error: broken.avatar: this is no prepared portrait"),
        (["show", str(GRACE_HOPPER), "-o", "s.jpg"], "-o s.jpg: expected a name that ends in .png"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    Image.new("RGB", (300, 300), (200, 190, 180)).save("blank.png")
    (folder / "broken.avatar").write_bytes(b"broken")
    (folder / "folder.avatar").mkdir()
    assert main(["portrait", *arguments]) == 2
    err = capsys.readouterr().err
    assert err.startswith(text)
    assert err.count("\n") == 1


def test_the_folder_is_made_and_a_portrait_is_prepared_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = Path("no", "sub", "me.avatar"), Path("other", "me.avatar")
    assert main(["portrait", "prepare", str(GRACE_HOPPER), "-o", str(first), "--size", "256"]) == 0
    assert main(["portrait", "prepare", str(first), "-o", str(second), "--size", "320"]) == 0
    (_, origin), (portrait, again) = read_avatar(first), read_avatar(second)
    assert portrait.image.shape == (320, 320, 3)
    assert again == origin
    assert [path.name for path in first.parent.iterdir()] == ["me.avatar"]


@pytest.mark.parametrize("size", ["100", "2000", "large"])
def test_a_size_out_of_bounds(folder: Path, capsys: pytest.CaptureFixture[str], size: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["portrait", "prepare", str(GRACE_HOPPER), "-o", "me.avatar", "--size", size])
    assert caught.value.code == 2
    assert f"--size: '{size}', expected a whole number from 256 to 1024" in capsys.readouterr().err
